"""From the cable to the entries: networkd, the listener and the scan, with real servers."""

import sys
from hashlib import sha256

import pytest

from initramfs.host import REPOSITORY
from tests.network import follower
from tests.network.namespace import Namespace, join
from tests.network.servers import TFTP_ROOT, put, start_dnsmasq, start_tftpd

PXE = "default one\nlabel one\nkernel vmlinux\nappend root=/dev/sda1\nlabel two\nkernel other\n"
RANGE = "dhcp-range=192.0.2.10,192.0.2.20,60s"


def serve(server: Namespace, *options: str, files: dict[str, str] | None = None) -> None:
    root = server.room / TFTP_ROOT
    root.mkdir(exist_ok=True)
    put(root, {"pxelinux.cfg/default": PXE} if files is None else files)
    start_dnsmasq(server, RANGE, "enable-tftp", f"tftp-root={root}", *options)


def test_a_machine_finds_the_entries_of_a_pxelinux_tree(
    server: Namespace, client: Namespace
) -> None:
    serve(server, "dhcp-boot=pxelinux.0")
    machine = follower.start(client)
    source = machine.wait("eth0", 30, state="ready", entries=["one", "two"])
    assert source["lease"]["bootfile"] == "pxelinux.0"
    assert source["title"].startswith("eth0: network, 192.0.2.1")
    assert any("pxelinux.cfg/default" in request for request in source["requests"])


def test_an_address_without_a_boot_file_says_so(server: Namespace, client: Namespace) -> None:
    serve(
        server,
        *("dhcp-option=6,192.0.2.53", "dhcp-option=15,example.org"),
        *("dhcp-option=119,lab.example,example.net", "dhcp-option=7,192.0.2.9"),
    )
    machine = follower.start(client)
    machine.program.says("but nothing about booting", 30)
    source = machine.wait("eth0", state="ready", entries=[])
    assert source["reason"].startswith("address 192.0.2.1")
    assert source["log_servers"] == ["192.0.2.9"]
    text = (client.room / "resolv.conf").read_text()
    assert text.startswith("nameserver 192.0.2.53\nsearch lab.example example.net\n")


def test_a_configuration_with_another_checksum_is_refused(
    server: Namespace, client: Namespace
) -> None:
    url = f"tftp://192.0.2.1/pxelinux.cfg/default#sha256={'0' * 64}"
    serve(server, f"dhcp-option=209,{url}")
    machine = follower.start(client)
    right = sha256(PXE.encode()).hexdigest()
    machine.program.says(f"sha256 is {right}, not 0000", 30)
    assert machine.state()["eth0"]["entries"] == []


def test_a_configuration_with_its_checksum_is_followed(
    server: Namespace, client: Namespace
) -> None:
    url = f"tftp://192.0.2.1/pxelinux.cfg/default#sha256={sha256(PXE.encode()).hexdigest()}"
    serve(server, f"dhcp-option=209,{url}")
    follower.start(client).wait("eth0", 30, state="ready", entries=["one", "two"])


def test_a_cable_that_comes_late_and_goes_again(server: Namespace, client: Namespace) -> None:
    server.ip("link set lan0 down")
    serve(server, "dhcp-boot=pxelinux.0")
    machine = follower.start(client)
    machine.wait("eth0", 20, state="waiting", reason="no cable")
    server.ip("link set lan0 up")
    machine.wait("eth0", 30, state="ready", reason="", entries=["one", "two"])
    server.ip("link set lan0 down")
    machine.wait("eth0", state="ready", reason="no cable", entries=["one", "two"])


def test_a_dhcp_server_that_comes_late_is_found(server: Namespace, client: Namespace) -> None:
    machine = follower.start(client)
    machine.program.says("asking for an address, 5 s", 20)
    serve(server, "dhcp-boot=pxelinux.0")
    machine.wait("eth0", 60, state="ready", entries=["one", "two"])


def test_a_card_that_is_removed_takes_its_entries_along(
    server: Namespace, client: Namespace
) -> None:
    serve(server, "dhcp-boot=pxelinux.0")
    machine = follower.start(client)
    machine.wait("eth0", 30, state="ready", entries=["one", "two"])
    server.ip("link del lan0")
    machine.program.wait(lambda: machine.state() == {}, "an empty network")


@pytest.mark.parametrize(
    ("option", "words"),
    [("dhcp-option=42,192.0.2.1", ""), ("dhcp-option=42", "petipy.ntp=192.0.2.1")],
)
def test_a_time_server_of_the_lease_or_of_the_settings_sets_the_clock(
    server: Namespace, client: Namespace, option: str, words: str
) -> None:
    program = "import sys; from tests.network.test_clock import serve_for_ever; serve_for_ever()"
    server.start("env", f"PYTHONPATH={REPOSITORY}", sys.executable, "-c", program).says("ready")
    serve(server, option)
    machine = follower.start(client, *words.split())
    machine.program.says("the clock was set by 192.0.2.1; it was 20,833 days slow", 30)
    machine.program.says("time 1800000")
    assert "stood before the build of this image" in machine.program.said


def test_a_file_server_that_comes_late_is_found(server: Namespace, client: Namespace) -> None:
    start_dnsmasq(server, RANGE, "dhcp-boot=pxelinux.0")
    machine = follower.start(client, follower.QUICK)
    machine.program.says("it is asked again soon", 60)
    source = machine.state()["eth0"]
    assert source["state"] == "failed"
    assert source["reason"].startswith("no answer from 192.0.2.1: ")
    put(server.room / TFTP_ROOT, {"pxelinux.cfg/default": PXE})
    start_tftpd(server)
    machine.wait("eth0", 60, state="ready", reason="", entries=["one", "two"])


def test_a_network_of_ipv6_alone_is_followed(server: Namespace, client: Namespace) -> None:
    root = server.room / TFTP_ROOT
    put(root, {"boot/pxelinux.cfg/default": PXE})
    start_dnsmasq(
        server,
        *("dhcp-range=2001:db8::10,2001:db8::20,64,60s", "enable-ra", "enable-tftp"),
        *(f"tftp-root={root}", "dhcp-option=option6:59,tftp://[2001:db8::1]/boot/pxelinux.0"),
        *("dhcp-option=option6:23,[2001:db8::53]", "dhcp-option=option6:24,lab.example"),
    )
    machine = follower.start(client)
    source = machine.wait("eth0", 40, state="ready", entries=["one", "two"])
    assert source["lease"]["bootfile_url"] == "tftp://[2001:db8::1]/boot/pxelinux.0"
    text = (client.room / "resolv.conf").read_text()
    assert "nameserver 2001:db8::53\nsearch lab.example\n" in text


def test_name_servers_of_a_router_are_known(server: Namespace, client: Namespace) -> None:
    start_dnsmasq(
        server, "dhcp-range=2001:db8::,ra-only,60s", "dhcp-option=option6:23,[2001:db8::53]"
    )
    machine = follower.start(client)
    machine.program.says("asking for what to boot", 30)
    text = client.room / "resolv.conf"
    machine.program.wait(
        lambda: text.exists() and "nameserver 2001:db8::53\n" in text.read_text(), "name server"
    )


def test_a_carrier_that_flaps_is_followed_to_its_end(server: Namespace, client: Namespace) -> None:
    serve(server, "dhcp-boot=pxelinux.0")
    machine = follower.start(client)
    machine.program.says('"scanning"', 30)
    for _ in range(8):
        server.ip("link set lan0 down")
        server.ip("link set lan0 up")
    machine.wait("eth0", 60, state="ready", reason="", entries=["one", "two"])


def test_eight_links_of_which_one_has_a_server_do_not_wait_for_each_other(
    server: Namespace, client: Namespace
) -> None:
    dead: list[str] = []
    for number in range(1, 8):
        join(server, f"lan{number}", client, f"eth{number}")
        server.address(f"lan{number}", f"10.{number}.0.1/24")
        client.ip(f"link set eth{number} up")
        pool = f"10.{number}.0.10,10.{number}.0.20,60s"
        dead += [f"interface=lan{number}", f"dhcp-range=set:dead{number},{pool}"]
        dead += [f"dhcp-boot=tag:dead{number},pxelinux.0,,10.{number}.0.99"]
    serve(server, *dead, "dhcp-boot=pxelinux.0")
    machine = follower.start(client)
    machine.wait("eth0", 30, state="ready", entries=["one", "two"])
    others = [source["state"] for name, source in machine.state().items() if name != "eth0"]
    assert len(others) == 7
    assert "failed" not in others  # they still wait for their servers

"""The whole program beside real servers, from the lease to the kernel; then their faults.

systemd-networkd is the host's and kexec pretends. Throughout a fault, the menu lives, and no byte
of the machine's disk changes.
"""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.network.dhcp_faults import DISCOVER, NAK, OFFER, REQUEST, faulty_dhcp
from tests.network.disk import INSTALLED, Disk
from tests.network.namespace import Namespace, Program, bridge, join, namespace
from tests.network.program import QUICK, Petipy, start_petipy
from tests.network.servers import (
    HTTP_ROOT,
    TFTP_ROOT,
    put,
    requests,
    start_dnsmasq,
    start_kea,
    start_nginx,
)

RANGE = "dhcp-range=192.0.2.50,192.0.2.60,10m"
BOOT = ("dhcp-boot=pxelinux.0", "dhcp-option-force=210,http://192.0.2.1/")
CONFIG = """\
DEFAULT linux
LABEL linux
	KERNEL vmlinux
	INITRD initrd.gz
	APPEND from-the-network
"""
MENU = "petipy.timeout=never"
ALONE = "petipy.timeout=0"
NETWORK_FIRST = "petipy.order=network,any"
LINUX = r".*\blinux\b"  # the entry of CONFIG
WAIT = 40.0  # seconds; a busy machine


def serve(server: Namespace, servers: str = "server { listen 80; listen [::]:80; }") -> Program:
    """Serve a tree of pxelinux with nginx."""
    root = server.room / HTTP_ROOT
    put(root, {"pxelinux.cfg/default": CONFIG, "vmlinux": b"good", "initrd.gz": b"i" * 100_000})
    return start_nginx(server, servers)


def opens_menu(petipy: Petipy) -> None:
    petipy.console.expect("press Enter", WAIT)  # what is typed before is for nobody
    petipy.console.press("enter")
    petipy.console.shows("Boot menu", WAIT)


def boots_it(petipy: Petipy) -> None:
    """Boot the entry behind the disk's in the menu."""
    petipy.console.shows(LINUX, WAIT)
    petipy.console.press("home", "down")
    petipy.console.shows(f"> {LINUX}", WAIT)
    petipy.console.press("enter")
    assert petipy.boots(WAIT)[0] == "from-the-network"


def alive(petipy: Petipy) -> None:
    """Open a screen, go back, and move the cursor to the disk's entry: the menu lives."""
    petipy.console.press("h")
    petipy.console.shows("Help|help", 10)
    petipy.console.press("esc")
    petipy.console.shows("Boot menu", 10)
    petipy.console.press("home")
    petipy.console.shows(INSTALLED, WAIT)


def test_alone_it_boots_what_the_lease_leads_to(server: Namespace, client: Namespace) -> None:
    web = serve(server)
    start_dnsmasq(server, RANGE, *BOOT)
    with start_petipy(client, ALONE) as petipy:
        assert petipy.boots() == ["from-the-network", "initrd 100000"]
    assert "GET /vmlinux 200 4 -" in requests(web)


def test_without_a_server_the_menu_says_so_until_one_comes(
    server: Namespace, client: Namespace, disk: Disk
) -> None:
    serve(server)
    with start_petipy(client, disk.word, MENU) as petipy:
        opens_menu(petipy)
        petipy.console.shows("eth0.*asking for an address", WAIT)
        alive(petipy)
        start_dnsmasq(server, RANGE, *BOOT)
        boots_it(petipy)


def test_offers_without_an_acknowledgement_end_when_a_better_server_comes(
    server: Namespace, client: Namespace, disk: Disk
) -> None:
    serve(server)
    with start_petipy(client, disk.word, MENU) as petipy:
        opens_menu(petipy)
        with faulty_dhcp(server, {DISCOVER: OFFER}) as dhcp:
            petipy.console.shows("eth0.*192.0.2.1", WAIT)
            alive(petipy)
            assert REQUEST in dhcp.seen
        start_dnsmasq(server, RANGE, *BOOT)
        boots_it(petipy)


def test_a_refused_address_is_told_and_another_one_is_asked_for(
    server: Namespace, client: Namespace, disk: Disk
) -> None:
    serve(server)
    with start_petipy(client, disk.word, MENU) as petipy:
        opens_menu(petipy)
        with faulty_dhcp(server, {DISCOVER: OFFER, REQUEST: NAK}):
            petipy.console.shows("eth0.*refuses the address", WAIT)
            alive(petipy)
        start_dnsmasq(server, RANGE, *BOOT)
        boots_it(petipy)


def test_a_lease_of_ten_seconds_is_renewed(
    server: Namespace, client: Namespace, disk: Disk
) -> None:
    serve(server)
    subnet = {"id": 1, "subnet": "192.0.2.0/24", "pools": [{"pool": "192.0.2.50-192.0.2.60"}]}
    options = [{"code": 210, "name": "path-prefix", "data": "http://192.0.2.1/"}]
    definitions = [{"code": 210, "name": "path-prefix", "type": "string"}]
    kea = start_kea(
        server,
        4,
        {
            "interfaces-config": {"interfaces": ["lan0"]},
            "subnet4": [subnet],
            "valid-lifetime": 10,
            "boot-file-name": "pxelinux.0",
            "option-def": definitions,
            "option-data": [{**option, "always-send": True} for option in options],
        },
    )
    with start_petipy(client, disk.word, MENU) as petipy:
        opens_menu(petipy)
        petipy.console.shows(LINUX, WAIT)
        kea.wait(lambda: kea.said.count("DHCP4_LEASE_ALLOC") >= 3, "renewal", within=WAIT)
        alive(petipy)
        petipy.console.shows(LINUX, 1)
        boots_it(petipy)


@pytest.fixture
def other(server: Namespace, tmp_path: Path) -> Iterator[Namespace]:
    """Return a third machine on the same network, 192.0.2.2 on lan0; the server has br0."""
    with namespace(tmp_path / "other") as other:
        server.ip("address flush dev lan0")
        join(server, "lan1", other, "lan0")
        bridge(server, "br0", "lan0", "lan1")
        server.address("br0", "192.0.2.1/24")
        other.address("lan0", "192.0.2.2/24")
        other.ip("link set lan0 up")
        yield other


def test_an_address_that_another_machine_has_too_strands_nobody(
    server: Namespace, client: Namespace, other: Namespace, disk: Disk
) -> None:
    serve(server)
    other.address("lan0", "192.0.2.55/24")
    mine = "dhcp-host=52:54:00:00:00:01,192.0.2.55"
    start_dnsmasq(server, RANGE, mine, *BOOT, interface="br0")
    with start_petipy(client, disk.word, MENU) as petipy:
        opens_menu(petipy)
        petipy.console.shows("192.0.2.55", WAIT)
        alive(petipy)
        boots_it(petipy)


def test_of_two_servers_the_one_that_boots_wins(
    server: Namespace, client: Namespace, other: Namespace, disk: Disk
) -> None:
    """The other one only gives addresses, and is the faster."""
    serve(server)
    start_dnsmasq(other, "dhcp-range=192.0.2.80,192.0.2.90,10m", alone=False)
    start_dnsmasq(server, RANGE, *BOOT, interface="br0", alone=False)
    with start_petipy(client, disk.word, ALONE, NETWORK_FIRST) as petipy:
        assert petipy.boots()[0] == "from-the-network"


@pytest.mark.parametrize("answer", ["lie", "silence", "AAAA only"])
def test_a_name_server_that_errs_costs_its_names_alone(
    answer: str, server: Namespace, client: Namespace, disk: Disk
) -> None:
    serve(server)
    named = ("dhcp-boot=pxelinux.0", "dhcp-option-force=210,http://boot.test/")
    options = {
        "lie": ("port=53", "address=/boot.test/192.0.2.99"),
        "silence": ("dhcp-option=6,192.0.2.1",),
        "AAAA only": (
            *("port=53", "address=/boot.test/2001:db8::1"),
            *("enable-ra", "dhcp-range=2001:db8::,slaac"),
        ),
    }
    with server.entered():
        mute = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with mute:
        if answer == "silence":
            mute.bind(("192.0.2.1", 53))
        start_dnsmasq(server, RANGE, *named, *options[answer])
        with start_petipy(client, disk.word, MENU, QUICK) as petipy:
            opens_menu(petipy)
            if answer == "AAAA only":
                boots_it(petipy)
                return
            petipy.console.shows(r"eth0.*(boot\.test|192\.0\.2\.99)", 90)
            alive(petipy)


def test_a_server_that_ends_in_the_middle_and_comes_back_is_asked_for_the_rest(
    server: Namespace, client: Namespace, disk: Disk
) -> None:
    slow = "server { listen 80; location /vmlinux { } location / { limit_rate 200k; } }"
    web = serve(server, slow)
    initrd = server.room / HTTP_ROOT / "initrd.gz"
    initrd.write_bytes(os.urandom(1 << 20))
    start_dnsmasq(server, RANGE, *BOOT)
    with start_petipy(client, disk.word, ALONE, NETWORK_FIRST) as petipy:
        web.wait(lambda: "GET /vmlinux" in web.said, "request for the kernel", within=WAIT)
        time.sleep(1)
        web.stop()
        time.sleep(1)
        web = start_nginx(server, "server { listen 80; }")
        assert petipy.boots() == ["from-the-network", f"initrd {1 << 20}"]
    assert any(line.startswith("GET /initrd.gz 206") for line in requests(web))


def test_a_tftp_server_that_stops_and_goes_on_costs_time_alone(
    server: Namespace, client: Namespace, disk: Disk
) -> None:
    root = server.room / TFTP_ROOT
    put(root, {"pxelinux.cfg/default": CONFIG, "vmlinux": b"good", "initrd.gz": b"i" * 9_000_000})
    dhcp = start_dnsmasq(server, RANGE, "dhcp-boot=pxelinux.0", "enable-tftp", f"tftp-root={root}")
    with start_petipy(client, disk.word, ALONE, NETWORK_FIRST) as petipy:
        dhcp.says("vmlinux", within=WAIT)
        dhcp.signal(signal.SIGSTOP)
        time.sleep(3)
        dhcp.signal(signal.SIGCONT)
        assert petipy.boots() == ["from-the-network", "initrd 9000000"]

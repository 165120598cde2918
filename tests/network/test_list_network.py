"""`petipy list --network` and `--lease` beside real servers, on a machine that runs."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from initramfs.host import REPOSITORY
from petipy.commands.list import COMMAND
from tests.network.authority import Authority
from tests.network.namespace import Namespace
from tests.network.servers import (
    HTTP_ROOT,
    TFTP_ROOT,
    put,
    start_dnsmasq,
    start_kea,
    start_nginx,
)

RANGE = "dhcp-range=192.0.2.100,192.0.2.110,1h"
GRUB = "menuentry Install { linux /vmlinux quiet }\n"


def run(space: Namespace, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run `petipy list` in a network."""
    command = [sys.executable, "-m", "petipy", "list", "--machine", "ppc64le", *arguments]
    return subprocess.run(
        space.enter(command),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def ask(space: Namespace, *arguments: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the whole answer, and its one network."""
    done = run(space, "--json", *arguments)
    assert done.returncode < 2, done.stderr
    answer = json.loads(done.stdout)
    (network,) = answer["networks"]
    return answer, network


def wait_for_link_local(space: Namespace, interface: str = "eth0") -> None:
    """Wait until the interface's own IPv6 address is checked: DHCPv6 needs it."""
    end = time.monotonic() + 15
    while "fe80" not in space.ip(f"-6 address show dev {interface} -tentative"):
        assert time.monotonic() < end
        time.sleep(0.1)


DNS6 = {"name": "dns-servers", "data": "2001:db8::53"}


def start_kea6(server: Namespace, *options: dict[str, str]) -> None:
    """Start Kea for DHCPv6 with addresses from 2001:db8::100 on, and these options."""
    subnet = {
        "subnet": "2001:db8::/64",
        "interface": "lan0",
        "pools": [{"pool": "2001:db8::100-2001:db8::110"}],
        "option-data": [*options],
    }
    start_kea(server, 6, {"interfaces-config": {"interfaces": ["lan0"]}, "subnet6": [subnet]})


def serve(server: Namespace, *options: str) -> None:
    root = server.room / TFTP_ROOT
    put(root, {"grub/grub.cfg": GRUB, "vmlinux": "kernel"})
    tftp = ("enable-tftp", f"tftp-root={root}")
    start_dnsmasq(server, RANGE, "dhcp-boot=grub/core.elf", *tftp, *options)


def configured(space: Namespace) -> str:
    return space.ip("-brief address show") + space.ip("route show table all")


def test_the_server_is_asked_and_what_it_would_boot_is_shown(
    server: Namespace, client: Namespace
) -> None:
    serve(server)
    client.address("eth0", "192.0.2.50/24")
    wait_for_link_local(client)
    before = configured(client)
    answer, network = ask(client, "--network", "eth0")
    assert [entry["title"] for entry in answer["entries"]] == ["Install"]
    assert answer["entries"][0]["kernel"] == {"url": "tftp://192.0.2.1/vmlinux"}
    assert network["lease"]["bootfile"] == "grub/core.elf"
    assert network["lease"]["ip"].startswith("192.0.2.1")
    good = [request["url"] for request in network["requests"] if request["good"]]
    assert good == ["tftp://192.0.2.1/grub/grub.cfg"]
    asked = [request["url"] for request in network["requests"]]
    assert network["places"][: len(asked)] == asked
    assert "pxelinux.cfg/default" in network["places"][-1]
    assert configured(client) == before
    assert "DHCPREQUEST" not in "".join(log.read_text() for log in server.room.glob("*.log"))


def test_without_an_address_the_places_are_shown(server: Namespace, client: Namespace) -> None:
    serve(server)
    done = run(client, "--network")
    assert done.returncode == 1
    assert "DHCP: 192.0.2.1 names what to boot" in done.stdout
    assert "would ask tftp://192.0.2.1/grub/grub.cfg\n" in done.stdout
    assert "eth0: it has no address: the files of the lease cannot be fetched" in done.stdout


def test_a_lease_without_a_word_about_booting_is_shown_so(
    server: Namespace, client: Namespace
) -> None:
    start_dnsmasq(server, RANGE)
    client.address("eth0", "192.0.2.50/24")
    done = run(client, "--network", "eth0")
    assert done.returncode == 1
    assert ", but nothing about booting" in done.stdout
    assert "eth0: DHCP names nothing to boot" in done.stdout


def test_the_processor_type_and_the_user_class_decide_what_a_server_offers(
    server: Namespace, client: Namespace
) -> None:
    serve(
        server,
        *("dhcp-match=set:opal,93,14", "dhcp-boot=tag:opal,pxelinux.0"),
        *("dhcp-userclass=set:ipxe,iPXE", "dhcp-boot=tag:ipxe,http://192.0.2.1/boot.ipxe"),
    )
    _, opal = ask(client, "--network", "eth0", "--architecture", "0xe")
    assert opal["lease"]["bootfile"] == "pxelinux.0"
    _, ipxe = ask(client, "--network", "eth0", "--user-class", "iPXE")
    assert ipxe["lease"]["bootfile"] == "http://192.0.2.1/boot.ipxe"


def test_keas_offers_of_both_families_make_one_lease(server: Namespace, client: Namespace) -> None:
    url = "http://[2001:db8::1]/boot.ipxe"
    wait_for_link_local(server, "lan0")
    wait_for_link_local(client)
    start_kea(
        server,
        4,
        {
            "interfaces-config": {"interfaces": ["lan0"]},
            "subnet4": [
                {
                    "subnet": "192.0.2.0/24",
                    "pools": [{"pool": "192.0.2.100-192.0.2.110"}],
                    "next-server": "192.0.2.3",
                    "server-hostname": "name-in-the-packet",
                    "boot-file-name": "grub/core.elf",
                    "option-data": [
                        {"name": "domain-name-servers", "data": "192.0.2.53"},
                        {"name": "ntp-servers", "data": "192.0.2.42"},
                        {"code": 210, "data": "http://192.0.2.1/p/", "always-send": True},
                    ],
                }
            ],
            "option-def": [{"name": "prefix", "code": 210, "type": "string"}],
        },
    )
    start_kea6(server, {"name": "bootfile-url", "data": url}, DNS6)
    _, network = ask(client, "--network", "eth0")
    lease = network["lease"]
    assert (lease["siaddr"], lease["boot_file"]) == ("192.0.2.3", "grub/core.elf")
    assert lease["sname"] == "name-in-the-packet"
    assert lease["pxepathprefix"] == "http://192.0.2.1/p/"
    assert lease["dns"] == "192.0.2.53 2001:db8::53"
    assert (lease["bootfile_url"], lease["ip6"][:11]) == (url, "2001:db8::1")
    assert network["places"][0] == url


def test_a_network_that_cannot_be_asked_says_why(server: Namespace, client: Namespace) -> None:
    silent = run(client, "--network", "eth0", "--wait", "1")
    assert silent.returncode == 1
    assert "eth0: no DHCP server answered within 1 seconds" in silent.stdout
    assert "no interface is called eth9; there are eth0" in run(client, "--network", "eth9").stderr
    server.ip("link set lan0 down")
    assert "eth0: no carrier" in run(client, "--network").stderr
    client.ip("link set eth0 down")
    done = run(client, "--network", "eth0")
    assert done.returncode == 2
    assert "eth0: it is down: `ip link set eth0 up` first" in done.stderr


def test_a_recorded_lease_is_followed(server: Namespace, client: Namespace, tmp_path: Path) -> None:
    serve(server)
    client.address("eth0", "192.0.2.50/24")
    file = tmp_path / "lease"
    file.write_text("siaddr=192.0.2.1\nboot_file=grub/core.elf\nip=192.0.2.9\n")
    answer, network = ask(client, "--lease", str(file))
    assert [entry["title"] for entry in answer["entries"]] == ["Install"]
    assert network["lease"]["boot_file"] == "grub/core.elf"
    assert any("no mac" in problem["message"] for problem in answer["problems"])


def test_a_boot_server_with_a_certificate_is_trusted_by_its_authority(
    server: Namespace, client: Namespace, tmp_path: Path
) -> None:
    authority = Authority(server.room / "ca")
    own = authority.sign("IP:192.0.2.1")
    put(server.room / HTTP_ROOT, {"boot/grub.cfg": GRUB})
    start_nginx(server, f"server {{ listen 443 ssl; {own.nginx} }}")
    client.address("eth0", "192.0.2.50/24")
    file = tmp_path / "lease"
    file.write_text("bootfile=https://192.0.2.1/boot/core.elf\nmac=52:54:00:00:00:01\n")
    answer, network = ask(client, "--lease", str(file))
    assert answer["entries"] == []
    assert "certificate" in network["requests"][0]["answer"]
    answer, _ = ask(client, "--lease", str(file), "--ca", str(authority.certificate))
    assert [entry["title"] for entry in answer["entries"]] == ["Install"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--network", "eth0", "--lease", "x"], "--network stands alone"),
        (["--lease", "x", "/"], "--lease stands alone"),
        (["--lease", "/nowhere"], "/nowhere: No such file"),
    ],
)
def test_options_that_exclude_each_other_are_refused(
    capsys: pytest.CaptureFixture[str], arguments: list[str], words: str
) -> None:
    assert COMMAND(arguments) == 2
    assert words in capsys.readouterr().err

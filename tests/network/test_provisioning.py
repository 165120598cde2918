"""Trees of provisioning servers on real servers, as far as the entries."""

import os
import time

import pytest

from tests import efi
from tests.network.namespace import Namespace
from tests.network.program import start_petipy
from tests.network.servers import HTTP_ROOT, TFTP_ROOT, put, start_dnsmasq, start_nginx
from tests.network.test_list_network import ask

RANGE = "dhcp-range=192.0.2.100,192.0.2.110,1h"
KERNEL = b"\x7fELF\x02\x01".ljust(18, b"\0") + b"\x15\0".ljust(8 << 20, b"k")
SERVER = "server { listen 192.0.2.1:80; }"


def serve(server: Namespace, bootfile: str, files: dict[str, bytes | str], *options: str) -> None:
    root = server.room / TFTP_ROOT
    root.mkdir(exist_ok=True)
    put(root, dict(files))
    tftp = ("enable-tftp", f"tftp-root={root}", f"dhcp-boot={bootfile}")
    start_dnsmasq(server, RANGE, *tftp, *options)


def test_maas_tree_for_pseries_is_followed_to_the_machines_own_file(
    server: Namespace, client: Namespace
) -> None:
    client.address("eth0", "192.0.2.50/24")
    mac = client.mac("eth0")
    own = (
        "set timeout=0\nmenuentry Deploy {\n linux (http,192.0.2.1:5248)/k BOOTIF=01-"
        "$net_default_mac\n initrd (http,192.0.2.1:5248)/i\n}\n"
    )
    files: dict[str, bytes | str] = {
        "grub/grub.cfg": "configfile /grub/grub.cfg-$net_default_mac\n"
        "configfile /grub/grub.cfg-default-$grub_cpu\n",
        f"grub/grub.cfg-{mac}": own,
    }
    serve(server, "bootppc64.bin", files)
    answer, network = ask(client, "--network", "eth0")
    (entry,) = answer["entries"]
    assert entry["kernel"] == {"url": "http://192.0.2.1:5248/k"}
    assert entry["cmdline"].endswith(f"BOOTIF=01-{mac}")
    good = [request["url"] for request in network["requests"] if request["good"]]
    base = "tftp://192.0.2.1/grub/grub.cfg"
    assert good == [base, f"{base}-{mac}"]


def test_an_empty_file_for_powernv_leaves_the_boot_to_the_disk(
    server: Namespace, client: Namespace
) -> None:
    client.address("eth0", "192.0.2.50/24")
    name = client.mac("eth0").replace(":", "-")
    files: dict[str, bytes | str] = {f"ppc64el/pxelinux.cfg/01-{name}": ""}
    serve(server, "pxelinux.0", files, "dhcp-option-force=210,ppc64el/")
    answer, _ = ask(client, "--network", "eth0")
    (entry,) = answer["entries"]
    assert (entry["action"], entry["elsewhere"]) == ("exit", True)
    assert answer["problems"] == []


@pytest.mark.parametrize("unified", [False, True])
def test_of_a_kernel_on_the_web_only_the_first_bytes_are_fetched(
    server: Namespace, client: Namespace, unified: bool
) -> None:
    client.address("eth0", "192.0.2.50/24")
    image = efi.program([(".cmdline", b"quiet"), (".linux", KERNEL)], "none of EFI's")
    (server.room / HTTP_ROOT).mkdir()
    put(server.room / HTTP_ROOT, {"boot": image if unified else KERNEL})
    web = start_nginx(server, SERVER)
    serve(server, "http://192.0.2.1/boot", {})
    answer, _ = ask(client, "--network", "eth0")
    (entry,) = answer["entries"]
    assert entry["kernel"]["url"] == "http://192.0.2.1/boot"
    assert bool(entry["kernel"].get("offset")) == unified
    sent = [line.split() for line in web.said.splitlines() if line.startswith("GET /boot ")]
    assert sent
    assert sum(int(words[3]) for words in sent) < 1 << 20


def test_a_unified_image_on_the_web_boots_by_its_parts(
    server: Namespace, client: Namespace
) -> None:
    sections = [(".cmdline", b"from-its-section"), (".linux", b"good"), (".initrd", b"i" * 70_000)]
    (server.room / HTTP_ROOT).mkdir()
    image = efi.program(sections, os.uname().machine)
    put(server.room / HTTP_ROOT, {"boot.efi": image + bytes(8 << 20)})
    web = start_nginx(server, SERVER)
    start_dnsmasq(server, RANGE, "dhcp-boot=http://192.0.2.1/boot.efi")
    with start_petipy(client, "petipy.timeout=0") as petipy:
        assert petipy.boots() == ["from-its-section", "initrd 70000"]
    sent = [line.split() for line in web.said.splitlines() if line.startswith("GET /boot.efi ")]
    assert sum(int(words[3]) for words in sent) < 1 << 20


def test_a_machine_that_is_sent_to_its_own_disk_says_so_and_boots_nothing_of_the_server(
    server: Namespace, client: Namespace
) -> None:
    menu = (
        "set timeout=0\nmenuentry 'Own disk' {\n search --set=root --file /boot/grub/grub.cfg\n"
        " configfile /boot/grub/grub.cfg\n}\nmenuentry Install {\n linux /good\n}\n"
    )
    serve(server, "bootppc64.bin", {"grub/grub.cfg": menu, "good": "good"})
    with start_petipy(client, "petipy.timeout=0", "petipy.order=network,any") as petipy:
        petipy.console.shows("2 entries", 40)
        time.sleep(3)  # by itself the other entry would have been loaded
        assert not (client.room / "loaded.txt").exists()
        petipy.console.press("enter")
        petipy.console.shows("Own disk", 20)
        petipy.console.shows("Install", 20)

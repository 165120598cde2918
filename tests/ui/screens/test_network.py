"""Networks in the menu, and the network screen."""

from dataclasses import replace
from typing import Any

from parsers.api import Volume
from petipy.state.boots import Progress
from petipy.state.model import NETWORK, Device, Source
from petipy.state.network import Link, Request
from tests.ui.driver import Driver
from tests.ui.fakes import Machine, choice

LINK = Link(
    index=2,
    name="eth0",
    mac="52:54:00:12:34:56",
    carrier=True,
    speed=1000,
    mtu=1500,
    addresses=("192.0.2.7/24", "2001:db8::7/64"),
    gateways=("192.0.2.1",),
    nameservers=("192.0.2.53",),
)


def network(name: str = "eth0", **more: Any) -> Source:
    device = Device(volume=Volume(name=name), node="", kind=NETWORK, title=f"{name}: network")
    return replace(Source.of(device, "ready"), link=replace(LINK, name=name), **more)


def machine(*networks: Source, disks: int = 1) -> Machine:
    machine = Machine()
    snapshot = machine.store.snapshot
    machine.store.update(
        choices=snapshot.choices[:disks], sources=(*snapshot.sources[:disks], *networks)
    )
    return machine


def test_an_interface_without_entries_is_one_line_that_says_its_state() -> None:
    asking = network(state="waiting", reason="asking for an address, 12 s")
    unplugged = network("eth1", state="waiting", reason="no cable")
    lines = [line for line in Driver(machine(asking, unplugged)).lines() if line]
    assert lines[1:5] == [
        "vda2: 20 GB ext4, label root",
        "> * Debian GNU/Linux",
        "eth0: asking for an address, 12 s",
        "eth1: no cable",
    ]


def test_the_page_shows_the_download_of_a_boot_and_why_it_stands_still() -> None:
    driver = Driver(machine(network()))
    driver.press("N")
    assert "Download" not in driver.text
    progress = Progress(what="http://192.0.2.1/i", done=1_000_000, total=9_000_000, rate=1e6)
    driver.machine.store.update(progress=progress)
    assert "http://192.0.2.1/i: 1 of 9 MB, 1 MB/s, 8 s left" in driver.text
    driver.machine.store.update(progress=replace(progress, trouble="no answer from 192.0.2.1"))
    assert "http://192.0.2.1/i: 1 of 9 MB, no answer from 192.0.2.1" in driver.text
    driver.machine.store.update(progress=Progress(what="/vmlinux", done=1, rate=1.0))
    assert "Download" not in driver.text


def test_a_menu_without_entries_still_shows_the_interfaces() -> None:
    waiting = network(state="waiting", reason="no answer to DHCP for 40 s; still asking")
    text = Driver(machine(waiting, disks=0)).text
    assert "eth0: no answer to DHCP for 40 s; still asking" in text
    assert "Nothing to boot was found" in text


def test_the_first_entry_gets_the_cursor_after_a_key_in_a_menu_that_had_none() -> None:
    waiting = network(state="waiting", reason="asking for an address, 12 s")
    busy = machine(waiting, disks=0)
    driver = Driver(busy).press("h", "esc")
    busy.store.update(choices=(choice("Installer", "eth0"),))
    assert driver.focused() == ">   Installer"


def test_a_server_that_wants_the_local_disk_is_no_failure() -> None:
    text = Driver(machine(network(elsewhere=True))).text
    assert "eth0: its server wants the local disk" in text


def test_hostile_words_of_a_server_are_shown_as_text() -> None:
    text = Driver(machine(network(state="failed", reason="no\x1b[2Jfile\u202e"))).text
    assert "\x1b" not in text
    assert "no?[2Jfile?" in text


def test_a_network_without_entries_says_so_and_a_place_by_its_url() -> None:
    opened = replace(network("opened1"), title="opened1: http://192.0.2.1/a.cfg", link=None)
    text = Driver(machine(network(), opened)).text
    assert "eth0: nothing to boot, see the log" in text
    assert "opened1: http://192.0.2.1/a.cfg: nothing to boot, see the log" in text


def test_the_network_screen_lists_addresses_lease_and_requests_in_order() -> None:
    requests = (
        Request(url="tftp://192.0.2.1/pxelinux.cfg/default", answer="no such file", seconds=0.031),
        Request(url="tftp://192.0.2.1/grub/grub.cfg", answer="1,234 bytes", seconds=1, good=True),
    )
    source = network(lease=(("siaddr", "192.0.2.1"), ("boot_file", "core.elf")), requests=requests)
    lines = [line for line in Driver(machine(source)).press("N").lines() if line]
    assert lines == [
        "Petipy 0.1 - Network",
        "eth0: network",
        "Cable:                  connected, 1000 Mbit/s",
        "MAC address:            52:54:00:12:34:56",
        "MTU:                    1500 bytes",
        "Addresses:              192.0.2.7/24, 2001:db8::7/64",
        "Gateways:               192.0.2.1",
        "DNS servers:            192.0.2.53",
        "Next server:            192.0.2.1",
        "Boot file:              core.elf",
        "Requests:",
        "  tftp://192.0.2.1/pxelinux.cfg/default: no such file in 0.03 s",
        "  tftp://192.0.2.1/grub/grub.cfg: 1,234 bytes in 1.00 s",
        lines[-1],
    ]


def test_no_password_of_a_url_is_on_the_network_screen() -> None:
    source = network(lease=(("bootfile", "http://bob:secret@192.0.2.1/x"),))
    text = Driver(machine(source)).press("N").text
    assert "http://192.0.2.1/x" in text
    assert "secret" not in text


def test_the_network_screen_follows_changes_and_says_when_there_is_none() -> None:
    driver = Driver(machine()).press("N")
    assert "There is no network interface" in driver.text
    driver.machine.store.update(sources=(network(state="scanning"),))
    assert "State:                  asking the servers" in driver.text

"""The screen of the order: what boots by itself in which turn, changed by moving rows."""

from dataclasses import replace

import pytest

from petipy.settings.storage import Storage
from petipy.state import order
from petipy.state.model import DISK, NETWORK, OPTICAL, Source
from petipy.state.network import Link
from petipy.state.order import Ranking
from petipy.state.settings import Settings
from petipy.ui.ordering import START, Ordering
from tests.control.test_session import ROOT, guarded
from tests.fakes import Kept
from tests.ui.driver import SIZE, Driver
from tests.ui.fakes import DEBIAN, Machine

UUIDS = {
    "vda2": "1f6b6cb4-7f0c-4c0e-a0f3-0a3c9b2c8d11",
    "sda3": "",
    "sr0": "2025-09-06-10-00-00-00",
}
MAC = "52:54:00:12:34:56"


def network(name: str = "eth0", mac: str = MAC) -> Source:
    link = Link(index=2, name=name, mac=mac, carrier=True)
    title = f"{name}: network, {mac}, virtio_net"
    return Source(name=name, title=title, kind=NETWORK, state="ready", link=link)


def machine(kept: Storage | None = None) -> Machine:
    """Return a machine with two disks, a disc and a network card."""
    made = Machine(kept=kept)
    made.publish(made.configuration().load())
    sources = [
        replace(
            source,
            kind=OPTICAL if source.name == "sr0" else DISK,
            device=replace(
                source.device,
                volume=replace(source.device.volume, uuid=UUIDS[source.name], partuuid="2a-02"),
            ),
        )
        for source in made.store.snapshot.sources
        if source.device
    ]
    # Only one has the partition's number: it is no name if two have it.
    sr0 = sources[2]
    assert sr0.device
    volume = replace(sr0.device.volume, partuuid="")
    sources[2] = replace(sr0, device=replace(sr0.device, volume=volume))
    made.store.update(sources=(*sources, network()))
    return made


def opened(kept: Storage | None = None, size: tuple[int, int] = SIZE) -> Driver:
    return Driver(machine(kept), size).press("S", "down", "enter")


def order_of(driver: Driver) -> str:
    return ",".join(map(str, driver.machine.store.snapshot.settings.order))


def test_the_order_at_80_by_24() -> None:
    assert opened(Kept({"order": f"{MAC}:90s,disk,gone"})).lines() == [
        "Petipy 0.1 - Order of devices",
        "",
        "Boots by itself, in this turn",
        "> 1 eth0: network, 52:54:00:12:34:56, virtio_net, waits 90 s",
        "  2 Disks: vda2, sda3",
        "  3 gone (not here)",
        "Not in the order",
        "  USB devices",
        "  Optical discs",
        "  Image files",
        "  Networks",
        "  Everything else",
        "  vda2: 20 GB ext4, label root",
        "  sda3: 100 GB xfs, label fedora",
        "  sr0: 600 MB iso9660, label Debian 13 ppc64el n",
        "",
        "Now: NVRAM: order.",
        "s saves it in NVRAM.",
        *[""] * 4,
        "Only eth0 for 90 s, then disks, gone; nothing else boots by itself",
        "+ up  - down  s save  Delete remove  Enter wait  Ctrl-N only now  Esc back",
    ]


def test_on_a_small_terminal_the_rows_around_the_cursor_and_the_meaning_stay() -> None:
    driver = opened(size=(40, 12))
    assert driver.lines() == [
        "Petipy 0.1 - Order of devices",
        "Boots by itself, in this turn",
        "> 1 Disks: vda2, sda3",
        "  2 USB devices",
        "  3 Optical discs: sr0",
        "  4 Networks: eth0",
        "  5 Everything else",
        "Not in the order",
        "  Image files",
        "Disks, then USB devices, optical discs,",
        "networks for 60 s, everything else",
        "+ up  - down  s save  Delete remove",
    ]
    driver.press("-", "-", "-", "-", "+")
    assert driver.lines()[2:6] == [
        "  1 USB devices",
        "  2 Optical discs: sr0",
        "  3 Networks: eth0",
        "> 4 Disks: vda2, sda3",
    ]
    assert driver.press("end").focused() == "> eth0: network, 52:54:0...6, virtio_net"
    assert driver.lines()[-1] == "Enter add  s save  Ctrl-N only now"


def test_a_moved_row_is_saved_and_the_screen_says_where() -> None:
    kept = Kept()
    driver = opened(kept).press("down", "down", "down", "+", "+", "+")
    assert driver.focused() == "> 1 Networks: eth0"
    assert "Now: changed, not saved." in driver.text
    assert kept.values == {}
    driver.press("s")
    assert kept.values == {"order": "network,disk,usb,optical,any"}
    assert "order: saved in NVRAM" in driver.text
    assert driver.focused() == "> 1 Networks: eth0"
    driver.press("esc")
    assert driver.focused().split()[0] == ">order"


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vda2", f"{UUIDS['vda2']},disk,usb,optical,network,any"),
        ("sda3", "sda3,disk,usb,optical,network,any"),
        ("sr0", f"disk,usb,{UUIDS['sr0']},optical,network,any"),
        ("eth0", f"disk,usb,optical,{MAC},network,any"),
    ],
)
def test_an_added_device_has_a_name_that_stays_and_comes_before_its_kind(
    name: str, expected: str
) -> None:
    driver = opened(Kept()).press("end")
    while not driver.focused().startswith(f"> {name}:"):
        driver.press("up")
    assert driver.press("enter").focused().split()[2] == f"{name}:"
    driver.press("s")
    assert order_of(driver) == expected


def test_rows_are_removed_and_nothing_at_all_is_the_order_of_the_menu() -> None:
    driver = opened(Kept()).press("delete")
    assert "> 1 USB devices" in driver.text
    assert "  Disks\n" in driver.text
    driver.press("ctrl d", "delete", "delete", "delete", "s")
    assert "Without an order: disks, then USB devices, optical discs, networks" not in driver.text
    assert driver.machine.store.snapshot.settings.order == ()


def test_a_patience_is_typed_and_a_wrong_one_says_so() -> None:
    driver = opened(Kept()).press("enter", *"1m", "enter")
    assert "A number of seconds is needed, or nothing" in driver.text
    driver.press("backspace", "5", "enter", "s")
    assert driver.focused() == "> 1 Disks: vda2, sda3, waits 15 s"
    assert order_of(driver) == "disk:15s,usb,optical,network,any"
    driver.press("enter", "ctrl u", "enter", "ctrl n")
    assert order_of(driver) == "disk,usb,optical,network,any"
    assert "order: not saved; it counts until the next start" in driver.text


def test_a_change_that_is_not_saved_is_not_dropped_by_one_key() -> None:
    driver = opened(Kept()).press("-", "esc")
    assert "It is not saved: s saves it, Esc drops the change" in driver.text
    assert "Order of devices" in driver.press("down", "esc").text
    assert driver.press("esc").lines()[0] == "Petipy 0.1 - Settings"
    assert order_of(driver) == ""


def test_the_order_is_taken_back_and_can_be_changed_as_a_text() -> None:
    kept = Kept({"order": "network"})
    driver = opened(kept).press("t")
    assert "Setting order" in driver.text
    driver.press("ctrl u", *"usb,any", "enter")
    assert kept.values == {"order": "usb,any"}
    assert "order: saved in NVRAM" in driver.text
    assert "  1 USB devices" in driver.text
    driver.press("ctrl r")
    assert kept.values == {}
    assert "  1 Disks: vda2, sda3" in driver.text


def test_devices_come_and_go_under_a_cursor_that_stays() -> None:
    driver = opened(Kept()).press("end")
    assert driver.focused().startswith("> eth0")
    sources = driver.machine.store.snapshot.sources
    driver.machine.store.update(
        sources=(*sources[:-1], network("abc0", "aa:00:00:00:00:01"), sources[-1])
    )
    assert driver.focused().startswith("> eth0")
    driver.machine.store.update(sources=sources[:1])
    assert driver.focused().startswith("> ")
    driver.machine.store.update(sources=(), choices=())
    assert "eth0" not in driver.text


def test_where_nothing_can_be_kept_the_screen_says_so_first() -> None:
    driver = opened()
    assert "It cannot be saved: this machine keeps no settings." in driver.text
    driver.press("-", "s")
    assert "order: not saved; it counts until the next start: this machine keeps no" in driver.text
    assert order_of(driver) == "usb,disk,optical,network,any"


def test_a_locked_machine_asks_for_the_password_and_then_saves() -> None:
    kept = Kept()
    driver = opened(kept)
    driver.machine.store.update(choices=(guarded("Shut", users=("root",)),))
    driver.press("-", "s")
    assert "A change of the settings needs a password." in driver.text
    driver.press(*"root", "enter", *ROOT.secret, "enter")
    driver.answer()
    assert kept.values == {"order": "usb,disk,optical,network,any"}
    assert "Order of devices" in driver.text


def test_the_words_name_entries_waits_and_what_has_its_turn_already() -> None:
    snapshot = machine().store.snapshot
    ordering = Ordering(order.parse(f"{DEBIAN},disk:30s,vda2,network"), snapshot)
    rows = [row.text for row in ordering.list_chosen()]
    assert rows == [
        f"1 entry: {DEBIAN}",
        "2 Disks: vda2, sda3, waits 30 s",
        "3 vda2: 20 GB ext4, label root, which 2 has already",
        "4 Networks: eth0",
    ]
    assert ordering.to_words() == (
        f"Only {DEBIAN}, then disks for 30 s, networks; nothing else boots by itself"
    )
    assert Ordering((), snapshot).to_words() == (
        "Without an order: disks, then USB devices, optical discs, networks, everything else"
    )


def test_wishes_that_come_first_are_named() -> None:
    driver = opened(Kept({"entry": DEBIAN}))
    driver.machine.store.update(host=("sda",))
    assert f"Wishes count besides: {DEBIAN}, sda." in driver.text


def test_the_order_that_the_screen_starts_with_is_that_of_the_menu() -> None:
    snapshot = machine().store.snapshot
    menu = Ranking(snapshot)
    start = Ranking(replace(snapshot, settings=Settings(order=START)))

    def sort(ranking: Ranking) -> list[str]:
        ranked = sorted(snapshot.choices, key=lambda choice: ranking.place(choice) or (9, 9))
        return [choice.id for choice in ranked]

    assert sort(menu) == sort(start)

import math
from dataclasses import replace
from typing import Any

import pytest

from petipy.state import order, policy
from petipy.state.candidates import explain_order, list_candidates
from petipy.state.model import DISK, NETWORK, OPTICAL, USB, Choice, Kind, Snapshot, Source, State
from petipy.state.network import Link
from petipy.state.order import CABLE_PATIENCE, NETWORK_PATIENCE, Ranking, parse
from petipy.state.policy import Decision, Hints
from petipy.state.settings import Origin, Settings
from tests.samples import choice, device, entry

MAC = "52:54:00:12:34:56"
READY = Hints(since=100)


def source(
    name: str, kind: Kind = DISK, state: State = "ready", *, carrier: bool = True, **more: object
) -> Source:
    link = Link(index=2, name=name, mac=MAC, carrier=carrier) if kind.remote else None
    found = device(name, uuid=f"uuid-{name}", label=f"LABEL-{name}", kind=kind)
    return replace(Source.of(found, state), link=link, **more)  # type: ignore[arg-type]


def snapshot(text: str, *sources: Source, boots: tuple[str, ...] = ("vda2",)) -> Snapshot:
    choices = tuple(
        choice(f"{name}-default", device=name, turn=0, own=not name.startswith("eth"))
        for name in boots
    )
    settings = Settings(timeout=5, order=order.parse(text))
    return Snapshot(settled=True, settings=settings, sources=sources, choices=choices)


def decide(snapshot: Snapshot, now: float, hints: Hints = READY) -> Decision:
    return policy.decide(snapshot, hints, now)


def candidates(snapshot: Snapshot) -> list[str]:
    return [choice.device for choice in list_candidates(snapshot)]


LINKS = (
    "disk/by-id/wwn-0x5000c500a1b2c3d4-part1 disk/by-path/pci-0000:00:02.0 disk/by-uuid/uuid-vdb1"
)


def with_paths(found: Source) -> Source:
    assert found.device
    volume = replace(
        found.device.volume, udev_links=LINKS, firmware_path="/pci@800000020000000/scsi@3"
    )
    return replace(found, device=replace(found.device, volume=volume))


DISKS = source("vda2"), with_paths(source("vdb1")), source("sda1", USB), source("sr0", OPTICAL)
ETH0 = source("eth0", NETWORK)
ALL = ("vda2", "vdb1", "sda1", "sr0", "eth0")


def test_without_an_order_disks_come_before_networks() -> None:
    assert candidates(snapshot("", *DISKS, ETH0, boots=ALL)) == list(ALL)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("network,any", ["eth0", "vda2", "vdb1", "sda1", "sr0"]),
        ("network,disk", ["eth0", "vda2", "vdb1"]),
        ("usb,any,disk", ["sda1", "sr0", "eth0", "vda2", "vdb1"]),
        ("vdb1,disk", ["vdb1", "vda2"]),
        ("uuid-vdb1,network", ["vdb1", "eth0"]),
        ("label-sr0", ["sr0"]),
        (MAC.upper(), ["eth0"]),
        (MAC.replace(":", "-"), ["eth0"]),
        ("Network,ANY", ["eth0", "vda2", "vdb1", "sda1", "sr0"]),
        ("network:60,any:5", ["eth0", "vda2", "vdb1", "sda1", "sr0"]),
        ("/dev/vdb1,Disk", ["vdb1", "vda2"]),
        ("UUID=uuid-vdb1:5s,LABEL=label-sr0", ["vdb1", "sr0"]),
        ("nothing", []),
        ("disk/by-path/pci-0000:00:02.0,any", ["vdb1", "vda2", "sda1", "sr0", "eth0"]),
        ("/dev/disk/by-path/pci-0000:00:02.0:5s", ["vdb1"]),
        ("0x5000c500a1b2c3d4", ["vdb1"]),
        ("WWN=0x5000C500A1B2C3D4", ["vdb1"]),
        ("/pci@800000020000000/scsi@3/disk@0\\,0", ["vdb1"]),
        ("vda2-default,sr0", ["vda2", "sr0"]),
        ("VDB1-DEFAULT,any", ["vdb1", "vda2", "sda1", "sr0", "eth0"]),
    ],
)
def test_an_order_names_kinds_and_devices_and_leaves_out_the_rest(
    text: str, expected: list[str]
) -> None:
    assert candidates(snapshot(text, *DISKS, ETH0, boots=ALL)) == expected


def test_an_order_is_written_as_it_was_read() -> None:
    for text in "network:90s,any", f"{MAC}:5s", "vda", MAC, "uuid:0s":
        assert ",".join(map(str, order.parse(text))) == text
    assert order.parse("") == ()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("network,any", []),
        ("disk,vda2,LABEL-vdb1,usb,image", []),
        ("netwrk,any", ["petipy.order: nothing here is called netwrk"]),
        ("eth0", ["petipy.order names nothing that can boot yet: nothing boots by itself"]),
        ("", []),
    ],
)
def test_an_order_says_what_it_names_in_vain(text: str, words: list[str]) -> None:
    assert explain_order(snapshot(text, *DISKS, ETH0)) == words


def test_seconds_after_a_kind_need_no_unit() -> None:
    assert order.parse("network:60,any") == order.parse("network:60s,any")
    assert order.parse("Network:60S")[0].patience == 60


@pytest.mark.parametrize(
    "text",
    [
        *("network,,any", ",", "net\x1b[2J"),
        *("network:90m", "network:", "any:s", "network:-1s", "disk:never", "network:9999999s"),
        *("/dev/", "UUID="),
    ],
)
def test_an_order_with_a_strange_item_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        order.parse(text)


def test_a_network_that_is_asked_first_is_waited_for_and_the_wait_ends() -> None:
    asking = source("eth0", NETWORK, "waiting")
    machine = snapshot("network,any", source("vda2"), asking)
    before = decide(machine, 100 + NETWORK_PATIENCE - 1)
    assert before.countdown is not None
    assert (before.countdown.until, before.countdown.awaits) == (160, "network")
    assert before.default == "vda2-default"
    assert decide(machine, 100 + NETWORK_PATIENCE).boot == "vda2-default"


def test_the_network_boots_at_once_when_it_comes_during_the_wait() -> None:
    machine = snapshot("network,any", source("vda2"), ETH0, boots=("vda2", "eth0"))
    assert decide(machine, 130).boot == "eth0-default"


def test_a_port_without_a_cable_is_waited_for_only_shortly() -> None:
    machine = snapshot("network,any", source("vda2"), replace(ETH0, state="waiting"))
    unplugged = source("eth0", NETWORK, "waiting", carrier=False)
    machine = replace(machine, sources=(source("vda2"), unplugged))
    assert decide(machine, 100 + CABLE_PATIENCE - 1).boot == ""
    assert decide(machine, 100 + CABLE_PATIENCE).boot == "vda2-default"


def test_a_patience_of_its_own_counts_also_for_what_is_not_there_yet() -> None:
    for text in "network:90s,any", "usb:90s,any", "uuid-vdz:90s,any":
        machine = snapshot(text, source("vda2"))
        assert decide(machine, 189).boot == "", text
        assert decide(machine, 190).boot == "vda2-default", text
    impatient = snapshot("network:0s,any", source("vda2"), source("eth0", NETWORK, "waiting"))
    assert decide(impatient, 105).boot == "vda2-default"


def test_a_server_that_wants_the_local_disk_ends_the_wait_for_all_ports() -> None:
    local = replace(ETH0, elsewhere=True)
    other = source("eth1", NETWORK, "waiting")
    for text in "network,any", "network:90s,any":
        machine = snapshot(text, source("vda2"), local, other)
        assert decide(machine, 105).boot == "vda2-default", text


def test_a_network_that_offers_nothing_ends_the_wait() -> None:
    assert decide(snapshot("network:90s,any", source("vda2"), ETH0), 105).boot == "vda2-default"
    given_up = replace(ETH0, state="failed", given_up=True)
    assert decide(snapshot("network,any", source("vda2"), given_up), 105).boot == "vda2-default"


def test_a_network_that_is_scanned_holds_no_disk_up_unless_it_comes_first() -> None:
    busy = source("eth0", NETWORK, "scanning")
    assert decide(snapshot("", source("vda2"), busy), 105).boot == "vda2-default"
    assert decide(snapshot("disk,network", source("vda2"), busy), 105).boot == "vda2-default"
    assert decide(snapshot("network,disk", source("vda2"), busy), 105).boot == ""


def test_after_a_failed_boot_from_the_network_the_disk_follows() -> None:
    machine = snapshot("network,any", source("vda2"), ETH0, boots=("vda2", "eth0"))
    failed = replace(READY, failed=frozenset({"eth0-default"}), last_failure=130)
    assert decide(machine, 130 + policy.PAUSE, failed).boot == "vda2-default"


def test_nothing_is_waited_for_once_the_first_item_has_something() -> None:
    machine = snapshot("network,any", source("vda2"), ETH0, boots=("vda2", "eth0"))
    wait = Ranking(machine).find_wait(machine.choices[1], 100)
    assert wait == (-math.inf, "")


# Wishes


def entries(*ids: str, device: str = "vda2") -> tuple[Choice, ...]:
    return tuple(choice(id, device=device) for id in ids)


def with_wishes(
    *choices: Choice, host: tuple[str, ...] = (), layer: str = "machine", **settings: Any
) -> Snapshot:
    given = Settings(
        timeout=5,
        origins=tuple(Origin(name, layer, "there") for name in settings),
        **settings,
    )
    return Snapshot(
        settled=True, settings=given, sources=(*DISKS, ETH0), choices=choices, host=host
    )


OLD, NEW = entries("d:/grub.cfg#A>Linux 6.1.0-9", "d:/grub.cfg#A>Linux 6.1.0-13")
PLAIN = replace(choice("plain"), turn=0)
OTHER = choice("other", device="vdb1", turn=0)
NET = choice("net", device="eth0", turn=0, own=False)
INSTALL = choice("install", device="eth0", own=False)
ENTRIES = PLAIN, OLD, NEW, OTHER, NET, INSTALL


def ids(snapshot: Snapshot) -> list[str]:
    return [choice.id for choice in list_candidates(snapshot)]


def test_a_wish_for_an_entry_comes_first_and_the_rest_follows_as_ever() -> None:
    rest = ["plain", OLD.id, NEW.id, "other", "net"]
    assert ids(with_wishes(*ENTRIES)) == rest
    assert ids(with_wishes(*ENTRIES, entry="other")) == ["other", *rest[:3], "net"]
    assert ids(with_wishes(*ENTRIES, next=OLD.id)) == [OLD.id, "plain", NEW.id, "other", "net"]
    # The wish names what does not boot by itself otherwise.
    assert ids(with_wishes(*ENTRIES, entry="install"))[0] == "install"
    recovery = choice("r", entry=entry("Recovery", cmdline="single", guess=True))
    assert ids(with_wishes(*ENTRIES, recovery, entry="recovery"))[0] == "r"


def test_the_wish_for_one_boot_outranks_the_other_and_the_host_outranks_what_is_kept() -> None:
    both = with_wishes(*ENTRIES, next=NEW.id, entry="other", host=("eth0",))
    assert ids(both)[:3] == [NEW.id, "net", "other"]
    now = with_wishes(*ENTRIES, entry="other", host=("eth0",), layer="command line")
    assert ids(now)[:2] == ["other", "net"]
    order = with_wishes(*ENTRIES, order=parse("disk,any"), host=("eth0",))
    assert ids(order)[0] == "net"
    order = with_wishes(*ENTRIES, order=parse("disk,any"), host=("eth0",), layer="command line")
    assert ids(order)[0] == "plain"


def test_an_order_for_this_start_outranks_the_entry_that_is_kept_but_not_what_it_leaves_open() -> (
    None
):
    given = with_wishes(*ENTRIES, order=parse("network,any"), entry="other", layer="command line")
    kept = replace(given.settings, origins=given.settings.origins[:1])
    assert ids(replace(given, settings=kept))[:2] == ["net", "other"]


def test_the_hosts_wish_is_a_path_of_open_firmware() -> None:
    path = "/pci@800000020000000/scsi@3/disk@0,0"
    assert ids(with_wishes(*ENTRIES, host=(path,)))[0] == "other"
    absent = with_wishes(*ENTRIES, host=("/pci@800000020000000/scsi@33/disk@0,0",))
    assert ids(absent)[0] == "plain"
    assert "the host wants /pci@8" in explain_order(absent)[0]


def test_an_entry_that_is_not_there_is_waited_for_while_something_may_come() -> None:
    wish = with_wishes(PLAIN, entry="vdz:/grub.cfg#Debian")
    assert decide(wish, 105).boot == "plain"
    assert explain_order(wish) == ["petipy.entry: no entry here is vdz:/grub.cfg#Debian"]
    busy = replace(wish, sources=(*DISKS, replace(ETH0, state="waiting")))
    waits = decide(busy, 100 + order.ENTRY_PATIENCE - 1)
    assert waits.countdown
    assert waits.countdown.awaits == "vdz:/grub.cfg#Debian"
    assert decide(busy, 100 + order.ENTRY_PATIENCE).boot == "plain"
    there = replace(busy, choices=(PLAIN, choice("vdz:/grub.cfg#Debian")))
    assert decide(there, 105).boot == "vdz:/grub.cfg#Debian"


def test_what_is_wished_for_and_fails_is_followed_by_the_rest() -> None:
    wish = with_wishes(*ENTRIES, entry="other")
    failed = replace(READY, failed=frozenset({"other"}), last_failure=100)
    assert decide(wish, 103, failed).boot == "plain"


def test_a_kind_is_no_devices_label() -> None:
    """A stick must not come first by the label NETWORK."""
    stick = replace(device("sda1", label="NETWORK", kind=USB), node="/dev/sda1")
    sources = *DISKS[:2], Source.of(stick, "ready"), ETH0
    assert candidates(snapshot("network,any", *sources, boots=ALL[:3])) == ["vda2", "vdb1", "sda1"]
    assert candidates(snapshot("network", *sources, boots=ALL)) == ["eth0"]

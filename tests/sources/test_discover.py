import asyncio
import errno
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from parsers.api import ANY, Password, Preferences, Problem
from petipy.log import Log
from petipy.scan.images import MOST
from petipy.sources.discover import MANY, RESTARTS, Discovery, Receive
from petipy.sources.repeats import PAUSES
from petipy.sources.source import Arrived, Left, Settled, SourceEvent
from petipy.state import resolve
from petipy.state.model import IMAGE, Choice, Device, File, Image, Scan, Source
from petipy.state.settings import Settings
from petipy.state.store import Store
from tests.samples import CONFIG, device, entry, scan

GOOD = scan(entry("good"))


EVENTS: dict[str, Callable[[str], SourceEvent]] = {
    "+": lambda name: Arrived(Source.of(device(name, uuid=f"U-{name}"))),
    "?": lambda name: Arrived(Source(name=name, state="locked", reason="LUKS")),
    "-": Left,
    ".": lambda _: Settled(),
}


class Machine:
    """Scans as its devices' names say; events are what the test plugs and pulls."""

    def __init__(self) -> None:
        self.store = Store()
        self.log = Log(lambda status: self.store.update(status=status), files=())
        self.discovery = Discovery(self.scan, self.store, self.log)
        self.scanned: list[str] = []
        self.results = {"good1": GOOD}

    def versions(self) -> list[int]:
        """Return a list to which each version of the snapshot is added."""
        seen: list[int] = []
        self.store.listen(lambda: seen.append(self.store.snapshot.version))
        return seen

    async def scan(self, source: Source, devices: Sequence[Device], receive: Receive) -> Scan:
        self.scanned.append(source.name)
        if source.name == "hangs1":
            await asyncio.sleep(60)
        if source.name == "late1":
            await asyncio.sleep(0.05)
        if source.name == "breaks1":
            raise OSError(5, "Input/output error")
        if source.name == "slow1":
            raise TimeoutError
        return self.results.get(source.name, Scan())

    def run(self, *steps: str, at_once: bool = False) -> None:
        async def events() -> AsyncIterator[SourceEvent]:
            for step in steps:
                yield EVENTS[step[0]](step[1:])
                for _ in range(0 if at_once else 5):
                    await asyncio.sleep(0)

        asyncio.run(asyncio.wait_for(self.discovery.run(events()), 60))


def test_a_hung_device_a_broken_one_and_a_removed_one_cost_nothing_else() -> None:
    machine = Machine()
    machine.run("+hangs1", "+breaks1", "+slow1", "+good1", "-hangs1")
    snapshot = machine.store.snapshot
    assert [c.entry.title for c in snapshot.choices] == ["good"]
    assert [d.name for d in snapshot.devices] == ["breaks1", "good1", "slow1"]
    assert not snapshot.scanning
    said = [s.text for s in machine.log.lines if s.level == "warning"]
    later = "; it is looked at again soon"
    assert said == [f"breaks1: Input/output error{later}", f"slow1: no answer in time{later}"]


@pytest.mark.parametrize(
    ("other", "shown"), [("good1", "breaks1: Input"), ("breaks1", "breaks1 is")]
)
def test_the_consoles_do_not_keep_the_failure_of_a_device_that_is_gone(
    other: str, shown: str
) -> None:
    machine = Machine()
    machine.run("+good1", "+breaks1", f"-{other}")
    status = machine.store.snapshot.status
    assert status
    assert status.text.startswith(shown)


def test_what_the_program_cannot_cope_with_costs_its_own_device() -> None:
    machine = Machine()
    machine.results["odd1"] = scan(replace(entry("odd"), trail=(None,)))  # type: ignore[arg-type]
    machine.run("+odd1", "+good1", "-none")
    snapshot = machine.store.snapshot
    assert [c.entry.title for c in snapshot.choices] == ["good"]
    assert not snapshot.scanning
    (said,) = (line.text for line in machine.log.lines if line.level == "error")
    assert said.startswith("odd1 is left out: TypeError: ")


def test_a_pulled_disk_takes_its_entries_along_and_a_plugged_one_brings_them() -> None:
    for steps, entries in (["+good1", "-good1"], 0), (["+good1", "-good1", "+good1"], 1):
        machine = Machine()
        machine.run(*steps)
        assert len(machine.store.snapshot.choices) == entries


def test_a_change_without_a_difference_is_looked_into_but_the_device_is_not_found_twice() -> None:
    machine = Machine()
    machine.run("+good1", "+good1")
    assert machine.scanned == ["good1", "good1"]
    said = [line.text for line in machine.log.lines if line.level == "info"]
    assert sum(text.startswith("found ") for text in said) == 1


def test_a_scan_that_wants_any_volume_starts_again_when_one_comes() -> None:
    machine = Machine()
    machine.results["vda1"] = replace(GOOD, wants=(ANY,))
    machine.run("+vda1", "+good1", "+vdb1")
    assert machine.scanned == ["vda1", "good1", "vda1", "vdb1", "vda1"]


def test_a_scan_starts_again_only_for_the_volume_that_it_wants() -> None:
    machine = Machine()
    machine.results["vda1"] = replace(GOOD, wants=("UUID=u-vdb1", "/dev/vdd1"))
    machine.run("+vda1", "+good1", "+vdb1", "+vdc1", "+vdb1", "-vdb1", "+vdd1")
    assert machine.scanned == [
        *("vda1", "good1"),
        *("vdb1", "vda1"),
        "vdc1",
        *("vdb1", "vda1"),  # it may have new contents
        *("vdd1", "vda1"),
    ]


def test_a_device_that_comes_while_another_is_read_that_waits_for_it_is_not_missed() -> None:
    for wants, again in (ANY, ["late1"]), ("UUID=u-good1", ["late1"]), ("UUID=other", []):
        machine = Machine()
        machine.results["late1"] = replace(GOOD, wants=(wants,))
        machine.run("+late1", "+good1")
        assert machine.scanned == ["late1", "good1", *again]
        assert not machine.store.snapshot.scanning


def test_devices_stand_in_natural_order_and_fixed_disks_first() -> None:
    machine = Machine()
    machine.run("+sda10", "+nvme0n1p1", "+sda2")
    assert [d.name for d in machine.store.snapshot.devices] == ["nvme0n1p1", "sda2", "sda10"]


def test_coldplugs_end_is_known() -> None:
    machine = Machine()
    assert not machine.store.snapshot.settled
    machine.run(".")
    assert machine.store.snapshot.settled


def test_many_problems_are_told_in_few_lines() -> None:
    machine = Machine()
    problems = tuple(Problem(CONFIG, line, "what is this?") for line in range(1, 9))
    machine.results["vda1"] = Scan(problems=problems)
    machine.run("+vda1")
    assert [s.text for s in machine.log.lines][1:] == [
        *(f"(vda1){CONFIG}:{line}: what is this?" for line in (1, 2, 3)),
        "vda1: nothing to boot; 5 more problems are in the log",
    ]
    assert len(machine.store.snapshot.problems) == 8


def test_a_system_that_is_not_linux_is_in_the_log_and_in_the_menu_when_asked_for() -> None:
    windows = entry("Windows", foreign=True, unbootable="not bootable by kexec")
    machine = Machine()
    machine.results["vda1"] = scan(windows)
    machine.run("+vda1")
    assert not machine.store.snapshot.choices
    said = " ".join(status.text for status in machine.log.lines)
    assert "vda1: Windows (/boot/grub/grub.cfg) is not bootable by kexec" in said
    assert "vda1: nothing to boot" in said
    machine.store.update(settings=Settings(show_foreign=True))
    machine.discovery = Discovery(machine.scan, machine.store, machine.log)
    machine.run("+vda1")
    assert [c.entry.title for c in machine.store.snapshot.choices] == ["Windows"]


ISO = Image(path="/isos/a 1.iso", size=5_000_000_000, fs="iso9660", label="LIVE", uuid="2024-1")
NAME = "good1:/isos/a 1.iso"


def stick(*images: Image) -> Machine:
    machine = Machine()
    machine.results |= {"good1": Scan(entries=GOOD.entries, images=images)}
    machine.results[NAME] = scan(entry("live"))
    return machine


def test_an_image_on_a_disk_is_a_device_of_its_own_after_the_disks() -> None:
    machine = stick(ISO)
    machine.run("+good1", "+vdb1")
    snapshot = machine.store.snapshot
    assert [d.name for d in snapshot.devices] == ["good1", "vdb1", NAME]
    image = snapshot.devices[-1]
    assert image.title == "good1:/isos/a 1.iso: 5 GB iso9660, label LIVE"
    assert (image.kind, image.volume.image, image.volume.disk) == (IMAGE, ISO.path, "good1")
    assert [(c.entry.title, c.device) for c in snapshot.choices] == [
        ("good", "good1"),
        ("live", NAME),
    ]
    assert snapshot.choices[1].kernel == File(device=NAME, path="/vmlinux")


def test_an_image_goes_with_its_disk() -> None:
    machine = stick(ISO)
    machine.run("+good1", "-good1")
    assert not machine.store.snapshot.devices


def test_a_scan_cannot_name_more_images_than_one_finds() -> None:
    machine = stick(*(replace(ISO, path=f"/{n}.iso") for n in range(1000)))
    machine.run("+good1")
    assert len(machine.store.snapshot.devices) == 1 + MOST


@pytest.mark.parametrize("name", ["1²3", "9" * 5000, "\udcff\0", "٣"])
def test_an_image_of_any_name_is_shown(name: str) -> None:
    machine = stick(replace(ISO, path=f"/{name}.iso"))
    machine.run("+good1")
    assert [d.name for d in machine.store.snapshot.devices] == ["good1", f"good1:/{name}.iso"]


def test_another_disc_in_the_drive_has_other_images() -> None:
    machine = stick(ISO)

    async def rescanned(source: Source, devices: Sequence[Device], receive: Receive) -> Scan:
        result = await machine.scan(source, devices, receive)
        machine.results["good1"] = GOOD
        return result

    machine.discovery = Discovery(rescanned, machine.store, machine.log)
    machine.run("+good1", "+good1")
    assert [d.name for d in machine.store.snapshot.devices] == ["good1"]
    assert machine.scanned == ["good1", NAME, "good1"]


def test_images_are_scanned_one_at_a_time_and_are_not_told_of_each_other() -> None:
    machine = stick(*(replace(ISO, path=f"/{n}.iso") for n in range(5)))
    calls: list[list[str]] = []
    at_once = most = 0

    async def watched(source: Source, devices: Sequence[Device], receive: Receive) -> Scan:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        calls.append([known.name for known in devices])
        await asyncio.sleep(0)
        at_once -= 1
        return await machine.scan(source, devices, receive)

    machine.discovery = Discovery(watched, machine.store, machine.log)
    machine.run("+good1")
    assert (most, len(calls)) == (1, 6)
    assert calls[1:] == [["good1"]] * 5


@pytest.mark.parametrize("count", [100, 300])
@pytest.mark.parametrize("at_once", [True, False])
def test_each_of_many_devices_is_scanned_and_resolved_once(
    count: int, at_once: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine, resolved, original = Machine(), list[str](), resolve.resolve_source

    def counted(name: str, *arguments: Any, **more: Any) -> Iterator[Choice]:
        resolved.append(name)
        return original(name, *arguments, **more)

    monkeypatch.setattr(resolve, "resolve_source", counted)
    names = [f"sd{number}" for number in range(count)]
    machine.results |= dict.fromkeys(names, GOOD)
    machine.results["sd0"] = replace(GOOD, wants=(f"UUID=u-sd{count - 1}", "UUID=nobody"))
    versions = machine.versions()
    machine.run(*(f"+{name}" for name in names), at_once=at_once)
    again = [] if at_once else ["sd0"]
    assert sorted(machine.scanned) == sorted([*names, *again])
    assert sorted(resolved) == sorted([*names, *again])
    assert len(versions) <= (10 if at_once else 4 * count)
    assert len(machine.store.snapshot.choices) == count


def test_with_very_many_devices_the_store_is_updated_seldom() -> None:
    machine = Machine()
    machine.results |= {f"sd{number}": GOOD for number in range(3 * MANY)}
    versions = machine.versions()
    machine.run(*(f"+sd{number}" for number in range(3 * MANY)))
    assert len(versions) < 3 * MANY
    assert len(machine.store.snapshot.choices) == 3 * MANY
    assert not machine.store.snapshot.scanning


def test_a_source_that_cannot_be_scanned_yet_is_shown_with_the_reason_until_it_can() -> None:
    machine = Machine()
    machine.run("+good1", "?good1")
    (source,) = machine.store.snapshot.sources
    assert (source.name, source.state, source.reason) == ("good1", "locked", "LUKS")
    assert not machine.store.snapshot.choices
    machine = Machine()
    machine.run("?good1", "+good1")
    assert [source.state for source in machine.store.snapshot.sources] == ["ready"]
    assert machine.scanned == ["good1"]


def test_a_source_says_why_its_scan_gave_nothing() -> None:
    machine = Machine()
    machine.run("+breaks1", "+slow1", "+good1")
    found = {s.name: (s.state, s.reason) for s in machine.store.snapshot.sources}
    assert found == {
        "breaks1": ("failed", "Input/output error"),
        "slow1": ("failed", "no answer in time"),
        "good1": ("ready", ""),
    }


def test_a_scan_that_another_has_replaced_gives_nothing() -> None:
    machine, results = Machine(), iter([scan(entry("old")), scan(entry("new"))])

    async def stubborn(source: Source, devices: Sequence[Device], receive: Receive) -> Scan:
        result = next(results)
        with suppress(asyncio.CancelledError):
            await asyncio.sleep(0.05)
        return result

    machine.discovery = Discovery(stubborn, machine.store, machine.log)
    machine.run("+good1", "+good1")
    assert [c.entry.title for c in machine.store.snapshot.choices] == ["new"]


def test_the_store_is_settled_when_every_stream_is() -> None:
    machine, seen = Machine(), list[bool]()

    async def stream(*seconds: float) -> AsyncIterator[SourceEvent]:
        for pause in seconds:
            await asyncio.sleep(pause)
        yield Settled()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        seen.append(machine.store.snapshot.settled)

    asyncio.run(machine.discovery.run(stream(0), stream(0, 0.05)))
    assert seen == [False, True]


def test_a_scan_that_raises_what_nobody_expects_costs_its_own_source() -> None:
    machine = Machine()

    async def raising(source: Source, devices: Sequence[Device], receive: Receive) -> Scan:
        if source.name == "odd1":
            raise KeyError(source.name)
        return GOOD

    machine.discovery = Discovery(raising, machine.store, machine.log)
    machine.run("+odd1", "+good1")
    assert [c.device for c in machine.store.snapshot.choices] == ["good1"]
    assert "odd1 is left out: KeyError: 'odd1'" in [line.text for line in machine.log.lines]


# Locks

ROOT = Password(user="root", secret="r")
LOCKED = replace(
    GOOD, preferences=((CONFIG, Preferences(superusers=("root",), passwords=(ROOT,))),)
)


def test_what_is_not_yet_read_is_unread_and_a_scan_that_fails_gives_it_up() -> None:
    machine = Machine()
    seen: list[list[tuple[str, str]]] = []
    machine.store.listen(
        lambda: seen.append([(s.name, s.state) for s in machine.store.snapshot.unread])
    )
    machine.run("+late1", "+breaks1", "+good1", "?locked1")
    assert seen[0] == [("late1", "scanning")]
    assert seen[-1] == [("breaks1", "failed")]


@pytest.mark.parametrize(
    "later", [OSError(5, "Input/output error"), Scan(stopped="no answer in time"), ValueError()]
)
def test_a_guard_outlasts_a_rescan_that_fails_or_is_only_a_part(later: Scan | Exception) -> None:
    machine, answers = Machine(), iter([LOCKED, later])

    async def scan(source: Source, devices: Sequence[Device], receive: Receive) -> Scan:
        match next(answers):
            case Scan() as found:
                return found
            case error:
                raise error

    machine.discovery = Discovery(scan, machine.store, machine.log)
    machine.run("+vda1", "+vda1")
    ((_, guard),) = machine.store.snapshot.guards
    assert guard.keys == (ROOT,)
    assert machine.store.snapshot.unread == ()


def test_a_guard_goes_with_its_disk_and_with_a_whole_scan_that_finds_none() -> None:
    machine = Machine()
    machine.results["vda1"] = LOCKED
    machine.run("+vda1", "-vda1")
    assert machine.store.snapshot.guards == ()


def test_a_file_system_that_nobody_here_can_read_keeps_nothing_shut() -> None:
    machine = Machine()

    async def scan(source: Source, devices: Sequence[Device], receive: Receive) -> Scan:
        raise OSError(errno.ENOPKG, "this kernel cannot read ntfs file systems")

    machine.discovery = Discovery(scan, machine.store, machine.log)
    machine.run("+vda1")
    assert [source.state for source in machine.store.snapshot.sources] == ["failed"]
    assert machine.store.snapshot.unread == ()


def test_a_device_that_changes_all_the_time_is_read_some_day() -> None:
    """It is given up at first: nobody has to wait for it."""
    machine, started = Machine(), asyncio.Queue[asyncio.Future[None]]()

    async def scan(source: Source, devices: Sequence[Device], receive: Receive) -> Scan:
        end = asyncio.get_running_loop().create_future()
        started.put_nowait(end)
        await end
        return LOCKED

    async def events() -> AsyncIterator[SourceEvent]:
        for _ in range(RESTARTS + 3):
            yield EVENTS["+"]("vda1")
            await asyncio.sleep(0.01)
        assert [source.given_up for source in machine.store.snapshot.unread] == [True]
        scans = [await started.get() for _ in range(RESTARTS + 1)]
        assert started.empty()
        scans[-1].set_result(None)
        again = await started.get()  # what came meanwhile is looked at, too
        assert machine.store.snapshot.unread == ()
        again.set_result(None)

    machine.discovery = Discovery(scan, machine.store, machine.log)
    asyncio.run(asyncio.wait_for(machine.discovery.run(events()), 60))
    assert len(machine.store.snapshot.guards) == 1


def test_a_source_that_is_not_what_it_was_is_looked_at_again() -> None:
    machine = Machine()

    async def events() -> AsyncIterator[SourceEvent]:
        yield EVENTS["+"]("good1")
        await asyncio.sleep(0.01)
        for name in ("good1", "none1"):
            machine.discovery.look_again(name)
        seen.append(machine.store.snapshot.scanning)  # before the loop turns

    seen: list[frozenset[str]] = []
    asyncio.run(asyncio.wait_for(machine.discovery.run(events()), 60))
    assert machine.scanned == ["good1", "good1"]
    assert seen == [{"good1"}]


def test_a_device_that_fails_and_changes_again_and_again_is_given_up() -> None:
    """Its guards are not known, but nobody has to wait for them for ever."""
    machine = Machine()
    machine.run(*["+breaks1"] * (len(PAUSES) + 1))
    assert [source.given_up for source in machine.store.snapshot.unread] == [True]
    machine = Machine()
    machine.run(*["+breaks1", "-breaks1"] * len(PAUSES), "+breaks1")
    assert [source.given_up for source in machine.store.snapshot.unread] == [False]

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import replace

from parsers.api import Problem
from petipy.log import Log
from petipy.sources.discover import Discovery
from petipy.sources.source import Arrived, Left, Settled, SourceEvent
from petipy.state.model import ANY, IMAGE, Device, File, Image, Scan, Settings, Source
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
        self.store, self.log = Store(), Log(files=())
        self.discovery = Discovery(self.scan, self.store, self.log)
        self.scanned: list[str] = []
        self.results = {"good1": GOOD}

    async def scan(self, source: Source, others: Sequence[Device]) -> Scan:
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

    def run(self, *steps: str) -> None:
        async def events() -> AsyncIterator[SourceEvent]:
            for step in steps:
                yield EVENTS[step[0]](step[1:])
                for _ in range(5):
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
    assert said == ["breaks1: Input/output error", "slow1: no answer in time"]


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


def test_another_disc_in_the_drive_has_other_images() -> None:
    machine = stick(ISO)

    async def rescanned(source: Source, others: Sequence[Device]) -> Scan:
        result = await machine.scan(source, others)
        machine.results["good1"] = GOOD
        return result

    machine.discovery = Discovery(rescanned, machine.store, machine.log)
    machine.run("+good1", "+good1")
    assert [d.name for d in machine.store.snapshot.devices] == ["good1"]
    assert machine.scanned == ["good1", NAME, "good1"]


def test_images_are_scanned_one_at_a_time_and_are_not_told_of_each_other() -> None:
    machine = stick(*(replace(ISO, path=f"/{n}.iso") for n in range(5)))
    told: list[list[str]] = []
    at_once = most = 0

    async def watched(source: Source, others: Sequence[Device]) -> Scan:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        told.append([other.name for other in others])
        await asyncio.sleep(0)
        at_once -= 1
        return await machine.scan(source, others)

    machine.discovery = Discovery(watched, machine.store, machine.log)
    machine.run("+good1")
    assert (most, len(told)) == (1, 6)
    assert told[1:] == [["good1"]] * 5

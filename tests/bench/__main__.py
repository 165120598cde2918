"""Measure the time from QEMU's start to the chosen kernel, for Petipy and for its peers."""

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from initramfs.disks import Names, disk
from initramfs.host import default_cache, say
from tests.bench import formats, growth
from tests.bench import grub as configurations
from tests.bench.floor import floor, grub
from tests.bench.table import table
from tests.e2e import menu
from tests.e2e.debian import Installation
from tests.e2e.target import system
from tests.e2e.vm import Bus, Firmware, Machine, start
from tests.trees import lay

# First words of a kernel: with `quiet`, without it, and while it still has the firmware.
KERNEL = r"\[ +0\.\d{6}\] |Linux ppc64le|Linux version|OF stdout device is"
APPEND = "console=hvc0 quiet"
FLOOR = "busybox, kexec -i"
# README's advice for the first kernel's command line.
ADVISED = "cryptomgr.notests"


@dataclass
class Way:
    """A way into the chosen kernel, and its measurements."""

    name: str
    machine: Machine
    stages: str  # regex of the lines for a stage; its group is the name of the stage
    last: str  # the stage before the chosen kernel
    append: str = ""  # more of the first kernel's command line
    runs: list[dict[str, float]] = field(default_factory=list)

    @property
    def start(self) -> str:
        """Name the start of the machine; ways with the same start are compared."""
        return " ".join([self.machine.firmware.upper(), self.append]).strip()

    def median(self, what: str) -> float | None:
        values = [run[what] for run in self.runs if what in run]
        return statistics.median(values) if values else None


def run(way: Way, room: Path) -> dict[str, float]:
    """Run the guest; return for each stage the seconds since QEMU's start."""
    found: dict[str, float] = {}
    with start(way.machine, room) as guest:
        while way.last not in found:
            stage = guest.console.expect(way.stages, within=240)[1]
            found.setdefault(stage, guest.age)
        guest.console.expect(KERNEL, within=120)
        found["kernel"] = guest.age
        guest.console.expect(r"target: init", within=120)
        found["/init"] = guest.age
        guest.console.expect(r"target: root .*\r?\n", within=120)
    return found


def ways(image: Path, room: Path) -> Iterator[Way]:
    """Yield every way; all boot from the same disk."""
    chosen, names = system(), Names.new("root")
    core, modules = grub(names.uuid)
    installation = Installation([chosen], names, APPEND, timeout=0)
    tree = lay(room / "tree", {**modules, **installation.files()})
    whole = disk(room / "disk.img", tree, names, core)
    drives: list[tuple[Bus, Path]] = [("virtio", whole)]
    busybox = floor(chosen, installation.command_line(), room / "floor.cpio")
    starts: list[tuple[Firmware, str]] = [("vof", ""), ("vof", ADVISED), ("slof", "")]
    for firmware, append in starts:
        petipy = Machine(
            kernel=image / "vmlinux",
            initrd=image / "petipy.cpio.zst",
            append=f"{APPEND} petipy.timeout=0 petipy.trace {append}",
            firmware=firmware,
            drives=drives,
        )
        yield Way("Petipy", petipy, r"petipy-trace: (\S+) [\d.]+\r", "kexec", append)
        least = Machine(
            kernel=chosen.kernel,
            initrd=busybox,
            append=f"{APPEND} {append}",
            firmware=firmware,
            drives=drives,
        )
        yield Way(FLOOR, least, r"floor: (\w+)\r", "kexec", append)
    yield Way("GRUB", Machine(firmware="slof", drives=drives), r"Welcome to (GRUB)", "GRUB")


def seconds(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def times(measured: Sequence[Way]) -> str:
    rows = [["way", "start", "kernel's first line", "its /init", "of busybox'"]]
    floors = {way.start: way.median("/init") for way in measured if way.name == FLOOR}
    for way in measured:
        least, whole = floors.get(way.start), way.median("/init")
        ratio = f"{whole / least:.2f}" if whole and least else ""
        first = seconds(way.median("kernel"))
        rows.append([way.name, way.start, first, seconds(whole), ratio])
    return table(rows)


def stages(measured: Sequence[Way]) -> str:
    names = dict.fromkeys(name for way in measured for run in way.runs for name in run)
    # The order of the first way that has the stage.
    order = sorted(
        names, key=lambda name: next(w.median(name) or 0 for w in measured if w.median(name))
    )
    rows = [["stage, seconds from QEMU's start", *order]]
    for way in measured:
        title = f"{way.name}, {way.start}"
        rows.append([title, *(seconds(way.median(name)) for name in order)])
    return table(rows)


def memory(image: Path, room: Path) -> str:
    """Return a table of the resident memory, with the menu on two consoles."""
    machine = Machine(
        kernel=image / "vmlinux",
        initrd=image / "petipy.cpio.zst",
        append="console=hvc0 quiet petipy.timeout=never petipy.consoles=hvc1",
        consoles=2,
    )
    with start(machine, room) as guest:
        for console in guest.consoles:
            menu.enter(console, menu.FOOTER)
        processes = menu.memory(guest.console)
    rows = [["memory, menu on two consoles", "resident", "its share"]]
    for process, name in zip(processes, ("petipy", "its scanner"), strict=False):
        rows.append([name, f"{process.resident:.1f} MB", f"{process.proportional:.1f} MB"])
    return table(rows)


def sizes(image: Path) -> str:
    """Return a table of the parts of the image, from its manifest."""
    manifest = json.loads((image / "manifest.json").read_text())
    rows = [["the image", "MB"]]
    packed = (image / "petipy.cpio.zst").stat().st_size
    rows.append(["compressed", f"{packed / 1e6:.1f}"])
    for part, pieces in manifest["parts"].items():
        for piece, size in sorted(pieces.items(), key=lambda item: -item[1]):
            if size > 200_000:
                rows.append([f"{part}: {piece}", f"{size / 1e6:.1f}"])
    return table(rows)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests/bench/run", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each way (default 5)")
    parser.add_argument("--only", default="", help="ways whose name has this text")
    parser.add_argument("--image", type=Path, default=default_cache() / "image")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="petipy-bench-") as place:
        room = Path(place)
        measured = [way for way in ways(options.image, room) if options.only in way.name]
        for number in range(options.rounds):
            for way in measured:
                way.runs.append(run(way, room))
                last = {name: round(value, 2) for name, value in way.runs[-1].items()}
                say(f"{number + 1}/{options.rounds} {way.name}, {way.start}: {last}")
        parts = [times(measured), stages(measured)]
        if any(way.name == "Petipy" for way in measured):
            parts += [memory(options.image, room), sizes(options.image)]
    parts.append(table(list(formats.rows())))
    parts.append(table(list(configurations.rows())))
    parts.append(table(list(growth.rows())))
    sys.stdout.write("\n".join(parts))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

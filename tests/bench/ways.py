"""The ways from QEMU's start into the chosen kernel: Petipy's and its peers', on each kernel.

They all boot the same kernel from the same disk, so that its time counts in each alike.
"""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from initramfs.disks import Names, disk
from tests.bench.floor import floor, grub
from tests.bench.images import Image
from tests.bench.table import table
from tests.e2e.debian import Installation
from tests.e2e.target import system
from tests.e2e.vm import Bus, Firmware, Machine, start
from tests.trees import lay

# First words of a kernel: with `quiet`, without it, and while it still has the firmware.
KERNEL = r"\[ +0\.\d{6}\] |Linux ppc64le|Linux version|OF stdout device is"
APPEND = "console=hvc0 quiet"
PETIPY, FLOOR, GRUB = "Petipy", "floor", "GRUB"
DISK = "disk.img"
WITHIN = 600  # seconds; a guest whose instructions are counted runs on one thread
# README's advice for Debian's kernel. Our own kernel has no such tests.
ADVISED = "cryptomgr.notests"


@dataclass
class Way:
    """A way into the chosen kernel, and its measurements."""

    program: str
    kernel: str  # name of the first kernel's image; "" without one
    machine: Machine
    stages: str  # regex of the lines for a stage; its group is the name of the stage
    last: str  # the stage before the chosen kernel
    append: str = ""  # more of the first kernel's command line
    runs: list[dict[str, float]] = field(default_factory=list)

    @property
    def start(self) -> str:
        """Name the start of the machine."""
        return " ".join([self.machine.firmware.upper(), self.append]).strip()

    @property
    def title(self) -> str:
        return ", ".join(filter(None, [self.program, self.kernel, self.start]))

    def median(self, what: str) -> float | None:
        values = [run[what] for run in self.runs if what in run]
        return statistics.median(values) if values else None


def run(way: Way, room: Path, *, count: bool) -> dict[str, float]:
    """Run the guest; return for each stage the seconds since QEMU's start.

    With `count`, return millions of instructions of the guest instead.
    """
    record = room / "record"
    machine = replace(way.machine, record=record) if count else way.machine
    found: dict[str, float] = {}
    with start(machine, room) as guest:

        def reach(stage: str) -> None:
            now = guest.monitor("query-replay")["icount"] / 1e6 if count else guest.age
            found.setdefault(stage, now)

        while way.last not in found:
            reach(guest.console.expect(way.stages, within=WITHIN)[1])
        guest.console.expect(KERNEL, within=WITHIN)
        reach("kernel")
        guest.console.expect(r"target: init", within=WITHIN)
        reach("/init")
        guest.console.expect(r"target: root .*\r?\n", within=WITHIN)
    record.unlink(missing_ok=True)
    return found


def ways(images: Sequence[Image], room: Path) -> Iterator[Way]:
    """Yield every way; all boot the same kernel from the same disk. `prepare` makes its files."""
    drives: list[tuple[Bus, Path]] = [("virtio", room / DISK)]
    for image in images:
        starts: list[tuple[Firmware, str]] = [("vof", ""), ("slof", "")]
        starts[1:1] = [] if image.own else [("vof", ADVISED)]
        for firmware, append in starts:
            least = Machine(
                kernel=image.kernel,
                initrd=place_floor(image, room),
                append=f"{APPEND} {append}".strip(),
                firmware=firmware,
                drives=drives,
            )
            words = f"{least.append} petipy.timeout=0 petipy.trace"
            petipy = replace(least, initrd=image.initrd, append=words)
            stages = r"petipy-trace: (\S+) [\d.]+\r"
            yield Way(PETIPY, image.name, petipy, stages, "kexec", append)
            yield Way(FLOOR, image.name, least, r"floor: (\w+)\r", "kexec", append)
    machine = Machine(firmware="slof", drives=drives)
    yield Way(GRUB, "", machine, r"Welcome to (GRUB)", "GRUB")


def place_floor(image: Image, room: Path) -> Path:
    return room / f"floor-{image.place.name}.cpio"


def prepare(images: Sequence[Image], room: Path) -> None:
    """Make the disk, and the floor's image for each kernel."""
    chosen, names = system(), Names.new("root")
    core, modules = grub(names.uuid)
    installation = Installation([chosen], names, APPEND, timeout=0)
    tree = lay(room / "tree", {**modules, **installation.files()})
    disk(room / DISK, tree, names, core)
    for image in images:
        floor(chosen, installation.command_line(), place_floor(image, room), image)


def number(value: float | None, *, count: bool) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if count else f"{value:.2f}"


def ratio(way: Way | None, peer: Way | None) -> float | None:
    """Return the way's time to the chosen kernel's /init as a part of the peer's."""
    whole, least = (each.median("/init") if each else None for each in (way, peer))
    return whole / least if whole and least else None


def find(measured: Sequence[Way], program: str, kernel: str, start: str) -> Way | None:
    wanted = (program, kernel, start)
    found = (way for way in measured if (way.program, way.kernel, way.start) == wanted)
    return next(found, None)


def times(measured: Sequence[Way], *, count: bool) -> str:
    """Return a line for each way, with its ratio to each floor and to GRUB on that firmware."""
    unit = "million instructions" if count else "seconds"
    peers = [(way.program, way.kernel) for way in measured if way.program != PETIPY]
    peers = list(dict.fromkeys(peers))
    names = [", ".join(filter(None, peer)) for peer in peers]
    rows = [["way", f"{unit} to the kernel's first line", "its /init", *map("of {}".format, names)]]
    for way in measured:
        cells = [number(way.median(what), count=count) for what in ("kernel", "/init")]
        for program, kernel in peers:
            peer = find(measured, program, kernel, way.start)
            peer = peer or find(measured, program, kernel, way.machine.firmware.upper())
            value = ratio(way, peer)
            cells.append("" if value is None else f"{value:.2f}")
        rows.append([way.title, *cells])
    return table(rows)


def stages(measured: Sequence[Way], *, count: bool) -> str:
    names = dict.fromkeys(name for way in measured for run in way.runs for name in run)
    # The order of the first way that has the stage.
    order = sorted(
        names, key=lambda name: next(w.median(name) or 0 for w in measured if w.median(name))
    )
    rows = [[f"stage, {'million instructions' if count else 'seconds'} from QEMU's start", *order]]
    for way in measured:
        rows.append([way.title, *(number(way.median(name), count=count) for name in order)])
    return table(rows)


def aims(measured: Sequence[Way], images: Sequence[Image]) -> str:
    """Return the ratios that are to be reached, those that were measured."""
    own = next((image.name for image in images if image.own), "")
    debian = next((image.name for image in images if not image.own), "")
    advised = f"VOF {ADVISED}"
    wanted = [
        ((PETIPY, debian, advised), (FLOOR, debian, advised), 1.25),
        ((PETIPY, own, "SLOF"), (GRUB, "", "SLOF"), 0.8),
    ]
    for firmware in ("VOF", "SLOF"):
        wanted += [
            ((PETIPY, own, firmware), (FLOOR, debian, firmware), 0.9),
            ((PETIPY, own, firmware), (FLOOR, own, firmware), 1.3),
            ((PETIPY, debian, firmware), (FLOOR, debian, firmware), 1.35),
        ]
    rows = [["to the chosen kernel's /init", "ratio", "at most"]]
    for way, peer, most in wanted:
        one, other = find(measured, *way), find(measured, *peer)
        value = ratio(one, other)
        if one and other and value:
            rows.append([f"{one.title} / {other.title}", f"{value:.2f}", f"{most}"])
    return table(rows)

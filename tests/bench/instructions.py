"""Count the guest's instructions from power-on to the jump into the chosen kernel.

    python -m tests.bench.instructions [--rounds 7] [IMAGE...]

IMAGE is a directory that initramfs/build has written. Seconds vary with the load of the host;
instructions do not. QEMU counts them with -icount and reports them over its monitor. The count is
read when a stage's line arrives, some 100,000 instructions late.

From the load to the jump the count depends on the layout of memory. So each round appends an unused
file of another size to the initramfs; the medians of two images are those of the same layouts.
"""

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from initramfs import cpio
from initramfs.disks import Names, disk
from initramfs.host import default_cache, say
from initramfs.tree import Tree, file
from tests.bench.table import table
from tests.e2e.debian import Installation
from tests.e2e.target import system
from tests.e2e.vm import Machine, start
from tests.trees import lay

STAGE = r"petipy-trace: (\S+) [\d.]+\r"
LAST = "kexec"  # the stage before the jump
UNUSED = 1_300_000  # bytes more in each round
WITHIN = 600  # seconds; a counted guest runs on one thread
# The kernel's tests of ciphers run beside everything else: they would blur the stages.
APPEND = "console=hvc0 quiet cryptomgr.notests petipy.timeout=0 petipy.trace"

Stages = dict[str, float]


def machine(image: Path, room: Path, number: int) -> Machine:
    """Return a guest for a round, with the image and a disk that a Debian system lies on."""
    installation = Installation([system()], Names("b7f1e0f4-6d0e-4c8f-9d51-3f3a3a6f3c11", "root"))
    whole = room / "disk.img"
    if not whole.exists():
        disk(whole, lay(room / "tree", installation.files()), installation.names)
    initrd = room / "initrd"
    unused = cpio.write(Tree({"unused": file(bytes(number * UNUSED))}), 0)
    initrd.write_bytes((image / "petipy.cpio.zst").read_bytes() + unused)
    return Machine(
        kernel=image / "vmlinux",
        initrd=initrd,
        append=APPEND,
        drives=[("virtio", whole)],
    )


def measure(machine: Machine, room: Path, append: str = "") -> tuple[Stages, Stages]:
    """Start the guest; return by stage the millions of instructions and the seconds."""
    counted = replace(machine, append=f"{machine.append} {append}".strip(), record=room / "record")
    instructions, seconds = Stages(), Stages()
    with start(counted, room) as guest:
        while LAST not in instructions:
            stage = guest.console.expect(STAGE, within=WITHIN)[1]
            instructions[stage] = guest.monitor("query-replay")["icount"] / 1e6
            seconds[stage] = guest.age
    (room / "record").unlink()
    return instructions, seconds


def rows(name: str, rounds: Sequence[tuple[Stages, Stages]]) -> list[list[str]]:
    """Return a line for each stage: the median, the spread in percent, the seconds."""
    found = []
    for stage in rounds[0][0]:
        counts = [instructions[stage] for instructions, _ in rounds]
        middle = statistics.median(counts)
        spread = 100 * (max(counts) - min(counts)) / middle
        wall = statistics.median(seconds[stage] for _, seconds in rounds)
        found.append([name, stage, f"{middle:,.0f}", f"{spread:.2f} %", f"{wall:.1f}"])
    return found


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests.bench.instructions", description=__doc__)
    parser.add_argument("images", nargs="*", type=Path, default=[default_cache() / "image"])
    parser.add_argument("--rounds", type=int, default=7, help="runs of each image (default 7)")
    parser.add_argument("--append", default="", help="more for the guest's kernel command line")
    options = parser.parse_args(arguments)
    found: dict[Path, list[tuple[Stages, Stages]]] = {image: [] for image in options.images}
    with tempfile.TemporaryDirectory(prefix="petipy-bench-") as place:
        for number in range(options.rounds):
            for image in options.images:
                found[image].append(
                    measure(machine(image, Path(place), number), Path(place), options.append)
                )
                last = found[image][-1][0][LAST]
                say(f"{number + 1}/{options.rounds} {image}: {last:,.0f} million to the jump")
    lines = [["image", "stage", "million instructions", "spread", "seconds"]]
    for image, rounds in found.items():
        lines += rows(str(image), rounds)
    sys.stdout.write(table(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

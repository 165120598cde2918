"""Measure Petipy beside its peers: the way to the chosen kernel, memory, sizes, growth."""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from initramfs.host import say
from tests.bench import formats, memory, scaling, serial, sizes
from tests.bench.images import Image, find_images, list_images
from tests.bench.selection import is_chosen
from tests.bench.table import table
from tests.bench.ways import Way, aims, prepare, run, stages, times, ways

# The tables besides those of the ways.
TABLES: dict[str, Callable[[Path], Iterable[Sequence[str]]]] = {
    "memory": lambda room: memory.rows(find_images(), room),
    "sizes": lambda _: sizes.rows(find_images()),
    "scaling": lambda _: scaling.rows(),
    "formats": lambda _: formats.rows(),
    "serial": lambda _: serial.rows(),
}


def measure(
    measured: Sequence[Way], images: Sequence[Image], room: Path, rounds: int, *, count: bool
) -> list[str]:
    """Run the ways in turns; return the tables."""
    for number in range(rounds):
        for way in measured:
            way.runs.append(run(way, room, count=count))
            last = {name: round(value, 2) for name, value in way.runs[-1].items()}
            say(f"{number + 1}/{rounds} {way.title}: {last}")
    tables = [times(measured, count=count), stages(measured, count=count)]
    return [aims(measured, images), *tables]


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests/bench/run", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5, help="runs of each way (default 5)")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="WORDS",
        help="ways and tables whose name has all of these words; may be given again; see --list",
    )
    parser.add_argument("--list", action="store_true", help="print the names, measure nothing")
    parser.add_argument(
        "--count",
        action="store_true",
        help="count the guest's instructions instead of seconds: for a busy host",
    )
    options = parser.parse_args(arguments)
    known = [way.title for way in ways(list_images(), Path())] + [*TABLES]
    chosen = [name for name in known if is_chosen(name, options.only)]
    if not chosen:
        parser.error("nothing has such a name; --list prints all of them")
    if options.list:
        sys.stdout.write("\n".join(chosen) + "\n")
        return 0
    with tempfile.TemporaryDirectory(prefix="petipy-bench-") as place:
        room = Path(place)
        if not TABLES.keys() >= set(chosen):  # images take minutes
            images = find_images()
            prepare(images, room)
            measured = [way for way in ways(images, room) if way.title in chosen]
            parts = measure(measured, images, room, options.rounds, count=options.count)
            sys.stdout.write("\n".join(parts) + "\n")
        for name in (name for name in TABLES if name in chosen):
            sys.stdout.write(table(list(TABLES[name](room))) + "\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

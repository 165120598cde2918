"""Measure how the work grows with the number of things: entries, disks, submenus, kilobytes.

Each line has the time for so many, and the slope from the line before: the time that each thing
more takes. It stays the same where the work is linear. The last column is the exponent: 1 is
linear, 2 is quadratic; less than 1 where a fixed cost still counts.

Alone: python -m tests.bench.scaling [NAME ...]
"""

import asyncio
import gc
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from tests.bench import disks, growth, menu
from tests.bench.grub import SHORT, parses, texts
from tests.bench.images import find_images
from tests.bench.table import table
from tests.ui.consoles import PROMPT, console_at
from tests.ui.driver import Driver
from tests.ui.fakes import Machine, choice

ROUNDS = 3


@dataclass(frozen=True)
class Line:
    """A kind of things, how many of them, and a function from that number to seconds."""

    unit: str
    counts: Sequence[int]
    seconds: Callable[[int], float]
    rounds: int = ROUNDS


def timed(work: Callable[[], object]) -> float:
    """Return the processor time of the work."""
    gc.collect()
    began = time.process_time()
    work()
    return time.process_time() - began


def parse_entries(count: int) -> float:
    return timed(parses("".join(SHORT.replace("@", str(n)) for n in range(count))))


def make_machine(count: int) -> Machine:
    """Return a machine with a menu of so many entries."""
    machine = Machine()
    entries = tuple(choice(f"Linux {n}") for n in range(count))
    machine.store.update(choices=entries, default=entries[0].id)
    return machine


def show_entries(count: int) -> float:
    """Open the menu, move, and search."""
    machine = make_machine(count)
    return timed(lambda: Driver(machine).press("down", "page down", "/", "l").lines())


def show_last_entry(count: int) -> float:
    """Open the menu and go to its last entry."""
    machine = make_machine(count)
    return timed(lambda: Driver(machine).press("end").lines())


def print_entries(count: int) -> float:
    """Open the menu on a console that prints lines, and give it some commands."""
    machine = make_machine(count)
    return timed(lambda: asyncio.run(_talk(machine)))


async def _talk(machine: Machine) -> None:
    async with console_at(machine, term="dumb") as (terminal, _):
        await terminal.until(PROMPT[-8:])
        for line in ("", "", "i 2", "q", "/1", "q"):
            before = len(terminal.received)
            terminal.type(f"{line}\r")
            await terminal.until(lambda: b"> " in terminal.received[before + len(line) :])  # noqa: B023


def parse_kilobytes(count: int) -> float:
    return timed(parses(write_kilobytes(count)))


def write_kilobytes(count: int) -> str:
    """Return a grub.cfg of that size with entries as Ubuntu writes them, but at least one."""
    text = texts()["400 like Ubuntu's"]
    head, tail = text[: text.index("\nsubmenu ") + 1], text[text.index("\tmenuentry ") :]
    entry = tail[: tail.index("\n\t}\n") + len("\n\t}\n")]
    size = 1000 * count
    if size < len(head) + len(entry):
        return SHORT.replace("@", "0") + "#" * (size - len(SHORT))
    many = (size - len(head)) // len(entry)
    return head + "".join(entry.replace("6.8.0-0", f"6.8.0-{n}") for n in range(many))


def parse_submenus(depth: int) -> float:
    """Read a menu within a menu within a menu; each has 100 entries."""
    return timed(parses(nested(depth)))


def nested(depth: int) -> str:
    entries = "".join(SHORT.replace("@", str(n)) for n in range(100))
    return "".join(f"submenu S{n} {{\n{entries}" for n in range(depth)) + "}\n" * depth


def enter_submenus(depth: int) -> float:
    """Open each submenu by a key; all of them together have 2,000 entries."""
    trails = [tuple(f"Menu {n}" for n in range(level)) for level in range(depth + 1)]
    entries = [choice(f"Linux {n}", trail=trail) for trail in trails for n in range(2000 // depth)]
    machine = Machine()
    machine.store.update(choices=tuple(entries))
    return timed(lambda: Driver(machine).press(*["end", "enter"] * depth))


def lines() -> dict[str, Line]:
    """Return each line by its name. The last image is that of the guest."""
    entries = (10, 100, 1000, 10_000)
    depths = (1, 2, 5, 10)
    return {
        "entries: read a grub.cfg": Line("entry", entries, parse_entries),
        "entries: resolve": Line(
            "entry", entries, lambda count: growth.seconds(1, at_once=True, entries=count)
        ),
        "entries: open the menu": Line("entry", entries, show_entries),
        "entries: open the menu, End": Line("entry", entries, show_last_entry),
        "entries: lines": Line("entry", entries, print_entries),
        "disks: simulated, at once": Line(
            "disk", (50, 500, 2000), lambda count: growth.seconds(count, at_once=True)
        ),
        "disks: simulated, one by one": Line(
            "disk", (50, 500, 2000), lambda count: growth.seconds(count, at_once=False)
        ),
        "disks: in a guest": Line(
            "disk", disks.COUNTS, lambda count: disks.seconds(find_images()[-1], count), rounds=1
        ),
        "submenus: side by side": Line("submenu", menu.COUNTS[::2], menu.seconds),
        "submenus: read, nested": Line("level", depths, parse_submenus),
        "submenus: enter, nested": Line("level", depths, enter_submenus),
        # Petipy reads 1,536 kB of the last, and a problem says so.
        "kilobytes of grub.cfg": Line("kB", (1, 10, 100, 1000, 5000), parse_kilobytes),
    }


def rows(wanted: Sequence[str] = ()) -> Iterator[list[str]]:
    """Yield the table, its head first; of the lines whose name has one of the wanted words."""
    gc.freeze()  # as the program does at its start
    yield ["line", "number", "time", "slope", "exponent"]
    for name, line in lines().items():
        if wanted and not any(word in name for word in wanted):
            continue
        times = measure(line)
        before: int | None = None
        for count, taken in times.items():
            slope = exponent = ""
            if before is not None:
                more = (taken - times[before]) / (count - before)
                slope = f"{more * 1e6:,.0f} µs a {line.unit}"
                exponent = f"{math.log(taken / times[before]) / math.log(count / before):.2f}"
            yield [name, f"{count:,}", f"{taken * 1000:,.1f} ms", slope, exponent]
            before = count


def measure(line: Line) -> dict[int, float]:
    """Return the least time of some rounds. A round has all numbers: other work meets all alike."""
    times: dict[int, float] = {}
    for _ in range(line.rounds):
        for count in line.counts:
            taken = line.seconds(count)
            times[count] = min(taken, times.get(count, taken))
    return times


def main(arguments: Sequence[str]) -> int:
    sys.stdout.write(table(list(rows(arguments))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

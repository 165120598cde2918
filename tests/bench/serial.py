"""Bytes that a menu costs a serial line, beside stock urwid and ncurses in the same run.

"first" is what a key brings up, "move" the cursor a row further, "tick" a second of the countdown,
"idle" two seconds in which nothing happens, "scroll" a row further at the end of a long menu.

Alone: python -m tests.bench.serial
"""

import asyncio
import os
import pty
import select
import subprocess
import sys
import termios
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.table import table
from tests.ui.consoles import PROMPT, console_at, open_menu, start_countdown
from tests.ui.emulator import Emulator
from tests.ui.fakes import Machine, choice

SIZE = COLUMNS, ROWS = 80, 24
BAUD = 960  # bytes a second at 9600 baud
FEW, MANY = 12, 60
TOP = Path(__file__).parents[2]
_DOWN = "\x1b[B"
QUIET = 0.5  # seconds without output after which a program has drawn


def make_titles(count: int) -> list[str]:
    return [f"Debian GNU/Linux, with Linux 6.12.{n}+deb13-powerpc64le" for n in range(count)]


@dataclass
class Costs:
    """Bytes of one program."""

    name: str
    first: int = 0
    move: int = 0
    tick: int = 0
    idle: int = 0
    scrolls: list[int] = field(default_factory=list)

    def row(self) -> list[str]:
        scroll = max(self.scrolls)
        numbers = [self.first, self.move, self.tick, self.idle, scroll]
        times = [f"{number / BAUD:.2f} s" for number in (self.first, self.move, scroll)]
        return [self.name, *(f"{number:,}" for number in numbers), *times]


def measure_petipy() -> Costs:
    costs = Costs("Petipy")
    asyncio.run(_measure_few(costs))
    asyncio.run(_measure_many(costs))
    return costs


def _make_machine(count: int) -> Machine:
    machine = Machine()
    entries = tuple(choice(title) for title in make_titles(count))
    machine.store.update(choices=entries, default=entries[0].id)
    return machine


async def _measure_few(costs: Costs) -> None:
    machine = _make_machine(FEW)
    async with console_at(machine) as (emulator, _):
        await emulator.until(PROMPT)
        before = len(emulator.received)
        await open_menu(emulator)
        await emulator.quiet()
        costs.first = len(emulator.received) - before
        costs.move = max([await emulator.spent("j") for _ in range(4)])
        machine.clock.stop()
        start_countdown(machine, 9)
        await emulator.until("9 s until")
        await emulator.quiet()
        for left in (5, 4):
            before = len(emulator.received)
            machine.clock.forward(4 if left == 5 else 1)
            machine.store.update()
            await emulator.until(f"{left} s until")
            await emulator.quiet()
            costs.tick = max(costs.tick, len(emulator.received) - before)
        before = len(emulator.received)
        await asyncio.sleep(2)
        costs.idle = len(emulator.received) - before


async def _measure_many(costs: Costs) -> None:
    async with console_at(_make_machine(MANY), Emulator(*SIZE)) as (emulator, _):
        await open_menu(emulator)
        await emulator.spent("j" * ROWS)
        costs.scrolls = [await emulator.spent("j") for _ in range(4)]


class Program:
    """A program on a pseudo-terminal."""

    def __init__(self, arguments: Sequence[str], term: str) -> None:
        self._ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, (ROWS, COLUMNS))
        command = [sys.executable, "-m", "tests.bench.stock", *arguments]
        environment = {**os.environ, "TERM": term, "LC_ALL": "C.UTF-8", "PYTHONPATH": str(TOP)}
        self._process = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment
        )
        os.close(theirs)

    def spend(self, keys: str = "", seconds: float = QUIET) -> int:
        """Return the bytes that come until the program is quiet for so long."""
        os.write(self._ours, keys.encode())
        count, end = 0, time.monotonic() + (20 if not keys and seconds == QUIET else seconds)
        while select.select([self._ours], [], [], max(0, end - time.monotonic()))[0]:
            count += len(os.read(self._ours, 65536))
            end = time.monotonic() + seconds
        return count

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        with suppress(OSError):
            os.close(self._ours)


def measure(name: str, display: str, encoding: str, term: str = "vt220") -> Costs:
    costs = Costs(name)
    program = Program([display, encoding, *make_titles(FEW)], term)
    costs.first = program.spend()
    costs.move = max(program.spend(_DOWN) for _ in range(4))
    costs.tick = max(program.spend("t") for _ in range(4))
    costs.idle = program.spend(seconds=2)
    program.close()
    program = Program([display, encoding, *make_titles(MANY)], term)
    program.spend()
    program.spend(ROWS * _DOWN)
    costs.scrolls = [program.spend(_DOWN) for _ in range(4)]
    program.close()
    return costs


def rows() -> Iterator[list[str]]:
    """Yield the table, its head first."""
    yield ["", "first", "move", "tick", "idle", "scroll", "first", "move", "scroll"]
    yield measure_petipy().row()
    for name, display, encoding in PEERS:
        yield measure(name, display, encoding).row()


PEERS = (
    ("urwid, ASCII", "raw", "ascii"),
    ("urwid, UTF-8 and a box", "raw", "utf8"),
    ("urwid on curses, ASCII", "curses", "ascii"),
    ("ncurses, a bar over the row", "ncurses", "ascii"),
)


def main() -> int:
    sys.stdout.write(table(list(rows())))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

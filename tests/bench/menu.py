"""Seconds of CPU from a key to the menu that it opens, with 50 to 2,000 submenus.

Each submenu has two entries. Twice the submenus should take about twice the time.

Alone: python -m tests.bench.menu [COUNT ...]
"""

import sys
import time
from collections.abc import Iterator, Sequence

from tests.bench.table import table
from tests.ui.driver import Driver
from tests.ui.fakes import Machine, choice

COUNTS = (50, 100, 200, 400, 2000)
ROUNDS = 5


def seconds(count: int) -> float:
    """Return the CPU time for a menu of so many submenus."""
    machine = Machine()
    entries = (choice(f"Linux {n % 2}", trail=(f"Menu {n // 2}",)) for n in range(2 * count))
    machine.store.update(choices=tuple(entries))
    start = time.process_time()
    assert Driver(machine).press("end").focused() == f">   Menu {count - 1} ->"
    return time.process_time() - start


def rows(counts: Sequence[int] = COUNTS) -> Iterator[list[str]]:
    """Yield the table, its head first. A time is the least of some rounds."""
    times = {count: min(seconds(count) for _ in range(ROUNDS)) for count in counts}
    yield ["submenus", "", "key to menu", ""]
    for count in counts:
        ratios = [f"x {count / counts[0]:.0f}", f"x {times[count] / times[counts[0]]:.1f}"]
        yield [str(count), ratios[0], f"{times[count]:.3f} s", ratios[1]]


def main(arguments: Sequence[str]) -> int:
    sys.stdout.write(table(list(rows([int(word) for word in arguments] or COUNTS))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

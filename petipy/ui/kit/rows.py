"""Rows of a list, each made when it is shown: a menu may have thousands."""

import sys
from collections.abc import Callable, Iterator
from itertools import count, takewhile

from petipy.ui.kit.toolkit import ListWalker, Widget


class LazyRows(ListWalker[int, Widget]):
    """A walker whose positions are numbers from 0, and whose widgets `make` returns."""

    def __init__(self) -> None:
        self.focus = 0
        self.version = 0  # of the rows: none of them changes without another
        self._reach: Callable[[int], int] = lambda _: 0
        self._make: Callable[[int], Widget] = lambda _: Widget()
        self._made: dict[int, Widget] = {}

    def set_rows(self, number: int | Callable[[int], int], make: Callable[[int], Widget]) -> None:
        """Show other rows. The focus stays at its position as far as there is one.

        Instead of the `number` of rows there may be a function. It looks for so many rows as it is
        asked for, if there are so many, and returns the number that it has found so far.
        """
        self._reach = number if callable(number) else lambda _: number
        self._make, self._made = make, {}
        self.version += 1
        self.focus = max(0, min(self.focus, self._reach(self.focus + 1) - 1))
        self._modified()

    def __len__(self) -> int:
        return self._reach(sys.maxsize)

    def _has(self, position: int) -> bool:
        return 0 <= position < self._reach(position + 1)

    def __getitem__(self, position: int) -> Widget:
        if not self._has(position):
            raise IndexError(position)
        if position not in self._made:
            self._made[position] = self._make(position)
        return self._made[position]

    def set_focus(self, position: int) -> None:
        if not self._has(position):
            raise IndexError(position)
        self.focus = position
        self._modified()

    def next_position(self, position: int) -> int:
        if not self._has(position + 1):
            raise IndexError(position + 1)
        return position + 1

    def prev_position(self, position: int) -> int:
        if position <= 0:
            raise IndexError(position - 1)
        return position - 1

    def positions(self, reverse: bool = False) -> Iterator[int]:
        if reverse:
            return iter(range(len(self) - 1, -1, -1))
        return takewhile(self._has, count(0))

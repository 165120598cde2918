"""Rows of a list, each made when it is shown: a menu may have thousands."""

from collections.abc import Callable
from typing import Any

from petipy.ui.kit.toolkit import ListWalker, Widget


class LazyRows(ListWalker[int, Widget]):
    """A walker whose positions are numbers from 0, and whose widgets `make` returns."""

    def __init__(self) -> None:
        self.focus = 0
        self._count = 0
        self._make: Callable[[int], Widget] = lambda _: Widget()
        self._made: dict[int, Widget] = {}

    def set_rows(self, count: int, make: Callable[[int], Widget]) -> None:
        """Show other rows. The focus stays at its position as far as there is one."""
        self._count, self._make, self._made = count, make, {}
        self.focus = max(0, min(self.focus, count - 1))
        self._modified()

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, position: int) -> Widget:
        if not 0 <= position < self._count:
            raise IndexError(position)
        if position not in self._made:
            self._made[position] = self._make(position)
        return self._made[position]

    def set_focus(self, position: int) -> None:
        if not 0 <= position < self._count:
            raise IndexError(position)
        self.focus = position
        self._modified()

    def next_position(self, position: int) -> int:
        if position + 1 >= self._count:
            raise IndexError(position + 1)
        return position + 1

    def prev_position(self, position: int) -> int:
        if position <= 0:
            raise IndexError(position - 1)
        return position - 1

    def positions(self, reverse: bool = False) -> Any:
        return range(self._count - 1, -1, -1) if reverse else range(self._count)

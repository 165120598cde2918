"""The cells that a terminal shows, and those that it should show."""

from collections.abc import Sequence

import pyte

Styled = list[tuple[str | None, str]]  # one row: kind of text and character, by cell
Cell = tuple[str, bool, bool]  # character, reverse, bold


def read(glass: pyte.Screen) -> list[Cell]:
    """Return the cells that a terminal shows."""
    places = [(y, x) for y in range(glass.lines) for x in range(glass.columns)]
    found = [glass.buffer[y][x] for y, x in places]
    return [(cell.data, cell.reverse, cell.bold) for cell in found]


def expect(frame: Sequence[Styled], columns: int) -> list[Cell]:
    """Return the cells of a frame on a serial line."""
    blank: Styled = [(None, " ")]
    cells = [cell for row in frame for cell in (row + blank * columns)[:columns]]
    found = [(c, kind == "focus", kind == "heading") for kind, c in cells]
    return [*found[:-1], (" ", False, False)]  # the display leaves the last cell alone

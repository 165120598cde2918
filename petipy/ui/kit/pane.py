"""The pane beside the menu, or below it: the description of the entry under the cursor.

A move of the cursor draws it anew, which takes some hundred bytes. So only terminals have it that
are not at the end of a serial line (Theme.pane), and only if they have room.
"""

from collections.abc import Iterable, Iterator
from itertools import islice

from petipy.ui.kit.glyphs import Glyphs
from petipy.ui.kit.screen import VALUE, Paragraph
from petipy.ui.kit.toolkit import Canvas, CanvasCombine, CanvasJoin, make_canvas
from petipy.ui.line.plain import to_text, wrap

_WIDE, _TALL = 120, 34  # columns and rows of a menu that has a pane; 40 rows with all other lines
_GAP = 2  # columns between them
_MOST_LINES = 12  # below the menu

Size = tuple[int, int]  # columns, rows


def split_area(size: Size) -> tuple[Size, Size | None]:
    """Return the size of the menu and that of its pane; None if there is no room for one."""
    columns, rows = size
    if columns >= _WIDE:
        right = (columns - _GAP) // 2
        return (columns - _GAP - right, rows), (right, rows)
    if rows >= _TALL:
        return (columns, rows - _MOST_LINES - 1), (columns, _MOST_LINES)
    return size, None


def join(
    menu: Canvas, size: Size, pane: Size, paragraphs: Iterable[Paragraph], glyphs: Glyphs
) -> Canvas:
    """Return the menu with its pane, which has the paragraphs, in an area of this size."""
    text = _draw(paragraphs, pane)
    if pane[0] < size[0]:
        gap = make_canvas([[("dim", glyphs.beside)]] * size[1], _GAP)
        columns = size[0] - pane[0] - _GAP
        parts = [
            (menu, None, True, columns),
            (gap, None, False, _GAP),
            (text, None, False, pane[0]),
        ]
        return CanvasJoin(parts)
    gap = make_canvas([[("dim", glyphs.below * size[0])]], size[0])
    return CanvasCombine([(menu, None, True), (gap, None, False), (text, None, False)])


def _draw(paragraphs: Iterable[Paragraph], size: Size) -> Canvas:
    columns, rows = size
    lines = [[line] for line in islice(_wrap(paragraphs, columns - 1), rows)]
    return make_canvas(lines + [[]] * (rows - len(lines)), columns)


def _wrap(paragraphs: Iterable[Paragraph], columns: int) -> Iterator[Paragraph]:
    """Break the paragraphs into lines; those of a fact's value stay below its first one."""
    for kind, whole in paragraphs:
        # A paragraph is as long as a hostile disk wants.
        text = to_text(whole[: 100 * columns])
        first, *more = wrap(text, columns, 2)
        yield kind, first
        if more:
            indent = VALUE if kind == "fact" and columns >= 2 * VALUE else 0
            for line in wrap(text[len(first) :].lstrip(), columns - indent, 100):
                yield kind, " " * indent + line

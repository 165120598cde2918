"""The bytes that make a terminal show one frame in place of another.

There are several ways for each row and for the frame. Each is written to a fork of the output, and
the shortest one is sent.
"""

from collections.abc import Iterator, Sequence

from petipy.ui.kit.output import BLANK, Cells, Output

_GAP = 4  # unchanged cells that are cheaper to send again than to skip
_ERASED = 10  # blank cells that are cheaper to erase than to send
_MOST_SHIFT = 8  # cells by which a row is moved to the right or left
_MOST_SCROLL = 20  # rows
_LEAST_SAVED = 20  # cells; the sequences that move rows cost nearly as many bytes

Frame = list[Cells]


def write_difference(output: Output, old: Frame, new: Frame) -> None:
    """Make a terminal that shows `old` show `new`. Rows that are equal should be one list."""
    ways = [output.fork()]
    _write_rows(ways[0], old, new)
    if output.abilities.regions:
        for top, bottom, by in _find_scrolls(old, new):
            way = output.fork()
            way.scroll(top, bottom, by)
            _write_rows(way, _scroll(old, top, bottom, by), new)
            ways.append(way)
    output.join(min(ways, key=len))


def _write_rows(output: Output, old: Frame, new: Frame) -> None:
    for y, (before, row) in enumerate(zip(old, new, strict=True)):
        if before is not row and before != row:
            _write_row(output, y, before, row, last=y == len(new) - 1)


# Rows that have moved up or down


def _find_scrolls(old: Frame, new: Frame) -> Iterator[tuple[int, int, int]]:
    """Yield (top, bottom, by) for the movements of rows that save most cells."""
    changed = [y for y, row in enumerate(new) if row is not old[y] and row != old[y]]
    if len(changed) < 2:
        return
    saved: list[tuple[int, int, int, int]] = []
    for by in [n for d in range(1, _MOST_SCROLL + 1) for n in (d, -d)]:
        # The display keeps equal rows as one list, so there is no need to compare cells.
        rows = [y for y in changed if 0 <= y + by < len(old) and new[y] is old[y + by]]
        cells = sum(_length(new[y]) for y in rows)
        if cells >= _LEAST_SAVED:
            first, last = rows[0], rows[-1]
            saved.append((cells, min(first, first + by), max(last, last + by), by))
    for _, top, bottom, by in sorted(saved, reverse=True)[:2]:
        yield top, bottom, by


def _scroll(frame: Frame, top: int, bottom: int, by: int) -> Frame:
    """Return the frame after Output.scroll."""
    blank = [[BLANK] * len(frame[0])] * abs(by)
    kept = frame[top : bottom + 1]
    moved = [*kept[by:], *blank] if by > 0 else [*blank, *kept[:by]]
    return [*frame[:top], *moved, *frame[bottom + 1 :]]


# One row


def _write_row(output: Output, y: int, old: Cells, row: Cells, *, last: bool) -> None:
    shifts = [*_find_shifts(output, old, row, last=last)]
    if not shifts:
        _write_cells(output, y, old, row)
        return
    way = output.fork()
    _write_cells(way, y, old, row)
    ways = [way]
    for x, by in shifts:
        way = output.fork()
        way.move(x, y)
        if by > 0:
            way.insert_cells(by)
            moved = [*old[:x], *[BLANK] * by, *old[x:-by]]
        else:
            way.delete_cells(-by)
            moved = [*old[:x], *old[x - by :], *[BLANK] * -by]
        _write_cells(way, y, moved, row)
        ways.append(way)
    output.join(min(ways, key=len))


def _find_shifts(
    output: Output, old: Cells, row: Cells, *, last: bool
) -> Iterator[tuple[int, int]]:
    """Yield (column, cells) for cells that are inserted, or deleted if the number is negative."""
    if any(c == "" for cells in (old, row) for _, c in cells):  # half of a wide character
        return
    x = next((x for x, (a, b) in enumerate(zip(old, row, strict=True)) if a != b), len(row))
    abilities, lengths = output.abilities, (_length(old), _length(row))
    end = max(lengths)
    for by in range(1, min(_MOST_SHIFT, min(lengths) - x - _LEAST_SAVED) + 1):
        # The last cell of the last row stays blank: see Display.
        if abilities.insert_cells and not last and row[x + by : end] == old[x : end - by]:
            yield x, by
        if abilities.delete_cells and row[x : end - by] == old[x + by : end]:
            yield x, -by


def _write_cells(output: Output, y: int, old: Cells, row: Cells) -> None:
    """Send the cells that differ."""
    end, old_end = _length(row), _length(old)
    for start, stop, blank in _find_spans(old, row, end):
        if blank and output.abilities.erase_cells:
            output.move(start, y)
            output.erase_cells(stop - start)
            continue
        # Near the margin, a motion would be longer than the cells from there.
        near = start < _GAP and len({sgr for sgr, _ in row[: start + 1]}) == 1
        first = 0 if near and output.row != y else start
        output.move(first, y)
        output.write(row[first:stop])
    if old_end > end:
        output.move(end, y)
        if old_end - end > 3 or old_end == len(row):
            output.erase_line()
        else:
            output.write(row[end:old_end])


def _length(row: Cells) -> int:
    """Return the number of cells up to the last one that is not blank."""
    length = len(row)
    while length and row[length - 1] == BLANK:
        length -= 1
    return length


def _find_spans(old: Cells, row: Cells, end: int) -> list[tuple[int, int, bool]]:
    """Return the parts of the row to send, as (start, stop, True if it is all blank)."""
    spans: list[tuple[int, int, bool]] = []
    x = 0
    while x < end:
        if old[x] == row[x]:
            x += 1
        elif (blank := _count_blanks(row, x)) >= _ERASED:
            spans.append((x, x + blank, True))
            x += blank
        else:
            stop = x + 1
            while stop < end and row[stop][1] == "":  # the other half of a wide character
                stop += 1
            if spans and _joins(row, spans[-1], x):
                spans[-1] = (spans[-1][0], stop, False)
            else:
                spans.append((x, stop, False))
            x = stop
    return spans


def _joins(row: Cells, span: tuple[int, int, bool], x: int) -> bool:
    """Return True if it is cheaper to send the cells from a span to x than to skip them."""
    _, stop, blank = span
    return not blank and x - stop <= _GAP and len({sgr for sgr, _ in row[stop - 1 : x + 1]}) == 1


def _count_blanks(row: Sequence[tuple[str, str]], x: int) -> int:
    stop = x
    while stop < len(row) and row[stop] == BLANK:
        stop += 1
    return stop - x

"""A display for slow lines: it sends only the cells that differ, in the fewest bytes.

The display uses only CUP, CUF, EL, ED, SGR, DECSTBM and reverse index, which a VT100, a Linux
console and every emulator have. It asks the terminal nothing and switches nothing on. It never
writes the last cell of the last row, which would scroll some terminals.
"""

from collections.abc import Callable

from petipy.ui.kit.theme import Theme
from petipy.ui.kit.toolkit import BaseScreen, Canvas
from petipy.ui.line.terminal import Terminal

_PRINTABLE = bytes(byte if 32 <= byte < 127 else 63 for byte in range(256))
_GAP = 4  # unchanged cells that are cheaper to send again than to skip
_MOST_SCROLL = 5  # rows

Cells = list[tuple[str, str]]  # one row: SGR parameters, character
BLANK = ("", " ")


class Display(BaseScreen):
    """A terminal as a urwid MainLoop draws on it. urwid calls it a screen."""

    def __init__(self, terminal: Terminal, theme: Theme) -> None:
        super().__init__()
        self._terminal, self._theme = terminal, theme
        self._frame: list[Cells] | None = None  # on the terminal now; None: unknown
        self._output = Output()
        self.skipped = False  # a frame was not drawn because the line is busy

    # The methods that a MainLoop calls. The console passes input to the loop by itself.

    def hook_event_loop(self, loop: object, callback: Callable[..., object]) -> None:
        """Do nothing: input comes from the console, which tells a person from noise."""

    def unhook_event_loop(self, loop: object) -> None: ...

    def get_cols_rows(self) -> tuple[int, int]:
        return self._terminal.size()

    def clear(self) -> None:
        """Draw the next frame as a whole."""
        self._frame = None

    def _start(self, *args: object, **kwargs: object) -> None:
        self._frame = None

    def _stop(self) -> None:
        """Move the cursor to a new line at the bottom. The cursor was never hidden."""
        self._output.text = []
        rows = self._terminal.size()[1]
        self._terminal.write(f"\x1b[m\x1b[{rows};1H\r\n")
        self._frame = None

    def draw_screen(self, size: tuple[int, int], canvas: Canvas) -> None:
        if self._terminal.busy:  # a slow reader, or none: only the latest frame is drawn, later
            self.skipped = True
            return
        self.skipped = False
        new = self._cells(size, canvas)
        output = self._output
        if self._frame is None or len(self._frame) != len(new):
            output.erase(size)
            self._frame = [[BLANK] * len(row) for row in new]
        scroll(output, self._frame, new)
        for y, (old, row) in enumerate(zip(self._frame, new, strict=True)):
            if old != row:
                _update(output, y, old, row)
        output.set_sgr("")
        if canvas.cursor is not None:
            output.move(*canvas.cursor)
        self._frame = new
        self._terminal.write(output.take())

    def _cells(self, size: tuple[int, int], canvas: Canvas) -> list[Cells]:
        columns, rows = size
        frame: list[Cells] = []
        for line in canvas.content():
            cells: Cells = []
            for kind, _, text in line:
                sgr = self._theme.sgr_for(kind)
                cells += [(sgr, c) for c in text.translate(_PRINTABLE).decode("ascii")]
            frame.append((cells + [BLANK] * (columns - len(cells)))[:columns])
        frame[rows - 1][-1] = BLANK
        return frame


class Output:
    """The bytes of one frame, with the cursor's position and attributes after them."""

    def __init__(self) -> None:
        self.text: list[str] = []
        self._x = self._y = -1  # -1: unknown
        self._sgr = ""
        self._columns = 0

    def take(self) -> str:
        text, self.text = "".join(self.text), []
        return text

    def erase(self, size: tuple[int, int]) -> None:
        self._columns = size[0]
        self.text.append("\x1b[m\x1b[r\x1b[H\x1b[J")
        self._x = self._y = 0
        self._sgr = ""

    def set_sgr(self, parameters: str) -> None:
        if parameters == self._sgr:
            return
        both = parameters and self._sgr
        self.text.append(f"\x1b[{'0;' if both else ''}{parameters}m")
        self._sgr = parameters

    def write(self, text: str) -> None:
        self.text.append(text)
        self._x += len(text)
        if self._x >= self._columns:  # at the margin: terminals differ in where the cursor is
            self._x = self._y = -1

    def erase_line(self) -> None:
        self.set_sgr("")  # some terminals fill with the current background
        self.text.append("\x1b[K")

    def move(self, x: int, y: int) -> None:
        if (x, y) == (self._x, self._y):
            return
        ways = [f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H" if y else "\x1b[H"]
        if self._y >= 0 and abs(y - self._y) <= 3:
            vertical = "\n" * (y - self._y) if y >= self._y else "\x1bM" * (self._y - y)
            # Some lines, such as QEMU's stdio, put a CR before each LF: start at the margin.
            ways += [
                vertical + way for way in self._ways_along(x) if y <= self._y or way[:1] == "\r"
            ]
        self.text.append(min(ways, key=len))
        self._x, self._y = x, y

    def _ways_along(self, x: int) -> list[str]:
        """Return the ways to another column of the row."""
        from_margin = "\r" + (f"\x1b[{x}C" if x > 1 else "\x1b[C" if x else "")
        by = x - self._x
        if by < 0:
            return [from_margin, "\b" * -by]
        return [from_margin, f"\x1b[{by}C" if by > 1 else "\x1b[C" if by else ""]

    def scroll(self, top: int, bottom: int, by: int) -> None:
        """Move the rows top..bottom up by `by`, or down if it is negative (DECSTBM, VT100)."""
        self.set_sgr("")
        self.text.append(f"\x1b[{top + 1};{bottom + 1}r")
        edge, step = (bottom, "\n") if by > 0 else (top, "\x1bM")
        self.text.append(f"\x1b[{edge + 1}H{step * abs(by)}\x1b[r")
        self._x = self._y = -1  # DECSTBM moves the cursor home, but not on every terminal


def scroll(output: Output, old: list[Cells], new: list[Cells]) -> None:
    """Let the terminal move rows, if most rows that differ have only moved up or down."""
    different = [y for y, (a, b) in enumerate(zip(old, new, strict=True)) if a != b]
    if len(different) < 4:
        return
    top, bottom = different[0], different[-1]
    best, saved = 0, 0
    for by in [n for d in range(1, _MOST_SCROLL + 1) for n in (d, -d)]:
        same = sum(
            new[y] == old[y + by] and new[y] != old[y] and new[y] != [BLANK] * len(new[y])
            for y in range(max(top, top - by), min(bottom, bottom - by) + 1)
        )
        if same > saved:
            best, saved = by, same
    if saved * 2 < len(different):
        return
    output.scroll(top, bottom, best)
    blank = [[BLANK] * len(new[0])] * abs(best)
    kept = old[top : bottom + 1]
    old[top : bottom + 1] = kept[best:] + blank if best > 0 else blank + kept[:best]


def _update(output: Output, y: int, old: Cells, row: Cells) -> None:
    """Make the terminal show `row` where it shows `old`."""
    end, old_end = _length(row), _length(old)
    for start, stop in _spans(old, row, end):
        output.move(start, y)
        _write(output, row[start:stop])
    if old_end > end:
        output.move(end, y)
        if old_end - end > 3:
            output.erase_line()
        else:
            _write(output, row[end:old_end])


def _length(row: Cells) -> int:
    """Return the number of cells up to the last one that is not blank."""
    length = len(row)
    while length and row[length - 1] == BLANK:
        length -= 1
    return length


def _spans(old: Cells, row: Cells, end: int) -> list[tuple[int, int]]:
    """Return the parts of the row to send, as (start, stop)."""
    spans: list[tuple[int, int]] = []
    for x in range(end):
        if old[x] == row[x]:
            continue
        if spans and x - spans[-1][1] <= _GAP:
            spans[-1] = (spans[-1][0], x + 1)
        else:
            spans.append((x, x + 1))
    return spans


def _write(output: Output, cells: Cells) -> None:
    start = 0
    while start < len(cells):
        stop = start
        while stop < len(cells) and cells[stop][0] == cells[start][0]:
            stop += 1
        output.set_sgr(cells[start][0])
        output.write("".join(c for _, c in cells[start:stop]))
        start = stop

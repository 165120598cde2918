"""The bytes of one frame: the shortest motions of the cursor, and sequences that edit rows."""

from petipy.ui.kit.abilities import Abilities

# One row: SGR parameters and character, which is empty for the second half of a wide one.
Cells = list[tuple[str, str]]
BLANK = ("", " ")


class Output:
    """The bytes of one frame, with the cursor's position and attributes after them."""

    def __init__(self, abilities: Abilities) -> None:
        self.abilities = abilities
        self.text: list[str] = []
        self._x = self._y = -1  # -1: unknown
        self._sgr = ""
        self._columns = 0

    def fork(self) -> "Output":
        """Return an output that goes on from here, to compare its length with another's."""
        other = Output(self.abilities)
        other._x, other._y, other._sgr, other._columns = self._x, self._y, self._sgr, self._columns
        return other

    def join(self, other: "Output") -> None:
        """Append a fork of this output."""
        self.text += other.text
        self._x, self._y, self._sgr = other._x, other._y, other._sgr

    def __len__(self) -> int:
        return sum(map(len, self.text))

    @property
    def row(self) -> int:
        """The row of the cursor; -1 if it is not known."""
        return self._y

    def take(self) -> str:
        text, self.text = "".join(self.text), []
        return text

    def erase(self, size: tuple[int, int]) -> None:
        """Clear the screen, and undo what noise on the line may have switched on."""
        self._columns = size[0]
        if self.abilities.regions:
            self.text.append("\x0f\x1b(B\x1b[r")
        self.text.append("\x1b[m\x1b[H\x1b[J")
        self._x = self._y = 0
        self._sgr = ""

    def set_sgr(self, parameters: str) -> None:
        if parameters == self._sgr:
            return
        both = parameters and self._sgr
        self.text.append(f"\x1b[{'0;' if both else ''}{parameters}m")
        self._sgr = parameters

    def write(self, cells: Cells) -> None:
        start = 0
        while start < len(cells):
            stop = start
            while stop < len(cells) and cells[stop][0] == cells[start][0]:
                stop += 1
            self.set_sgr(cells[start][0])
            self.text.append("".join(c for _, c in cells[start:stop]))
            start = stop
        self._x += len(cells)
        if self._x >= self._columns:  # at the margin: terminals differ in where the cursor is
            self._x = self._y = -1

    def move(self, x: int, y: int) -> None:
        if (x, y) == (self._x, self._y):
            return
        ways = [f"\x1b[{y + 1};{x + 1}H" if x else f"\x1b[{y + 1}H" if y else "\x1b[H"]
        if self._y >= 0:
            ways += self._ways_from_here(x, y)
        self.text.append(min(ways, key=len))
        self._x, self._y = x, y

    def _ways_from_here(self, x: int, y: int) -> list[str]:
        down = y - self._y
        if down == 0:
            return self._ways_along(x)
        vertical = _csi(abs(down), "B" if down > 0 else "A")
        ways = [vertical + way for way in self._ways_along(x)]
        if down < 0 and self.abilities.regions:
            ways += ["\x1bM" * -down + way for way in self._ways_along(x)]
        # Some lines, such as QEMU's stdio, put a CR before each LF: start at the margin.
        return [*ways, "\r" + "\n" * down + _csi(x, "C")] if down > 0 else ways

    def _ways_along(self, x: int) -> list[str]:
        """Return the ways to another column of the row."""
        by = x - self._x
        return ["\r" + _csi(x, "C"), "\b" * -by if by < 0 else _csi(by, "C")]

    # Edits. Some terminals fill with the current background, so all of them reset it.

    def erase_line(self) -> None:
        """Blank the row from the cursor on."""
        self._edit("\x1b[K")

    def erase_cells(self, count: int) -> None:
        """Blank cells from the cursor on."""
        self._edit(_csi(count, "X"))

    def insert_cells(self, count: int) -> None:
        """Move the cells from the cursor on to the right, off the margin."""
        self._edit(_csi(count, "@"))

    def delete_cells(self, count: int) -> None:
        """Move the cells behind those at the cursor to the left."""
        self._edit(_csi(count, "P"))

    def _edit(self, sequence: str) -> None:
        self.set_sgr("")
        self.text.append(sequence)

    def scroll(self, top: int, bottom: int, by: int) -> None:
        """Move the rows top..bottom up by `by`, or down if it is negative."""
        self.set_sgr("")
        count = abs(by)
        if self.abilities.insert_lines:  # a lost byte leaves no region behind
            delete, insert = (top, bottom - count + 1) if by > 0 else (bottom - count + 1, top)
            self.move(0, delete)
            self.text.append(_csi(count, "M"))
            self._x = self._y = -1  # some terminals move the cursor to the margin
            self.move(0, insert)
            self.text.append(_csi(count, "L"))
        else:
            edge, step = (bottom, "\n") if by > 0 else (top, "\x1bM")
            self.text.append(f"\x1b[{top + 1};{bottom + 1}r\x1b[{edge + 1}H{step * count}\x1b[r")
        self._x = self._y = -1  # DECSTBM moves the cursor home, but not on every terminal


def _csi(count: int, final: str) -> str:
    """Return a control sequence that does something so many times; nothing for 0."""
    return f"\x1b[{count}{final}" if count > 1 else f"\x1b[{final}" if count else ""

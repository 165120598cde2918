"""Read the text of a Linux graphical console from a picture of it, with the kernel's own font."""

import re
from dataclasses import dataclass

WIDTH, HEIGHT = 8, 16  # a cell of the font VGA8x16
CURSOR = 3 * WIDTH  # bits that a cursor, a line at the foot of a cell, may hide
# The letter A in the kernel's lib/fonts/font_8x16.c: it marks the font in the data of a kernel.
LETTER_A = bytes.fromhex("00 00 10 38 6c c6 c6 fe c6 c6 c6 c6 00 00 00 00")


@dataclass(frozen=True)
class Picture:
    width: int
    height: int
    pixels: bytes  # three bytes each, row by row

    def cell(self, row: int, column: int) -> tuple[bytes, ...]:
        """Return the colours of the pixels of a character cell."""
        left, top = column * WIDTH, row * HEIGHT
        starts = (((top + y) * self.width + left + x) * 3 for y in range(HEIGHT) for x in range(8))
        return tuple(self.pixels[start : start + 3] for start in starts)


def read_ppm(data: bytes) -> Picture:
    """Read a portable pixmap of QEMU's screendump (P6, 255 levels, no comments)."""
    magic, width, height, levels = data.split(maxsplit=4)[:4]
    assert (magic, levels) == (b"P6", b"255"), data[:20]
    header = len(b"\n".join([magic, width + b" " + height, levels])) + 1
    picture = Picture(int(width), int(height), data[header:])
    assert len(picture.pixels) == picture.width * picture.height * 3
    return picture


def font(kernel: bytes) -> dict[int, str]:
    """Return the printable ASCII characters of a vmlinux by their glyphs, 128 bits row by row.

    A kernel has two fonts of that size, which share some letters; the result has both.
    """
    glyphs = {}
    for found in re.finditer(re.escape(LETTER_A), kernel):
        start = found.start() - ord("A") * HEIGHT
        for code in range(ord("~"), ord(" ") - 1, -1):  # downwards, so that a blank is a space
            glyphs[int.from_bytes(kernel[start + code * HEIGHT :][:HEIGHT], "big")] = chr(code)
    return glyphs


def text(picture: Picture, glyphs: dict[int, str]) -> list[str]:
    """Return the rows as text, with '?' for a cell without a known character.

    A cell has two colours, and either may be the background: the row of the cursor is reversed.
    """
    rows = []
    for row in range(picture.height // HEIGHT):
        cells = (picture.cell(row, column) for column in range(picture.width // WIDTH))
        rows.append("".join(_character(cell, glyphs) for cell in cells).rstrip())
    return rows


def _character(cell: tuple[bytes, ...], glyphs: dict[int, str]) -> str:
    colours = sorted(set(cell))
    if len(colours) == 1:
        return " "
    for colour in colours:
        bits = int("".join("1" if pixel == colour else "0" for pixel in cell), 2)
        if bits in glyphs:
            return glyphs[bits]
        if under_cursor := [glyphs[g] for g in glyphs if g >> CURSOR == bits >> CURSOR]:
            return under_cursor[-1]
    return "?"

"""Read the text of a Linux graphical console from a picture of it, with the kernel's own font."""

import re
from dataclasses import dataclass

WIDTH, HEIGHT = 8, 16  # a cell of the font VGA8x16
CURSOR = 3 * WIDTH  # bits that a cursor, a line at the foot of a cell, may hide
# The letter A in the kernel's lib/fonts/font_8x16.c: it marks the font in the data of a kernel.
LETTER_A = bytes.fromhex("00 00 10 38 6c c6 c6 fe c6 c6 c6 c6 00 00 00 00")


# Code page 437, which these fonts have. Python's codec has controls in place of the first signs.
_SIGNS = "☺☻♥♦♣♠•◘○◙♂♀♪♫☼►◄↕‼¶§▬↨↑↓→←∟↔▲▼"
CP437 = dict(enumerate(_SIGNS, start=1)) | {
    code: bytes([code]).decode("cp437") for code in range(0x20, 0x100)
}


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
    """Return the characters of a vmlinux's fonts by their glyphs, 128 bits row by row.

    A kernel has two fonts of that size, which share some glyphs; the result has both.
    """
    glyphs: dict[int, str] = {}
    for found in re.finditer(re.escape(LETTER_A), kernel):
        start = found.start() - ord("A") * HEIGHT
        # ASCII comes last, and of it the space, so that a blank is a space.
        for code in (*range(1, 0x20), *range(0x80, 0xFF), *range(ord("~"), ord(" ") - 1, -1)):
            glyph = int.from_bytes(kernel[start + code * HEIGHT :][:HEIGHT], "big")
            glyphs.pop(glyph, None)
            glyphs[glyph] = CP437[code]
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
    drawn = [int("".join("1" if p == colour else "0" for p in cell), 2) for colour in colours]
    if exact := [glyphs[bits] for bits in drawn if bits in glyphs]:
        return exact[0]
    tops = {bits >> CURSOR for bits in drawn}
    under_cursor = [character for bits, character in glyphs.items() if bits >> CURSOR in tops]
    return max(enumerate(under_cursor), key=lambda c: (c[1].isascii(), c[0]), default=(0, "?"))[1]

"""Draw a terminal's screen as a virtual terminal shows it: a picture of coloured cells."""

import struct
import zlib
from collections.abc import Mapping, Sequence

import pyte
from pyte.screens import Char

from tests.e2e.picture import CP437, HEIGHT, LETTER_A, WIDTH

Glyphs = Mapping[str, Sequence[int]]  # character → the bits of its rows
_NAMES = ("black", "red", "green", "brown", "blue", "magenta", "cyan", "white")
# VGA's palette, as the kernel has it; the second half is bold.
PALETTE = bytes.fromhex(
    "000000 aa0000 00aa00 aa5500 0000aa aa00aa 00aaaa aaaaaa"
    "555555 ff5555 55ff55 ffff55 5555ff ff55ff 55ffff ffffff"
)
_CURSOR = range(HEIGHT - 2, HEIGHT)  # rows of a cell that the cursor fills


def read_glyphs(kernel: bytes) -> Glyphs:
    """Return the font VGA8x16 out of a vmlinux."""
    start = kernel.index(LETTER_A) - ord("A") * HEIGHT
    return {c: kernel[start + code * HEIGHT :][:HEIGHT] for code, c in CP437.items()}


def draw(screen: pyte.Screen, glyphs: Glyphs) -> tuple[int, int, bytes]:
    """Return width, height, and the number of a colour in the palette for each pixel."""
    columns, rows = screen.columns, screen.lines
    pixels = bytearray()
    for row in range(rows):
        cells = [screen.buffer[row][column] for column in range(columns)]
        colours = [find_colours(cell) for cell in cells]
        for y in range(HEIGHT):
            for column, (cell, (text, ground)) in enumerate(zip(cells, colours, strict=True)):
                bits = glyphs.get(cell.data, glyphs["?"])[y]
                if (screen.cursor.x, screen.cursor.y) == (column, row) and y in _CURSOR:
                    bits = 0xFF
                pixels += bytes(text if bits & 0x80 >> x else ground for x in range(WIDTH))
    return columns * WIDTH, rows * HEIGHT, bytes(pixels)


def find_colours(cell: Char) -> tuple[int, int]:
    """Return the colours of the text and of the background. Bold is bright."""
    text = _NAMES.index(cell.fg) if cell.fg in _NAMES else 7
    ground = _NAMES.index(cell.bg) if cell.bg in _NAMES else 0
    if cell.reverse:
        text, ground = ground, text
    return text + 8 * cell.bold, ground


def from_png(data: bytes) -> tuple[int, int, bytes]:
    """Return width, height and pixels of a picture that to_png has made."""
    width, height = struct.unpack_from(">II", data, 16)
    at = data.index(b"IDAT")
    (length,) = struct.unpack_from(">I", data, at - 4)
    rows = zlib.decompress(data[at + 4 : at + 4 + length])
    line = width // 2 + 1
    halves = (rows[start + 1 : start + line] for start in range(0, len(rows), line))
    return width, height, bytes(p for row in halves for byte in row for p in (byte >> 4, byte & 15))


def to_png(width: int, height: int, pixels: bytes) -> bytes:
    """Return a picture with this palette as PNG, four bits for each pixel (RFC 2083)."""
    half = [(left << 4) | right for left, right in zip(pixels[::2], pixels[1::2], strict=True)]
    line = width // 2
    rows = (b"\0" + bytes(half[at : at + line]) for at in range(0, len(half), line))
    head = struct.pack(">IIBBBBB", width, height, 4, 3, 0, 0, 0)
    chunks = (
        *((b"IHDR", head), (b"PLTE", PALETTE)),
        *((b"IDAT", zlib.compress(b"".join(rows), 9)), (b"IEND", b"")),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )

"""Pictures of screens: text can be read from them, and README shows three."""

import re
import struct
import zlib
from pathlib import Path

import pyte
import pytest

from tests.e2e.picture import CP437, HEIGHT, LETTER_A, WIDTH, Picture, text
from tests.ui.pictures.__main__ import PLACE, README, SIZE, render
from tests.ui.pictures.draw import PALETTE, draw, find_colours, from_png, read_glyphs, to_png

TEXT = Path(__file__).parents[3] / "README.md"
# A font whose letters are the bits of their codes, but for the A that marks a font.
CODES = {code: bytes([0, code, *bytes(14)]) for code in range(0x100)} | {ord("A"): LETTER_A}
KERNEL = b"kernel" + b"".join(CODES[code] for code in range(0x100))


def test_the_text_can_be_read_from_a_picture() -> None:
    screen = render("menu", (80, 24))
    width, height, pixels = draw(screen, read_glyphs(KERNEL))
    colours = b"".join(PALETTE[3 * pixel : 3 * pixel + 3] for pixel in pixels)
    codes = [*(code for code in CODES if code not in range(0x20, 0x7F)), *range(0x7E, 0x1F, -1)]
    glyphs = {int.from_bytes(CODES[code], "big"): CP437.get(code, " ") for code in codes}
    rows = text(Picture(width, height, colours), glyphs)
    assert rows[0] == "Petipy 0.1 - Boot menu"
    assert any(row.endswith("Advanced options for Debian GNU/Linux →") for row in rows)


def test_a_picture_has_the_colours_of_the_screen() -> None:
    screen = pyte.Screen(4, 1)
    pyte.Stream(screen).feed("\x1b[1;31;44mA\x1b[m \x1b[7m \x1b[m")
    _, _, pixels = draw(screen, read_glyphs(KERNEL))
    assert set(pixels[2 * 32 : 2 * 32 + 8]) == {9, 4}, "bright red on blue"
    assert set(pixels[16:24]) == {7}, "reversed"


def test_a_picture_is_a_png() -> None:
    png = to_png(8, 2, bytes(range(16)))
    assert png.startswith(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", 8, 2))
    (at,) = (found.end() for found in re.finditer(b"IDAT", png))
    assert zlib.decompress(png[at:-16]) == bytes.fromhex("00 01234567 00 89abcdef")


def find_shapes(screen: pyte.Screen, pixels: bytes) -> dict[str, set[tuple[bool, ...]]]:
    """Return the shapes that a picture has where the screen has a character, for each character.

    A character of other colours than on the screen has the empty shape.
    """
    shapes: dict[str, set[tuple[bool, ...]]] = {}
    width = screen.columns * WIDTH
    for row in range(screen.lines):
        for column in range(screen.columns):
            if (column, row) == (screen.cursor.x, screen.cursor.y):
                continue
            cell = screen.buffer[row][column]
            text, ground = find_colours(cell)
            first = row * HEIGHT * width + column * WIDTH
            starts = range(first, first + HEIGHT * width, width)
            found = b"".join(pixels[start : start + WIDTH] for start in starts)
            known = set(found) <= {text, ground}
            shape = tuple(pixel == text for pixel in found) if known else ()
            shapes.setdefault(cell.data, set()).add(shape)
    return shapes


def show_one_text(shapes: dict[str, set[tuple[bool, ...]]]) -> bool:
    """Return True if each character has one shape, and no other character has it.

    Then the picture shows the text, whatever the font.
    """
    all_shapes = [shape for found in shapes.values() for shape in found]
    return len(all_shapes) == len(set(all_shapes)) == len(shapes) and () not in all_shapes


@pytest.mark.parametrize("name", README)
def test_a_picture_of_readme_shows_the_screen_as_it_is(name: str) -> None:
    screen = render(name)
    width, height, pixels = from_png((PLACE / f"{name}.png").read_bytes())
    assert (width, height) == (SIZE[0] * WIDTH, SIZE[1] * HEIGHT)
    assert show_one_text(find_shapes(screen, pixels)), "python3 -m tests.ui.pictures makes it"


def test_a_picture_of_another_text_or_colour_is_told_from_it() -> None:
    screen = render("menu", (80, 24))
    picture = from_png(to_png(*draw(screen, read_glyphs(KERNEL))))
    assert picture == draw(screen, read_glyphs(KERNEL))
    assert show_one_text(find_shapes(screen, picture[2]))
    for changed in ("\x1b[12;1HA", "\x1b[12;1H\x1b[31;44m  "):
        other = render("menu", (80, 24))
        pyte.Stream(other).feed(f"\x1b7{changed}\x1b8")
        assert not show_one_text(find_shapes(other, picture[2]))


def test_readme_shows_pictures_that_are_there() -> None:
    shown = re.findall(r"!\[[^]]*\]\((tests/ui/pictures/(\w+)\.png)\)", TEXT.read_text())
    assert [name for _, name in shown] == [*README]
    for path, _ in shown:
        data = (TEXT.parent / path).read_bytes()
        size = SIZE[0] * 8, SIZE[1] * HEIGHT
        assert data[16:24] == struct.pack(">II", *size)
        assert len(data) < 20_000
    assert {path.stem for path in PLACE.glob("*.png")} == {*README}

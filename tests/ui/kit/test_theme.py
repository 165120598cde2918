"""The looks: contrast, attributes instead of colours, and which terminal gets which."""

import pytest

from petipy.ui.kit import theme
from petipy.ui.kit.theme import choose_theme

# VGA's palette, as the kernel has it: drivers/tty/vt/vt.c, default_red and its kin.
DARK = ("000000", "aa0000", "00aa00", "aa5500", "0000aa", "aa00aa", "00aaaa", "aaaaaa")
BRIGHT = ("555555", "ff5555", "55ff55", "ffff55", "5555ff", "ff55ff", "55ffff", "ffffff")
LOOKS = {"virtual": theme.VIRTUAL, "serial": theme.SERIAL, "coloured": theme.COLOURED}


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (0, 2, 4))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(sgr: str) -> float:
    """Return the contrast of the text that SGR parameters give, on VGA's palette."""
    numbers = [int(number) for number in sgr.split(";") if number]
    text, ground, bold = 7, 0, 1 in numbers
    for number in numbers:
        text = number - 30 if 30 <= number < 38 else text
        ground = number - 40 if 40 <= number < 48 else ground
    dark, light = sorted((luminance((BRIGHT if bold else DARK)[text]), luminance(DARK[ground])))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(
    ("look", "kind"), [(name, kind) for name, look in LOOKS.items() for kind in look.sgr]
)
def test_each_kind_of_text_has_contrast(look: str, kind: str) -> None:
    assert contrast(LOOKS[look].sgr[kind]) >= 4.5


def test_the_measure_tells_bad_colours() -> None:
    assert contrast("37") == pytest.approx(9.04, abs=0.01)
    assert contrast("1;30") < contrast("34") + 2 < 4.5
    assert contrast("33") < 4.5


def test_without_colours_there_is_no_colour() -> None:
    for look in (theme.SERIAL, theme.MONOCHROME):
        numbers = {int(n) for sgr in look.sgr.values() for n in sgr.split(";")}
        assert numbers <= {1, 4, 7}


def test_what_a_search_has_found_is_underlined_in_every_look() -> None:
    for look in (*LOOKS.values(), theme.MONOCHROME):
        assert all("4" in look.sgr[kind].split(";") for kind in ("match", "focus match"))


@pytest.mark.parametrize(
    ("term", "color", "environment", "wanted"),
    [
        ("linux", "auto", {}, theme.VIRTUAL),
        ("linux", "auto", {"NO_COLOR": "1"}, theme.MONOCHROME),
        ("linux", "auto", {"NO_COLOR": ""}, theme.VIRTUAL),
        ("linux", "always", {"NO_COLOR": "1"}, theme.VIRTUAL),
        ("linux", "never", {}, theme.MONOCHROME),
        ("vt220", "auto", {}, theme.SERIAL),
        ("xterm-256color", "never", {}, theme.SERIAL),
        ("vt220", "always", {}, theme.COLOURED),
    ],
)
def test_a_terminal_gets_the_look_that_suits_it(
    term: str, color: str, environment: dict[str, str], wanted: theme.Theme
) -> None:
    assert choose_theme(term, color, environment) is wanted

"""Letters beyond ASCII: each takes the cells that it is given, on every terminal."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petipy.ui.line.letters import Letters, fold
from petipy.ui.line.plain import FILLER, to_text

UTF_8, VGA = Letters(None), Letters(frozenset("äöüßéè"))
ASCII = Letters()


def send(letters: Letters, text: str) -> str:
    return "".join(letters.show(to_text(text)))


@pytest.mark.parametrize(
    ("text", "utf_8", "vga", "ascii"),
    [
        ("Größe", "Größe", "Größe", "Grose"),
        ("e\u0301te\u0301", "été", "été", "ete"),
        ("ł \u2014 “x”…", "ł \u2014 “x”...", 'l - "x"...', 'l - "x"...'),
        (
            "Œuvre Þór Łódź Ørsted",
            "Œuvre Þór Łódź Ørsted",
            "Ouvre Tor Lodz Orsted",
            "Ouvre Tor Lodz Orsted",
        ),
        ("Система", "Система", "???????", "???????"),
        ("日本", "日本", "????", "????"),
        ("P\u0430yPal", "P?yPal", "P?yPal", "P?yPal"),
        ("\u05d0\u05d1 \u0627", "?? ?", "?? ?", "?? ?"),
        ("a\u202eb\u200bc\u2066", "a?b?c?", "a?b?c?", "a?b?c?"),
        ("\x1b[2J\x9b\x07\n", "?[2J?? ", "?[2J?? ", "?[2J?? "),
        ("\U0001f600\u0e01\u0e34", "??", "??", "??"),
        ("a" + "\u0300\u0489" * 50, "à", "?", "a"),
        (f"x{FILLER}", "x?", "x?", "x?"),
    ],
)
def test_a_title_is_shown_as_far_as_the_terminal_can(
    text: str, utf_8: str, vga: str, ascii: str
) -> None:
    assert [send(UTF_8, text), send(ASCII, text)] == [utf_8, ascii]
    assert send(VGA, text) == (vga if vga != "?" else ascii)


@given(st.text())
def test_whatever_is_sent_takes_as_many_cells_as_it_was_given(text: str) -> None:
    cells = to_text(text)
    for letters in (UTF_8, VGA, ASCII):
        sent = letters.show(cells)
        assert len(sent) == len(cells)
        for cell, following in zip(sent, [*sent, "?"][1:], strict=True):
            assert len(cell) <= 1
            assert cell.isprintable()
            if cell and not cell.isascii():
                assert unicodedata.category(cell)[0] not in "MC"
                assert unicodedata.bidirectional(cell) not in {"R", "AL", "AN"}
                wide = unicodedata.east_asian_width(cell) in {"W", "F"}
                assert (following == "") == wide


@given(st.text())
def test_a_text_that_is_made_of_others_is_as_they_are(text: str) -> None:
    assert to_text(to_text(text)) == to_text(text)
    assert len(fold(to_text(text))) == len(to_text(text))
    assert to_text(text).isascii() or not text.isascii()


def test_half_a_wide_character_is_not_sent() -> None:
    cells = to_text("日本")
    assert UTF_8.show(cells[:3]) == ["日", "", "?"]
    assert UTF_8.show(cells[1:]) == ["?", "本", ""]

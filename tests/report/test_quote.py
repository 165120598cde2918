"""A line with a caret under the place where it goes wrong."""

import pytest

from parsers.api import Problem
from petipy.report.quote import count_cells, format_place, quote_line
from petipy.report.visible import escape
from petipy.ui.line.plain import FILLER, to_text


def test_the_caret_is_under_the_place() -> None:
    assert quote_line("\t echo x | y  ", 9, 70, escape) == ("echo x | y", "      ^")
    assert quote_line("abc", 4, 70, escape) == ("abc", "   ^")
    assert quote_line("a\x1bb|", 4, 70, escape) == ("a\\x1bb|", "      ^")
    assert quote_line("日本 |", 4, 70, escape) == ("日本 |", "     ^")
    assert quote_line("e\u0301|", 3, 70, str) == ("e\u0301|", " ^")


@pytest.mark.parametrize("column", [1, 50, 180, 400])
@pytest.mark.parametrize("width", [20, 70])
@pytest.mark.parametrize("letter", ["x", "本"])
def test_a_long_line_is_cut_around_the_place(column: int, width: int, letter: str) -> None:
    line = letter * (column - 1) + "|" + letter * (400 - column)
    found = quote_line(line, column, width, escape)
    assert found
    shown, caret = found
    assert count_cells(shown) <= width
    assert count_cells(shown[: shown.index("|")]) == caret.index("^")


def test_there_is_no_caret_without_a_line() -> None:
    assert quote_line("", 3, 70, escape) is None
    assert quote_line("  ", 1, 70, escape) is None
    assert quote_line("abc", 0, 70, escape) is None


def test_a_place_names_the_device_once() -> None:
    assert format_place(Problem("/c", 3, "m"), "sda1") == "(sda1)/c:3"
    assert format_place(Problem("(sda2)/c", 3, "m"), "sda1") == "(sda2)/c:3"
    assert format_place(Problem("", 0, "m"), "sda1") == "sda1"


def test_a_line_at_a_url_is_told_as_people_write_it() -> None:
    url = "http://192.0.2.1:8080/grub.cfg"
    assert format_place(Problem(url, 6, "m"), "eth0") == f"{url}, line 6, from eth0"
    assert format_place(Problem(url, 0, "m"), "eth0") == f"{url}, from eth0"
    secret = Problem("http://bob:secret@192.0.2.1/c", 0, "m")
    assert format_place(secret, "eth0") == "http://192.0.2.1/c, from eth0"


def test_a_line_may_be_quoted_as_cells_of_a_screen() -> None:
    """The second cell of a wide letter is a character of its own there."""
    shown, caret = quote_line("日本ü |", 5, 70, to_text, len) or ("", "")
    assert [*shown.replace(FILLER, "")] == [*"日本ü |"]
    assert caret == " " * 6 + "^"
    assert len(shown) == 7

"""A line with a caret under the place where it goes wrong."""

import pytest

from parsers.api import Problem, Volume
from parsers.formats.grub import FORMAT
from petipy.report.printing import escape
from petipy.report.quote import count_cells, format_place, quote_line, with_excerpts
from petipy.scan.tree import scan_tree
from tests.fakes import Machine


def excerpts(files: dict[str, dict[str, str]], *problems: Problem) -> list[str]:
    host = Machine(files, volumes=[Volume(name="sda1")])
    return [p.excerpt for p in with_excerpts(host.files("sda1"), problems)]


def test_a_problem_that_knows_its_column_gets_its_line() -> None:
    files = {"sda1": {"/c": "one\r\ntwo here\r\n"}, "sda2": {"/d": "there\0x\n"}}
    found = excerpts(
        files,
        Problem("/c", 2, "m", column=5),
        Problem("/c", 2, "m"),
        Problem("(sda2)/d", 1, "m", column=1),
    )
    assert found == ["two here", "", "there"]


@pytest.mark.parametrize(
    ("config", "line", "column"),
    [("/none", 1, 1), ("(sdz)/c", 1, 1), ("/c", 9, 1), ("/c", 1, 9), ("/mac", 1, 1)],
)
def test_a_place_that_is_not_there_has_no_line(config: str, line: int, column: int) -> None:
    files = {"sda1": {"/c": "abc\n", "/mac": "a\rb\n"}}
    assert excerpts(files, Problem(config, line, "m", column)) == [""]


def test_the_scan_of_a_broken_script_shows_the_place() -> None:
    text = "set a=1\nif false; then\n  echo 5$\nfi\n"
    host = Machine({"sda1": {"/boot/grub/grub.cfg": text}})
    first, second = scan_tree(host.files("sda1"), [FORMAT]).problems
    assert (first.line, first.column, first.excerpt) == (3, 9, "  echo 5$")
    assert (second.line, second.column, second.excerpt) == (4, 1, "fi")
    assert "the lines after this one as if they stood alone" in first.message


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

"""Problems get the lines in which they lie."""

import pytest

from parsers.api import Problem, Volume
from parsers.formats.grub import FORMAT
from petipy.scan.excerpts import with_excerpts
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

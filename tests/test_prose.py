"""Docstrings begin with a verb or the thing's noun: a reader learns at once what a thing is."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).parents[1]
SOURCES = ("petipy", "parsers", "initramfs", "tests")
# Words that begin a riddle, not a description.
BANNED = re.compile(r"(What|Whether|Who|Which|Whose|Those|Of|All|When|Where|How)\b")
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)


def docstrings(text: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the docstring of everything in a source that has one."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, DOCUMENTED) and (found := ast.get_docstring(node)):
            yield getattr(node, "name", "the module"), found


@pytest.mark.parametrize("folder", SOURCES)
def test_no_docstring_begins_with_a_question_word(folder: str) -> None:
    bad = [
        f"{path.relative_to(TOP)}: {name}: {text.splitlines()[0]}"
        for path in sorted((TOP / folder).rglob("*.py"))
        for name, text in docstrings(path.read_text())
        if BANNED.match(text)
    ]
    assert not bad


def test_such_a_docstring_is_found_wherever_it_is() -> None:
    source = 'class A:\n    def _b(self):\n        "Whether it is."\n    async def c(self): "Is."\n'
    assert [name for name, text in docstrings(source) if BANNED.match(text)] == ["_b"]

"""Compile modules without what nobody uses."""

import ast
import socket
from pathlib import Path
from typing import Any

import pyparsing.core
import pytest

from initramfs.fast import trim

SOURCE = b"""
import re
from .util import replaced_by_pep8
def helper(): return 1
class Kept:
    def scan(self): return 1
    def draw(self): return 2
    oldScan = replaced_by_pep8("oldScan", scan)
class Other(Kept): pass
most: int = 3
oldHelper = replaced_by_pep8("oldHelper", helper)
word = re.compile("x" * 1000)
re.purge()
if most: pass
"""


@pytest.fixture
def rules(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = trim.Trim(
        kept=frozenset({"Kept", "word"}),
        methods={"Kept": frozenset({"draw"})},
        values={"word": "re.compile('x')"},
        calls=frozenset({"re.purge"}),
        more="last = 1",
    )
    monkeypatch.setattr(trim, "TRIMS", {"sample": kept})


def test_definitions_methods_and_second_names_are_dropped(rules: None) -> None:
    trimmed = trim.trim("sample", SOURCE)

    assert isinstance(trimmed, ast.Module)
    lines = ast.unparse(trimmed).splitlines()
    assert [line.strip() for line in lines if line] == [
        "import re",
        "from .util import replaced_by_pep8",
        "class Kept:",
        *("def scan(self):", "return 1"),
        "word = re.compile('x')",
        *("if most:", "pass"),
        "last = 1",
    ]


def test_a_module_without_rules_stays_as_it_is(rules: None) -> None:
    assert trim.trim("other", SOURCE) is SOURCE


def test_every_name_in_the_rules_is_one_of_pyparsing() -> None:
    rules = trim.TRIMS["pyparsing.core"]
    assert rules.kept
    for name in rules.kept:
        assert name.startswith("__") or all(
            part in vars(pyparsing.core) or hasattr(pyparsing.core.ParserElement, part)
            for part in name.split(".")
        ), name
    for kind, methods in rules.methods.items():
        assert methods <= vars(vars(pyparsing.core)[kind]).keys()


def test_sockets_work_without_names_for_their_numbers() -> None:
    source = Path(socket.__file__).read_bytes()
    names: dict[str, Any] = {"__name__": "trimmed"}
    exec(compile(trim.trim("socket", source), "socket", "exec"), names)

    one, other = names["socketpair"]()

    with one, other:
        assert (one.family, one.type) == (socket.AF_UNIX, socket.SOCK_STREAM)
        assert type(one.family) is int
        assert one.send(b"x", names["MSG_DONTWAIT"]) == 1
        assert names["AddressFamily"](other.family) == names["AF_UNIX"]
        assert "AF_UNIX" not in repr(other)
    found = names["getaddrinfo"]("127.0.0.1", 80, type=names["SOCK_STREAM"])
    assert found[0][4] == ("127.0.0.1", 80)

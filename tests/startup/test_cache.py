"""Take compiled code from the table; each program runs in a new Python."""

import subprocess
import sys
from pathlib import Path

import pytest

from petipy.startup.cache import unpack

TOP = Path(__file__).parents[2]
RECORD = """
import sys
from initramfs.fast.record import record
table = record()
import petipy.state.model, parsers.formats.grub, re
re.compile("(?P<a>x+)[é-ü]", re.I), re.compile(b"[0-9]")
from petipy.startup import cache
sys.stdout.buffer.write(cache.pack(table))
"""
# Collects the texts that Python compiles after the installation.
WATCH = """
import sys
from petipy.startup import cache
cache.install(sys.argv[1])
import re, re._parser
texts = []

def compiled(event, about):
    if event == "compile" and about[0] and not str(about[1]).endswith(".py"):
        texts.append(about[0])
sys.addaudithook(compiled)
parse = re._parser.parse
re._parser.parse = lambda pattern, flags=0: (texts.append(pattern), parse(pattern, flags))[1]
"""
USE = (
    WATCH
    + """
from petipy.state.model import File
from parsers.formats.grub.language.syntax import Text
assert File(path="/a") == File(path="/a") != File(path="/b")
assert Text("a", quoted=True).text == "a"
found = re.compile("(?P<a>x+)[é-ü]", re.I).fullmatch("XxÉ")
assert found and found["a"] == "Xx" and found.re.flags == re.I | re.U
assert re.compile(b"[0-9]").match(b"7")
print(len(texts))
"""
)


def python(program: str, *arguments: str) -> bytes:
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.run(command, cwd=TOP, check=True, stdout=subprocess.PIPE).stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> str:
    table = tmp_path_factory.mktemp("cache") / "table"
    table.write_bytes(python(RECORD))
    return str(table)


def test_the_table_has_methods_and_expressions(place: str) -> None:
    table = unpack(Path(place).read_bytes())
    assert table
    texts, expressions = (table[kind] for kind in sorted(table, reverse=True))
    assert any("__create_fn__" in text for text, _ in texts)
    assert ("(?P<a>x+)[é-ü]", 2) in expressions


def test_what_is_in_the_table_is_not_compiled_again(place: str) -> None:
    assert python(USE, place) == b"0\n"


def test_without_a_table_all_is_compiled_as_ever() -> None:
    assert int(python(USE, "/nonexistent")) > 10


@pytest.mark.parametrize("cut", [slice(0), slice(7), slice(-1), slice(1, None), slice(300)])
def test_a_damaged_table_is_not_used(cut: slice, place: str, tmp_path: Path) -> None:
    (tmp_path / "table").write_bytes(Path(place).read_bytes()[cut])
    assert int(python(USE, str(tmp_path / "table"))) > 10


@pytest.mark.parametrize("at", [0, 2, 5, 8, 1000])
def test_a_table_with_a_wrong_byte_or_of_another_python_is_not_used(
    at: int, place: str, tmp_path: Path
) -> None:
    data = bytearray(Path(place).read_bytes())
    data[at] ^= 1
    (tmp_path / "table").write_bytes(data)
    assert int(python(USE, str(tmp_path / "table"))) > 10


@pytest.mark.parametrize("fact", ["byteorder", "CODESIZE", "MAXREPEAT", "MAGIC"])
def test_a_table_of_another_machine_is_used_without_its_expressions(
    fact: str, tmp_path: Path
) -> None:
    place = f"{'sys' if fact == 'byteorder' else '_sre'}.{fact}"
    record = RECORD.replace(
        "table = record()",
        f"import _sre\nown, {place} = {place}, 'other'\ntable = record()\n{place} = own",
    )
    (tmp_path / "table").write_bytes(python(record))
    assert 0 < int(python(USE, str(tmp_path / "table"))) < int(python(USE, "/nonexistent"))


def test_what_is_not_in_the_table_is_compiled(place: str) -> None:
    program = (
        WATCH
        + """
from dataclasses import dataclass
@dataclass(frozen=True)
class New:
    number: int
assert New(3) == New(3) and repr(New(3)) == "New(number=3)"
assert re.compile("new+").match("neww")
print(len(texts))
"""
    )
    assert int(python(program, place)) > 1


def test_modules_for_bad_days_come_when_they_are_wanted(place: str) -> None:
    program = (
        WATCH
        + """
import asyncio, inspect, logging, subprocess, traceback
names = [type(sys.modules[name]).__name__ for name in ("inspect", "logging", "traceback")]
assert names == ["LazyModule"] * 3, names
assert subprocess.run(["true"]).returncode == 0
assert str(inspect.signature(lambda a, b: a)) == "(a, b)"
assert asyncio.log.logger.name == "asyncio" and logging.getLogger("a").level == logging.NOTSET
try:
    1 / 0
except ZeroDivisionError:
    assert "1 / 0" in traceback.format_exc() or "ZeroDivisionError" in traceback.format_exc()
assert asyncio.run(asyncio.sleep(0, 3)) == 3
"""
    )
    python(program, place)

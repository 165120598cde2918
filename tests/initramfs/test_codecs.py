"""The image has a few codecs only: the program names no other."""

import ast
from collections.abc import Iterator
from pathlib import Path

from initramfs.host import REPOSITORY
from initramfs.lists import sections
from initramfs.python import LIST, OWN

# bytes.decode and str.encode know these without a module (PyUnicode_Decode).
BUILT_IN = {"utf-8", "ascii", "latin-1", "utf-16", "utf-32"}


def list_codecs(path: Path) -> Iterator[str]:
    """Yield the names of codecs in calls: x.decode("utf-8"), open(file, encoding="ascii")."""
    for call in ast.walk(ast.parse(path.read_text())):
        if not isinstance(call, ast.Call):
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else ""
        found = [word.value for word in call.keywords if word.arg == "encoding"]
        found += call.args[:1] if name in {"encode", "decode"} else []
        if isinstance(call.func, ast.Name) and call.func.id in {"str", "bytes"}:
            found += call.args[1:2]
        for value in found:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield value.value


def test_every_codec_that_the_program_names_is_in_the_image() -> None:
    modules = {name.name for name in sections(LIST)["by name"]}
    files = [path for room in OWN for path in (REPOSITORY / room).rglob("*.py")]
    named = {codec for path in files for codec in list_codecs(path)}
    known = {c for c in named if f"encodings.{c.replace('-', '_')}" in modules} | BUILT_IN
    assert named - known == set()
    assert "utf-8" in named


def test_a_name_is_found_wherever_a_call_has_it(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text('a.decode("x-1"); open(f, encoding="x-2"); str(b, "x-3"); b.encode()')
    assert sorted(list_codecs(program)) == ["x-1", "x-2", "x-3"]

"""The image leaves modules of Python's library out: no module of ours needs one to be imported."""

import ast
from collections.abc import Iterator

from initramfs.host import REPOSITORY
from initramfs.lists import sections
from initramfs.python import LIST


def list_imports(text: str) -> Iterator[str]:
    """Yield the modules that a source imports when it is imported itself."""
    for node in ast.parse(text).body:  # what is in a function, a try or an if may be absent
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def list_left_out() -> set[str]:
    names = sections(LIST)
    return {entry.name for part in ("left out", "left out for speed") for entry in names[part]}


def test_no_module_imports_at_once_what_the_image_does_not_have() -> None:
    left_out = list_left_out()
    sources = [path for room in ("petipy", "parsers") for path in (REPOSITORY / room).rglob("*.py")]
    bad = [
        f"{path.relative_to(REPOSITORY)} imports {name}"
        for path in sources
        for name in list_imports(path.read_text())
        if left_out & {name, name.partition(".")[0]}
    ]
    assert not bad
    assert "tempfile" in left_out & {*list_imports("import os, tempfile")}

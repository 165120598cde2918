"""Take from a table what Python would compile at each start.

`dataclasses` and `namedtuple` write source and compile it; `re` compiles every expression in
Python. initramfs/fast/record.py writes the table when the image is built. A table that is absent,
damaged or for another Python is not used: all is compiled as ever.

    4 bytes     the magic number of Python's compiled code
    4 bytes     CRC-32 of the table, little-endian
    table       written by marshal
"""

import marshal
import sys
from _frozen_importlib_external import MAGIC_NUMBER  # importlib.util's, without its imports
from collections.abc import Callable
from types import CodeType
from typing import Any
from zlib import crc32

from petipy.startup import PLAIN, lazy

PLACE = "/usr/lib/petipy/cache"

_HEADER = 8  # bytes

# By kind, "texts" and `kind_of_expressions()`: source or regular expression → marshalled code.
Table = dict[str, dict[Any, bytes]]


def pack(table: Table) -> bytes:
    """Return the file with a table of this Python."""
    data = marshal.dumps(table, 2)
    return MAGIC_NUMBER + crc32(data).to_bytes(4, "little") + data


def unpack(data: bytes) -> Table | None:
    """Return the table of a file; None if it is damaged or for another Python."""
    body = memoryview(data)[_HEADER:]
    if data[:_HEADER] != MAGIC_NUMBER + crc32(body).to_bytes(4, "little"):
        return None
    table: Table = marshal.loads(body)
    return table


def install(place: str = PLACE) -> None:
    """Let the standard library take its code from the table; it compiles what is not there."""
    if PLAIN:
        return
    try:
        with open(place, "rb") as file:
            # marshal.load() would call file.readinto() for each object.
            table = unpack(file.read())
    except OSError:
        return
    if table is None:
        return
    lazy.install()
    texts = table["texts"]

    def code(text: str, mode: str) -> CodeType:
        known = texts.get((text, mode))
        return compile(text, "<string>", mode) if known is None else marshal.loads(known)

    compile_texts_by(code)
    # An image is built on another machine, whose byte order may differ.
    if expressions := table.get(kind_of_expressions()):
        _take_expressions(expressions)


def compile_texts_by(code: Callable[[str, str], CodeType]) -> None:
    """Have the modules that write source compile it by `code` (text, mode).

    The texts are methods of dataclasses, namedtuple's __new__, annotations that are strings.
    """
    import collections
    import dataclasses
    import typing

    def run(text: str, *spaces: Any) -> None:
        exec(code(text, "exec"), *spaces)

    def value(text: str, *spaces: Any) -> Any:
        return eval(code(text, "eval"), *spaces)

    vars(dataclasses).update(exec=run, inspect=lazy.Inspect("inspect"))
    vars(collections).update(eval=value)
    vars(typing).update(compile=lambda text, name, mode: code(text, mode))


def kind_of_expressions() -> str:
    """Name the engine that compiled expressions are good for.

    They are words of the machine's size and byte order, and have limits of its pointers' size.
    """
    import _sre  # type: ignore[import-not-found]

    sizes = f"{_sre.CODESIZE} {_sre.MAXREPEAT} {_sre.MAXGROUPS}"
    return f"expressions {_sre.MAGIC} {sys.byteorder} {sizes}"


def _take_expressions(table: dict[Any, bytes]) -> None:
    import _sre
    from re import _compiler  # type: ignore[attr-defined]

    compile_in_python: Callable[..., Any] = _compiler.compile

    def look_up(pattern: Any, flags: int = 0) -> Any:
        known = table.get((pattern, int(flags))) if isinstance(pattern, str | bytes) else None
        if known is None:
            return compile_in_python(pattern, flags)
        return _sre.compile(*marshal.loads(known))

    _compiler.compile = look_up

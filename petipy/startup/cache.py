"""Take from a table what Python would compile at each start.

`dataclasses` and `namedtuple` write source and compile it; `re` compiles every expression in
Python. initramfs/fast/record.py writes the table when the image is built. Without it this module
does nothing.
"""

import marshal
import sys
from collections.abc import Callable
from types import CodeType
from typing import Any

from petipy.startup import PLAIN, lazy

PLACE = "/usr/lib/petipy/cache"

# By kind, "texts" and `kind_of_expressions()`: source or regular expression → marshalled code.
Table = dict[str, dict[Any, bytes]]


def install(place: str = PLACE) -> None:
    """Let the standard library take its code from the table; it compiles what is not there."""
    if PLAIN:
        return
    try:
        with open(place, "rb") as file:
            # marshal.load() would call file.readinto() for each object.
            table: Table = marshal.loads(file.read())
    except OSError:
        return
    lazy.install()
    texts = table["texts"]

    def code(text: str, mode: str) -> CodeType:
        known = texts.get((text, mode))
        return compile(text, "<string>", mode) if known is None else marshal.loads(known)

    compile_texts_by(code)
    _take_expressions(table[kind_of_expressions()])


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
    """Name the version of the engine and the byte order that compiled expressions are good for."""
    import _sre  # type: ignore[import-not-found]

    return f"expressions {_sre.MAGIC} {sys.byteorder}"


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

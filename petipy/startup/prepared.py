"""What Python would work out anew at each start, worked out when the image was built.

`dataclasses` and `namedtuple` write source and compile it, `re` compiles every expression in
Python, asyncio and pyparsing import what they need to explain errors: together half of what a
start takes. Nothing here has an effect without the table that the build makes.
"""

import marshal
import sys
from collections.abc import Callable
from types import CodeType, ModuleType, TracebackType
from typing import Any

PLACE = "/usr/lib/petipy/prepared"

# Texts and regular expressions → what came of them, marshalled.
Table = dict[str, dict[Any, bytes]]


def install(place: str = PLACE) -> None:
    """Let the standard library find its code there; what it does not find it compiles."""
    try:
        with open(place, "rb") as file:
            table: Table = marshal.load(file)
    except OSError:
        return
    _postpone()
    texts = table["texts"]

    def code(text: str, mode: str) -> CodeType:
        known = texts.get((text, mode))
        return compile(text, "<string>", mode) if known is None else marshal.loads(known)

    _texts(code)
    _expressions(table[_kind()])


def record() -> Table:
    """From now on fill the table that is returned; for the build, in the image's own Python."""
    table: Table = {"texts": {}, _kind(): {}}
    _postpone()

    def code(text: str, mode: str) -> CodeType:
        made = compile(text, "<string>", mode)
        table["texts"][text, mode] = marshal.dumps(made, 2)  # later ones depend on reference counts
        return made

    _texts(code)
    _record_expressions(table[_kind()])
    return table


# Texts: methods of dataclasses, namedtuple's __new__, annotations that are strings.


def _texts(code: Callable[[str, str], CodeType]) -> None:
    """Have the modules that write source compile it by `code` (text, mode)."""
    import collections
    import dataclasses
    import typing

    def run(text: str, *spaces: Any) -> None:
        exec(code(text, "exec"), *spaces)

    def value(text: str, *spaces: Any) -> Any:
        return eval(code(text, "eval"), *spaces)

    vars(dataclasses).update(exec=run, inspect=_Inspect("inspect"))
    vars(collections).update(eval=value)
    vars(typing).update(compile=lambda text, name, mode: code(text, mode))


# Regular expressions


def _kind() -> str:
    """Compiled expressions are good for one version of the engine, and one order of bytes."""
    import _sre  # type: ignore[import-not-found]

    return f"expressions {_sre.MAGIC} {sys.byteorder}"


def _expressions(table: dict[Any, bytes]) -> None:
    import _sre
    from re import _compiler  # type: ignore[attr-defined]

    in_python: Callable[..., Any] = _compiler.compile

    def compiled(pattern: Any, flags: int = 0) -> Any:
        known = table.get((pattern, int(flags))) if isinstance(pattern, str | bytes) else None
        return in_python(pattern, flags) if known is None else _sre.compile(*marshal.loads(known))

    _compiler.compile = compiled


def _record_expressions(table: dict[Any, bytes]) -> None:
    import _sre
    from re import _compiler  # type: ignore[attr-defined]

    in_python: Callable[..., Any] = _compiler.compile
    asked: list[tuple[Any, int]] = []

    class Engine:
        def __getattr__(self, name: str) -> Any:
            return getattr(_sre, name)

        def compile(self, pattern: Any, flags: int, code: list[int], *groups: Any) -> Any:
            parts = (pattern, int(flags), [int(word) for word in code], *groups)
            table[asked[-1]] = marshal.dumps(parts, 2)
            return _sre.compile(*parts)

    def compiled(pattern: Any, flags: int = 0) -> Any:
        asked.append((pattern, int(flags)))
        return in_python(pattern, flags)

    vars(_compiler)["_sre"] = Engine()
    _compiler.compile = compiled


# Modules


class _Later(ModuleType):
    """Stands for a module until someone wants of it what is not given here."""

    def __init__(self, name: str, **given: Any) -> None:
        super().__init__(name)
        vars(self).update(given)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        from importlib import import_module

        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        real = import_module(self.__name__)
        vars(self).update(vars(real))
        return getattr(real, name)


class _Inspect(_Later):
    """What dataclasses wants of `inspect`: the signature would only become a docstring."""

    def get_annotations(self, cls: type) -> dict[str, Any]:
        return dict(vars(cls).get("__annotations__", {}))

    def signature(self, cls: type) -> str:
        return ""


class _Logger:
    """A logger that nobody has written to yet."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        import logging

        return getattr(logging.Logger.manager.getLogger(self._name), name)


def _stack(limit: int) -> list[tuple[str, int]]:
    """The innermost frame alone, which is what pyparsing looks at."""
    frame = sys._getframe(1)
    return [(frame.f_code.co_filename, frame.f_lineno)]


def _frames(trace: TracebackType | None, limit: int) -> list[tuple[str, int]]:
    """By files and lines, as pyparsing compares them, without the lines' text."""
    found: list[tuple[str, int]] = []
    while trace is not None and len(found) < limit:
        found.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    return found


def _postpone() -> None:
    """The modules that others import for the case that something goes wrong, or TLS is spoken."""
    given: dict[str, dict[str, Any]] = {
        "inspect": {},
        "traceback": {"extract_stack": _stack, "extract_tb": _frames},
        "asyncio.sslproto": {},
        "logging": {"DEBUG": 10, "getLogger": _Logger},
        "subprocess": {"PIPE": -1, "STDOUT": -2, "DEVNULL": -3},
    }
    for name, words in given.items():
        sys.modules.setdefault(name, _Later(name, **words))

"""Import some modules of the standard library on first use.

asyncio, dataclasses and pyparsing import `inspect`, `traceback`, `logging` and others to explain
errors or to speak TLS. A start without errors needs a few names of them; these are given here.
"""

import sys
from types import ModuleType, TracebackType
from typing import Any


class LazyModule(ModuleType):
    """Stand for a module until somebody asks for a name that is not in `known`."""

    def __init__(self, name: str, **known: Any) -> None:
        super().__init__(name)
        vars(self).update(known)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.load(), name)

    def load(self) -> ModuleType:
        """Import the module, and take over its names."""
        from importlib import import_module

        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        real = import_module(self.__name__)
        vars(self).update(vars(real))
        return real


class Inspect(LazyModule):
    """Give dataclasses its part of `inspect`; the signature would only become a docstring."""

    def get_annotations(self, cls: type) -> dict[str, Any]:
        return dict(vars(cls).get("__annotations__", {}))

    def signature(self, cls: type) -> str:
        return ""


class _Logger:
    """A logger that becomes a real one when it has something to say.

    asyncio tells each loop's selector at the level for debugging, which nobody has switched on.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def debug(self, text: str, *arguments: object) -> None:
        """Say nothing, or what a real logger says once somebody uses logging."""
        logging = sys.modules["logging"]
        if not isinstance(logging, LazyModule):
            logging.getLogger(self._name).debug(text, *arguments)

    def __getattr__(self, name: str) -> Any:
        import logging

        return getattr(logging.Logger.manager.getLogger(self._name), name)


def _extract_stack(limit: int) -> list[tuple[str, int]]:
    """Return the innermost frame alone: pyparsing looks at no other."""
    frame = sys._getframe(1)
    return [(frame.f_code.co_filename, frame.f_lineno)]


def _extract_tb(trace: TracebackType | None, limit: int) -> list[tuple[str, int]]:
    """Return file and line of each frame: pyparsing compares them and needs no text."""
    found: list[tuple[str, int]] = []
    while trace is not None and len(found) < limit:
        found.append((trace.tb_frame.f_code.co_filename, trace.tb_lineno))
        trace = trace.tb_next
    return found


def load(*names: str) -> None:
    """Import modules now that a stand-in may have the place of: later, a process may be unable to.

    Raise ImportError.
    """
    from importlib import import_module

    for name in names:
        module = import_module(name)
        if isinstance(module, LazyModule):
            module.load()


def install() -> None:
    """Put lazy modules in the place of those that nobody has imported yet."""
    known: dict[str, dict[str, Any]] = {
        "inspect": {},
        "traceback": {"extract_stack": _extract_stack, "extract_tb": _extract_tb},
        "asyncio.sslproto": {},
        "ssl": {},
        "logging": {"DEBUG": 10, "getLogger": _Logger},
        "subprocess": {"PIPE": -1, "STDOUT": -2, "DEVNULL": -3},
    }
    for name, names in known.items():
        sys.modules.setdefault(name, LazyModule(name, **names))

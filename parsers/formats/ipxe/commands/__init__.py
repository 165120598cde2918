"""iPXE's commands: functions in a table. Each module of this package adds its own."""

import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module

from parsers.formats.ipxe.run import CommandFunction

_TABLE: dict[str, CommandFunction] = {}


def command(*names: str) -> Callable[[CommandFunction], CommandFunction]:
    """Register a function as the command of these names: (run, words) → True if it succeeds."""

    def add(run: CommandFunction) -> CommandFunction:
        _TABLE.update(dict.fromkeys(names, run))
        return run

    return add


@cache
def table() -> Mapping[str, CommandFunction]:
    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return _TABLE

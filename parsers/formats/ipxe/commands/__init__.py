"""iPXE's commands: functions in a table. A module here adds its own by being here."""

import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module

from parsers.formats.ipxe.run import CommandFunction

_TABLE: dict[str, CommandFunction] = {}


def command(*names: str) -> Callable[[CommandFunction], CommandFunction]:
    """Makes a function the command of these names: (run, its words) → whether it succeeded."""

    def add(run: CommandFunction) -> CommandFunction:
        _TABLE.update(dict.fromkeys(names, run))
        return run

    return add


@cache
def table() -> Mapping[str, CommandFunction]:
    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return _TABLE

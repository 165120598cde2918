"""The commands of GRUB. Each module here adds its own to the table."""

import pkgutil
from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module

from parsers.formats.grub.language.family import DEBIAN, FAMILIES, Family
from parsers.formats.grub.run.shell import GrubCommand, Run

_TABLE: dict[str, GrubCommand] = {}


def command(*names: str, takes_block: bool = False) -> Callable[[Run], Run]:
    """Make a function the command of these names: (shell, arguments, block) → GRUB's status.

    A command that takes no block gets the text of its block as the last argument.
    """

    def add(run: Run) -> Run:
        _TABLE.update(dict.fromkeys(names, GrubCommand(run, takes_block)))
        return run

    return add


@cache
def list_names() -> frozenset[str]:
    """Return the names of all commands: each is that of one family or of all."""
    for module in pkgutil.iter_modules(__path__):
        import_module(f"{__name__}.{module.name}")
    return frozenset(_TABLE)


@cache
def table(family: Family = DEBIAN) -> Mapping[str, GrubCommand]:
    """Return the commands that a family of GRUBs has. It does not know those of the others."""
    list_names()
    known = frozenset[str]().union(*(other.commands for other in FAMILIES.values()))
    foreign = known - family.commands
    return {name: found for name, found in _TABLE.items() if name not in foreign}

"""Commands for people and scripts, on any Linux machine: the modules that export COMMAND."""

import pkgutil
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from petipy.commands.base import Command


def find(name: str) -> "Command | None":
    """Import the command of this name, and no other; None if there is none."""
    if name not in {module.name for module in pkgutil.iter_modules(__path__)}:
        return None
    command: Command | None = getattr(import_module(f"{__name__}.{name}"), "COMMAND", None)
    return command


def find_all() -> "list[Command]":
    """Import every command, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return [command for name in names if (command := find(name))]

"""Boot configurations, read. One module or package per format, each exporting FORMAT."""

import pkgutil
from functools import cache
from importlib import import_module

from parsers.api import Format


@cache
def formats() -> tuple[Format, ...]:
    """Every format there is, GRUB first and the others by name.

    Their modules, and pyparsing with them, are imported by the first call.
    """
    names = sorted((m.name for m in pkgutil.iter_modules(__path__)), key=lambda n: (n != "grub", n))
    modules = [import_module(f"{__name__}.{name}") for name in names]
    return tuple(module.FORMAT for module in modules if hasattr(module, "FORMAT"))

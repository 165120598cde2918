"""Boot configurations, read. One module or package per format, each exporting FORMAT."""

import pkgutil
from functools import cache
from importlib import import_module

from parsers.api import Format


@cache
def formats() -> tuple[Format, ...]:
    """Every format there is by rank, those of one rank by name.

    Their modules, and pyparsing with them, are imported by the first call.
    """
    modules = [import_module(f"{__name__}.{m.name}") for m in pkgutil.iter_modules(__path__)]
    found = [module.FORMAT for module in modules if hasattr(module, "FORMAT")]
    return tuple(sorted(found, key=lambda form: (form.rank, form.name)))

"""The screens: one file each, which exports SCREEN, a Registration.

A new screen is one new file. Its key appears in the menu's footer, in the help and in the README's
table. No screen imports another one: what two share lives in petipy.ui.kit.
"""

import pkgutil
from collections.abc import Mapping
from functools import cache
from importlib import import_module

from petipy.ui.kit.registration import Registration


@cache
def find_screens() -> Mapping[str, Registration]:
    """Import every screen, and return the registrations by the names of their files."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    return {name: import_module(f"{__name__}.{name}").SCREEN for name in sorted(names)}

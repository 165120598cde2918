"""Import the bundle's modules in one step, while the process has a single thread.

importlib locks each module against other threads, asks the finders for a specification and fills
the module from that: 70,000 instructions besides the module's own. A start imports 350 modules.
"""

import _frozen_importlib  # importlib's own, without importing all of it
import sys
from types import ModuleType

from petipy.startup import PLAIN
from petipy.startup.bundle import Bundle

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_find_and_load = vars(_frozen_importlib)["_find_and_load"]


def begin() -> None:
    """Import so until `end`. Do nothing without a bundle."""
    finder = sys.meta_path[0]
    if not PLAIN and isinstance(finder, Bundle):
        vars(_frozen_importlib)["_find_and_load"] = _make(finder)


def end() -> None:
    """Import by importlib again: there may be threads from now on."""
    vars(_frozen_importlib)["_find_and_load"] = _find_and_load


def _make(bundle: Bundle) -> "Callable[[str, Callable[[str], object]], object]":
    index, modules, find_spec = bundle.index, sys.modules, bundle.find_spec
    get_code = bundle.get_code

    def find_and_load(name: str, load: "Callable[[str], object]") -> object:
        if name not in index or name in modules:
            return _find_and_load(name, load)
        parent, _, child = name.rpartition(".")
        if parent and parent not in modules:
            load(parent)
            if name in modules:
                return modules[name]
        spec = find_spec(name)
        assert spec
        module = modules[name] = ModuleType(name)
        names = vars(module)
        names["__spec__"], names["__loader__"], names["__file__"] = spec, bundle, spec.origin
        names["__package__"] = parent
        if index[name][2]:
            names["__package__"] = name
            names["__path__"] = spec.submodule_search_locations
        try:
            exec(get_code(name), names)
        except BaseException:
            modules.pop(name, None)
            raise
        made = modules[name]  # a module may put another one in its place
        if parent:
            setattr(modules[parent], child, made)
        return made

    return find_and_load

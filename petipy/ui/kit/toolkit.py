"""The part of urwid that the screens use. The only module that imports urwid; import it late.

urwid's packages import everything that they contain (tables, a terminal emulator, six displays,
eight event loops, and the Unicode tables of wcwidth): half of the time that the import takes, which
is a second on a slow machine between a key and the menu. So the packages are made here without
running their __init__, and only the modules that are needed are loaded; those name each other
precisely.
"""

# ruff: noqa: E402  the packages must be made before their modules are imported

import importlib.util
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

_PACKAGES = ("urwid", "urwid.widget", "urwid.display", "urwid.event_loop")


def _bare(name: str) -> ModuleType:
    """The package, its __init__ not run."""
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ImportError(f"No module named {name!r}", name=name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)
    return module


def _one_cell_a_character() -> ModuleType:
    """What urwid asks of wcwidth. Petipy sends printable ASCII only, and the screen replaces every
    other character by one "?": so each is one cell wide, whatever Unicode says."""
    module = ModuleType("wcwidth")
    answers = {
        "wcwidth": lambda _: 1,
        "width": lambda text, **_: len(text),
        "iter_graphemes": iter,
        "grapheme_boundary_before": lambda _, position: max(0, position - 1),
    }
    vars(module).update(answers)
    return module


@contextmanager
def _ours_alone() -> Iterator[None]:
    real = sys.modules.get("wcwidth")
    sys.modules["wcwidth"] = _one_cell_a_character()
    try:
        yield
    finally:
        del sys.modules["wcwidth"]
        if real is not None:
            sys.modules["wcwidth"] = real


if "urwid" not in sys.modules:
    with _ours_alone():
        _root, _widget, *_ = (_bare(name) for name in _PACKAGES)
        vars(_widget)["PopUpTarget"] = None  # main_loop names it, for loops with pop-ups
        import urwid.event_loop.main_loop
        import urwid.util
        import urwid.widget.edit
        import urwid.widget.frame
        import urwid.widget.listbox  # noqa: F401

from urwid.canvas import Canvas, TextCanvas
from urwid.display.common import BaseScreen
from urwid.event_loop.asyncio_loop import AsyncioEventLoop
from urwid.event_loop.main_loop import MainLoop
from urwid.util import set_encoding
from urwid.widget.constants import Sizing, WrapMode
from urwid.widget.edit import Edit
from urwid.widget.frame import Frame
from urwid.widget.list_walker import SimpleFocusListWalker
from urwid.widget.listbox import ListBox
from urwid.widget.text import Text
from urwid.widget.widget import Widget

set_encoding("ascii")  # process-global, like all of urwid's encoding

__all__ = [
    "AsyncioEventLoop",
    "BaseScreen",
    "Canvas",
    "Edit",
    "Frame",
    "ListBox",
    "MainLoop",
    "SimpleFocusListWalker",
    "Sizing",
    "Text",
    "TextCanvas",
    "Widget",
    "WrapMode",
    "set_encoding",
]

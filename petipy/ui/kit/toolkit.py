"""The part of urwid that the screens use. Only this module imports urwid; import it late.

urwid's packages import everything that they contain: tables, a terminal emulator, six displays,
eight event loops, and the Unicode tables of wcwidth. That is half of the import's time, a second on
a slow machine between a key and the menu. So this module creates the packages without running their
__init__, and loads only the needed modules. urwid's modules import each other by full names.
"""

# ruff: noqa: E402  the packages must exist before their modules are imported

import importlib.util
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import Any

_PACKAGES = ("urwid", "urwid.widget", "urwid.display", "urwid.event_loop")


def _create_package(name: str) -> ModuleType:
    """Create the package without running its __init__."""
    spec = importlib.util.find_spec(name)
    if spec is None:
        raise ImportError(f"No module named {name!r}", name=name)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    parent, _, child = name.rpartition(".")
    if parent:
        setattr(sys.modules[parent], child, module)
    return module


def _create_wcwidth() -> ModuleType:
    """Create a wcwidth with the functions that urwid calls, for characters of one cell.

    Petipy's texts have a character for each cell: petipy.ui.line.letters.
    """
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
def _replace_wcwidth() -> Iterator[None]:
    """Make `import wcwidth` find the module above, for the time of the context."""
    real = sys.modules.get("wcwidth")
    sys.modules["wcwidth"] = _create_wcwidth()
    try:
        yield
    finally:
        del sys.modules["wcwidth"]
        if real is not None:
            sys.modules["wcwidth"] = real


if "urwid" not in sys.modules:
    with _replace_wcwidth():
        _root, _widget, *_ = (_create_package(name) for name in _PACKAGES)
        vars(_widget)["PopUpTarget"] = None  # main_loop refers to it, for loops with pop-ups
        import urwid.event_loop.main_loop
        import urwid.util
        import urwid.widget.edit
        import urwid.widget.frame
        import urwid.widget.listbox  # noqa: F401

from urwid.canvas import Canvas, CanvasCombine, CanvasJoin, TextCanvas
from urwid.display.common import BaseScreen
from urwid.event_loop.asyncio_loop import AsyncioEventLoop
from urwid.event_loop.main_loop import MainLoop
from urwid.text_layout import StandardTextLayout
from urwid.util import set_encoding
from urwid.widget.constants import Sizing, WrapMode
from urwid.widget.edit import Edit
from urwid.widget.frame import Frame
from urwid.widget.list_walker import ListWalker, SimpleFocusListWalker
from urwid.widget.listbox import ListBox
from urwid.widget.text import Text
from urwid.widget.widget import Widget

from petipy.ui.line.plain import FILLER, find_break, find_cut

set_encoding("utf-8")  # process-global, like all of urwid's encoding


def make_canvas(
    lines: Sequence[Sequence[tuple[str | None, str]]],
    columns: int,
    cursor: tuple[int, int] | None = None,
) -> TextCanvas:
    """Return a canvas of lines, each of which has pairs of (kind of text, text)."""
    pieces = [[(kind, text.encode()) for kind, text in line if text] for line in lines]
    texts = [b"".join(text for _, text in line) for line in pieces]
    runs: list[list[tuple[Any, int]]] = [[(kind, len(text)) for kind, text in p] for p in pieces]
    return TextCanvas(texts, runs, cursor=cursor, maxcol=columns)


class CellLayout(StandardTextLayout):
    """The lines of a text that wraps. None ends within a wide character."""

    def calculate_text_segments(self, text: Any, width: int, wrap: Any) -> Any:
        """Return a line for each row: (columns, start, end), and the place after it."""
        anywhere = wrap is WrapMode.ANY
        wraps = anywhere or wrap is WrapMode.SPACE
        if not wraps or not isinstance(text, str) or FILLER not in text:
            return super().calculate_text_segments(text, width, wrap)
        lines, start = [], 0
        for line in text.split("\n"):
            end = start + len(line)
            while end - start > width:
                find = find_cut if anywhere else find_break
                cut = start + (find(text[start:end], width) or width)
                # A cursor at the end of a line that breaks anywhere is at the start of the next.
                lines.append([(cut - start, start, cut), *([] if anywhere else [(0, cut)])])
                start = cut + (text[cut] == " " and not anywhere)
            lines.append([(end - start, start, end), (0, end)])
            start = end + 1
        return lines


__all__ = [
    "AsyncioEventLoop",
    "BaseScreen",
    "Canvas",
    "CanvasCombine",
    "CanvasJoin",
    "CellLayout",
    "Edit",
    "Frame",
    "ListBox",
    "ListWalker",
    "MainLoop",
    "SimpleFocusListWalker",
    "Sizing",
    "Text",
    "TextCanvas",
    "Widget",
    "WrapMode",
    "make_canvas",
    "set_encoding",
]

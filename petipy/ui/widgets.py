"""What the screens are made of."""

from collections.abc import Sequence
from typing import Any

from petipy.model import Snapshot
from petipy.ui.plain import clip, plain
from petipy.ui.theme import Theme
from petipy.ui.toolkit import (
    Canvas,
    ListBox,
    SimpleFocusListWalker,
    Sizing,
    Text,
    TextCanvas,
    Widget,
    WrapMode,
)

_MOTIONS = {
    "j": "down",
    "k": "up",
    "n": "down",
    "p": "up",
    "g": "home",
    "G": "end",
    " ": "page down",
}


class Row(Widget):
    """One line, that may be chosen. The cursor is on its marker: terminals without reverse video
    and braille displays show the focus too."""

    _sizing = frozenset([Sizing.FLOW])

    def __init__(self, text: str, kind: str | None, theme: Theme, selectable: bool = True) -> None:
        super().__init__()
        self.text, self._kind, self._theme = text, kind, theme
        self._selectable = selectable

    def rows(self, size: Any, focus: bool = False) -> int:
        return 1

    def get_cursor_coords(self, size: Any) -> tuple[int, int]:
        return 0, 0

    def keypress(self, size: Any, key: str) -> str:
        return key

    def render(self, size: Any, focus: bool = False) -> Canvas:
        (columns,) = size
        marker = ">" if focus and self._selectable else " "
        text = clip((marker if self._selectable else "") + self.text, columns)
        runs: list[tuple[Any, int]] = [(self._kind, len(text))]
        if focus and self._selectable:
            bar = min(self._theme.bar or columns, columns)
            text = text if self._theme.bar else text.ljust(columns)
            bar = min(bar, len(text))
            runs = [("focus", bar), (self._kind, len(text) - bar)]
        runs = [run for run in runs if run[1]]
        cursor = (0, 0) if focus and self._selectable else None
        return TextCanvas([text.encode()], [runs], cursor=cursor, maxcol=columns)


class Page(ListBox[Any]):
    """A screen's body: rows to choose from or to read. `keys` is shown in the last line."""

    title = ""
    keys = "Esc back"

    def __init__(self) -> None:
        self.walker: SimpleFocusListWalker[Any] = SimpleFocusListWalker([])
        super().__init__(self.walker)

    def show(self, snapshot: Snapshot) -> None:
        """Something has changed."""

    def keypress(self, size: Any, key: str) -> str | None:
        return super().keypress(size, _MOTIONS.get(key, key))

    @property
    def unsaved(self) -> str:
        """What would be lost by leaving, as a question; empty: nothing."""
        return ""


class Reader(Page):
    """Text to read: paragraphs of (kind of text, text)."""

    keys = "Up Down scroll   Esc back"

    def lay_out(self, paragraphs: Sequence[tuple[str | None, str]]) -> None:
        focus = self.walker.focus or 0
        self.walker[:] = [paragraph(kind, text) for kind, text in paragraphs]
        if self.walker:
            self.walker.set_focus(min(focus, len(self.walker) - 1))


def paragraph(kind: str | None, text: str) -> Text:
    """Text that wraps; a word longer than the line is broken."""
    return Text((kind, plain(text)) if kind else plain(text), wrap=WrapMode.SPACE)

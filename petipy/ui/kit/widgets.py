"""What the screens are made of."""

from collections.abc import Sequence
from typing import Any, Protocol

from petipy.state.model import Snapshot
from petipy.ui.kit.theme import Theme
from petipy.ui.kit.toolkit import (
    Canvas,
    ListBox,
    SimpleFocusListWalker,
    Sizing,
    Text,
    TextCanvas,
    Widget,
    WrapMode,
)
from petipy.ui.line.plain import plain, squeeze

_MOTIONS = {
    "j": "down",
    "k": "up",
    "n": "down",
    "p": "up",
    "g": "home",
    "G": "end",
    " ": "page down",
}


# What these keys do is the same in every menu: no configuration can give them another meaning.
OWN_KEYS = frozenset(
    {
        *_MOTIONS,
        *_MOTIONS.values(),
        "page up",
        "enter",
        "left",
        "right",
        "esc",
        "backspace",
        "ctrl l",
    }
    | {"e", "i", "/", "q", "h", "?", "f1", "l", "r", "x"}
)


def motion(key: str) -> str:
    """The cursor key that a letter stands for; any other key itself."""
    return _MOTIONS.get(key, key)


class Opens(Protocol):
    """What a page asks of the view around it."""

    def boot(self, id: str) -> None: ...
    def edit(self, id: str) -> None: ...


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
        text = squeeze((marker if self._selectable else "") + self.text, columns)
        runs: list[tuple[Any, int]] = [(self._kind, len(text))]
        if focus and self._selectable:
            bar = min(self._theme.bar or columns, columns)
            text = text if self._theme.bar else text.ljust(columns)
            bar = min(bar, len(text))
            runs = [("focus", bar), (self._kind, len(text) - bar)]
        runs = [run for run in runs if run[1]]
        cursor = (0, 0) if focus and self._selectable else None
        return TextCanvas([text.encode()], [runs], cursor=cursor, maxcol=columns)


class Strip(Widget):
    """Lines of its own, each in one row: the title, the status, the keys."""

    _sizing = frozenset([Sizing.FLOW])
    _selectable = False

    def __init__(self, fill: bool = False) -> None:
        super().__init__()
        self._lines: tuple[tuple[str, str], ...] = ()
        self._fill = fill  # mark the whole row, where that is free

    def say(self, *lines: tuple[str, str]) -> None:
        """Pairs of (kind of text, text)."""
        if lines != self._lines:
            self._lines = lines
            self._invalidate()

    def rows(self, size: Any, focus: bool = False) -> int:
        return len(self._lines)

    def render(self, size: Any, focus: bool = False) -> Canvas:
        (columns,) = size
        width = columns - 1  # the last cell of the screen is never written
        texts = [squeeze(plain(text), width) for _, text in self._lines]
        if self._fill:
            texts = [text.ljust(columns) for text in texts]
        pairs = zip(texts, self._lines, strict=True)
        runs: list[list[tuple[Any, int]]] = [
            [(kind, len(text))] if text else [] for text, (kind, _) in pairs
        ]
        return TextCanvas([text.encode() for text in texts], runs, maxcol=columns)


def fit(keys: str, width: int) -> str:
    """As many of the keys as there is room for, the first ones first; two spaces are between."""
    words = keys.split("  ")
    while len(words) > 1 and len("  ".join(words)) > width:
        words.pop()
    return "  ".join(words)


class Page(ListBox[Any]):
    """A screen's body: rows to choose from or to read. `keys` is shown in the last line."""

    title = ""
    keys = "Esc back  h help"

    def __init__(self) -> None:
        self.walker: SimpleFocusListWalker[Any] = SimpleFocusListWalker([])
        super().__init__(self.walker)

    def show(self, snapshot: Snapshot) -> None:
        """Something has changed."""

    def keypress(self, size: Any, key: str) -> str | None:
        return super().keypress(size, motion(key))

    @property
    def note(self) -> str:
        """What the page has to say in the status line, before all else."""
        return ""


class Reader(Page):
    """Text to read: paragraphs of (kind of text, text), in parts that begin with a heading."""

    keys = "Up Down scroll  Tab next part  Esc back"

    def lay_out(self, paragraphs: Sequence[tuple[str | None, str]]) -> None:
        focus = self.walker.focus or 0
        self.walker[:] = [paragraph(kind, text) for kind, text in paragraphs]
        self._parts = [at for at, (kind, _) in enumerate(paragraphs) if kind == "heading"]
        if self.walker:
            self.walker.set_focus(min(focus, len(self.walker) - 1))

    def keypress(self, size: Any, key: str) -> str | None:
        if key != "tab":
            return super().keypress(size, key)
        here = self.walker.focus or 0
        self.walker.set_focus(next((at for at in self._parts if at > here), 0))
        self.shift_focus(size, 0)
        return None


def paragraph(kind: str | None, text: str) -> Text:
    """Text that wraps; a word longer than the line is broken."""
    return Text((kind, plain(text)) if kind else plain(text), wrap=WrapMode.SPACE)

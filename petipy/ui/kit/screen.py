"""The base classes of screens, and the widgets that several screens share."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from os.path import commonprefix
from typing import Any

from petipy.state.model import Snapshot
from petipy.ui.kit.keys import BACK, NEXT_PART, SCROLL, Key, to_motion
from petipy.ui.kit.rows import LazyRows
from petipy.ui.kit.search import END_SEARCH, FIND, Search
from petipy.ui.kit.theme import Theme
from petipy.ui.kit.toolkit import (
    Canvas,
    CellLayout,
    ListBox,
    SimpleFocusListWalker,
    Sizing,
    Text,
    Widget,
    WrapMode,
    make_canvas,
)
from petipy.ui.line.plain import shorten, to_text
from petipy.ui.translator import Phrase

_LAYOUT = CellLayout()
Identity = str | tuple[str, ...]  # what stands for a row in all its places
_DOTS = "..."  # in the place of what does not fit


class Row(Widget):
    """One line that may be chosen.

    The cursor is on its marker, so that terminals without reverse video and braille displays show
    the focus, too.
    """

    _sizing = frozenset([Sizing.FLOW])

    def __init__(
        self,
        text: str,
        kind: str | None,
        theme: Theme,
        selectable: bool = True,
        marks: Sequence[tuple[int, int]] = (),
    ) -> None:
        """`marks` are places in the text, each a start and an end, that a search has found."""
        super().__init__()
        self.text, self._kind, self._theme = to_text(text), kind, theme
        self._selectable, self._marks = selectable, marks

    def rows(self, size: Any, focus: bool = False) -> int:
        return 1

    def get_cursor_coords(self, size: Any) -> tuple[int, int]:
        return 0, 0

    def keypress(self, size: Any, key: str) -> str:
        return key

    def render(self, size: Any, focus: bool = False) -> Canvas:
        (columns,) = size
        marker = self._theme.glyphs.cursor if focus and self._selectable else " "
        whole = (marker if self._selectable else "") + self.text
        text = shorten(whole, columns)
        bar = 0
        if focus and self._selectable:
            text = text if self._theme.bar else text.ljust(columns)
            bar = _measure_bar(text, self._theme.bar or columns)
        kinds = ["focus" if at < bar else self._kind for at in range(len(text))]
        for at in self._list_marked(whole, text):
            kinds[at] = "focus match" if at < bar else "match"
        pairs = groupby(zip(kinds, text, strict=True), lambda pair: pair[0])
        line = [(kind, "".join(cell for _, cell in cells)) for kind, cells in pairs]
        cursor = (0, 0) if focus and self._selectable else None
        return make_canvas([line], columns, cursor)

    def _list_marked(self, whole: str, shown: str) -> Iterator[int]:
        """Yield the cells of the marks in the text as it is shown, perhaps without its middle."""
        cut = len(whole) - len(shown) if len(whole) > len(shown) else 0
        head = len(commonprefix((whole, shown)))  # noqa: RUF071  letters are compared
        for start, stop in self._marks:
            for at in range(start + self._selectable, stop + self._selectable):
                if at < head:
                    yield at
                elif cut and at - cut >= head + len(_DOTS) and shown[at - cut] == whole[at]:
                    yield at - cut


def _measure_bar(text: str, most: int) -> int:
    """Return the number of cells to mark: whole words, if there is one behind the row's signs."""
    if len(text) <= most:
        return len(text)
    blank = text.rfind(" ", len("> * x"), most + 1)
    return blank if blank > 0 else most


class FixedLines(Widget):
    """Lines that do not scroll, each in one row: the title, the status, the keys."""

    _sizing = frozenset([Sizing.FLOW])
    _selectable = False

    def __init__(self, fill: bool = False) -> None:
        super().__init__()
        self._lines: tuple[tuple[str, str], ...] = ()
        self._fill = fill  # mark the whole row

    def set_lines(self, *lines: tuple[str, str]) -> None:
        """Show these pairs of (kind of text, text)."""
        if lines != self._lines:
            self._lines = lines
            self._invalidate()

    def rows(self, size: Any, focus: bool = False) -> int:
        return len(self._lines)

    def render(self, size: Any, focus: bool = False) -> Canvas:
        (columns,) = size
        width = columns - 1  # the display never writes the last cell
        lines = [(kind, shorten(to_text(text), width)) for kind, text in self._lines]
        fill = columns if self._fill else 0
        return make_canvas([[(kind, text.ljust(fill))] for kind, text in lines], columns)


class Screen(ListBox[Any]):
    """A screen's body: rows to choose from or to read."""

    title = ""  # "": its registration's title
    shows_problems = False  # True: the status line counts the problems

    def __init__(self, walker: Any = None) -> None:
        self.walker: Any = SimpleFocusListWalker([]) if walker is None else walker
        super().__init__(self.walker)

    def show(self, snapshot: Snapshot) -> None:
        """Show the changed snapshot, or the same one in another language."""

    def keypress(self, size: Any, key: str) -> str | None:
        return super().keypress(size, to_motion(key))

    def identify(self, position: int) -> Identity | None:
        """Return what stands for a row of LazyRows; None if nothing does."""
        return None

    def locate(self, identity: Identity) -> int:
        """Return the position of that row, where it is now; -1 if it is not there."""
        return -1

    def find_number(self, number: int) -> int:
        """Return the position of a row of LazyRows: the one to choose with a number, from 1; or -1.

        It makes no row.
        """
        return -1

    @property
    def footer(self) -> Sequence[Key]:
        """Return the keys for the last line."""
        return ()

    @property
    def entry(self) -> str:
        """Return the id of the entry that the screen is about; "" if there is none."""
        return ""

    @property
    def note(self) -> str:
        """Return the screen's message for the status line, which goes before all others."""
        return ""


class QuestionScreen(Screen):
    """A screen that asks the person something before a command goes on."""

    async def ask(self) -> None:
        """Return once the person has answered. Cancel this task if the person gives up."""
        raise NotImplementedError


# Kind of text, text. A "fact" has a name, and its value begins at the column VALUE.
Paragraph = tuple[str | None, str]
VALUE = 14


class TextScreen(Screen):
    """Text to read, in parts that begin with a heading. A search shows the lines that have it."""

    def __init__(self, phrase: Phrase = str.format) -> None:
        super().__init__(LazyRows())
        self._phrase = phrase
        self._text: Sequence[Paragraph] = ()
        self._shown: Sequence[Paragraph] = ()
        self._parts: Sequence[int] = ()
        self.search = Search(phrase)

    @property
    def footer(self) -> Sequence[Key]:
        return (SCROLL, END_SEARCH) if self.search.is_open else self.keys

    @property
    def keys(self) -> Sequence[Key]:
        """Return the footer's keys while no search is open."""
        return SCROLL, NEXT_PART, FIND, BACK

    @property
    def note(self) -> str:
        return self.search.note

    def set_text(self, paragraphs: Sequence[Paragraph]) -> None:
        """Show another text. The line at the focus stays where it is, if it is still there."""
        self._text = paragraphs
        self._fill()

    def _fill(self) -> None:
        shown = [*find_lines(self._text, self.search.needle or "")]
        if self.search.needle and not shown:
            shown = [(None, self._phrase("No line has {words!r}.", words=self.search.needle))]
        focus, grown = self.walker.focus or 0, len(shown) - len(self._shown)
        if self._shown and focus < len(self._shown):
            old = self._shown[focus]
            if not (focus < len(shown) and shown[focus] == old and not grown):
                same = (at for at, paragraph in enumerate(shown) if paragraph == old)
                focus = min(same, key=lambda at: abs(at - focus - grown), default=focus)
        self._shown = shown
        self.walker.set_rows(len(shown), lambda at: text_widget(*shown[at]))
        self._parts = [at for at, (kind, _) in enumerate(shown) if kind == "heading"]
        if shown:
            self.walker.set_focus(min(focus, len(self.walker) - 1))

    def keypress(self, size: Any, key: str) -> str | None:
        if self.search.is_open and self.search.type(key):
            if self.search.needle is None:  # the first line that was found stays in view
                here = self.walker.focus or 0
                lines = (at for at in range(here, len(self._shown)) if at not in self._parts)
                self.walker.set_focus(next(lines, here))
            self._fill()
            return None
        if key in FIND:
            self.search.open()
            return None
        if key not in NEXT_PART:
            return super().keypress(size, key)
        here = self.walker.focus or 0
        self.walker.set_focus(next((at for at in self._parts if at > here), 0))
        self.shift_focus(size, 0)
        return None


def find_lines(paragraphs: Iterable[Paragraph], needle: str) -> Iterator[Paragraph]:
    """Yield the lines that have each word of the needle, below the headings of their parts.

    A heading that has them is there with its whole part.
    """
    words = needle.lower().split()
    heading: list[Paragraph] = []
    whole = False
    for paragraph in paragraphs:
        kind, text = paragraph
        lower = text.lower() if words else ""
        found = all(word in lower for word in words)
        if kind == "heading":
            heading, whole = [paragraph], found
        if found or whole:
            yield from heading
            heading = []
            if kind != "heading":
                yield paragraph


def text_widget(kind: str | None, text: str) -> Text:
    """Return a text that wraps; a word longer than the line is broken."""
    markup = (kind, to_text(text)) if kind else to_text(text)
    return Text(markup, wrap=WrapMode.SPACE, layout=_LAYOUT)

"""A screen as plain lines. Its rows have numbers, by which a person chooses."""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from petipy.ui.kit.input import InputField
from petipy.ui.kit.keys import BOOT, MOVE, NEXT_PART, SCROLL, Key, join_footer
from petipy.ui.kit.rows import LazyRows
from petipy.ui.kit.screen import Identity, Row, Screen, TextScreen
from petipy.ui.kit.search import END_SEARCH, FIND
from petipy.ui.kit.toolkit import Text
from petipy.ui.translator import Phrase, mark

_COMMAND = re.compile(r"(?P<word>.*?)\s*(?P<number>[0-9]{0,6})")
_LABELS = re.compile(r"\{\}(( \w+)? \{\})*")  # in the text of a key for a footer


@dataclass(frozen=True, slots=True)
class Line:
    """One line. A row to choose has a number, from 1, and a position in the screen's walker."""

    text: str
    number: int = 0
    position: int = -1
    below: str = ""  # the last line above it that is no such row
    identity: Identity | None = None  # of a row of LazyRows: Screen.identify

    def __str__(self) -> str:
        return f"{self.number:>3} {self.text.removeprefix(' ')}" if self.number else self.text


def read_lines(screen: Screen) -> Iterator[Line]:
    """Yield the lines of a screen, without the field that a person types in and its label.

    A line is read when it is asked for: a menu may have thousands.
    """
    number, below, blank = 0, "", True
    typed, walker = find_field(screen), screen.walker
    positions = iter(walker.positions())
    ahead = next(positions, None)
    while (position := ahead) is not None:
        widget, ahead = walker[position], next(positions, None)
        if isinstance(widget, Row) and widget.selectable():
            number, blank = number + 1, False
            yield Line(str(widget.text), number, position, below, screen.identify(position))
            continue
        label = ahead is not None and isinstance(walker[ahead], InputField)
        if label or not isinstance(widget, InputField | Row | Text):
            continue
        if isinstance(widget, InputField):
            value = show_value(widget)
            texts = [f"{_find_label(screen, position)}: {value}"] if value else []
            texts = [] if widget is typed else texts
        else:
            texts = str(widget.text).split("\n")
            below = next(filter(None, reversed(texts)), below)
        for text in texts:
            if text or not blank:  # one blank line says as much as two
                yield Line(text)
            blank = not text


class Transcript:
    """The lines of a screen as they are printed. Lines of LazyRows are read when they are printed.

    Rows are known by the numbers that were printed, even if they have other numbers now.
    """

    def __init__(self, screen: Screen) -> None:
        self.screen = screen
        self._lazy = isinstance(screen.walker, LazyRows)
        self._began = self._seen = self._version  # the rows that the person can know of
        self._same = True  # the lines were the same when the version was the one that was seen
        self._lines: list[Line] = []  # that were read so far
        self._rows: list[Line] = []  # those with a number
        self._printed = 0  # lines
        self._ended = False  # there are no more
        self._coming = read_lines(screen)
        if not self._lazy:  # the rows are there already
            self._read_on(sys.maxsize)

    @property
    def _version(self) -> int:
        return self.screen.walker.version if self._lazy else -1

    @property
    def has_rows(self) -> bool:
        """True if a row to choose has been read."""
        return bool(self._rows)

    def _read_on(self, count: int) -> None:
        wanted = max(0, count - len(self._lines))
        fresh = [*islice(self._coming, wanted)]
        self._ended = self._ended or len(fresh) < wanted
        self._lines += fresh
        self._rows += [line for line in fresh if line.number]

    def take(self, count: int) -> list[Line]:
        """Return the next lines to print, at most so many. Call it if nothing has changed."""
        self._read_on(self._printed + count)
        page = self._lines[self._printed : self._printed + count]
        self._printed += len(page)
        return page

    def has_changed(self) -> bool:
        """Return True if the screen has other lines now than those that were read."""
        if self._lazy and self._version == self._seen:
            return not self._same
        coming = read_lines(self.screen)
        fresh = [*islice(coming, len(self._lines) + self._ended)]
        self._seen = self._version
        self._same = [*map(str, fresh)] == [*map(str, self._lines)]
        if self._same and self._lazy:  # what follows is read from the rows that are there now
            self._lines, self._coming = fresh, coming
            self._rows = [line for line in fresh if line.number]
        return not self._same

    def may_have_changed(self) -> bool:
        """Return True as well if there may be other lines among those that were not read."""
        return self.has_changed() or not (self._ended or self._version == self._began)

    def find_row(self, number: int) -> int | None:
        """Return the position of the row that a person means by its number; -1 if there is none.

        Return None if it may be another one now.
        """
        if 0 < number <= len(self._rows):
            return self._find_again(self._rows[number - 1])
        if self._ended or number < 1:
            return -1
        if self._version != self._began:
            return None
        return self.screen.find_number(number)

    def _find_again(self, shown: Line) -> int | None:
        if self._lazy:
            if self._version == self._seen and self._same:
                return shown.position
            position = -1 if shown.identity is None else self.screen.locate(shown.identity)
            return position if position >= 0 else None
        rows = [line for line in read_lines(self.screen) if line.number]
        same = [row for row in rows if (row.text, row.below) == (shown.text, shown.below)]
        if len(same) == 1:
            return same[0].position
        return next((row.position for row in same if row == shown), None)


def find_field(screen: Screen) -> InputField | None:
    """Return the field that a person types in, if there is one."""
    widget, _ = screen.walker.get_focus()
    return widget if isinstance(widget, InputField) else None


def find_label(screen: Screen) -> str:
    """Return the line above that field."""
    return _find_label(screen, screen.walker.focus or 0)


def _find_label(screen: Screen, position: int) -> str:
    above = screen.walker[position - 1] if position else None
    return str(above.text) if isinstance(above, Text) else ""


def show_value(field: InputField) -> str:
    """Return the text of a field as it may be seen: of a password, asterisks."""
    text, _ = field.get_text()
    return str(text)


def is_searching(screen: Screen) -> bool:
    return END_SEARCH in screen.footer


def name_key(key: Key, phrase: Phrase) -> str:
    """Return the word of a key, such as "edit"; "" without one. It may be typed for the key."""
    blanks = ["{}"] * len(key.names)
    name = _LABELS.sub("", phrase(key.footer, *blanks)).strip()
    help = phrase(key.help)
    return name or (help.partition(":")[0].partition(",")[0] if ":" in help else "")


def describe_keys(screen: Screen, of_entries: Sequence[Key], phrase: Phrase) -> str:
    """Return the commands of a screen and what they do: "NUMBER boot, e NUMBER edit, h help"."""
    if find_field(screen):
        return join_footer(screen.footer, 1000, phrase)
    # A text has no rows to choose, but may have thousands of lines.
    texts = isinstance(screen, TextScreen)
    numbered = not texts and any(line.number for line in read_lines(screen))
    words = [
        _describe_key(key, numbered, phrase, of_entry=key in of_entries) for key in screen.footer
    ]
    return ", ".join([*filter(None, words), phrase("Enter list again")])


def _describe_key(key: Key, numbered: bool, phrase: Phrase, *, of_entry: bool) -> str:
    """Return a command and what it does; "" for keys that move the cursor."""
    name = name_key(key, phrase)
    if key in (SCROLL, NEXT_PART) or set(key.names) <= set(MOVE.names) or not name:
        return ""
    if set(BOOT.names) & set(key.names):
        return phrase("NUMBER {command}", command=name) if numbered else name
    letter = next((name for name in key.names if len(name) == 1), key.label(phrase))
    if key == FIND:
        return phrase("{key}WORDS {command}", key=letter, command=name)
    text = mark("{key} NUMBER {command}") if of_entry and numbered else "{key} {command}"
    return phrase(text, key=letter, command=name)


def split_command(text: str) -> tuple[str, int | None]:
    """Return the word of a command, and the number behind it if there is one."""
    match = _COMMAND.fullmatch(text.strip())
    assert match
    return match["word"], int(match["number"]) if match["number"] else None


def find_key(word: str, keys: Sequence[Key], phrase: Phrase) -> str:
    """Return the key that a word stands for: itself, its label or its name; "" if none does.

    English works besides the language of the screens.
    """
    if len(word) == 1:
        return word
    wanted = word.lower()
    for key in keys:
        for speak in (phrase, str.format):
            if wanted == name_key(key, speak).lower():
                return key.names[0]
            for name, label in zip(key.names, key.list_labels(speak), strict=True):
                if wanted == label.lower():
                    return name
    return ""

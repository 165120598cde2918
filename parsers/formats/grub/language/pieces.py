"""Texts that know where each part of them comes from.

Words expand to pieces. Each piece of a variable's value keeps the assignment that gave the value,
and an assignment keeps the pieces of its value in turn. So nothing has to be searched for in a
finished text to tell its origin.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import NamedTuple


class Assignment(NamedTuple):
    """The assignment of a value to a variable: value, place and command.

    It is also a line of another file that gave words to a command.
    """

    what: str  # "$name", or the keyword of the line: as in Origin
    value: str
    config: str  # "": the boot loader itself set it
    line: int
    how: str = ""  # the command: set, load_env, for, the name of a function …
    made_of: tuple["Assignment", ...] = ()  # the sources of that command's words
    # The parts of the value. If there are none, the command computed the value: each source took
    # part in all of it.
    pieces: tuple["Piece", ...] = ()


class Piece(NamedTuple):
    """A stretch of a text, with its source.

    An empty piece records a variable that took part and gave no characters.
    """

    text: str
    source: Assignment | None = None  # None: it is written in the command itself
    at: int = 0  # the place of the text in the source's value


class Expansion(str):
    """A text with at least one piece that has a source. Only provenance looks at the pieces."""

    __slots__ = ("_ends", "pieces")
    pieces: tuple[Piece, ...]
    _ends: Sequence[int]

    def __deepcopy__(self, memo: object) -> str:
        return str(self)

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        return str, (str(self),)

    def cut(self, start: int, end: int) -> str:
        """Return the characters from `start` to `end`, and the empty pieces at either."""
        if not hasattr(self, "_ends"):
            self._ends = [*accumulate(len(piece.text) for piece in self.pieces)]
        pieces: list[Piece] = []
        number = bisect_left(self._ends, start)
        for piece, place in zip(self.pieces[number:], self._ends[number:], strict=True):
            size = len(piece.text)
            if place - size > end:
                break
            low, high = max(start - place + size, 0), min(end - place + size, size)
            if (low, high) == (0, size):
                pieces.append(piece)
            elif low < high:
                pieces.append(Piece(piece.text[low:high], piece.source, piece.at + low))
        return expand_to(self[start:end], pieces)


def expand_to(text: str, pieces: Sequence[Piece]) -> str:
    """Return the text, with its pieces if one of them has a source."""
    for piece in pieces:
        if piece.source is not None:
            made = Expansion(text)
            made.pieces = tuple(pieces)
            return made
    return text


def cut(text: str, start: int, end: int | None = None) -> str:
    """Slice a text and its pieces."""
    if isinstance(text, Expansion):
        start, end, _ = slice(start, end).indices(len(text))
        return text.cut(start, end)
    return text[start:end]


def join(separator: str, texts: Sequence[str]) -> str:
    """Join texts and their pieces."""
    whole = separator.join(texts)
    if not any(isinstance(text, Expansion) for text in texts):
        return whole
    pieces: list[Piece] = []
    for number, text in enumerate(texts):
        if number and separator:
            pieces.append(Piece(separator))
        pieces += pieces_of(text)
    return expand_to(whole, pieces)


def respell(text: str, new: str) -> str:
    """Return `new`, which is as long as the text, with the text's pieces.

    The source of a piece then has the text's characters, not the new ones.
    """
    if not isinstance(text, Expansion):
        return new
    pieces, at = [], 0
    for piece in text.pieces:
        pieces.append(piece._replace(text=new[at : at + len(piece.text)]))
        at += len(piece.text)
    return expand_to(new, pieces)


def pieces_of(text: str) -> tuple[Piece, ...]:
    """Return the pieces of a text. One that is no Expansion is one piece."""
    return text.pieces if isinstance(text, Expansion) else (Piece(text),)


def sources(texts: Iterable[str]) -> tuple[Assignment, ...]:
    """Return the sources of the texts, in the order of first use."""
    found: dict[int, Assignment] = {}
    for text in texts:
        if type(text) is not str and isinstance(text, Expansion):
            for piece in text.pieces:
                if piece.source is not None:
                    found.setdefault(id(piece.source), piece.source)
    return tuple(found.values())

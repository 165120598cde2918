"""Words expanded as a command runs: variables put in and split, then wildcards."""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from parsers.formats.grub.language.lexer import is_wild
from parsers.formats.grub.language.syntax import Text, Variable, Word

# A pattern, one item per character; of the wildcards only those count that are doubled.
Pattern = Sequence[str]

_RUN = re.compile(r"[^ \t\n]+")


class Piece(NamedTuple):
    """A stretch of a word: a text's own, or what a variable gave from `at` on in its value."""

    text: str
    quoted: bool
    name: str = ""
    at: int = 0


def expand(
    words: Sequence[Word],
    value: Callable[[str], str],
    parameters: Sequence[str],
    found: Callable[[Pattern], Sequence[str]],
) -> list[str]:
    """`value` of a variable, `parameters` of the scope, names `found` for a pattern."""
    result: list[str] = []
    for word in words:
        if isinstance(word, str):
            result.append(word)
            continue
        for pieces in split(word, value, parameters):
            text = "".join(piece.text for piece in pieces)
            wild = text[:1] in ("/", "(", "*") and any(
                not piece.quoted and is_wild(piece.text) for piece in pieces
            )
            result.extend((wild and found(_pattern(pieces))) or [text])
    return result


def split(
    word: Word, value: Callable[[str], str], parameters: Sequence[str]
) -> Iterator[list[Piece]]:
    """The words that one word becomes: a value outside quotes falls apart at its blanks."""
    if isinstance(word, str):
        yield [Piece(word, True)]
        return
    pieces: list[Piece] = []
    for part in word:
        if isinstance(part, Text):
            pieces.append(Piece(part.text, part.quoted))
            continue
        for number, (at, text) in enumerate(_values(part, value, parameters)):
            if number:
                yield pieces
                pieces = []
            pieces.append(Piece(text, part.quoted, part.name, at))
    if pieces:
        yield pieces


def _values(
    part: Variable, value: Callable[[str], str], parameters: Sequence[str]
) -> Iterator[tuple[int, str]]:
    if not part.quoted:
        for run in _RUN.finditer(value(part.name)):
            yield run.start(), run[0]
    elif part.name == "@" and parameters:
        at = 0
        for text in parameters:
            yield at, text
            at += len(text) + 1
    else:
        yield 0, value(part.name)


def _pattern(pieces: Sequence[Piece]) -> Pattern:
    return [
        char * 2 if char in "*?" and not piece.quoted else char
        for piece in pieces
        for char in piece.text
    ]


def matches(pattern: Pattern, name: str) -> bool:
    """Like a shell's, but without brackets; the time is at most the product of the lengths."""
    at = place = 0
    star, resume = -1, 0
    while place < len(name):
        if at < len(pattern) and pattern[at] in (name[place], "??"):
            at, place = at + 1, place + 1
        elif at < len(pattern) and pattern[at] == "**":
            star, resume = at, place
            at += 1
        elif star >= 0:
            resume += 1
            at, place = star + 1, resume
        else:
            return False
    return all(item == "**" for item in pattern[at:])

"""The expansion of words when a command runs: variables, then splitting, then wildcards."""

import re
from collections.abc import Callable, Iterator, Sequence

from parsers.formats.grub.language.lexer import is_wild
from parsers.formats.grub.language.pieces import Assignment, Expansion, Piece, expand_to, pieces_of
from parsers.formats.grub.language.syntax import Text, Variable, Word

# A pattern, one item per character. A wildcard that counts is doubled.
Pattern = Sequence[str]
# Name of a variable → its value, and the assignment that gave it, if there is one.
Lookup = Callable[[str], tuple[str, Assignment | None]]

_RUN = re.compile(r"[^ \t\n]+")


def expand(
    words: Sequence[Word],
    lookup: Lookup,
    parameters: Sequence[str],
    match: Callable[[Pattern], Sequence[str]],
) -> list[str]:
    """Expand the words of a command to its arguments.

    `parameters` are those of the scope. `match` gives the names that fit a pattern.
    """
    result: list[str] = []
    for word in words:
        if isinstance(word, str):
            result.append(word)
            continue
        for pieces, live in _split(word, lookup, parameters):
            text = "".join([piece.text for piece in pieces])
            if any(live) and text[0] in "/(*":
                found = match(_pattern(pieces, live))
                # A name has the pieces of its pattern without their characters.
                took_part = [p._replace(text="") for p in pieces if p.source is not None]
                result += [expand_to(name, [*took_part, Piece(name)]) for name in found]
                if found:
                    continue
            result.append(expand_to(text, pieces))
    return result


def _split(
    word: tuple[Text | Variable, ...], lookup: Lookup, parameters: Sequence[str]
) -> Iterator[tuple[list[Piece], list[bool]]]:
    """Yield the words that one word becomes: a value outside quotes is split at its blanks.

    Each word is its pieces, and for each of these True if wildcards in it count.
    """
    pieces: list[Piece] = []
    live: list[bool] = []
    for part in word:
        if isinstance(part, Text):
            for piece in pieces_of(part.text):
                pieces.append(piece)
                live.append(not part.quoted and is_wild(piece.text))
            continue
        for number, piece in enumerate(_values(part, lookup, parameters)):
            if number:
                yield pieces, live
                pieces, live = [], []
            pieces.append(piece)
            live.append(not part.quoted and is_wild(piece.text))
        if isinstance(part.name, Expansion) and pieces:  # a name that another variable gave
            pieces += [p._replace(text="") for p in part.name.pieces]
            live += [False] * (len(pieces) - len(live))
    if pieces:
        yield pieces, live


def _values(part: Variable, lookup: Lookup, parameters: Sequence[str]) -> Iterator[Piece]:
    value, setting = lookup(part.name)
    if not part.quoted:
        for run in _RUN.finditer(value):
            yield Piece(run[0], setting, run.start())
    elif part.name == "@" and parameters:
        at = 0
        for text in parameters:
            yield Piece(text, setting, at)
            at += len(text) + 1
    else:
        yield Piece(value, setting)


def _pattern(pieces: Sequence[Piece], live: Sequence[bool]) -> Pattern:
    return [
        char * 2 if char in "*?" and alive else char
        for piece, alive in zip(pieces, live, strict=True)
        for char in piece.text
    ]


def matches(pattern: Pattern, name: str) -> bool:
    """Match like a shell, but without brackets, in at most the product of the lengths."""
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

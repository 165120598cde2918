"""A command line, word for word, and who wrote each of them. Pure."""

import re
from collections.abc import Iterator

from parsers.api import Entry, Origin

# A blank between double quotation marks is part of the word.
_WORD = re.compile(r'(?:\\.|"(?:\\.|[^"\\])*"?|[^\s"])+', re.S)


def words(entry: Entry) -> Iterator[tuple[str, tuple[Origin, ...]]]:
    """Each word of the command line with what gave it, the nearest first: the statement or the
    variable in it, then what this was made of.
    """
    for word in _WORD.finditer(entry.cmdline):
        given = (o for o in entry.origins if _meet(o, word.start(), word.end()))
        yield word[0], tuple(given)


def runs(entry: Entry) -> Iterator[tuple[str, tuple[Origin, ...]]]:
    """As `words`, but neighbours that the same origins gave are together."""
    text, before = "", tuple[Origin, ...]()
    for word, given in words(entry):
        if text and given != before:
            yield text, before
            text = ""
        text, before = f"{text} {word}" if text else word, given
    if text:
        yield text, before


def _meet(origin: Origin, start: int, end: int) -> bool:
    return any(low < end and start < high for low, high in origin.spans)

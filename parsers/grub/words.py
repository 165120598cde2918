"""Words expanded as a command runs: variables put in and split, then wildcards."""

from collections.abc import Callable, Iterator, Sequence

from parsers.grub.lexer import is_wild
from parsers.grub.syntax import Text, Variable, Word

# A pattern, one item per character; of the wildcards only those count that are doubled.
Pattern = Sequence[str]


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
        for pieces in _split(word, value, parameters):
            text = "".join(piece.text for piece in pieces)
            wild = text[:1] in ("/", "(", "*") and any(
                not piece.quoted and is_wild(piece.text) for piece in pieces
            )
            result.extend((wild and found(_pattern(pieces))) or [text])
    return result


def _split(
    word: tuple[Text | Variable, ...], value: Callable[[str], str], parameters: Sequence[str]
) -> Iterator[list[Text]]:
    """The words that one word becomes: a value outside quotes falls apart at its blanks."""
    pieces: list[Text] = []
    for part in word:
        if isinstance(part, Text):
            pieces.append(part)
            continue
        values: Sequence[str]
        if not part.quoted:
            values = value(part.name).replace("\t", " ").replace("\n", " ").split(" ")
            values = [piece for piece in values if piece]
        else:
            values = parameters if part.name == "@" and parameters else [value(part.name)]
        for number, text in enumerate(values):
            if number:
                yield pieces
                pieces = []
            pieces.append(Text(text, part.quoted))
    if pieces:
        yield pieces


def _pattern(pieces: Sequence[Text]) -> Pattern:
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

"""Where a variable got its value, and so where each part of a command line comes from."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from parsers.api import Origin
from parsers.formats.grub.language.syntax import Variable, Word
from parsers.formats.grub.language.words import Piece, split

_MOST = 50  # variables of one entry; a script can make one of a thousand
_SPANS = 200  # of one variable

Made = tuple[tuple[str, "Setting"], ...]
Spans = tuple[tuple[int, int], ...]
# A stretch of a value (or a text) and, of each of its characters and of its end, the place in the
# command line.
Stretch = tuple[int, Sequence[int]]


class Setting(NamedTuple):
    """A value, the file and line that set it, and the variables that stood in that line."""

    value: str
    config: str  # "": GRUB itself set it
    line: int
    made_of: Made = ()
    how: str = ""  # set, load_env, for, a function that was called …
    words: tuple[Word, ...] = ()  # of the command that set it


def names(words: Sequence[Word]) -> list[str]:
    """Of the variables in the words."""
    return [
        part.name
        for word in words
        if not isinstance(word, str)
        for part in word
        if isinstance(part, Variable)
    ]


def origins(made_of: Made, stretches: "Iterable[tuple[str, Stretch]]" = ()) -> Iterator[Origin]:
    """Of the variables, and of those that they were made of in turn, the nearest first.

    `stretches` of the variables' values are those that reached the command line.
    """
    used: dict[str, list[Stretch]] = {}
    for name, stretch in stretches:
        used.setdefault(name, []).append(stretch)
    waiting = [(name, setting, used.get(name, [])) for name, setting in made_of]
    met: dict[tuple[str, str, int, str], Origin] = {}
    for name, setting, here in waiting:
        key = (name, setting.config, setting.line, setting.value)
        if key not in met and len(met) >= _MOST:
            continue
        before = met[key].spans if key in met else ()
        spans = _merged([*before, *((places[0], places[-1]) for _, places in here)])
        if key in met and spans == before:
            continue
        what = f"${{{name}}}" if name.isdigit() and len(name) > 1 else f"${name}"
        met[key] = Origin(
            what, setting.value, setting.config, setting.line, setting.how, spans[:_SPANS]
        )
        waiting.extend(_deeper(setting, here[:_SPANS]))
    return iter(met.values())


def _merged(spans: Iterable[tuple[int, int]]) -> Spans:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if start >= end:
            continue
        if merged and start <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return tuple(merged)


def _deeper(
    setting: Setting, stretches: Sequence[Stretch]
) -> Iterator[tuple[str, Setting, list[Stretch]]]:
    """What the value was made of, with the parts of the stretches that each gave."""
    if not setting.made_of:
        return
    pieces = _pieces(setting) if stretches else []
    for name, inner in dict(setting.made_of).items():
        found = [
            part
            for at, places in stretches
            for part in _within(pieces, setting, name, inner, at, places)
        ]
        yield name, inner, found


def _pieces(setting: Setting) -> list[Piece]:
    """That make up the value; none where the command did more than to take a word."""
    given = {name: inner.value for name, inner in setting.made_of}
    parameters = given.get("@", "").split(" ") if given.get("@") else []
    found = [
        pieces
        for word in setting.words
        for pieces in split(word, lambda name: given.get(name, ""), parameters)
    ]
    texts = ["".join(piece.text for piece in pieces) for pieces in found]
    if setting.value in texts:
        return found[texts.index(setting.value)]
    for text, pieces in zip(texts, found, strict=True):
        if text.endswith(f"={setting.value}"):
            return _from(len(text) - len(setting.value), pieces)
    return []


def _from(start: int, pieces: Sequence[Piece]) -> list[Piece]:
    """The pieces without their first characters."""
    kept = []
    for piece in pieces:
        cut = min(start, len(piece.text))
        start -= cut
        if cut < len(piece.text):
            kept.append(piece._replace(text=piece.text[cut:], at=piece.at + cut))
    return kept


def _within(
    pieces: Sequence[Piece],
    setting: Setting,
    name: str,
    inner: Setting,
    at: int,
    places: Sequence[int],
) -> Iterator[Stretch]:
    """Of a stretch of the setting's value, what the variable `name` gave."""
    end = at + len(places) - 1
    start = 0
    for piece in pieces:
        low, high = max(at, start), min(end, start + len(piece.text))
        if low < high:
            part = places[low - at : high - at + 1]
            if piece.name == name:
                yield piece.at + low - start, part
            elif not piece.name and name not in names(setting.words):
                yield from _found_in(inner.value, piece.text[low - start : high - start], part)
        start += len(piece.text)
    if pieces or not inner.value:
        return
    text = setting.value[at:end]
    yield from (found := list(_found_in(inner.value, text, places)))
    if not found and setting.words:
        # What the command did to the value is not known here: all that it was given took part.
        yield max(inner.value.find(text), 0), places


def _found_in(value: str, text: str, places: Sequence[int]) -> Iterator[Stretch]:
    """The words of a text that are words of the value, too: of what `eval` ran only the text
    is left.
    """
    for word in re.finditer(r"\S+", text):
        place = re.search(rf"(?<!\S){re.escape(word[0])}(?!\S)", value)
        if place:
            yield place.start(), places[word.start() : word.end() + 1]


def given(
    words: Sequence[Sequence[Piece]], arguments: Sequence[str], cmdline: str, around: Made
) -> tuple[Spans, list[tuple[str, Stretch]]]:
    """Of a command line made of the last of the words, the `arguments`: the spans that the
    command itself gave, and the stretches of variables, those `around` it included.
    """
    words = words[len(words) - len(arguments) :]
    if ["".join(piece.text for piece in pieces) for pieces in words] != list(arguments):
        words = [[Piece(argument, True)] for argument in arguments]  # wildcards became names
    laid = [piece for pieces in _laid_out(words, cmdline) for piece in pieces]
    named = [(piece.name, (piece.at, places)) for piece, places in laid if piece.name]
    named += [
        (name, stretch)
        for name, setting in around
        for piece, places in laid
        if not piece.name
        for stretch in _found_in(setting.value, piece.text, places)
    ]
    theirs = ((places[0], places[-1]) for _, (_, places) in named)
    own = _uncovered((0, len(cmdline)), theirs)
    return tuple(span for span in own if cmdline[slice(*span)].strip()), named


def _laid_out(
    arguments: Sequence[Sequence[Piece]], cmdline: str
) -> Iterator[list[tuple[Piece, Sequence[int]]]]:
    """Of the pieces of each argument, where their characters stand in the command line."""
    place = max(cmdline.find("=") + 1, 0)  # BOOT_IMAGE= is before the first
    for pieces in arguments:
        found: list[tuple[Piece, Sequence[int]]] = []
        place += cmdline.startswith(" ", place)
        for piece in pieces:
            places = _aligned(piece.text, cmdline, place)
            place = places[-1]
            found.append((piece, places))
        yield found


def _aligned(text: str, cmdline: str, place: int) -> Sequence[int]:
    if cmdline.startswith(text, place):
        return range(place, place + len(text) + 1)
    places: list[int] = []
    for character in text:
        # Backslashes and quotation marks protect what follows.
        while place < len(cmdline) and cmdline[place] != character:
            place += 1
        places.append(place)
        place += 1
    return [*places, place]


def _uncovered(span: tuple[int, int], others: Iterable[tuple[int, int]]) -> Spans:
    """The parts of a span that no other covers."""
    left, at = [], span[0]
    for start, end in sorted(others):
        if at < start:
            left.append((at, start))
        at = max(at, end)
    return (*left, (at, span[1])) if at < span[1] else tuple(left)


def apart(origins: Sequence[Origin], cmdline: str, options: Origin) -> Iterator[Origin]:
    """Of an entry whose options are written in a line of their own: what `linux` and its variables
    gave after the kernel's name is what `options` gave.
    """
    start = cmdline.find(" ") + 1 or len(cmdline)
    first = bool(origins) and origins[0].what == "linux"
    end = next((n for n, o in enumerate(origins) if n and not o.what.startswith("$")), None)
    mine = origins[:end] if first else ()
    variables = [o for o in mine[1:] if o.spans and o.spans[0][0] >= start]
    for origin in mine:
        if origin not in variables:
            yield replace(origin, spans=_clipped(origin.spans, 0, start))
    if mine:
        yield replace(options, spans=_clipped(mine[0].spans, start, len(cmdline)))
    yield from variables
    yield from origins[len(mine) :]


def _clipped(spans: Iterable[tuple[int, int]], low: int, high: int) -> tuple[tuple[int, int], ...]:
    clipped = ((max(start, low), min(end, high)) for start, end in spans)
    return tuple((start, end) for start, end in clipped if start < end)

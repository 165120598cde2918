"""The origins of a command line, worked out from the pieces of its words."""

from collections.abc import Iterable, Iterator, Sequence

from parsers.api import Origin
from parsers.formats.grub.language.pieces import Assignment, Expansion

_MOST = 50  # variables of one entry; a script can make one of a thousand
_SPANS = 200  # of one variable

Spans = tuple[tuple[int, int], ...]
# A stretch of an assigned value that reached the command line: its start there (-1: unknown),
# and the place of each of its characters in the command line.
Stretch = tuple[int, Sequence[int]]


def origins(
    settings: Iterable[Assignment], stretches: Iterable[tuple[Assignment, Stretch]] = ()
) -> Iterator[Origin]:
    """Yield the origins of assignments, and of their sources in turn, the nearest first.

    `stretches` of the assigned values are those that reached the command line.
    """
    reached: dict[object, tuple[Assignment, list[Stretch]]] = {_key(s): (s, []) for s in settings}
    for setting, stretch in stretches:
        reached.setdefault(_key(setting), (setting, []))[1].append(stretch)
    waiting = list(reached.items())
    met: dict[object, Origin] = {}
    for key, (setting, here) in waiting:
        if key not in met and len(met) >= _MOST:
            continue
        before = met[key].spans if key in met else ()
        spans = _merge([*before, *((places[0], places[-1] + 1) for _, places in here)])
        if key in met and spans == before:
            continue
        met[key] = Origin(
            setting.what, setting.value, setting.config, setting.line, setting.how, spans[:_SPANS]
        )
        waiting.extend(_inner(setting, here[:_SPANS]))
    return iter(met.values())


def _key(setting: Assignment) -> object:
    """Return the identity of an assignment. Equality would compare all its sources."""
    return setting.what, setting.config, setting.line, setting.value


def _merge(spans: Iterable[tuple[int, int]]) -> Spans:
    merged: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return tuple(merged)


def _inner(
    setting: Assignment, stretches: Sequence[Stretch]
) -> Iterable[tuple[object, tuple[Assignment, list[Stretch]]]]:
    """Return the sources of an assigned value, each with the stretches that it gave."""
    inner: dict[object, tuple[Assignment, list[Stretch]]] = {
        _key(made): (made, []) for made in setting.made_of
    }
    for at, places in stretches:
        if not setting.pieces:
            for _, found in inner.values():
                found.append((-1, places))
            continue
        start = 0
        for piece in setting.pieces:
            end = start + len(piece.text)
            low, high = (start, end) if at < 0 else (max(at, start), min(at + len(places), end))
            if low < high and piece.source:
                found = inner.setdefault(_key(piece.source), (piece.source, []))[1]
                if at < 0:
                    found.append((-1, places))
                else:
                    found.append((piece.at + low - start, places[low - at : high - at]))
            start = end
    return inner.items()


def split_sources(
    arguments: Sequence[str], places: Sequence[Sequence[int]], cmdline: str
) -> tuple[Spans, list[tuple[Assignment, Stretch]]]:
    """Separate the parts of a command line that its command gave from those of variables.

    `places` has, for each argument, those of its characters in the command line. The result is the
    command's own spans, and the stretches of the variables.
    """
    stretches: list[tuple[Assignment, Stretch]] = []
    for argument, here in zip(arguments, places, strict=True):
        start = 0
        for piece in argument.pieces if isinstance(argument, Expansion) else ():
            end = start + len(piece.text)
            if piece.source and piece.text:
                stretches.append((piece.source, (piece.at, here[start:end])))
            start = end
    own = _subtract((0, len(cmdline)), [(p[0], p[-1] + 1) for _, (_, p) in stretches])
    return tuple(span for span in own if cmdline[slice(*span)].strip()), stretches


def _subtract(span: tuple[int, int], others: Sequence[tuple[int, int]]) -> Spans:
    """Return the parts of a span that no other covers. The others are in order."""
    left, at = [], span[0]
    for start, end in others:
        if at < start:
            left.append((at, start))
        at = max(at, end)
    return (*left, (at, span[1])) if at < span[1] else tuple(left)


def sort_lines(origins: Sequence[Origin], first: int) -> tuple[Origin, ...]:
    """Put a line of another file before the variables in the words that it gave to the command.

    The words begin at `first` in the command line.
    """
    lines = [o for o in origins[1:] if not o.what.startswith("$") and o.how != "call"]
    if not lines:
        return tuple(origins)
    rest = [origin for origin in origins if origin not in lines]
    inside = [o for o in rest[1:] if o.spans and o.spans[0][0] >= first]
    return (*(o for o in rest if o not in inside), *lines, *inside)

"""Where a word's parts come from: settings, and those that they were made of in turn."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from parsers.api import Origin

MOST = 40  # settings of one text; a script can make one of a thousand

Spans = tuple[tuple[int, int], ...]


class Trace(NamedTuple):
    """A setting that gave the characters from `start` to `end` of a text."""

    origin: Origin
    start: int
    end: int

    def moved(self, by: int) -> "Trace":
        return Trace(self.origin, self.start + by, self.end + by)


class TracedText(NamedTuple):
    """A text and what gave its parts, of each part the nearest first."""

    text: str
    traces: tuple[Trace, ...] = ()


def joined(words: Sequence[TracedText]) -> TracedText:
    """As iPXE makes one text of several words."""
    at, traces = 0, list[Trace]()
    for word in words:
        if word.traces and len(traces) < MOST:
            traces += (trace.moved(at) for trace in word.traces)
        at += len(word.text) + 1
    return TracedText(" ".join(word.text for word in words), tuple(traces[:MOST]))


def plain(
    what: str, config: str, line: int, words: Sequence[str], arguments: Sequence[str]
) -> tuple[Origin, ...]:
    """As `statement`, of words that no setting is in."""
    length = len(" ".join(arguments).strip())
    return (Origin(what, " ".join(words), config, line, "", ((0, length),) if length else ()),)


def statement(
    what: str, config: str, line: int, words: Sequence[TracedText], arguments: Sequence[TracedText]
) -> tuple[Origin, ...]:
    """The command that fetches a file, and the settings in it. The last of its words are the
    `arguments`: the spans are those of the command line that they make.
    """
    told = joined(arguments)
    cut = len(told.text) - len(told.text.lstrip())
    length = len(told.text.strip())
    spans: dict[Origin, list[tuple[int, int]]] = {}
    for trace in joined(words).traces:
        spans.setdefault(trace.origin, [])
    for trace in told.traces:
        start, end = max(trace.start - cut, 0), min(trace.end - cut, length)
        if start < end:
            spans.setdefault(trace.origin, []).append((start, end))
    own = tuple(_uncovered(length, sorted(span for found in spans.values() for span in found)))
    command = Origin(what, " ".join(word.text for word in words), config, line, spans=own)
    return command, *(replace(origin, spans=tuple(found)) for origin, found in spans.items())


def _uncovered(length: int, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    at = 0
    for start, end in spans:
        if at < start:
            yield at, start
        at = max(at, end)
    if at < length:
        yield at, length

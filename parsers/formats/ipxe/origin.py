"""The origins of a word's parts: settings, and the settings that those were made of."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from parsers.api import Origin

MOST = 40  # settings of one text; a script can use a thousand

Spans = tuple[tuple[int, int], ...]


class SourceSpan(NamedTuple):
    """A setting whose value is the characters from `start` to `end` of a text."""

    origin: Origin
    start: int
    end: int

    def shift(self, by: int) -> "SourceSpan":
        return SourceSpan(self.origin, self.start + by, self.end + by)


class TracedText(NamedTuple):
    """A text and the settings of its parts. For each part the nearest setting comes first."""

    text: str
    traces: tuple[SourceSpan, ...] = ()


def join_words(words: Sequence[TracedText]) -> TracedText:
    """Join words with a space between them, as iPXE does."""
    at, traces = 0, list[SourceSpan]()
    for word in words:
        if word.traces and len(traces) < MOST:
            traces += (trace.shift(at) for trace in word.traces)
        at += len(word.text) + 1
    return TracedText(" ".join(word.text for word in words), tuple(traces[:MOST]))


def plain_origins(
    what: str, config: str, line: int, words: Sequence[str], arguments: Sequence[str]
) -> tuple[Origin, ...]:
    """Return the origins of a command without settings; see `command_origins`."""
    length = len(" ".join(arguments).strip())
    return (Origin(what, " ".join(words), config, line, "", ((0, length),) if length else ()),)


def command_origins(
    what: str, config: str, line: int, words: Sequence[TracedText], arguments: Sequence[TracedText]
) -> tuple[Origin, ...]:
    """Return the origins of a command that fetches a file: the command, and the settings in it.

    The last words are the `arguments` of the kernel. The spans are places in its command line.
    """
    cmdline = join_words(arguments)
    cut = len(cmdline.text) - len(cmdline.text.lstrip())
    length = len(cmdline.text.strip())
    spans: dict[Origin, list[tuple[int, int]]] = {}
    for trace in join_words(words).traces:
        spans.setdefault(trace.origin, [])
    for trace in cmdline.traces:
        start, end = max(trace.start - cut, 0), min(trace.end - cut, length)
        if start < end:
            spans.setdefault(trace.origin, []).append((start, end))
    own = tuple(_find_uncovered(length, sorted(span for found in spans.values() for span in found)))
    command = Origin(what, " ".join(word.text for word in words), config, line, spans=own)
    return command, *(replace(origin, spans=tuple(found)) for origin, found in spans.items())


def _find_uncovered(length: int, spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    at = 0
    for start, end in spans:
        if at < start:
            yield at, start
        at = max(at, end)
    if at < length:
        yield at, length

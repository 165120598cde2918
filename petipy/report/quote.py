"""Quotation of a faulty line with a caret under the column, as compilers show it."""

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from parsers.api import Files, Problem
from parsers.places.urls import is_url

_LONGEST = 1000  # characters of a line that are kept; a column beyond is not shown
_MARGIN = 16  # columns that a cut line shows after the column


def with_excerpts(
    files: Files, problems: Iterable[Problem], texts: Mapping[str, str] | None = None
) -> Iterator[Problem]:
    """The problems, those that know their column with their line. `texts` need not be read."""
    lines = {config: _split(text) for config, text in (texts or {}).items()}
    for problem in problems:
        if not problem.column or problem.excerpt:
            yield problem
            continue
        if problem.config not in lines:
            lines[problem.config] = _lines(files, problem.config)
        line = "".join(lines[problem.config][problem.line - 1 : problem.line])
        fits = problem.column <= min(len(line), _LONGEST) + 1
        yield replace(problem, excerpt=line[:_LONGEST]) if fits else problem


def _lines(files: Files, config: str) -> list[str]:
    """Of the file, which may be on another volume: (sda2)/path. None if they cannot be told."""
    if config.startswith("(") and ")" in config:
        name, _, config = config[1:].partition(")")
        found = files.host.on(name)
        if found is None:
            return []
        files = found
    with suppress(OSError):
        return _split((files.host.fetch(config) if is_url(config) else files.read(config)) or "")
    return []


def _split(text: str) -> list[str]:
    text = text.replace("\r\n", "\n")
    # GRUB reads past a carriage return in mid-line, for others it ends the line.
    return [] if "\r" in text else [line.partition("\0")[0] for line in text.split("\n")]


def quote_line(
    excerpt: str, column: int, width: int, shown: Callable[[str], str]
) -> tuple[str, str] | None:
    """Return the line, cut to `width` columns around `column`, and a line with a caret below.

    `shown` makes text printable. Return None if the line is blank or the column is unknown.
    """
    if not excerpt.strip() or column < 1:
        return None
    at = column - 1
    start = min(len(excerpt) - len(excerpt.lstrip()), at)
    before, after = (
        shown(part.replace("\t", " ")) for part in (excerpt[start:at], excerpt[at:].rstrip())
    )
    room = max(width - min(count_cells(after), _MARGIN) - 1, 8)
    if count_cells(before) > room:
        before = "..." + _last(before, room - 3)
    after = after[:width]
    while after and count_cells(before) + count_cells(after) > width:
        after = after[:-1]
    return before + after, " " * count_cells(before) + "^"


def _last(text: str, width: int) -> str:
    while count_cells(text) > width:
        text = text[1:]
    return text


def count_cells(text: str) -> int:
    """Count the columns that text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_cells(character) for character in text)


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 1 + (unicodedata.east_asian_width(character) in "WF")


def format_place(problem: Problem, device: str) -> str:
    """Format where a problem is: (DEVICE)FILE:LINE, (DEVICE)FILE for a file without lines, or the
    device alone if the problem is its own."""
    if not problem.config:
        return device
    config = problem.config if problem.config.startswith("(") else f"({device}){problem.config}"
    return f"{config}:{problem.line}" if problem.line else config

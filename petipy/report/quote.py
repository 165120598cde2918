"""Quotation of a faulty line with a caret under the column, as compilers show it."""

import unicodedata
from collections.abc import Callable

from parsers.api import Problem
from parsers.places.urls import hide_credentials, is_url

_MARGIN = 16  # columns that a cut line shows after the column


def count_cells(text: str) -> int:
    """Count the columns that text takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_cells(character) for character in text)


def quote_line(
    excerpt: str,
    column: int,
    width: int,
    shown: Callable[[str], str],
    count: Callable[[str], int] = count_cells,
) -> tuple[str, str] | None:
    """Return the line, cut to `width` columns around `column`, and a line with a caret below.

    `shown` makes text printable, `count` counts its columns. Return None if the line is blank or
    the column is unknown.
    """
    if not excerpt.strip() or column < 1:
        return None
    at = column - 1
    start = min(len(excerpt) - len(excerpt.lstrip()), at)
    before, after = (
        shown(part.replace("\t", " ")) for part in (excerpt[start:at], excerpt[at:].rstrip())
    )
    room = max(width - min(count(after), _MARGIN) - 1, 8)
    if count(before) > room:
        before = "..." + _last(before, room - 3, count)
    after = after[:width]
    while after and count(before) + count(after) > width:
        after = after[:-1]
    return before + after, " " * count(before) + "^"


def _last(text: str, width: int, count: Callable[[str], int]) -> str:
    """Return as much of the end of the text as `width` columns show."""
    cells = 0
    for at in range(len(text) - 1, -1, -1):
        cells += count(text[at])
        if cells > width:
            return text[at + 1 :]
    return text


def _cells(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 1 + (unicodedata.east_asian_width(character) in "WF")


def format_place(problem: Problem, device: str) -> str:
    """Format where a problem is; see format_line."""
    return format_line(device, problem.config, problem.line)


def format_line(device: str, config: str, line: int) -> str:
    """Format a line of a configuration: (DEVICE)FILE:LINE, (DEVICE)FILE for a file without lines,
    or the device alone without a file. A URL may end in a number, and looks like no path."""
    if not config:
        return device
    if is_url(config):
        numbered = f", line {line}" if line else ""
        return f"{hide_credentials(config)}{numbered}, from {device}"
    place = config if config.startswith("(") else f"({device}){config}"
    return f"{place}:{line}" if line else place

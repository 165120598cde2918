"""The lines in which configurations go wrong, added to their problems. Pure over `Files`."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace

from parsers.api import Files, Problem
from parsers.places.urls import is_url

_LONGEST = 1000  # characters of an excerpt; a column beyond it has none


def with_excerpts(
    files: Files, problems: Iterable[Problem], texts: Mapping[str, str] | None = None
) -> Iterator[Problem]:
    """Yield the problems, with their lines if they know their columns.

    `texts` are configurations that need not be read, by path.
    """
    lines = {config: _split(text) for config, text in (texts or {}).items()}
    for problem in problems:
        if not problem.column or problem.excerpt:
            yield problem
            continue
        if problem.config not in lines:
            lines[problem.config] = _read_lines(files, problem.config)
        line = "".join(lines[problem.config][problem.line - 1 : problem.line])
        fits = problem.column <= min(len(line), _LONGEST) + 1
        yield replace(problem, excerpt=line[:_LONGEST]) if fits else problem


def _read_lines(files: Files, config: str) -> list[str]:
    """Return the lines of a file, perhaps on another volume: (sda2)/path; [] if unreadable."""
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
    # To GRUB a carriage return within a line is a character; to others it ends the line.
    return [] if "\r" in text else [line.partition("\0")[0] for line in text.split("\n")]

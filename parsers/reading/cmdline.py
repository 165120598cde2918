"""Build a command line from settings, and record where each part of it is written."""

from collections.abc import Iterable

from parsers.api import Origin

Argument = tuple[str, str, int, str]  # setting, value, line, text for the command line


def join_arguments(config: str, arguments: Iterable[Argument]) -> tuple[str, tuple[Origin, ...]]:
    """Return the arguments with a space between them, and their origins. Skip empty ones."""
    cmdline, origins = "", []
    for what, value, line, text in arguments:
        if not text:
            continue
        start = len(cmdline) + 1 if cmdline else 0
        cmdline = f"{cmdline} {text}" if cmdline else text
        origins.append(Origin(what, value, config, line, spans=((start, len(cmdline)),)))
    return cmdline, tuple(origins)

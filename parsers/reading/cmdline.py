"""A command line put together from settings, with where each part of it is written."""

from collections.abc import Iterable

from parsers.api import Origin

Argument = tuple[str, str, int, str]  # the setting, its value, its line; what it gives


def join_arguments(config: str, parts: Iterable[Argument]) -> tuple[str, tuple[Origin, ...]]:
    """The parts with a space between them, without the empty ones; and their origins."""
    text, origins = "", []
    for what, value, line, part in parts:
        if not part:
            continue
        start = len(text) + 1 if text else 0
        text = f"{text} {part}" if text else part
        origins.append(Origin(what, value, config, line, spans=((start, len(text)),)))
    return text, tuple(origins)

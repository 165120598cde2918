"""The lines of a menu that `default` and `fallback` mean; `timeout` and `timeout_style`.

After grub-core/normal/menu.c.
"""

import math
from collections.abc import Iterator, Sequence

from parsers.api import Style
from parsers.formats.grub.language.errors import GrubError
from parsers.formats.grub.language.family import Family
from parsers.formats.grub.language.numbers import count, split_number
from parsers.formats.grub.run.shell import MenuLine

_STYLES: tuple[Style, ...] = ("hidden", "countdown")


def default(spec: str, lines: Sequence[MenuLine], family: Family) -> int | None:
    """Return the number of the line; None if no line fits: the first is the default then.

    Hidden lines have no number, and no name means one (suse: Add hidden menu entries).
    """
    shown = find_shown(lines)
    seen = [lines[number] for number in shown]
    found = 0 if not spec else _find(spec, seen, family)
    if family.snapshot_on_top and seen and _is_about_snapshot(seen[0]):
        found = _skip_first(spec, found, len(seen))
    return shown[found] if found is not None and 0 <= found < len(shown) else None


def find_shown(lines: Sequence[MenuLine]) -> list[int]:
    """Return the places of the lines that the menu shows."""
    return [number for number, line in enumerate(lines) if not line.hidden]


def _find(spec: str, lines: Sequence[MenuLine], family: Family) -> int | None:
    return _find_by_name(spec, lines) if family.names_first else _find_by_number(spec, lines)


def _is_about_snapshot(line: MenuLine) -> bool:
    start = "Bootable snapshot" if line.submenu else "Help on bootable snapshot"
    return line.title.startswith(start)


def _skip_first(spec: str, found: int | None, size: int) -> int | None:
    """Return the line that SUSE's GRUB takes, which counts from the second one."""
    if found is None or not spec:
        return min(1, size - 1)
    try:
        count(spec)
    except GrubError:
        return found
    return found + 1 if found < size - 1 else found


def _find_by_number(spec: str, lines: Sequence[MenuLine]) -> int | None:
    """Find a line by a number, whatever follows it; else the first of this title or id."""
    try:
        return count(spec)
    except GrubError:
        head = split(spec)[0]
        return next((n for n, line in enumerate(lines) if head in (line.title, line.id)), None)


def _find_by_name(spec: str, lines: Sequence[MenuLine]) -> int | None:
    """Find a line by id, else by title, else by a number with nothing after it."""
    head = split(spec)[0]
    for names in ([line.id for line in lines], [line.title for line in lines]):
        if head in names:
            return names.index(head)
    try:
        number, rest = split_number(spec)
    except GrubError:
        return None
    return None if rest else number


def split(spec: str) -> tuple[str, str]:
    """Split `submenu>entry` into its first step (where `>>` is a plain >) and the rest."""
    head, tail = spec.replace(">>", "\0"), ""
    if ">" in head:
        head, _, tail = head.partition(">")
    return head.replace("\0", ">"), tail.replace("\0", ">>")


def fallbacks(spec: str, lines: Sequence[MenuLine], family: Family) -> Iterator[int]:
    """Yield the lines in turn, up to the first word that means none: GRUB may crash there."""
    shown = find_shown(lines)
    ids = [lines[number].id for number in shown] if family.names_first else []
    while spec:
        word, _, after = spec.lstrip().partition(" ")
        try:
            number, spec = split_number(spec)
        except GrubError:
            if word not in ids:
                return
            number, spec = ids.index(word), after
        if not 0 <= number < len(shown):
            return
        yield shown[number]


def style(value: str | None, seconds: float | None) -> Style:
    """Return the style. Without a timeout, or with an unknown style, the menu is shown."""
    if value is None or seconds is None:
        return ""
    return next((style for style in _STYLES if style == value), "menu")


def timeout(value: str | None) -> float | None:
    """Return seconds; infinity for -1; None for a text that GRUB does not understand."""
    try:
        number = split_number(value or "")[0]
    except GrubError:
        return None
    return math.inf if number < 0 else float(number)

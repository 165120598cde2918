"""Boot Loader Specification entries as GRUB's blscfg reads and orders them.

Neither the reading nor the order is the specification's: a file ends at its first line without a
value, only the first `options` counts, and the versions in the files' names are compared as in rpm
(Red Hat's grub-core/commands/blscfg.c).
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cmp_to_key
from typing import NamedTuple

from parsers.formats.grub.language.numbers import split_number
from parsers.formats.grub.language.pieces import cut, join

_SEGMENT = re.compile(r"[0-9]+|[A-Za-z]+|[~+]")


class BlsField(NamedTuple):
    key: str
    value: str
    line: int


class BlsFile(NamedTuple):
    """One file. Its name without .conf is the entry's id."""

    id: str
    config: str
    fields: tuple[BlsField, ...]

    def first(self, key: str) -> BlsField | None:
        return next((field for field in self.fields if field.key == key), None)

    def all(self, key: str) -> list[BlsField]:
        return [field for field in self.fields if field.key == key]

    def is_default(self, spec: str, number: int) -> bool:
        """Return True if $default means this file, the `number`th."""
        title = self.first("title")
        if spec and (spec == self.id or (title and spec == title.value)):
            return True
        return spec[:1].isdigit() and split_number(spec)[0] == number


class Snippets:
    """The files read so far, the newest first, and the ids that the menu has."""

    def __init__(self) -> None:
        self.known: list[BlsFile] = []
        self.shown: set[str] = set()

    def copy(self) -> "Snippets":
        new = Snippets()
        new.known, new.shown = list(self.known), set(self.shown)
        return new

    def add(self, snippets: Iterable[BlsFile]) -> None:
        """Add files. The first of those with the same version counts."""
        kept: list[BlsFile] = []
        for snippet in sorted([*self.known, *snippets], key=_VERSION, reverse=True):
            if not kept or _compare(kept[-1].id, snippet.id):
                kept.append(snippet)
        self.known = kept


def read(id: str, config: str, text: str) -> BlsFile:
    return BlsFile(id, config, tuple(_fields(text.replace("\r", ""))))


def _fields(text: str) -> Iterator[BlsField]:
    for number, whole in enumerate(text.split("\n"), 1):
        line = whole.lstrip(" \t")
        if line.startswith("#"):
            continue
        # A tab ends the key only in a line without a blank.
        key, _, value = line.partition(" " if " " in line else "\t")
        if not value:
            return
        yield BlsField(key, value.lstrip(" \t"), number)


def _compare(first: str, second: str) -> int:
    """Return 1 if the first is newer, -1 if the second is, else 0."""
    for one, two in zip(_package(first), _package(second), strict=True):
        if result := _compare_versions(_SEGMENT.findall(one), _SEGMENT.findall(two)):
            return result
    return 0


def _package(id: str) -> tuple[str, str, str]:
    """Return name, version and release."""
    parts = [*id.rsplit("-", 2), "", ""]
    return parts[0], parts[1], parts[2]


def _compare_versions(ones: list[str], twos: list[str]) -> int:
    for at in range(max(len(ones), len(twos))):
        one = ones[at] if at < len(ones) else ""
        two = twos[at] if at < len(twos) else ""
        if one == two:
            continue
        if "~" in (one, two):  # older than all, even the end
            return 1 if two == "~" else -1
        if not (one and two):
            return 1 if one else -1
        if "+" in (one, two):  # newer than the end, older than all else
            return 1 if two == "+" else -1
        if one.isdigit() != two.isdigit():
            return 1 if one.isdigit() else -1
        if one.isdigit():
            one, two = one.lstrip("0"), two.lstrip("0")
            if len(one) != len(two):
                return 1 if len(one) > len(two) else -1
        if one != two:
            return 1 if one > two else -1
    return 0


def _newer(first: BlsFile, second: BlsFile) -> int:
    return _compare(first.id, second.id)


_VERSION = cmp_to_key(_newer)


def expand(text: str, lookup: Callable[[str], str | None]) -> str | None:
    """Replace each $NAME by its value and a blank, which takes the place of a blank after the name.

    Return None if nothing is left. A single character before a `$` is lost, and so is one at the
    end with only a variable before it.
    """
    found: str | None = None
    start = end = 0
    named = False  # a variable's name has begun

    def take() -> str | None:
        piece = cut(text, start, end + 1)
        if not named:
            return join("", [found or "", piece])
        known = lookup(str(piece))
        return found if known is None else join("", [found or "", known, " "])

    for at, character in enumerate(text):
        if character == "$":
            if start != end and (found := take()) is None:
                return None
            named, start = True, at + 1
        elif named and not re.match(r"[0-9A-Za-z_]", character):
            found = take()
            named, start = False, at + (character == " ")
        end = at
    return take() if start != end else found

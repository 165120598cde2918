"""Boot Loader Specification entries as GRUB's blscfg reads and orders them.

Neither the reading nor the order is the specification's: a file ends at its first line without a
value, only the first `options` counts, and the versions in the files' names are compared as in rpm
(Red Hat's grub-core/commands/blscfg.c). Upstream's reader (grub-core/commands/blsuki.c) differs in
small things.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from functools import cmp_to_key
from typing import NamedTuple

from parsers.formats.grub.language.errors import GrubError
from parsers.formats.grub.language.numbers import split_number
from parsers.formats.grub.language.pieces import cut, join
from parsers.formats.grub.versions import compare_packages, gnu_key

LookUp = Callable[[str], str | None]  # of a variable's value


class BlsField(NamedTuple):
    key: str
    value: str
    line: int


class BlsFile(NamedTuple):
    """One file. Its name without .conf is the entry's id."""

    id: str
    config: str
    fields: tuple[BlsField, ...]
    device: str = ""  # GRUB's name of the device that it is on

    def first(self, key: str) -> BlsField | None:
        return next((field for field in self.fields if field.key == key), None)

    def all(self, key: str) -> list[BlsField]:
        return [field for field in self.fields if field.key == key]

    def is_default(self, spec: str, number: int) -> bool:
        """Return True if $default means this file, the `number`th."""
        if spec and spec in (self.id, self._title()):
            return True
        return spec[:1].isdigit() and split_number(spec)[0] == number

    def is_upstreams_default(self, spec: str, number: int) -> bool:
        """Return True if $default means this file to upstream's GRUB, by its whole name."""
        if spec and spec in (f"{self.id}.conf", self._title()):
            return True
        return is_number(spec, number)

    def _title(self) -> str:
        title = self.first("title")
        return title.value if title else ""


def is_number(spec: str, number: int) -> bool:
    """Return True if the text is that number, with nothing after it."""
    try:
        return split_number(spec) == (number, "")
    except GrubError:
        return False


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
        for snippet in sorted([*self.known, *snippets], key=_BY_NAME, reverse=True):
            if not kept or compare_packages(kept[-1].id, snippet.id):
                kept.append(snippet)
        self.known = kept


def sort_by_field(snippets: Iterable[BlsFile]) -> list[BlsFile]:
    """Return the newest first, by the field `version` if all have one, as in RHEL 8."""
    found = sorted(snippets, key=_BY_NAME, reverse=True)
    if all(snippet.first("version") for snippet in found):
        found.sort(key=_BY_FIELD, reverse=True)
    return found


def sort_as_upstream(snippets: Iterable[BlsFile]) -> list[BlsFile]:
    return sorted(snippets, key=lambda snippet: gnu_key(f"{snippet.id}.conf"), reverse=True)


def _compare_names(first: BlsFile, second: BlsFile) -> int:
    return compare_packages(first.id, second.id)


def _compare_fields(first: BlsFile, second: BlsFile) -> int:
    one, two = (file.first("version") for file in (first, second))
    return compare_packages(one.value, two.value, named=False) if one and two else 0


_BY_NAME = cmp_to_key(_compare_names)
_BY_FIELD = cmp_to_key(_compare_fields)


def read(id: str, config: str, text: str, device: str = "", *, upstream: bool = False) -> BlsFile:
    split = _split_at_any_blank if upstream else _split
    return BlsFile(id, config, tuple(_fields(text.replace("\r", ""), split)), device)


def _fields(text: str, split: Callable[[str], tuple[str, str]]) -> Iterator[BlsField]:
    for number, whole in enumerate(text.split("\n"), 1):
        line = whole.lstrip(" \t")
        if line.startswith("#"):
            continue
        key, value = split(line)
        if not value:
            return
        yield BlsField(key, value.lstrip(" \t"), number)


def _split(line: str) -> tuple[str, str]:
    """Split a line; a tab ends the key only in a line without a blank."""
    key, _, value = line.partition(" " if " " in line else "\t")
    return key, value


def _split_at_any_blank(line: str) -> tuple[str, str]:
    key, *rest = re.split(r"[ \t]+", line, maxsplit=1)
    return key, "".join(rest)


def expand(text: str, lookup: LookUp, *, escapes: bool = False) -> str | None:
    """Replace each $NAME by its value and a blank, which takes the place of a blank after the name.

    Return None if nothing is left. A single character before a `$` is lost, and so is one at the
    end with only a variable before it. With `escapes` a backslash before the `$` makes it a plain
    character; both stay, and GRUB's parser takes the backslash away.
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
        if character == "$" and not (escapes and text[end] == "\\"):
            if start != end and (found := take()) is None:
                return None
            named, start = True, at + 1
        elif named and not re.match(r"[0-9A-Za-z_]", character):
            found = take()
            named, start = False, at + (character == " ")
        end = at
    return take() if start != end else found

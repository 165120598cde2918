"""Where each part of an entry is written: its command line word for word, its files. Pure."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parsers.api import Entry, Origin, Problem

# A blank between double quotation marks is part of the word.
_WORD = re.compile(r'(?:\\.|"(?:\\.|[^"\\])*"?|[^\s"])+', re.S)


# What the formats call the setting that names a file.
_FILES = {
    **dict.fromkeys(("linux", "kernel", "image", "efi", "uki"), "kernel"),
    "initrd": "initrd",
    **dict.fromkeys(("devicetree", "fdt", "dtb"), "devicetree"),
}


@dataclass(frozen=True, slots=True)
class Statement:
    """A setting that the entry is made of, and the variables that it needed besides those whose
    values are in the command line: on which device a file is, what an initrd is called.
    """

    origin: Origin
    variables: tuple[Origin, ...]

    @property
    def names(self) -> str:
        """kernel, initrd, devicetree, or "" when it names no file."""
        return _FILES.get(self.origin.what, "")


def words(entry: Entry) -> Iterator[tuple[str, tuple[Origin, ...]]]:
    """Each word of the command line with what gave it, the nearest first: the statement or the
    variable in it, then what this was made of.
    """
    for word in _WORD.finditer(entry.cmdline):
        given = (o for o in entry.origins if _meet(o, word.start(), word.end()))
        yield word[0], tuple(given)


def runs(entry: Entry) -> Iterator[tuple[str, tuple[Origin, ...]]]:
    """As `words`, but neighbours that the same origins gave are together."""
    text, before = "", tuple[Origin, ...]()
    for word, given in words(entry):
        if text and given != before:
            yield text, before
            text = ""
        text, before = f"{text} {word}" if text else word, given
    if text:
        yield text, before


def _meet(origin: Origin, start: int, end: int) -> bool:
    return any(low < end and start < high for low, high in origin.spans)


def statements(entry: Entry) -> Iterator[Statement]:
    """In the order in which they count."""
    at: list[Origin] = []
    for origin in (*entry.origins, None):
        if at and (origin is None or not _explains(origin)):
            needed = (o for o in at[1:] if not o.spans and (o.value or o.how == "call"))
            yield Statement(at[0], tuple(needed))
            at = []
        if origin:
            at.append(origin)


def _explains(origin: Origin) -> bool:
    """Whether it is about the one before, and no setting of its own."""
    return origin.what.startswith("$") or origin.how == "call"


def told(origin: Origin, config: str) -> str:
    """In words, to someone who looks at the file `config`: "$x, set in line 7"."""
    if origin.how == "image":
        return "added here, for its system to find its medium in a file"
    if origin.how == "efi":
        return f"EFI's {origin.what} ({origin.value})"
    if not origin.config and origin.what.startswith("$"):
        return f"{origin.what}, which the boot loader sets"
    if not origin.config:
        return f"{origin.what}, which Petipy adds"
    place = f"line {origin.line}" if origin.line else ""
    if origin.config != config:
        place = f"{origin.config}, {place}" if place else origin.config
    place = f"in {place or origin.config}"
    if origin.how == "call":
        return f"{origin.what} called {place}"
    if not origin.what.startswith("$"):
        return f"{origin.what} {place}"
    match origin.how:
        case "set" | "":
            deed = "set"
        case "load_env":
            deed = "kept"
        case "for":
            deed = "of the loop"
        case how if origin.what.strip("${}").isdigit() or origin.what in ("$@", "$*"):
            deed = f"given to {how}"
        case how:
            deed = f"set by {how}"
    return f"{origin.what}, {deed} {place}"


def chain(origins: Sequence[Origin], config: str) -> str:
    """All of them, the nearest first."""
    return "; ".join(told(origin, config) for origin in origins)


def touches(entry: Entry, problem: Problem) -> bool:
    """Whether the problem is about a line that the entry is made of, or that lies within it."""
    origins = (*entry.origins, *entry.default_from)
    if any((o.config, o.line) == (problem.config, problem.line) for o in origins):
        return True
    own = [o.line for o in origins if o.config == entry.config and not _explains(o)]
    last = entry.end or max((line for line in own if line >= entry.line), default=entry.line)
    return problem.config == entry.config and entry.line <= problem.line <= last

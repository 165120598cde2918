"""Provenance: the file and line that gave each word and each file of an entry. Pure."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parsers.api import Entry, Origin, Problem

# A space between double quotation marks belongs to the word.
_WORD = re.compile(r'(?:\\.|"(?:\\.|[^"\\])*"?|[^\s"])+', re.S)


# The formats' names of the settings that name a file.
_FILES = {
    **dict.fromkeys(("linux", "kernel", "image", "efi", "uki"), "kernel"),
    "initrd": "initrd",
    **dict.fromkeys(("devicetree", "fdt", "dtb"), "devicetree"),
    **dict.fromkeys(("fdtoverlays", "devicetree-overlay"), "overlay"),
}


@dataclass(frozen=True, slots=True)
class EntrySetting:
    """A setting of an entry, and the variables that it used.

    Variables whose values are in the command line are left out. The rest say, for example, on
    which device a file lies or what an initrd is called.
    """

    origin: Origin
    variables: tuple[Origin, ...]

    @property
    def names(self) -> str:
        """Name the kind of its file: kernel, initrd, devicetree; "" if it names none."""
        return _FILES.get(self.origin.what, "")


def split_words(entry: Entry) -> Iterator[tuple[str, tuple[Origin, ...]]]:
    """Yield each word of the command line with its origins, the nearest first.

    The nearest is the statement or a variable in it. The sources of its value follow.
    """
    words = list(_WORD.finditer(entry.cmdline))
    starts, ends = [word.start() for word in words], [word.end() for word in words]
    found: list[dict[int, Origin]] = [{} for _ in words]
    for number, origin in enumerate(entry.origins):
        for low, high in origin.spans:
            for place in range(bisect_right(ends, low), bisect_left(starts, high)):
                found[place].setdefault(number, origin)
    for word, origins in zip(words, found, strict=True):
        yield word[0], tuple(origins.values())


def join_runs(entry: Entry) -> Iterator[tuple[str, tuple[Origin, ...]]]:
    """Yield as split_words does, but join neighbours that have the same origins."""
    text, before = "", tuple[Origin, ...]()
    for word, origins in split_words(entry):
        if text and origins != before:
            yield text, before
            text = ""
        text, before = f"{text} {word}" if text else word, origins
    if text:
        yield text, before


def group_statements(entry: Entry) -> Iterator[EntrySetting]:
    """Yield the settings of an entry in the order in which they count."""
    at: list[Origin] = []
    for origin in (*entry.origins, None):
        if at and (origin is None or not _explains(origin)):
            needed = (o for o in at[1:] if not o.spans and (o.value or o.how == "call"))
            yield EntrySetting(at[0], tuple(needed))
            at = []
        if origin:
            at.append(origin)


def _explains(origin: Origin) -> bool:
    """Return True if the origin explains the previous one and is no setting of its own."""
    return origin.what.startswith("$") or origin.how == "call"


def describe_origin(origin: Origin, config: str) -> str:
    """Describe an origin to a reader of the file `config`: "$x, set in line 7"."""
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


def describe_origins(origins: Sequence[Origin], config: str) -> str:
    """Describe several origins, the nearest first."""
    return "; ".join(describe_origin(origin, config) for origin in origins)


def touches(entry: Entry, problem: Problem) -> bool:
    """Return True if the problem is about a line that gave a part of the entry or lies in it."""
    origins = (*entry.origins, *entry.default_from)
    if any((o.config, o.line) == (problem.config, problem.line) for o in origins):
        return True
    own = [o.line for o in origins if o.config == entry.config and not _explains(o)]
    last = entry.end or max((line for line in own if line >= entry.line), default=entry.line)
    return problem.config == entry.config and entry.line <= problem.line <= last

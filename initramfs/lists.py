"""Read the lists of the image's contents: drivers.txt and python.txt."""

import re
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Name:
    """A name in a list. `machines` has Debian's names of architectures; empty means all."""

    name: str
    machines: frozenset[str] = frozenset()


def parse(text: str) -> dict[str, list[Name]]:
    """Return the names of each section; raise ValueError for a bad heading.

    list    = { heading | names }          one per line; # starts a comment
    heading = "[" section [ ":" architecture { architecture } ] "]"
    names   = { name }
    """
    found: dict[str, list[Name]] = {}
    section, machines = "", frozenset[str]()
    for number, line in enumerate(text.splitlines(), 1):
        words = line.partition("#")[0].strip()
        if words.startswith("["):
            heading = re.fullmatch(r"\[([^]:]+)(?::([^]]+))?\]", words)
            if heading is None:
                raise ValueError(f"line {number} is no heading: {words}")
            section, machines = heading[1].strip(), frozenset((heading[2] or "").split())
        elif words:
            names = found.setdefault(section, [])
            names += [Name(word, machines) for word in words.split()]
    return found


def sections(path: Path) -> dict[str, list[Name]]:
    return parse(path.read_text())

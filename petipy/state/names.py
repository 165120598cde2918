"""The names of entries for systemd's tools, which take few characters in a name. Pure."""

import re
import zlib

from petipy.state.model import Choice

_OTHERS = re.compile(r"[^A-Za-z0-9.+]+")
_LONGEST = 60  # characters of a title in a name


def make_name(choice: Choice) -> str:
    """Return a file name of letters, digits and a few signs, other for each id."""
    return join_name(choice.entry.title, compute_sum(choice.id))


def join_name(title: str, sum: str, longest: int = _LONGEST) -> str:
    """Return a name of at most so many characters of a title, and of a sum."""
    return f"{_OTHERS.sub('-', title).strip('-')[:longest]}-{sum}"


def compute_sum(id: str) -> str:
    """Return the CRC-32 of an id in eight hexadecimal digits."""
    return f"{zlib.crc32(id.encode(errors='surrogateescape')):08x}"

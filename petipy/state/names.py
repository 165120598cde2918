"""The names of entries for systemd's tools, which take few characters in a name. Pure."""

import re
import zlib

from petipy.state.model import Choice

_OTHERS = re.compile(r"[^A-Za-z0-9.+]+")
_LONGEST = 60  # characters of a title in a name


def make_name(choice: Choice) -> str:
    """Return a file name of letters, digits and a few signs, other for each id."""
    title = _OTHERS.sub("-", choice.entry.title).strip("-")[:_LONGEST]
    return f"{title}-{zlib.crc32(choice.id.encode(errors='surrogateescape')):08x}"

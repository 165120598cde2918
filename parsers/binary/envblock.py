"""GRUB's environment block: a file of fixed size that keeps variables from boot to boot.

After a signature it has `name=value` lines and comments, then `#` up to its end. In a value a
backslash stands before each backslash and newline (grub-core/lib/envblk.c). In EBNF:

    block    = "# GRUB Environment Block", newline, { line, newline }, { "#" } ;
    line     = "#", { character } | name, "=", { character | "\\", any } ;

This module imports nothing of the project: booting needs it, too.
"""

import re
from collections.abc import Iterator, Mapping

# The free place in the first MiB of btrfs, in bytes of the device. GRUB (util/grub-editenv.c) keeps
# a block of 512 bytes there, because it writes to no file of a btrfs.
PLACE = range(256 << 10, 260 << 10)
SIGNATURE = "# GRUB Environment Block\n"
EMPTY = SIGNATURE.ljust(1024, "#")  # as grub-editenv makes it
_LINE = re.compile(rb"((?:[^\\\n]|\\[\s\S])*+)\n")
_ESCAPED = re.compile(rb"\\([\s\S])")
_SPECIAL = re.compile(rb"([\\\n])")


class BlockError(ValueError):
    """The block is invalid (GRUB's error 4), or the variables do not fit in it (18)."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number


def read(block: str) -> dict[str, str]:
    """Return the variables. Skip a line without an end. Raise BlockError if it is no block."""
    lines = (line for line in _lines(_body(block)) if not line.startswith(b"#"))
    found = (line.partition(b"=") for line in lines if b"=" in line)
    return {_text(name): _text(_ESCAPED.sub(rb"\1", v)) for name, _, v in found}


def write(block: str, values: Mapping[str, str | None]) -> str:
    """Return the block with variables set, or removed (None). Keep its length and other lines.

    Raise BlockError if it is no block or has no room. Then the caller must write nothing.
    """
    lines, size = list(_lines(_body(block))), len(_bytes(block))
    if _body(block) != b"".join(b"%b\n" % line for line in lines):
        # To GRUB such a block is broken: it has no free end.
        raise BlockError(18, "environment block too small")
    for name, value in values.items():
        prefix = _bytes(f"{name}=")
        at = next((n for n, line in enumerate(lines) if line.startswith(prefix)), len(lines))
        new = [] if value is None else [prefix + _SPECIAL.sub(rb"\\\1", _bytes(value))]
        lines[at : at + 1] = new
    written = _bytes(SIGNATURE) + b"".join(b"%b\n" % line for line in lines)
    if len(written) > size:
        raise BlockError(18, "environment block too small")
    return _text(written.ljust(size, b"#"))


def _body(block: str) -> bytes:
    """Return the bytes between the signature and the padding."""
    if not block.startswith(SIGNATURE):
        raise BlockError(4, "invalid environment block")
    return _bytes(block)[len(SIGNATURE) :].rstrip(b"#")


def _lines(body: bytes) -> Iterator[bytes]:
    """Return the complete lines. A line goes on after an escaped newline."""
    return (m[1] for m in _LINE.finditer(body))


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")

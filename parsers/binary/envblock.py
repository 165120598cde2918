"""GRUB's environment block, a file of fixed size that keeps variables from boot to boot.

A signature, `name=value` lines, comments, then `#` to its end. In values a backslash stands before
each backslash and newline (grub-core/lib/envblk.c). Imports nothing: booting needs it, too.
"""

import re
from collections.abc import Iterator, Mapping

# btrfs has a free place before its first MiB, which GRUB (util/grub-editenv.c) keeps a block in,
# since it writes to no file there. In bytes of the device; a block takes 512 of them.
PLACE = range(256 << 10, 260 << 10)
SIGNATURE = "# GRUB Environment Block\n"
EMPTY = SIGNATURE.ljust(1024, "#")  # as grub-editenv makes it
_LINE = re.compile(rb"((?:[^\\\n]|\\[\s\S])*+)\n")


class BlockError(ValueError):
    """The block cannot be read (GRUB's error 4), or what is to be written does not fit in (18)."""

    def __init__(self, number: int, message: str) -> None:
        super().__init__(message)
        self.number = number


def read(block: str) -> dict[str, str]:
    """The variables; BlockError when it is no environment block. A line without an end is none."""
    lines = (line for line in _lines(_body(block)) if not line.startswith(b"#"))
    found = (line.partition(b"=") for line in lines if b"=" in line)
    return {_text(name): _text(re.sub(rb"\\([\s\S])", rb"\1", v)) for name, _, v in found}


def write(block: str, values: Mapping[str, str | None]) -> str:
    """The block with variables set or (None) removed: as long as before, the other lines kept.

    BlockError when it is none or has no room for all; then nothing of it is to be written.
    """
    lines, size = list(_lines(_body(block))), len(_bytes(block))
    if _body(block) != b"".join(b"%b\n" % line for line in lines):
        raise BlockError(18, "environment block too small")  # broken, to GRUB: it has no free end
    for name, value in values.items():
        prefix = _bytes(f"{name}=")
        at = next((n for n, line in enumerate(lines) if line.startswith(prefix)), len(lines))
        new = [] if value is None else [prefix + re.sub(rb"([\\\n])", rb"\\\1", _bytes(value))]
        lines[at : at + 1] = new
    written = _bytes(SIGNATURE) + b"".join(b"%b\n" % line for line in lines)
    if len(written) > size:
        raise BlockError(18, "environment block too small")
    return _text(written.ljust(size, b"#"))


def _body(block: str) -> bytes:
    """What lies between the signature and the padding."""
    if not block.startswith(SIGNATURE):
        raise BlockError(4, "invalid environment block")
    return _bytes(block)[len(SIGNATURE) :].rstrip(b"#")


def _lines(body: bytes) -> Iterator[bytes]:
    """Every line that ends; one with an escaped newline goes on behind it."""
    return (m[1] for m in _LINE.finditer(body))


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogateescape")


def _text(data: bytes) -> str:
    return data.decode(errors="surrogateescape")

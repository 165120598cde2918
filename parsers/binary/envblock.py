"""GRUB's environment block: a file of fixed size that keeps variables from boot to boot.

After a signature it has `name=value` lines and comments, then `#` up to its end. In a value a
backslash stands before each backslash and newline (grub-core/lib/envblk.c). In EBNF:

    block    = "# GRUB Environment Block", newline, { line, newline }, { "#" } ;
    line     = "#", { character } | name, "=", { character | "\\", any } ;

This module imports nothing of the project: booting needs it, too.
"""

import re
from collections.abc import Iterator, Mapping, Sequence

# The free place in the first MiB of btrfs, in bytes of the device. GRUB (util/grub-editenv.c) keeps
# a block of 512 bytes there, because it writes to no file of a btrfs.
PLACE = range(256 << 10, 260 << 10)
SECTOR = 512  # bytes that a disk writes as a whole
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


def plan_writes(block: str, values: Mapping[str, str | None]) -> Iterator[bytes]:
    """Yield the blocks to write, one after the other, to set the variables as `write` does.

    A disk writes a sector as a whole or not at all. After a power cut between two sectors each
    variable shall have its old or its new value. When a line before the border of two sectors
    grows or shrinks, others move across, so the order of the sectors matters. If no order is right,
    lines at the border are first repeated at the end: of several lines of one name, the last
    counts. Without room for that, the new block is written as it is.
    """
    old, new = _bytes(block), _bytes(write(block, values))
    if _find_border(old, new):
        try:
            for name, value in values.items():
                one = _bytes(write(_text(old), {name: value}))
                if border := _find_border(old, one):
                    yield from _find_way(old, one, border)
                yield (old := one)
        except BlockError:  # there is room for all changes together only
            yield new
    elif old != new:
        yield new


def _find_border(old: bytes, new: bytes) -> int:
    """Return the place between two neighbours, if they are the sectors that differ; else 0."""
    changed = [at for at in range(0, len(new), SECTOR) if old[at:][:SECTOR] != new[at:][:SECTOR]]
    return changed[1] if len(changed) == 2 and changed[1] == changed[0] + SECTOR else 0


def _find_way(old: bytes, new: bytes, border: int) -> Sequence[bytes]:
    """Return the blocks between the old and the new one, if sectors on both sides change."""
    moved = abs(len(old.rstrip(b"#")) - len(new.rstrip(b"#")))
    ways = [[old[:border] + new[border:]], [new[:border] + old[border:]]]
    for before, after in ((0, 0), (moved, 0), (0, moved), (moved, moved)):
        longer = _repeat_lines(old, border - before, border + after)
        ways.append([longer, new[:border] + longer[border:]])
    values = _values(old), _values(new)
    return next((way for way in ways if all(_is_between(_values(b), *values) for b in way)), ())


def _repeat_lines(block: bytes, start: int, end: int) -> bytes:
    """Return the block with the lines from one place to another once more at its end."""
    used = block.rstrip(b"#")
    found = _LINE.finditer(used, len(SIGNATURE))
    longer = used + b"".join(m[0] for m in found if m.start() <= end and m.end() >= start)
    return longer.ljust(len(block), b"#") if len(longer) <= len(block) else block


def _is_between(found: Mapping[str, str], old: Mapping[str, str], new: Mapping[str, str]) -> bool:
    """Return True if each variable has its old or its new value. Others may be there, too."""
    names = {*old, *new}
    return all(found.get(name) in (old.get(name), new.get(name)) for name in names)


def _values(block: bytes) -> Mapping[str, str]:
    try:
        return read(_text(block))
    except BlockError:
        return {}


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

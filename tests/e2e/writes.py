"""The writes of a guest to a disk, in their order: QEMU's blklogwrites records them.

The kernel's Documentation/admin-guide/device-mapper/log-writes.rst has the format.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

SECTOR = 512
_MAGIC = 0x6A736677736872
_HEAD, _WRITE = struct.Struct("<QQQI"), struct.Struct("<QQQQ")
_DISCARD = 4


class Write(NamedTuple):
    """A write: its first byte, and its data; none for a flush."""

    offset: int
    data: bytes


def read(log: Path) -> Iterator[Write]:
    """Yield the writes."""
    with log.open("rb") as file:
        magic, version, count, sector = _HEAD.unpack(file.read(SECTOR)[: _HEAD.size])
        assert (magic, version, sector) == (_MAGIC, 1, SECTOR)
        for _ in range(count):
            start, sectors, flags, _ = _WRITE.unpack(file.read(SECTOR)[: _WRITE.size])
            assert not flags & _DISCARD
            yield Write(start * SECTOR, file.read(sectors * SECTOR))


def cut(disk: bytes, writes: Iterator[Write]) -> Iterator[bytearray]:
    """Yield the disk as each power cut leaves it. A write may end after any of its sectors.

    It is one and the same array, which changes.
    """
    now = bytearray(disk)
    yield now
    for write in writes:
        for at in range(0, len(write.data), SECTOR):
            place, sector = write.offset + at, write.data[at : at + SECTOR]
            if now[place : place + SECTOR] != sector:
                now[place : place + SECTOR] = sector
                yield now

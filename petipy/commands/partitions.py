"""Partition tables: GPT, and MBR with its logical partitions. Pure."""

import struct
import uuid
from collections.abc import Iterator
from typing import Literal, NamedTuple

from petipy.scan.superblock import Read

_EXTENDED = (0x05, 0x0F, 0x85)
_PROTECTIVE = 0xEE
_MOST = 256  # partitions; a chain of logical ones may lead in a circle


class Partition(NamedTuple):
    """One that may hold something, where it lies on the disk."""

    number: int
    start: int  # bytes
    size: int  # bytes
    uuid: str = ""  # PARTUUID as Linux makes it
    label: str = ""


class Table(NamedTuple):
    """A disk's partitions, by their numbers."""

    scheme: Literal["gpt", "msdos"]
    partitions: tuple[Partition, ...]


def table(read: Read) -> Table | None:
    """The partitions of a disk; None when it has no table."""
    first = read(0, 512)
    if len(first) < 512 or first[510:] != b"\x55\xaa":
        return None
    kinds = [first[446 + 16 * i + 4] for i in range(4)]
    if _PROTECTIVE in kinds:
        for sector in (512, 4096):
            if partitions := tuple(_gpt(read, sector)):
                return Table("gpt", partitions)
    # A boot sector of a file system ends like a partition table; its flags are no such flags.
    if any(first[446 + 16 * i] not in (0, 0x80) for i in range(4)):
        return None
    partitions = tuple(_msdos(read, first))
    return Table("msdos", partitions) if partitions else None


def _gpt(read: Read, sector: int) -> Iterator[Partition]:
    header = read(sector, 92)
    if len(header) < 92 or not header.startswith(b"EFI PART"):
        return
    start, count, size = struct.unpack_from("<QII", header, 72)
    if size < 128 or size > 4096:
        return
    for i in range(min(count, _MOST)):
        entry = read(start * sector + i * size, 128)
        if len(entry) < 128 or not any(entry[:16]):
            continue
        first, last = struct.unpack_from("<QQ", entry, 32)
        if last < first:
            continue
        name = entry[56:128].decode("utf-16-le", "replace").partition("\0")[0]
        id = str(uuid.UUID(bytes_le=entry[16:32]))
        yield Partition(i + 1, first * sector, (last - first + 1) * sector, id, name)


def _msdos(read: Read, first: bytes) -> Iterator[Partition]:
    (disk,) = struct.unpack_from("<I", first, 440)
    extended = 0
    for number, kind, start, size in _records(first):
        if kind in _EXTENDED:
            extended = extended or start
        elif kind and size:
            yield _partition(disk, number, start, size)
    if extended:
        yield from _logical(read, disk, extended)


def _logical(read: Read, disk: int, extended: int) -> Iterator[Partition]:
    """A linked list: each sector has a partition, relative to itself, and the next's place."""
    here = extended
    for number in range(5, _MOST):
        sector = read(here * 512, 512)
        if len(sector) < 512 or sector[510:] != b"\x55\xaa":
            return
        (_, kind, start, size), (_, link, following, _), *_ = _records(sector)
        if kind and size:
            yield _partition(disk, number, here + start, size)
        if link not in _EXTENDED or not following:
            return
        here = extended + following


def _records(sector: bytes) -> Iterator[tuple[int, int, int, int]]:
    for i in range(4):
        _, kind, start, size = struct.unpack_from("<B3xB3xII", sector, 446 + 16 * i)
        yield i + 1, kind, start, size


def _partition(disk: int, number: int, start: int, size: int) -> Partition:
    return Partition(number, start * 512, size * 512, f"{disk:08x}-{number:02x}" if disk else "")

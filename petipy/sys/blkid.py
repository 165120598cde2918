"""Partition tables, read by libblkid, which is everywhere where util-linux is.

libblkid parses a stranger's bytes in C: use it in a confined child only. Such a child can load no
library any more, so `load` comes first.
"""

import ctypes
import errno
from collections.abc import Iterator
from ctypes import c_char_p, c_int, c_int64, c_uint, c_void_p
from functools import cache
from typing import NamedTuple

MISSING = "libblkid.so.1 is missing, which reads partition tables: install util-linux"
_ONLY = 2  # BLKID_FLTR_ONLYIN
_TYPES = (b"gpt", b"dos")  # no disk that this program boots from has another
_SECTORS = (512, 4096)  # bytes; a file does not tell which it is

# <blkid/blkid.h>: result, arguments.
_FUNCTIONS = {
    "blkid_new_probe": (c_void_p,),
    "blkid_free_probe": (None, c_void_p),
    "blkid_probe_set_device": (c_int, c_void_p, c_int, c_int64, c_int64),
    "blkid_probe_set_sectorsize": (c_int, c_void_p, c_uint),
    "blkid_probe_enable_partitions": (c_int, c_void_p, c_int),
    "blkid_probe_filter_partitions_type": (c_int, c_void_p, c_int, c_void_p),
    "blkid_probe_get_partitions": (c_void_p, c_void_p),
    "blkid_partlist_get_table": (c_void_p, c_void_p),
    "blkid_parttable_get_type": (c_char_p, c_void_p),
    "blkid_partlist_numof_partitions": (c_int, c_void_p),
    "blkid_partlist_get_partition": (c_void_p, c_void_p, c_int),
    "blkid_partition_get_table": (c_void_p, c_void_p),
    "blkid_partition_is_extended": (c_int, c_void_p),
    "blkid_partition_get_partno": (c_int, c_void_p),
    "blkid_partition_get_start": (c_int64, c_void_p),
    "blkid_partition_get_size": (c_int64, c_void_p),
    "blkid_partition_get_uuid": (c_char_p, c_void_p),
    "blkid_partition_get_name": (c_char_p, c_void_p),
}


class PartitionEntry(NamedTuple):
    """A partition that is no container of others."""

    number: int
    start: int  # bytes
    size: int  # bytes
    uuid: str  # PARTUUID as Linux makes it; "" for none
    label: str


class Table(NamedTuple):
    """The partition table of a disk."""

    kind: str  # gpt or dos
    partitions: tuple[PartitionEntry, ...]


@cache
def load() -> ctypes.CDLL:
    """Load the library; OSError with a sentence if it is missing."""
    try:
        library = ctypes.CDLL("libblkid.so.1")
    except OSError:
        raise OSError(errno.ENOENT, MISSING) from None
    for name, (result, *arguments) in _FUNCTIONS.items():
        function = getattr(library, name)  # which keeps it, unlike library[name]
        function.restype, function.argtypes = result, arguments
    return library


class OpenDisk:
    """An open disk or disk image. Creating it asks the kernel only, and reads no contents."""

    def __init__(self, fd: int) -> None:
        self._library = load()
        self._probes = [self._probe(fd, size) for size in _SECTORS]

    def _probe(self, fd: int, sector: int) -> int:
        library = self._library
        probe: int | None = library.blkid_new_probe()
        if not probe:
            raise MemoryError
        if library.blkid_probe_set_device(probe, fd, 0, 0) < 0:
            raise OSError(errno.EIO, "libblkid cannot probe it")
        library.blkid_probe_set_sectorsize(probe, sector)
        library.blkid_probe_enable_partitions(probe, 1)
        names = (c_char_p * 3)(*_TYPES, None)
        library.blkid_probe_filter_partitions_type(probe, _ONLY, names)
        return probe

    def table(self) -> Table | None:
        """Return the partition table, with its partitions by their numbers; None without one."""
        library = self._library
        for probe in self._probes:
            found = library.blkid_probe_get_partitions(probe)
            if not found or not (table := library.blkid_partlist_get_table(found)):
                continue
            kind = _text(library.blkid_parttable_get_type(table))
            partitions = tuple(self._partitions(found, table))
            # Any sector with the right last two bytes looks like an empty table of a DOS disk.
            if partitions or kind == "gpt":
                return Table(kind, partitions)
        return None

    def _partitions(self, found: int, table: int) -> Iterator[PartitionEntry]:
        library = self._library
        for index in range(library.blkid_partlist_numof_partitions(found)):
            partition = library.blkid_partlist_get_partition(found, index)
            # A slice of a BSD in a partition belongs to a table of its own.
            if library.blkid_partition_get_table(partition) != table:
                continue
            if library.blkid_partition_is_extended(partition):
                continue
            yield PartitionEntry(
                library.blkid_partition_get_partno(partition),
                library.blkid_partition_get_start(partition) * 512,
                library.blkid_partition_get_size(partition) * 512,
                _text(library.blkid_partition_get_uuid(partition)),
                _text(library.blkid_partition_get_name(partition)),
            )


def _text(data: bytes | None) -> str:
    return (data or b"").decode("utf-8", "replace")

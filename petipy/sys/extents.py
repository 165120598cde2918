"""The places of a file's bytes on its block device."""

import errno
import fcntl
import struct
from typing import NamedTuple

from petipy.sys.libc import IO_NONE

# <linux/fs.h>; _IOWR() of this size comes out the same on every machine.
_FIBMAP, _FIGETBSZ = IO_NONE | 1, IO_NONE | 2
_FS_IOC_FIEMAP = 0xC020660B
# struct fiemap: start, length; flags, mapped extents, room for extents, reserved.
_FIEMAP = struct.Struct("=QQ IIII")
# struct fiemap_extent: logical, physical, length, 2 reserved; flags, 3 reserved.
_EXTENT = struct.Struct("=QQQ 16x I 12x")
_MOST = 64
# FIEMAP_EXTENT_…: LAST and MERGED do not concern the data; all others may, unknown ones too.
_HARMLESS = 0x0001 | 0x1000
_WHY_NOT = {
    0x0004: "is not on the disk yet",
    0x0080: "is encrypted",
    0x0008: "is compressed or encrypted",
    0x0200: "lies within its inode",
    0x0400: "shares a block with other files",
    0x0800: "has blocks that were never written",
    0x2000: "shares its blocks with a copy",
}


class Extent(NamedTuple):
    """`length` bytes of the file from `logical` on lie on the device from `physical` on."""

    logical: int
    physical: int
    length: int


def extents(fd: int, size: int) -> list[Extent]:
    """Return the extents of the first `size` bytes of an open file, without a gap.

    A write there changes this file and nothing else. OSError with EOPNOTSUPP and a half sentence
    ("is compressed …") if that is not so for some of the bytes.
    """
    asked = _fiemap(fd, size)
    found = _fibmap(fd, size) if asked is None else _plain(asked, size)
    at = 0
    for extent in found:
        if extent.logical != at:
            break
        at += extent.length
    if at < size:
        raise OSError(errno.EOPNOTSUPP, "has holes")
    return found


def _fiemap(fd: int, size: int) -> bytearray | None:
    """Return FS_IOC_FIEMAP's answer (Documentation/filesystems/fiemap.rst); None if unsupported."""
    asked = bytearray(_FIEMAP.pack(0, size, 0, 0, _MOST, 0) + bytes(_MOST * _EXTENT.size))
    try:
        fcntl.ioctl(fd, _FS_IOC_FIEMAP, asked)
    except OSError as error:
        if error.errno in {errno.EOPNOTSUPP, errno.ENOTTY}:
            return None
        raise
    return asked


def _plain(asked: bytearray, size: int) -> list[Extent]:
    """Return the extents in FIEMAP's answer, cut to the size."""
    found: list[Extent] = []
    for number in range(min(_FIEMAP.unpack_from(asked)[3], _MOST)):
        place = _FIEMAP.size + number * _EXTENT.size
        logical, physical, length, flags = _EXTENT.unpack_from(asked, place)
        if odd := flags & ~_HARMLESS:
            why = next((words for bit, words in _WHY_NOT.items() if odd & bit), "lies oddly")
            raise OSError(errno.EOPNOTSUPP, why)
        if (length := min(length, size - logical)) > 0:
            found.append(Extent(logical, physical, length))
    return found


def _fibmap(fd: int, size: int) -> list[Extent]:
    """Return extents by FIBMAP, block by block, which the FAT driver has. A hole is block 0."""
    (block,) = struct.unpack("i", fcntl.ioctl(fd, _FIGETBSZ, bytes(4)))
    found: list[Extent] = []
    for logical in range(0, size, block):
        number = struct.pack("i", logical // block)
        (physical,) = struct.unpack("i", fcntl.ioctl(fd, _FIBMAP, number))
        if physical > 0:
            found.append(Extent(logical, physical * block, min(block, size - logical)))
    return found

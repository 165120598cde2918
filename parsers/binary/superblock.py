"""The file system that some bytes hold, with its UUID and label in blkid's words. Pure.

libblkid does not replace this: image files are looked at over `Files`, in a machine file as on a
disk, and a machine file has pieces of an image but no open file. The child that reads a disk can
load no library either, and seven superblocks are little code without any pointer.
"""

import codecs
import struct
from collections.abc import Callable
from typing import NamedTuple

KINDS = frozenset(["btrfs", "ext2", "ext3", "ext4", "f2fs", "iso9660", "squashfs", "vfat", "xfs"])

Read = Callable[[int, int], bytes]  # offset and length in bytes; less, or nothing, past the end


class Superblock(NamedTuple):
    """A superblock's facts."""

    kind: str  # the name of Linux's driver: one of KINDS
    uuid: str = ""
    label: str = ""


def identify(read: Read) -> Superblock | None:
    """Return the file system that begins at offset 0; None for anything that holds no files."""
    for look in (_xfs, _squashfs, _ext, _f2fs, _btrfs, _iso9660, _vfat):
        if found := look(read):
            return found
    return None


def _xfs(read: Read) -> Superblock | None:
    block = read(0, 120)
    if len(block) < 120 or not block.startswith(b"XFSB"):
        return None
    return Superblock("xfs", _uuid(block[32:48]), _text(block[108:120]))


def _squashfs(read: Read) -> Superblock | None:
    return Superblock("squashfs") if read(0, 4) == b"hsqs" else None


def _ext(read: Read) -> Superblock | None:
    block = read(1024, 136)
    if len(block) < 136 or block[56:58] != b"\x53\xef":
        return None
    compatible, incompatible, read_only = struct.unpack_from("<3I", block, 0x5C)
    if incompatible & 0x8:  # a journal without files, for another file system
        return None
    # Features that ext3's own driver did not know; 0x16: file types, recovery, metadata groups.
    older = "ext3" if compatible & 0x4 else "ext2"
    kind = "ext4" if incompatible & ~0x16 or read_only & ~0x7 else older
    return Superblock(kind, _uuid(block[104:120]), _text(block[120:136]))


def _f2fs(read: Read) -> Superblock | None:
    block = read(1024, 124 + 1024)
    if len(block) < 124 or block[:4] != b"\x10\x20\xf5\xf2":
        return None
    # In a confined child the codec of str.decode cannot be imported.
    label, _ = codecs.utf_16_le_decode(block[124:], "replace")
    return Superblock("f2fs", _uuid(block[108:124]), label.partition("\0")[0])


def _btrfs(read: Read) -> Superblock | None:
    block = read(0x10000, 0x12B + 256)
    if len(block) < 0x12B or block[0x40:0x48] != b"_BHRfS_M":
        return None
    return Superblock("btrfs", _uuid(block[0x20:0x30]), _text(block[0x12B:]))


def _iso9660(read: Read) -> Superblock | None:
    block = read(0x8000, 864)
    if len(block) < 864 or block[:6] != b"\x01CD001":
        return None
    # The time of the last change, else of the creation, serves as UUID: 2024-05-01-12-00-00-00.
    for start in (830, 813):
        digits = block[start : start + 16].decode("ascii", "replace")
        if digits.isdecimal() and digits.strip("0"):
            pairs = [digits[i : i + 2] for i in range(4, 16, 2)]
            return Superblock("iso9660", "-".join((digits[:4], *pairs)), _text(block[40:72]))
    return Superblock("iso9660", "", _text(block[40:72]))


def _vfat(read: Read) -> Superblock | None:
    block = read(0, 512)
    if len(block) < 512 or block[510:] != b"\x55\xaa":
        return None
    if block[82:87] == b"FAT32":
        serial, label = block[67:71], block[71:82]
    elif block[54:59] in (b"FAT12", b"FAT16", b"FAT  "):
        serial, label = block[39:43], block[43:54]
    else:
        return None
    number = f"{int.from_bytes(serial, 'little'):08X}"
    name = _text(label)
    return Superblock("vfat", f"{number[:4]}-{number[4:]}", "" if name == "NO NAME" else name)


def _uuid(data: bytes) -> str:
    digits = data.hex()
    lengths = (slice(8), slice(8, 12), slice(12, 16), slice(16, 20), slice(20, None))
    return "-".join(digits[part] for part in lengths) if any(data) else ""


def _text(data: bytes) -> str:
    return data.partition(b"\0")[0].decode("utf-8", "replace").rstrip(" ")

"""A cpio archive of one file, as GRUB makes of `newc:NAME:FILE` (grub-core/loader/linux.c), and
iPXE of `initrd FILE NAME` (core/cpio.c).

The kernel unpacks what it finds one after the other (Documentation/driver-api/early-userspace/
buffer-format.rst in its sources): every number is eight hexadecimal digits, and names, data and
the whole are filled up to four bytes.
"""

from collections.abc import Iterator

_DIRECTORY = 0o040777
_FILE = 0o100000
_ALL = 0o777
_TRAILER = "TRAILER!!!"


def before(name: str, size: int, mode: int) -> bytes:
    """All that precedes the file's `size` bytes: the directories around it, and its header."""
    around = (_entry(directory, _DIRECTORY, 0) for directory in _directories(name))
    return b"".join((*around, _entry(name, _FILE | (mode or _ALL), size)))


def after(size: int) -> bytes:
    """All that follows them."""
    return bytes(-size % 4) + _entry(_TRAILER, 0, 0)


def _directories(name: str) -> Iterator[str]:
    for at, char in enumerate(name):
        if char == "/" and at:
            yield name[:at]


def _entry(name: str, mode: int, size: int) -> bytes:
    raw = name.encode(errors="surrogateescape") + b"\0"
    # Magic, inode, mode, owner, group, links, time, size, four device numbers, name, checksum.
    numbers = (0, mode, 0, 0, 1, 0, size, 0, 0, 0, 0, len(raw), 0)
    header = b"070701" + b"".join(b"%08X" % number for number in numbers) + raw
    return header + bytes(-len(header) % 4)

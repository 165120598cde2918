"""Cpio archives of one file.

GRUB makes one of `newc:NAME:FILE` (grub-core/loader/linux.c), iPXE of `initrd FILE NAME`
(core/cpio.c). The kernel unpacks archives one after the other. The format is in its sources, in
Documentation/driver-api/early-userspace/buffer-format.rst: a number is eight hexadecimal digits;
names, data and the archive are padded to four bytes.
"""

from collections.abc import Iterator

_DIRECTORY = 0o040777
_FILE = 0o100000
_ALL = 0o777
_TRAILER = "TRAILER!!!"


def before(name: str, size: int, mode: int) -> bytes:
    """Return the bytes before the file's `size` bytes: its directories and its header."""
    around = (_entry(directory, _DIRECTORY, 0) for directory in _directories(name))
    return b"".join((*around, _entry(name, _FILE | (mode or _ALL), size)))


def after(size: int) -> bytes:
    """Return the bytes after the file's `size` bytes: padding, and the end of the archive."""
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

"""The attributes of a file: ioctl_iflags(2)."""

import fcntl
import os
import struct

from petipy.sys.libc import IO_READ, IO_WRITE

_LONG = struct.calcsize("l") << 16  # the number says a long; the kernel reads and writes an int
_GET, _SET = IO_READ | _LONG | 0x6601, IO_WRITE | _LONG | 0x6602
_IMMUTABLE = 0x10


def set_immutable(path: str, on: bool) -> None:
    """Forbid every change of a file, or allow it again. Raise OSError: ENOTTY, ENOENT, EPERM."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        (flags,) = struct.unpack_from("i", fcntl.ioctl(fd, _GET, bytes(8)))
        wanted = flags | _IMMUTABLE if on else flags & ~_IMMUTABLE
        if flags != wanted:
            fcntl.ioctl(fd, _SET, struct.pack("iI", wanted, 0))
    finally:
        os.close(fd)

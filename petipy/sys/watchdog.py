"""The watchdog of a machine: Documentation/watchdog/watchdog-api.rst."""

import fcntl
import os
import struct

from petipy.sys.libc import IO_READ, IO_WRITE

DEVICE = "/dev/watchdog"
_INT = struct.Struct("i")
_SET_TIMEOUT = IO_READ | IO_WRITE | _INT.size << 16 | ord("W") << 8 | 6  # WDIOC_SETTIMEOUT
_open: list[int] = []  # a descriptor that is closed may stop the watchdog


def exists(device: str = DEVICE) -> bool:
    return os.access(device, os.F_OK)


def start(seconds: int, device: str = DEVICE) -> int:
    """Start the watchdog. It resets the machine after so long, unless somebody takes it over.

    Return the seconds that the hardware takes. Raise OSError.
    """
    fd = os.open(device, os.O_WRONLY | os.O_CLOEXEC)
    _open.append(fd)
    (taken,) = _INT.unpack(fcntl.ioctl(fd, _SET_TIMEOUT, _INT.pack(seconds)))
    return int(taken)

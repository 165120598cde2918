"""The watchdog of a machine: Documentation/watchdog/watchdog-api.rst."""

import fcntl
import os
import struct
from contextlib import suppress

from petipy.sys.libc import IO_READ, IO_WRITE

DEVICE = "/dev/watchdog"
STATE = "/sys/class/watchdog/watchdog0"
_INT = struct.Struct("i")
_SET_TIMEOUT = IO_READ | IO_WRITE | _INT.size << 16 | ord("W") << 8 | 6  # WDIOC_SETTIMEOUT
OPEN: list[int] = []  # a descriptor that is closed may stop the watchdog


def exists(device: str = DEVICE) -> bool:
    return os.access(device, os.F_OK)


def start(seconds: int, device: str = DEVICE) -> int:
    """Start the watchdog. It resets the machine after so long, unless somebody takes it over.

    Return the seconds that the hardware takes. Raise OSError.
    """
    fd = os.open(device, os.O_WRONLY | os.O_CLOEXEC)
    OPEN.append(fd)
    (taken,) = _INT.unpack(fcntl.ioctl(fd, _SET_TIMEOUT, _INT.pack(seconds)))
    return int(taken)


def stop() -> str:
    """Stop the watchdog that was started; if it goes on, return its seconds in words, else "".

    A driver may be built so that nothing stops it. Only sysfs tells.
    """
    if not OPEN:
        return ""
    while OPEN:
        fd = OPEN.pop()
        with suppress(OSError):
            os.write(fd, b"V")  # the magic character, without which closing stops nothing
        with suppress(OSError):
            os.close(fd)
    with suppress(OSError), open(f"{STATE}/state") as file:
        if file.read().strip() == "active":
            with open(f"{STATE}/timeout") as seconds:
                return seconds.read().strip()
    return ""

"""Ending the machine's run, and telling how long it has lasted."""

import os
import time
from ctypes import c_int

from petipy.sys.libc import call, libc

libc.reboot.argtypes = (c_int,)
_RESTART, _POWER_OFF, _HALT = 0x01234567, 0x4321FEDC, 0xCDEF0123 - (1 << 32)


def boottime() -> float:
    """Seconds since the kernel started, time asleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def restart() -> None:
    """At once, after a sync. Returns by OSError only: EPERM without CAP_SYS_BOOT."""
    _end(_RESTART)


def power_off() -> None:
    """At once, after a sync."""
    _end(_POWER_OFF)


def halt() -> None:
    """At once, after a sync."""
    _end(_HALT)


def _end(command: int) -> None:
    os.sync()
    call(libc.reboot, command)

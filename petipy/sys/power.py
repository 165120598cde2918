"""Ending the machine's run."""

import os
from ctypes import c_int

from petipy.sys.libc import call, libc

libc.reboot.argtypes = (c_int,)
_RESTART, _POWER_OFF = 0x01234567, 0x4321FEDC


def restart() -> None:
    """At once, after a sync. Returns by OSError only: EPERM without CAP_SYS_BOOT."""
    _end(_RESTART)


def power_off() -> None:
    """At once, after a sync."""
    _end(_POWER_OFF)


def _end(command: int) -> None:
    os.sync()
    call(libc.reboot, command)

"""The C library, and system calls that it has no function for."""

import ctypes
import os
from collections.abc import Callable
from ctypes import c_int, c_long, c_ulong
from typing import Any

libc = ctypes.CDLL(None, use_errno=True)
libc.syscall.restype = c_long
libc.prctl.argtypes = (c_int, c_ulong, c_ulong, c_ulong, c_ulong)

# System calls added since 5.1 have one number on every machine (but Alpha).
NUMBERS = {"fsopen": 430, "fsconfig": 431, "fsmount": 432, "close_range": 436, "openat2": 437}

# _IO(), _IOR() and _IOW() of <asm-generic/ioctl.h>: powerpc, mips and sparc have other bits for the
# direction, and mark "no argument" by a bit, too.
IO_NONE, IO_READ, IO_WRITE = 0, 1 << 31, 1 << 30
if os.uname().machine.startswith(("ppc", "mips", "sparc")):
    IO_NONE, IO_READ, IO_WRITE = 1 << 29, 1 << 30, 1 << 31


def syscall(name: str, *arguments: Any) -> int:
    """Make a system call. Arguments are ctypes values: variadic calls cut a bare int to 32 bits."""
    return check(name, libc.syscall(c_long(NUMBERS[name]), *arguments))


def call(function: Callable[..., int], *arguments: Any) -> int:
    """Call a function of the C library that returns -1 and sets errno when it fails."""
    return check(getattr(function, "__name__", "call"), function(*arguments))


def check(name: str, result: int) -> int:
    """Return the result; raise an OSError with the name of the call for a negative one."""
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result

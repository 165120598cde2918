"""kexec_load(2), kexec_file_load(2) and reboot(2): arguments in, OSError out."""

import ctypes
import errno
import os
from collections.abc import Sequence
from ctypes import c_char_p, c_int, c_long, c_size_t, c_ulong, c_void_p
from dataclasses import dataclass

_libc = ctypes.CDLL(None, use_errno=True)
_libc.syscall.restype = c_long
_libc.reboot.argtypes = (c_int,)
_libc.reboot.restype = c_int

# include/uapi/linux/kexec.h
_FILE_UNLOAD = 1
_FILE_NO_INITRAMFS = 4
_REBOOT_CMD_KEXEC = 0x45584543
SEGMENTS_MAX = 16


class _CSegment(ctypes.Structure):
    _fields_ = (
        ("buf", c_void_p),
        ("bufsz", c_size_t),
        ("mem", c_size_t),
        ("memsz", c_size_t),
    )


@dataclass(frozen=True, slots=True)
class Segment:
    """`size` bytes at `buffer` in this process go to physical address `address`.

    The kernel copies them before kexec_load returns, and fills up to `room` with zeros.
    """

    buffer: int
    size: int
    address: int
    room: int


def kexec_load(entry: int, segments: Sequence[Segment]) -> None:
    """Stage segments. Without any, forget the staged kernel."""
    array = (_CSegment * len(segments))(
        *(_CSegment(s.buffer, s.size, s.address, s.room) for s in segments)
    )
    number = _number("kexec_load")
    # syscall() is variadic: without a C type a Python int would travel as 32 bits.
    result = _libc.syscall(number, c_ulong(entry), c_ulong(len(segments)), array, c_ulong(0))
    _check("kexec_load", result)


def kexec_file_load(kernel: int, initrd: int | None, cmdline: bytes) -> None:
    """Stage a kernel.

    Both files are open descriptors; the running kernel reads them before it returns.
    """
    number = _number("kexec_file_load")
    files = c_int(kernel), c_int(-1 if initrd is None else initrd)
    flags = c_ulong(_FILE_NO_INITRAMFS if initrd is None else 0)
    rest = c_ulong(len(cmdline) + 1), c_char_p(cmdline), flags
    _check("kexec_file_load", _libc.syscall(number, *files, *rest))


def kexec_file_unload() -> None:
    """Forget the staged kernel. Raise OSError, ENOSYS where the kernel was built without it."""
    number = _number("kexec_file_load")
    nothing = c_int(-1), c_int(-1), c_ulong(0), c_char_p(None)
    _check("kexec_file_load", _libc.syscall(number, *nothing, c_ulong(_FILE_UNLOAD)))


def reboot_kexec() -> None:
    """Jump into the staged kernel. It is a failure if this returns."""
    _check("reboot", _libc.reboot(_REBOOT_CMD_KEXEC))


def _number(call: str) -> c_long:
    from . import machines

    name = os.uname().machine
    machine = machines.find(name)
    if machine is None:
        raise OSError(errno.ENOSYS, f"{call}: number unknown on {name}")
    return c_long(machine.kexec_load if call == "kexec_load" else machine.kexec_file_load)


def _check(call: str, result: int) -> None:
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{call}: {os.strerror(code)}")

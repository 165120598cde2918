"""Open a path that cannot lead out of a directory: openat2(2), Linux 5.6 and later."""

import ctypes
import errno
import os
from ctypes import c_char_p, c_int, c_size_t, c_uint64

from petipy.sys.libc import syscall

_RESOLVE_NO_MAGICLINKS = 0x02
_RESOLVE_IN_ROOT = 0x10


class _OpenHow(ctypes.Structure):
    _fields_ = (("flags", c_uint64), ("mode", c_uint64), ("resolve", c_uint64))


def open_in_root(root: int, path: bytes, flags: int) -> int:
    """Return a descriptor for `path`; `root` stands for / in it, in links and for `..`.

    OSError with ENOSYS where the kernel lacks the call; EPERM from some containers' filters.
    """
    how = _OpenHow(flags | os.O_CLOEXEC, 0, _RESOLVE_IN_ROOT | _RESOLVE_NO_MAGICLINKS)
    arguments = c_int(root), c_char_p(path), ctypes.byref(how), c_size_t(ctypes.sizeof(how))
    # EAGAIN: something was renamed meanwhile, and the kernel could not be sure about a `..`.
    for _ in range(32):
        try:
            return syscall("openat2", *arguments)
        except OSError as error:
            if error.errno != errno.EAGAIN:
                raise
    return syscall("openat2", *arguments)

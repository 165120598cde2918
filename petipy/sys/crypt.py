"""crypt(3) of libcrypt: the hashes that Unix systems keep of passwords.

It knows yescrypt, gost-yescrypt, scrypt, bcrypt, SHA-512, SHA-256, MD5 and older methods, as far
as the library was built with them (libxcrypt, crypt(5)).
"""

import ctypes
import errno
import os
from ctypes import c_char_p, c_int, c_void_p
from functools import cache

_NAMES = ("libcrypt.so.1", "libcrypt.so.2")  # the second without the oldest functions


@cache
def load() -> ctypes.CDLL:
    """Return the library, loaded at the first call. Raise OSError (ENOPKG) if there is none."""
    for name in _NAMES:
        try:
            library = ctypes.CDLL(name, use_errno=True)
        except OSError:
            continue
        if not hasattr(library, "crypt_ra"):  # glibc's own, before libxcrypt
            continue
        library.crypt_ra.argtypes = (c_char_p, c_char_p, c_void_p, c_void_p)
        library.crypt_ra.restype = c_char_p
        return library
    raise OSError(errno.ENOPKG, "this system has no libcrypt")


def crypt(phrase: bytes, setting: bytes) -> bytes:
    """Return the hash of a phrase, made with the method, cost and salt of `setting`, a hash.

    Raise OSError: EINVAL for a setting that the library does not know or has no memory for, ERANGE
    for a phrase of more than 512 bytes, ENOPKG without the library.
    """
    if b"\0" in phrase or b"\0" in setting:
        raise OSError(errno.EINVAL, "a zero byte")
    data, size = c_void_p(), c_int()
    ctypes.set_errno(0)
    made: bytes | None = load().crypt_ra(phrase, setting, ctypes.byref(data), ctypes.byref(size))
    if made is None:
        code = ctypes.get_errno() or errno.EINVAL
        raise OSError(code, f"crypt: {os.strerror(code)}")
    return made

"""Recognise an initrd that holds Petipy, by its first bytes.

The image begins with a small archive that is not compressed. It holds one file, whose text is that
of os-release(5) with ID=petipy. The kernel unpacks one archive after the other, so archives that a
boot loader or a person has put before ours, as with microcode, are skipped. The kernel's
Documentation/driver-api/early-userspace/buffer-format.rst has the format.

This module imports nothing but os_release: booting needs it, too.
"""

from collections.abc import Callable

from parsers.binary import os_release

RELEASE = "etc/initrd-release"
ID = "petipy"
_MAGIC = b"070701"
_HEADER = 110  # bytes
_MOST = 64  # records that are looked at
_TEXT = 1024  # bytes of a release file
_PADDING = 4096  # bytes of zeros between two archives

Read = Callable[[int, int], bytes]  # offset, length → the bytes that are there


def is_petipy(read: Read) -> bool:
    """Return True if the initrd is one of Petipy's images."""
    at = 0
    for _ in range(_MOST):
        head = read(at, _HEADER)
        if len(head) < _HEADER or head[:6] != _MAGIC:
            return False
        try:
            size, length = int(head[54:62], 16), int(head[94:102], 16)
        except ValueError:
            return False
        name = read(at + _HEADER, min(length, 256)).rstrip(b"\0").removeprefix(b"./")
        start = _align(at + _HEADER + length)
        if name == RELEASE.encode():
            text = read(start, min(size, _TEXT)).decode("utf-8", "replace")
            return os_release.read(text).get("ID") == ID
        at = _align(start + size)
        if name == b"TRAILER!!!":
            zeros = read(at, _PADDING)
            at += len(zeros) - len(zeros.lstrip(b"\0"))
    return False


def _align(size: int) -> int:
    return (size + 3) & ~3

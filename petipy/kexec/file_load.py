"""kexec_file_load(2): the running kernel places the segments."""

import os
from collections.abc import Sequence

from .room import Room
from .syscalls import kexec_file_load


def load(kernel: int, initrds: Sequence[int], cmdline: bytes, room: Room) -> None:
    """Stage a kernel. Raise OSError, ENOSYS where the running kernel was built without the call."""
    take_room(room, kernel, initrds)
    if len(initrds) <= 1:
        kexec_file_load(kernel, initrds[0] if initrds else None, cmdline)
        return
    joined = join(initrds)
    try:
        kexec_file_load(kernel, joined, cmdline)
    finally:
        os.close(joined)


def take_room(room: Room, kernel: int, initrds: Sequence[int]) -> None:
    """Take the memory for a load of open files. Raise Refused.

    The running kernel reads each file into memory, and then copies it to where it belongs.
    """
    joined = sum(os.fstat(fd).st_size for fd in initrds)
    copies = joined if len(initrds) > 1 else 0
    room.take(2 * (os.fstat(kernel).st_size + joined) + copies, "two copies of kernel and initrd")


def join(initrds: Sequence[int]) -> int:
    """Copy several archives into one file in memory.

    Archives follow one another, each at a multiple of 4 bytes, with zeros between
    (Documentation/driver-api/early-userspace/buffer-format.rst).
    """
    joined = os.memfd_create("initrd")
    try:
        for fd in initrds:
            _append(joined, fd)
    except BaseException:
        os.close(joined)
        raise
    return joined


def _append(joined: int, fd: int) -> None:
    size, at = os.fstat(fd).st_size, 0
    while at < size and (sent := os.sendfile(joined, fd, at, size - at)):
        at += sent
    os.write(joined, bytes(-at % 4))

"""A file system of one file, the disk, which can stop answering or begin to fail: /dev/fuse.

A loop device over that file behaves as a disk whose cable is pulled or whose controller hangs.
"""

import errno
import mmap
import os
import signal
import struct
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

_FINE, _HANGS, _FAILS = 0, 1, 2
# <linux/fuse.h>
_LOOKUP, _FORGET, _GETATTR, _OPEN, _READ, _STATFS, _RELEASE, _INIT = 1, 2, 3, 14, 15, 17, 18, 26
_FLUSH, _INTERRUPT, _BATCH_FORGET = 25, 36, 42
_HEADER = struct.Struct("IIQQIIIHH")  # length, opcode, unique, node, uid, gid, pid, extensions
_ROOT, _DISK = 1, 2


class Cable:
    """Control over the disk while it is in use."""

    def __init__(self, node: Path) -> None:
        self.node = node
        self.server = 0  # the process that answers
        self._state = mmap.mmap(-1, 1)  # shared with the serving process

    def hang(self) -> None:
        self._state[0] = _HANGS

    def pull(self) -> None:
        """Make every read fail from now on."""
        self._state[0] = _FAILS

    def cut(self) -> None:
        """End it: every pending read gets an error."""
        if self.server:
            os.kill(self.server, signal.SIGKILL)
            os.waitpid(self.server, 0)
            self.server = 0

    def serve(self, fuse: int, image: int) -> NoReturn:
        size = os.fstat(image).st_size
        while True:
            request = os.read(fuse, 1 << 18)  # room for the largest write, though none comes
            _, opcode, unique, node, *_ = _HEADER.unpack_from(request)
            body = request[_HEADER.size :]
            if opcode in (_FORGET, _INTERRUPT, _BATCH_FORGET):
                continue
            if opcode == _READ and self._state[0] == _HANGS:
                continue
            code, answer = 0, b""
            if opcode == _INIT:
                answer = struct.pack(
                    "IIIIHHIIHHI28x", 7, 31, 1 << 17, 0, 12, 10, 1 << 17, 1, 32, 0, 0
                )
            elif opcode == _LOOKUP and body.startswith(b"disk\0"):
                answer = struct.pack("QQQQII", _DISK, 0, 3600, 3600, 0, 0) + _attributes(
                    _DISK, size
                )
            elif opcode == _LOOKUP:
                code = errno.ENOENT
            elif opcode == _GETATTR:
                answer = struct.pack("QII", 3600, 0, 0) + _attributes(node, size)
            elif opcode == _OPEN:
                answer = struct.pack("QII", 0, 0, 0)
            elif opcode == _READ and self._state[0] == _FAILS:
                code = errno.EIO
            elif opcode == _READ:
                _, offset, length = struct.unpack_from("QQI", body)
                answer = os.pread(image, length, offset)
            elif opcode not in (_FLUSH, _RELEASE):
                code = errno.ENOSYS
            os.write(fuse, struct.pack("IiQ", 16 + len(answer), -code, unique) + answer)


def _attributes(node: int, size: int) -> bytes:
    mode = 0o40755 if node == _ROOT else 0o100644
    return struct.pack(
        "QQQQQQIIIIIIIIII", node, size, size >> 9, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0
    )


@contextmanager
def disk(image: Path) -> Iterator[Cable]:
    """Serve the image's contents as a file that can go wrong."""
    point = image.with_suffix(".fuse")
    point.mkdir()
    fuse = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={fuse},rootmode=40755,user_id=0,group_id=0,allow_other"
    command = ["mount", "-i", "-t", "fuse", "-o", options, "disk", str(point)]
    subprocess.run(command, check=True, pass_fds=[fuse])
    cable = Cable(point / "disk")
    cable.server = os.fork()
    if cable.server == 0:
        try:
            cable.serve(fuse, os.open(image, os.O_RDONLY))
        finally:
            os._exit(0)
    os.close(fuse)
    try:
        yield cable
    finally:
        cable.cut()
        subprocess.run(["umount", "-l", point], check=True)

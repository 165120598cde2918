"""Parts of files: a kernel inside an image, or a file packed into an archive."""

import os

from petipy.boot import newc
from petipy.state.model import File


def part(descriptor: int, file: File) -> int:
    """Return a descriptor of the part of an open file that `file` means.

    This is the descriptor itself for a whole file, else one of a copy in memory. A kernel inside
    a unified kernel image is copied byte for byte, so that the running kernel can check a
    signature of its own. A file with `packed` becomes a cpio archive of that one file.

    Raise OSError if the file is too short.
    """
    if not (file.offset or file.size or file.packed):
        return descriptor
    there = os.fstat(descriptor).st_size - file.offset
    size = file.size or there
    if size > there:
        raise OSError(f"{file} is cut off: {max(there, 0)} bytes are there")
    copy = os.memfd_create("part")
    if file.packed:
        os.write(copy, newc.before(file.packed, size, file.mode))
    at, end = file.offset, file.offset + size
    while at < end and (sent := os.sendfile(copy, descriptor, at, end - at)):
        at += sent
    if file.packed:
        os.write(copy, newc.after(size))
    os.lseek(copy, 0, os.SEEK_SET)
    return copy

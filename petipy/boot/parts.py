"""The bytes of an open file that a boot means: read once, with progress, in the loading child."""

import errno
import os
import time
from collections.abc import Callable, Sequence

from petipy.kexec.room import Room
from petipy.state.model import File

_PIECE = 4 << 20  # bytes between two looks at the clock
_PAUSE = 0.25  # seconds between two reports
_MADV_POPULATE_READ = 22  # uapi/asm-generic/mman-common.h

Count = Callable[[int], None]  # called with the number of bytes that were read


def size_of(descriptor: int, file: File) -> int:
    """Return the number of bytes that `file` means; 0 if it begins behind the end."""
    return file.size or max(0, os.fstat(descriptor).st_size - file.offset)


def is_copied(file: File) -> bool:
    """Return True if `part` makes a copy of the file in memory."""
    return bool(file.offset or file.size or file.packed)


def count_copies(descriptor: int, file: File) -> int:
    """Return the bytes of memory that a load of the file takes.

    The running kernel copies every byte, and `part` copies some before that.
    """
    size = min(size_of(descriptor, file), os.fstat(descriptor).st_size)
    return size * (1 + is_copied(file))


def take_room(room: Room, descriptors: Sequence[int], files: Sequence[File]) -> None:
    """Take the memory for a load of the files. Raise Refused, which names the largest."""
    there = [os.fstat(descriptor).st_size for descriptor in descriptors]
    meant = map(size_of, descriptors, files)
    sizes = [min(size, most) for size, most in zip(meant, there, strict=True)]
    largest = sizes.index(max(sizes))
    copies = sum(map(count_copies, descriptors, files))
    what = f"kernel and initrd, with the {sizes[largest] / 1e6:.0f} MB of {files[largest]},"
    room.take(copies, what)


def part(descriptor: int, file: File, count: Count = lambda _: None) -> int:
    """Return a descriptor of the part of an open file that `file` means.

    This is the descriptor itself for a whole file, else one of a copy in memory. A kernel inside
    a unified kernel image is copied byte for byte, so that the running kernel can check a
    signature of its own. A file with `packed` becomes a cpio archive of that one file.

    Raise OSError if the file is too short or cannot be read.
    """
    if not is_copied(file):
        return descriptor
    there = os.fstat(descriptor).st_size - file.offset
    size = file.size or there
    if size > there:
        raise OSError(errno.ENODATA, f"{file} is cut off: {max(there, 0)} bytes are there")
    head = tail = b""
    if file.packed:
        from petipy.boot import newc  # few boots need it

        head, tail = newc.before(file.packed, size, file.mode), newc.after(size)
    copy = os.memfd_create("part")
    os.write(copy, head)
    send(copy, descriptor, file, count)
    os.write(copy, tail)
    os.lseek(copy, 0, os.SEEK_SET)
    return copy


def read_ahead(descriptor: int, file: File, count: Count) -> None:
    """Read a whole file into the page cache, where kexec finds it. Raise OSError.

    From here to the jump a pseries guest takes 671 million instructions, 690 without reading
    ahead, and 704 with sendfile to /dev/null. A kernel before Linux 5.14 reads nothing here.
    """
    import mmap

    size = os.fstat(descriptor).st_size
    if not size:
        return
    with mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ) as mapped:
        try:
            for at in range(0, size, _PIECE):
                piece = min(_PIECE, size - at)
                mapped.madvise(_MADV_POPULATE_READ, at, piece)
                count(piece)
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise _unreadable(file, error) from error


def send(target: int, descriptor: int, file: File, count: Count = lambda _: None) -> None:
    """Append the part of an open file that `file` means to `target`. Raise OSError."""
    at, end = file.offset, file.offset + size_of(descriptor, file)
    try:
        while at < end and (sent := os.sendfile(target, descriptor, at, min(end - at, _PIECE))):
            at += sent
            count(sent)
    except OSError as error:
        raise _unreadable(file, error) from error


def _unreadable(file: File, error: OSError) -> OSError:
    # EFAULT: of a mapped page, which says no more than that it could not be read.
    reason = "" if error.errno == errno.EFAULT else f" ({error.strerror})"
    return OSError(error.errno, f"{file} cannot be read{reason}: does its device have read errors?")


class Meter:
    """Counts the bytes of several files, and reports them a few times per second.

    A report is "NUMBER DONE": the file's number, and the bytes of all files so far.
    """

    def __init__(self, report: Callable[[str], None]) -> None:
        self._report = report
        self._done, self._next = 0, 0.0

    def of(self, number: int) -> Count:
        """Return a function that counts bytes of the file with this number."""

        def count(size: int) -> None:
            self._done += size
            if (now := time.monotonic()) >= self._next:
                self._next = now + _PAUSE
                self._report(f"{number} {self._done}")

        return count

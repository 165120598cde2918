"""The contents of a disk or disk image, found out in a limited child of its own.

Commands use it, with the rights of any user. Partition tables and superblocks are a stranger's
bytes: only the child reads them, and its answer is checked.
"""

import errno
import os
import select
import signal
import time
from dataclasses import dataclass
from typing import Literal

from parsers.binary import superblock
from petipy.codec import Codec
from petipy.sandbox.messages import FAILURES, Failure
from petipy.sys import blkid, limits
from petipy.sys.confined import confine

_PATIENCE = 60.0  # seconds: a disk may have to spin up
_REAPING = 5.0  # seconds to wait for a child that was killed
_PROCESSOR = 10  # seconds
_MEMORY = 256 << 20  # bytes
_LONGEST = 1 << 20  # bytes of the answer
_MOST = 256  # partitions
_QCOW2 = b"QFI\xfb"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSystem:
    """A file system, as parsers.binary.superblock knows it."""

    kind: str
    uuid: str
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Partition:
    """A partition, its place on the disk, and its file system if that is a known one."""

    number: int
    start: int  # bytes
    size: int  # bytes
    uuid: str
    label: str
    fs: FileSystem | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Disk:
    """A disk: the file system on all of it, and its partitions if it has a table."""

    fs: FileSystem | None = None
    scheme: Literal["", "gpt", "msdos"] = ""
    partitions: tuple[Partition, ...] = ()
    is_qcow2: bool = False


_DISKS: Codec[Disk] = Codec(Disk)


def probe(path: str) -> Disk:
    """Return the contents of a disk or disk image. OSError with a sentence if it cannot be read."""
    blkid.load()
    ours, theirs = os.pipe()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _answer(path, theirs, parent)
    os.close(theirs)
    try:
        data = _read(ours)
    finally:
        os.close(ours)
        _end(child)
    return _decode(data)


def _end(child: int) -> None:
    """Kill the child; leave it behind if a read of a stuck disk keeps it alive."""
    os.kill(child, signal.SIGKILL)  # changes nothing if it has ended
    end = time.monotonic() + _REAPING
    while os.waitpid(child, os.WNOHANG)[0] == 0 and time.monotonic() < end:
        time.sleep(0.005)


def _read(link: int) -> bytes:
    """Return all that the child writes."""
    end, data, poll = time.monotonic() + _PATIENCE, b"", select.poll()
    poll.register(link, select.POLLIN)
    while len(data) <= _LONGEST:
        if not poll.poll(max(0.0, end - time.monotonic()) * 1000):
            raise OSError(errno.ETIMEDOUT, f"not read within {_PATIENCE:g} seconds")
        piece = os.read(link, _LONGEST)
        if not piece:
            return data
        data += piece
    raise OSError(errno.EPROTO, "probing it gave too long an answer")


def _decode(data: bytes) -> Disk:
    """Return the child's answer: a byte, 1 for a disk and 0 for a failure, and its JSON."""
    if not data:
        raise OSError(errno.EIO, "probing it failed: the process died")
    try:
        if data[:1] == b"1":
            return _DISKS.decode(data[1:])
        failure = FAILURES.decode(data[1:])
    except ValueError as error:
        raise OSError(errno.EPROTO, f"probing it gave a senseless answer: {error}") from None
    raise OSError(failure.errno, failure.sentence)


def _answer(path: str, link: int, parent: int) -> None:
    """Probe in the child, which ends here. Even opening a disk may hang."""
    try:
        limits.die_with_parent(parent)
        limits.set_oom_score(limits.FIRST)
        limits.close_all_but([link])
        try:
            fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            disk = blkid.OpenDisk(fd)  # asks the kernel by ioctls, and so comes before the filter
            confine("probe", [fd, link], _PROCESSOR, _MEMORY)
            data = b"1" + _DISKS.encode(look(fd, disk))
        except OSError as error:
            words = error.strerror or str(error)
            data = b"0" + FAILURES.encode(Failure.of(error.errno or errno.EIO, words))
        while data:
            data = data[os.write(link, data) :]
    finally:
        os._exit(0)


def look(fd: int, disk: blkid.OpenDisk) -> Disk:
    """Return the contents of an open disk. Only a confined child may call it."""
    table = disk.table()
    partitions = table.partitions[:_MOST] if table else ()
    return Disk(
        fs=_file_system(fd, 0, None),
        scheme="" if not table else "gpt" if table.kind == "gpt" else "msdos",
        partitions=tuple(
            Partition(
                number=part.number,
                start=part.start,
                size=part.size,
                uuid=part.uuid,
                label=part.label,
                fs=_file_system(fd, part.start, part.size),
            )
            for part in partitions
        ),
        is_qcow2=os.pread(fd, len(_QCOW2), 0) == _QCOW2,
    )


def _file_system(fd: int, start: int, size: int | None) -> FileSystem | None:
    """Return the file system that begins at `start` and has `size` bytes; None: to the end."""

    def read(offset: int, length: int) -> bytes:
        left = length if size is None else max(0, min(length, size - offset))
        return os.pread(fd, left, start + offset)

    found = superblock.identify(read)
    return FileSystem(kind=found.kind, uuid=found.uuid, label=found.label) if found else None

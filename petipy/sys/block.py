"""Block devices: made read-only in the kernel, and regular files made into block devices."""

import errno
import fcntl
import os
import stat
import struct
from collections.abc import Iterator
from contextlib import contextmanager

from petipy.sys.libc import IO_NONE, IO_READ

# <linux/fs.h>
_BLKROSET = IO_NONE | 0x125D
_BLKROGET = IO_NONE | 0x125E
_SEQUENCE = struct.Struct("=Q")
_BLKGETDISKSEQ = IO_READ | _SEQUENCE.size << 16 | 0x1280

# <linux/loop.h>: plain numbers, the same on every machine.
_LOOP_CLR_FD = 0x4C01
_LOOP_CONFIGURE = 0x4C0A
_LOOP_CTL_GET_FREE = 0x4C82
_LOOP_CONTROL, _LOOP_NUMBER = "/dev/loop-control", (10, 237)  # <linux/miscdevice.h>
_LO_READ_ONLY, _LO_AUTOCLEAR = 1, 4
# struct loop_config: fd, block_size, struct loop_info64, 64 reserved bytes. loop_info64: device,
# inode, rdevice, offset, sizelimit; number, encrypt_type, encrypt_key_size, flags; file_name …
_LOOP_CONFIG = struct.Struct("=II QQQQQ IIII 64s 64s 32s QQ 64x")


def protect(node: str) -> bool:
    """Make the kernel refuse every write to `node`; return False when another holds the device.

    The flag is the kernel's alone; nothing of it reaches the disk. It stays: a mounted ext4 writes
    its superblock at the first damage it meets, however long after the mount. `open_writable`
    lifts it. A device that another process mounted is left as it is.
    """
    fd = os.open(node, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if is_protected(fd):
            return True
    finally:
        os.close(fd)
    try:
        fd = os.open(node, os.O_RDONLY | os.O_EXCL | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.EBUSY:
            return False
        raise
    try:
        fcntl.ioctl(fd, _BLKROSET, struct.pack("i", 1))
    finally:
        os.close(fd)
    return True


def unprotect(node: str) -> None:
    """Allow writes again."""
    fd = os.open(node, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(fd, _BLKROSET, struct.pack("i", 0))
    finally:
        os.close(fd)


@contextmanager
def allow_writes(node: str) -> Iterator[None]:
    """Allow writes meanwhile; afterwards the kernel refuses them again if it did before."""
    fd = os.open(node, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        protected = is_protected(fd)
        unprotect(node)
        try:
            yield
        finally:
            if protected:
                fcntl.ioctl(fd, _BLKROSET, struct.pack("i", 1))
    finally:
        os.close(fd)


@contextmanager
def open_writable(node: str, sequence: int = 0) -> Iterator[int]:
    """Open a block device for reading and writing, exclusively.

    EBUSY if another process has it open exclusively, or mounted; for `sequence` see `check`.
    Afterwards the kernel refuses writes again if it did before.
    """
    with allow_writes(node):
        fd = os.open(node, os.O_RDWR | os.O_EXCL | os.O_CLOEXEC)
        try:
            check(fd, sequence)
            yield fd
        finally:
            os.close(fd)


def check(fd: int, sequence: int) -> None:
    """Raise OSError if an open block device is not the one with this sequence number; 0 is any.

    The kernel (5.15) counts disks and media as they come. A name such as sdb1 comes again.
    """
    if not sequence:
        return
    (found,) = _SEQUENCE.unpack(fcntl.ioctl(fd, _BLKGETDISKSEQ, bytes(_SEQUENCE.size)))
    if found != sequence:
        raise OSError(errno.ENODEV, "another disk or medium has taken its place")


def check_node(node: str, sequence: int) -> None:
    """Check the block device behind a path as `check` does."""
    if not sequence:
        return
    fd = os.open(node, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        check(fd, sequence)
    finally:
        os.close(fd)


def is_protected(fd: int) -> bool:
    """Return True if the kernel refuses writes to the open block device."""
    (flag,) = struct.unpack("i", fcntl.ioctl(fd, _BLKROGET, bytes(4)))
    return bool(flag)


def attach(path: str, offset: int = 0, size: int = 0) -> tuple[str, int]:
    """Attach the file or block device at `path`, as `attach_open` does."""
    backing = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return attach_open(backing, offset, size)
    finally:
        os.close(backing)


def attach_open(backing: int, offset: int = 0, size: int = 0) -> tuple[str, int]:
    """Make a read-only loop device over an open file; return its node, and a descriptor on it.

    `offset` and `size` are in bytes; size 0 reaches to the end. The kernel removes the device when
    the descriptor is closed and no mount uses it.
    """
    control = _control()
    try:
        return _configure(control, backing, offset, size)
    finally:
        os.close(control)


def _control() -> int:
    try:
        return os.open(_LOOP_CONTROL, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        # The driver is a module that is not loaded: opening the node makes the kernel load it.
        os.mknod(_LOOP_CONTROL, 0o600 | stat.S_IFCHR, os.makedev(*_LOOP_NUMBER))
    return os.open(_LOOP_CONTROL, os.O_RDWR | os.O_CLOEXEC)


def _configure(control: int, backing: int, offset: int, size: int) -> tuple[str, int]:
    flags = _LO_READ_ONLY | _LO_AUTOCLEAR
    info = 0, 0, 0, offset, size, 0, 0, 0, flags, b"", b"", b"", 0, 0
    while True:
        node = f"/dev/loop{fcntl.ioctl(control, _LOOP_CTL_GET_FREE)}"
        loop = os.open(node, os.O_RDONLY | os.O_CLOEXEC)
        try:
            fcntl.ioctl(loop, _LOOP_CONFIGURE, _LOOP_CONFIG.pack(backing, 0, *info))
        except OSError as error:
            os.close(loop)
            if error.errno != errno.EBUSY:  # someone else was faster: take the next
                raise
        else:
            return node, loop


def detach(node: str) -> None:
    """Remove a loop device now, or when its last user closes it."""
    fd = os.open(node, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.ioctl(fd, _LOOP_CLR_FD)
    finally:
        os.close(fd)

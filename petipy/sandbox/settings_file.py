"""Writing a file of settings, in a child of the scanner: `petipy.settings.file`.

The device is mounted for writing. That is safe for FAT, which has no journal, and for ext if it was
unmounted: else the mount would replay the journal of a machine that may be suspended to disk. A
power cut leaves the old file or the new one.
"""

import errno
import os
import stat
from collections.abc import Mapping
from contextlib import suppress
from posixpath import basename, dirname

from petipy.scan.walk import resolve
from petipy.settings import lines
from petipy.settings.storage import LARGEST
from petipy.state.model import Device
from petipy.sys import block, mount

_EXT = {"ext2", "ext3", "ext4"}
# ext's superblock: where it lies, its magic number, and the bits that a clean one has and lacks.
_SUPERBLOCK, _MAGIC, _STATE, _INCOMPATIBLE = 1024, 56, 58, 96
_IS_EXT, _VALID, _ERRORS, _RECOVER = 0xEF53, 1, 2, 4


def write(device: Device, path: str, values: Mapping[str, str | None]) -> None:
    """Give settings in the file at `path` values, or (None) take them out. Raise OSError."""
    fs = device.volume.fs
    if fs not in _EXT and fs != "vfat":
        raise OSError(
            errno.EROFS, f"settings are kept on FAT or ext, and this is {fs or 'unknown'}"
        )
    with block.open_writable(device.node, device.sequence) as disk:  # nobody has it mounted
        if fs in _EXT:
            _check_clean(os.pread(disk, 1024, _SUPERBLOCK))
    with block.allow_writes(device.node):
        root = mount.open_writable_root(device.node, "ext4" if fs in _EXT else fs)
        try:
            block.check_node(device.node, device.sequence)
            directory = _open_directory(root, dirname(path))
            try:
                _replace(directory, basename(path), values)
            finally:
                os.close(directory)
        finally:
            os.close(root)


def _open_directory(root: int, path: str) -> int:
    try:
        return resolve(root, os.fsencode(path), os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError:
        raise OSError(errno.ENOENT, f"there is no directory {path}") from None


def _check_clean(superblock: bytes) -> None:
    def number(at: int) -> int:
        return int.from_bytes(superblock[at : at + 2], "little")

    state, needs = number(_STATE), number(_INCOMPATIBLE)
    if number(_MAGIC) != _IS_EXT or not state & _VALID or state & _ERRORS or needs & _RECOVER:
        words = "its file system was not unmounted, or has errors: is a system suspended to disk?"
        raise OSError(errno.EUCLEAN, words)


def _replace(directory: int, name: str, values: Mapping[str, str | None]) -> None:
    old, mode = _read(directory, name)
    text = old.decode(errors="surrogateescape")
    try:
        for setting, value in values.items():
            text = lines.change(text, setting, value)
    except ValueError as error:
        raise OSError(errno.EINVAL, str(error)) from None
    new = text.encode(errors="surrogateescape")
    if new == old:
        return
    if len(new) > LARGEST:
        raise OSError(errno.EFBIG, f"more than {LARGEST} bytes are no file of settings")
    temporary = f"{name}.new"
    with suppress(FileNotFoundError):  # a power cut has left it
        os.unlink(temporary, dir_fd=directory)
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    file = os.open(temporary, flags, mode, dir_fd=directory)
    try:
        while new:
            new = new[os.write(file, new) :]
        os.fsync(file)
    finally:
        os.close(file)
    os.rename(temporary, name, src_dir_fd=directory, dst_dir_fd=directory)
    os.fsync(directory)


def _read(directory: int, name: str) -> tuple[bytes, int]:
    """Return the bytes of the file and its mode; none, and one for a new file, if it is absent."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        file = os.open(name, flags, dir_fd=directory)
    except FileNotFoundError:
        return b"", 0o600
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or status.st_nlink > 1:
            raise OSError(errno.EINVAL, f"{name} is no file of its own")
        if status.st_size > LARGEST:
            raise OSError(errno.EFBIG, f"more than {LARGEST} bytes are no file of settings")
        return os.pread(file, LARGEST, 0), stat.S_IMODE(status.st_mode)
    finally:
        os.close(file)

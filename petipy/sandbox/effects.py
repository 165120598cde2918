"""Making the changes of an entry that is booted. This runs in a child of the scanner.

An environment block is written as GRUB writes it: to its blocks on the disk, past the file system.
A mount for writing would do more: it replays the journal of a machine that has crashed, and it
changes the superblock of a machine that is suspended to its swap space, which destroys that file
system. The blocks of one file change neither.

A read-only mount without replay tells where the blocks lie. After a crash the file may really lie
elsewhere. Therefore the bytes there must equal the environment block that was read; no other file
that could have got these blocks meanwhile looks like it. The block that GRUB has on a btrfs
outside of all files always lies at the same place.
"""

import errno
import os
import stat
import time
from collections.abc import Callable, Mapping, Sequence
from posixpath import basename, dirname
from typing import NamedTuple, TypeVar

from parsers.api import Volume
from parsers.binary import envblock
from parsers.binary.envblock import PLACE
from petipy.scan.files import TreeFiles
from petipy.scan.walk import resolve
from petipy.state.model import Change, Device
from petipy.sys import block, mount
from petipy.sys.extents import Extent, extents

T = TypeVar("T")
_LARGEST = 1 << 16  # bytes of an environment block; GRUB makes them 1024
_PATIENCE = 5.0  # seconds until scans have ended, and with them their mounts of the device
# File systems on which GRUB writes as well, whose files stay where they are, and whose blocks Linux
# reports. btrfs and f2fs write a changed block to another place, and verify checksums on reading.
_IN_PLACE = {"ext2", "ext3", "ext4", "xfs", "vfat"}

Root = Callable[[Device], int]  # a read-only mount: a descriptor of its root directory


class _Found(NamedTuple):
    """An environment block: its bytes, and where they lie."""

    data: bytes
    extents: list[Extent]


def carry_out(change: Change, device: Device, root: Root) -> None:
    """Make the change on the device; OSError with a sentence if nothing, or not all, is written."""
    file, values = change.file, dict(change.values)
    if change.rename:
        rename(device, file.path, change.rename)
    if change.toml:
        from petipy.sandbox import settings_file  # few machines have one

        _check_plain(device)
        _retry_while_busy(lambda: settings_file.write(device, file.path, values))
    elif values and file.path:
        set_variables(device, file.path, values, root)
    elif values:
        set_reserved(device, file.offset, file.size, values)


def set_variables(device: Device, path: str, values: Mapping[str, str | None], root: Root) -> None:
    """Set variables of the environment block at `path`, or (None) remove them.

    OSError with a sentence if that is not safe; then nothing has been written.
    """
    if device.volume.fs not in _IN_PLACE:
        fs = device.volume.fs or "unknown"
        raise OSError(errno.EROFS, f"a {fs} file system cannot be written to in place")
    _check_plain(device)
    _set(device, _find(device, path, root), values)


def _set(device: Device, found: _Found, values: Mapping[str, str | None]) -> None:
    try:
        blocks = list(envblock.plan_writes(_text(found.data), values))
    except envblock.BlockError as error:
        raise OSError(errno.EINVAL, str(error)) from None
    if blocks:
        _retry_while_busy(lambda: _write(device, found, blocks))


def set_reserved(device: Device, offset: int, size: int, values: Mapping[str, str | None]) -> None:
    """Set variables of the block that lies on the device outside of its files.

    btrfs leaves that place alone: it writes nothing there and has no checksum of it.
    """
    within = offset in PLACE and 0 < size <= PLACE.stop - offset
    if device.volume.fs != "btrfs" or not within:
        raise OSError(errno.EROFS, "only btrfs leaves a place for an environment block, not there")
    _check_plain(device)
    with open(device.node, "rb", buffering=0) as disk:
        found = _Found(os.pread(disk.fileno(), size, offset), [Extent(0, offset, size)])
    _set(device, found, values)


def rename(device: Device, path: str, name: str) -> None:
    """Give a file another name in its directory. FAT only, which has no journal.

    systemd-boot, whose tries this counts, renames on FAT as well. A power cut leaves the old name,
    the new one, or both. Then the new one is empty, and the next time it goes; or it leads to the
    same file, and the next time fails: to remove a name of two would remove the file's contents.
    """
    if device.volume.fs != "vfat":
        fs = device.volume.fs or "unknown"
        raise OSError(errno.EROFS, f"files are renamed on FAT only, and this is {fs}")
    _check_plain(device)
    _retry_while_busy(lambda: _rename(device, path, name))


def _check_plain(device: Device) -> None:
    """OSError unless the device is a partition or a disk: GRUB, too, writes to no other device."""
    for layer, name in _layers(device.volume):
        if name:
            raise OSError(errno.EROFS, f"it is on {layer} ({name}), where GRUB writes nothing")
    if not stat.S_ISBLK(os.stat(device.node).st_mode):  # noqa: PTH116  pathlib is one more import
        raise OSError(errno.EROFS, f"{device.node} is no block device")


def _layers(volume: Volume) -> tuple[tuple[str, str], ...]:
    return (
        ("LVM", volume.lvm),
        ("RAID", volume.md or volume.md_uuid),
        ("an encrypted volume", volume.crypt_uuid),
        ("a mapped device", volume.mapped),
        ("an image", volume.image),
    )


def _find(device: Device, path: str, root: Root) -> _Found:
    tree = TreeFiles(root(device), device.volume)
    try:
        fd = tree.open(path)
        if fd is None:
            raise OSError(errno.ENOENT, "there is no such file")
        try:
            size = os.fstat(fd).st_size
            if size > _LARGEST:
                raise OSError(errno.EFBIG, f"{size} bytes are too many for an environment block")
            return _Found(os.pread(fd, size, 0), extents(fd, size))
        finally:
            os.close(fd)
    finally:
        tree.close()


def _write(device: Device, found: _Found, blocks: Sequence[bytes]) -> None:
    with block.open_writable(device.node, device.sequence) as disk:
        there = b"".join(os.pread(disk, e.length, e.physical) for e in found.extents)
        if there != found.data:
            raise OSError(errno.ESTALE, "it is not where its file system says: was there a crash?")
        for new in blocks:
            for extent in found.extents:
                piece = new[extent.logical : extent.logical + extent.length]
                if os.pwrite(disk, piece, extent.physical) != len(piece):
                    raise OSError(errno.EIO, "the disk took only a part of it")
            os.fsync(disk)


def _rename(device: Device, path: str, name: str) -> None:
    with block.open_writable(device.node, device.sequence):
        pass  # nobody has it mounted: two mounts, one of them read-only, exclude each other
    with block.allow_writes(device.node):
        root = mount.open_writable_root(device.node, "vfat")
        try:
            block.check_node(device.node, device.sequence)
            directory = resolve(root, os.fsencode(dirname(path)), os.O_RDONLY | os.O_DIRECTORY)
            try:
                _rename_in(directory, basename(path), name)
                os.fsync(directory)
            finally:
                os.close(directory)
        finally:
            os.close(root)


def _rename_in(directory: int, old: str, new: str) -> None:
    try:
        there = os.stat(new, dir_fd=directory, follow_symlinks=False)
    except FileNotFoundError:
        there = None
    if there and (there.st_size or not stat.S_ISREG(there.st_mode)):
        raise OSError(errno.EEXIST, f"there is a {new} already")
    if there:
        os.unlink(new, dir_fd=directory)
    os.rename(old, new, src_dir_fd=directory, dst_dir_fd=directory)


def _retry_while_busy(work: Callable[[], T]) -> T:
    """Do the work, again while the device is busy.

    A mount ends a little after its last descriptor, and a scan may be under way.
    """
    end = time.monotonic() + _PATIENCE
    while True:
        try:
            return work()
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            if time.monotonic() > end:
                raise OSError(errno.EBUSY, "the device is in use") from None
        time.sleep(0.05)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")

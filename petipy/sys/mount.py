"""Mount a file system as a descriptor, without a mount point, where nobody sees it.

fsopen, fsconfig and fsmount (Linux 5.2) make a detached mount. It needs no mount namespace of its
own, and it ends with the last descriptor on it, however the process dies.
"""

import errno
import os
from collections.abc import Mapping
from contextlib import suppress
from ctypes import c_char_p, c_int, c_uint
from typing import NamedTuple

from petipy.sys.libc import syscall

_FSOPEN_CLOEXEC = 1
_FSMOUNT_CLOEXEC = 1
_SET_FLAG, _SET_STRING, _CMD_CREATE = 0, 1, 6
_READ_ONLY = 0x01
_ATTRIBUTES = 0x02 | 0x04 | 0x08 | 0x10  # nosuid, nodev, noexec, noatime


class _Way(NamedTuple):
    driver: str
    options: tuple[str, ...]


# Never write, not even to repair: no journal replay, no orphan cleanup. `errors=continue`, because
# a superblock can ask for a panic. The last way of each file system lacks the option that an old
# driver may not know; a read-only block device then still refuses a mount that needs repair.
_EXT4 = (_Way("ext4", ("noload", "errors=continue")), _Way("ext4", ("errors=continue",)))
_WAYS = {
    "ext2": _EXT4,
    "ext3": _EXT4,
    "ext4": _EXT4,
    "xfs": (_Way("xfs", ("norecovery", "nouuid")), _Way("xfs", ("nouuid",))),
    "btrfs": (
        _Way("btrfs", ("rescue=nologreplay",)),
        _Way("btrfs", ("rescue=nologreplay", "rescue=usebackuproot", "degraded")),
        _Way("btrfs", ("nologreplay",)),
        _Way("btrfs", ()),
    ),
    "f2fs": (
        _Way("f2fs", ("norecovery",)),
        _Way("f2fs", ("disable_roll_forward",)),
        _Way("f2fs", ()),
    ),
    "vfat": (_Way("vfat", ("utf8", "errors=continue")), _Way("vfat", ())),
}

# The file systems that the image has drivers for. If the driver of one of them does not come, the
# memory may be full.
_KNOWN = {*_WAYS, "exfat", "iso9660", "udf", "squashfs", "nfs"}
# With dirsync the new name is on the disk before the old one goes. Else a power cut loses both.
_WRITING = {"vfat": ("utf8", "errors=remount-ro", "dirsync")}

# Errors after which another way may work; others (no such device, no memory, in use) stay.
_TRY_NEXT = {errno.EINVAL, errno.EOPNOTSUPP, errno.EIO, errno.EUCLEAN, errno.EROFS, errno.ENOENT}


def open_roots(node: str, fs: str) -> list[int]:
    """Return read-only mounts of the whole file system, and of a btrfs' default subvolume.

    The second exists only if the default is another subvolume than the top one. Boot loaders see
    the one or the other: GRUB the whole; SUSE's GRUB and extlinux the default.
    """
    if fs != "btrfs":
        return [open_root(node, fs)]
    whole = open_root(node, fs, "subvolid=5")
    try:
        default = open_root(node, fs)
    except OSError:  # it has been removed
        return [whole]
    if os.fstat(whole).st_dev == os.fstat(default).st_dev:  # each subvolume has a number
        os.close(default)
        return [whole]
    return [whole, default]


def open_root(node: str, fs: str, *options: str) -> int:
    """Mount the block device `node` read-only; return a descriptor of its root directory.

    The caller makes the block device itself read-only (petipy.sys.block): ext4 writes to a
    read-only mount as well, when it finds orphaned inodes or an error. `fs` is blkid's name. The
    OSError has the kernel's own words, if there are any. It is ENOPKG if nobody here reads such a
    file system.
    """
    ways = _WAYS.get(fs, (_Way(fs, ()),))
    failure: OSError | None = None
    for way in ways:
        try:
            return _mount(way.driver, node, (*way.options, *options))
        except OSError as error:
            failure = failure or error
            if error.errno not in _TRY_NEXT:
                break
    assert failure
    raise failure


def open_writable_root(node: str, fs: str) -> int:
    """Mount for writing, else as `open_root`.

    Everything is on the disk when the last descriptor of the mount has been closed.
    """
    return _mount(fs, node, _WRITING.get(fs, ()), read_only=False)


# The newest version first, but not 4.2. Linux reads by its READ_PLUS (RFC 7862, 15.10), and
# nfs-ganesha 4.3 answers that with a segment of 0 bytes: EIO here. Whole files gain nothing by it.
# A server that is dead costs seconds: "softerr", which says ETIMEDOUT where "soft" has EIO. While
# the server's machine keeps the connection, though, Linux waits for an answer of version 4 without
# an end, and only the death of the process ends a read. The kernel asks the server's rpcbind where
# version 3 has its parts; nothing locks.
_NFS = ("softerr", "timeo=30", "retrans=1", "sec=sys")
_NFS_VERSIONS = (("vers=4.1",), ("vers=4.0",))
# The server is not there: another version would wait for it once more.
_NOBODY = {
    *(errno.ETIMEDOUT, errno.ECONNREFUSED, errno.EHOSTUNREACH, errno.ENETUNREACH),
    *(errno.ENODEV, errno.ENOPKG, errno.EPERM, errno.EIO),
}


def list_nfs_options(address: str) -> list[tuple[str, ...]]:
    """Return the options of a mount from the server at this address, for each try in turn."""
    protocol = "tcp6" if ":" in address else "tcp"
    common = (f"addr={address}", f"proto={protocol}", *_NFS)
    oldest = ("vers=3", "nolock", f"mountproto={protocol}")
    return [(*version, *common) for version in (*_NFS_VERSIONS, oldest)]


def open_nfs(address: str, directory: str) -> int:
    """Mount a directory of an NFS server read-only; return a descriptor of it.

    Raise OSError: ENOENT without such a directory, EACCES without the right, ETIMEDOUT after some
    seconds without an answer, ENODEV if this kernel has no NFS.
    """
    host = f"[{address}]" if ":" in address else address
    failure: OSError | None = None
    for options in list_nfs_options(address):
        try:
            return _mount("nfs", f"{host}:{directory}", options)
        except OSError as error:
            # Without an answer the first requests end with EIO: softerr is not for them.
            if error.errno == errno.EIO:
                error = OSError(errno.ETIMEDOUT, "no answer of its NFS server")
            failure = failure or error
            if error.errno in _NOBODY:
                break
    assert failure
    raise failure


def open_directory(files: Mapping[str, bytes]) -> int:
    """Return a descriptor of a new directory in memory, which no path leads to. Raise OSError.

    It has the `files`: "etc/hosts" → contents.
    """
    options = ("mode=755", "size=1M", "nr_inodes=64")
    root = _mount("tmpfs", "none", options, read_only=False)
    for path, data in files.items():
        directory = path.rpartition("/")[0]
        if directory:
            with suppress(FileExistsError):
                os.mkdir(directory, 0o755, dir_fd=root)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        fd = os.open(path, flags, 0o644, dir_fd=root)
        try:
            os.write(fd, data)
        finally:
            os.close(fd)
    return root


def _mount(driver: str, node: str, options: tuple[str, ...], *, read_only: bool = True) -> int:
    try:
        context = syscall("fsopen", c_char_p(driver.encode()), c_uint(_FSOPEN_CLOEXEC))
    except OSError as error:
        if error.errno == errno.ENODEV:
            code = errno.ENODEV if driver in _KNOWN else errno.ENOPKG
            raise OSError(code, f"this kernel cannot read {driver} file systems") from None
        raise
    try:
        _configure(context, _SET_STRING, "source", node)
        if read_only:
            _configure(context, _SET_FLAG, "ro")
        for option in options:
            key, _, value = option.partition("=")
            _configure(context, _SET_STRING if value else _SET_FLAG, key, value)
        _configure(context, _CMD_CREATE)
        attributes = _ATTRIBUTES | (_READ_ONLY if read_only else 0)
        flags = c_uint(_FSMOUNT_CLOEXEC), c_uint(attributes)
        return syscall("fsmount", c_int(context), *flags)
    except OSError as error:
        raise _explain(error, context, driver) from None
    finally:
        os.close(context)


def _configure(context: int, command: int, key: str = "", value: str = "") -> None:
    name = c_char_p(os.fsencode(key) if key else None)
    text = c_char_p(os.fsencode(value) if value else None)
    syscall("fsconfig", c_int(context), c_uint(command), name, text, c_int(0))


def _explain(error: OSError, context: int, driver: str) -> OSError:
    """Return the failure, in the file system's own words if the context's log has any."""
    if error.errno == errno.EBUSY:
        return OSError(errno.EBUSY, "is in use: someone else has it mounted for writing")
    words: list[str] = []
    while len(words) < 8:
        try:
            level, _, message = os.read(context, 4096).decode(errors="replace").partition(" ")
        except OSError:  # ENODATA: that was all
            break
        if level == "e":
            words.append(message.strip())
    text = "; ".join(words) or os.strerror(error.errno or errno.EIO)
    return OSError(error.errno, f"cannot be mounted as {driver}: {text}")

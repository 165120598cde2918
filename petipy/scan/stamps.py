"""Stamps of files: they tell, when an entry boots, if a file is the one that was scanned.

A stamp is made of the inode, the size, and the times of modification and change. A FAT gives its
files other inodes at each mount; there the size and the time tell, which FAT keeps to two seconds.
"""

import os

_WITHOUT_INODES = {"vfat", "exfat"}


def make_stamp(status: os.stat_result, fs: str) -> str:
    """Return the stamp of a file on a file system of blkid's name `fs`."""
    return _write(status, inode=fs not in _WITHOUT_INODES)


def fits(stamp: str, status: os.stat_result) -> bool:
    """Return True if a file with this status is the one that the stamp was made of."""
    return stamp == _write(status, inode=not stamp.startswith("-"))


def _write(status: os.stat_result, *, inode: bool) -> str:
    numbers = status.st_size, status.st_mtime_ns, status.st_ctime_ns
    return ".".join((f"{status.st_ino:x}" if inode else "-", *(f"{n:x}" for n in numbers)))

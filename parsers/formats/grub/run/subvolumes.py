"""The subvolume of a btrfs in which a path begins, to the GRUBs of SUSE and Red Hat.

With $btrfs_relative_path it is the one that $btrfs_subvol names, or the default subvolume; else the
top of the file system. A directory may be a mount point of another (`btrfs-mount-subvol`). See
grub-core/fs/btrfs.c there: find_path, btrfs_handle_subvol, find_mtab_subvol_tree.
"""

from typing import NamedTuple

from parsers.api import Files

VARIABLES = ("btrfs_relative_path", "btrfs_subvol", "btrfs_subvolid")
_TOP = "5"  # its ID
# No file has such a name.
_UNKNOWN = "/(subvolume ID {})"
_NONE = "/(no subvolume)"
_LONGEST = 1024  # characters of a subvolume's path
_MOST_ABSENT = 4  # names of a path that lead to the part of the file system
MOST_MOUNTS = 64


class MountPoint(NamedTuple):
    volume: str  # Volume.name
    directory: str
    subvolume: str  # its path from the top


class Subvolumes(NamedTuple):
    """The choices so far. No submenu's end undoes them, nor does `unset`."""

    path: str = ""  # from the top; "" is the default subvolume, unless there is an ID
    id: str = ""
    mounts: tuple[MountPoint, ...] = ()

    def choose(self, variable: str, value: str) -> "Subvolumes":
        """Return the choices after an assignment. The last one of path and ID counts."""
        if variable == "btrfs_subvol":
            return self._replace(path=value, id="")
        if variable == "btrfs_subvolid":
            return self._replace(path="", id=value)
        return self

    def locate(self, files: Files, path: str, *, relative: bool) -> str:
        """Return the path from the top of the file system."""
        fits = [
            mount
            for mount in self.mounts
            if mount.volume == files.volume.name and path.startswith(mount.directory)
        ]
        if fits:
            mount = max(fits, key=lambda mount: mount.directory)
            rest = f"/{path[len(mount.directory) :].lstrip('/')}".rstrip("/")
            return f"{mount.subvolume}{rest}" if relative else rest or "/"
        if not relative or self.id == _TOP:
            return path
        if self.id:
            return f"{_UNKNOWN.format(self.id[:20])}{path}"
        if not self.path.strip("/"):
            return files.default(path)
        return _join(files, find_subvolume(files, self.path), path)


def _join(files: Files, subvolume: str, path: str) -> str:
    """Return a path within a subvolume, which the path may name once more.

    SUSE's entry of a snapshot names its files by the snapshot's directory, where GRUB has mounted
    the snapshots. Without that mount they are the same files.
    """
    inside = f"{subvolume}{path}".rstrip("/")
    if files.kind(inside) is None:
        for at, char in enumerate(subvolume):
            if char == "/" and path.startswith(f"{subvolume[at:]}/"):
                return f"{subvolume}{path[len(subvolume) - at :]}"
    return inside


def find_subvolume(files: Files, path: str) -> str:
    """Return a subvolume's path in the tree. It may be absent.

    A directory may stand for a part of the file system, the subvolume @ for example. Then the first
    names of the path are not there.
    """
    if len(path) > _LONGEST:
        return _NONE
    steps = path.strip("/").split("/")
    whole = f"/{'/'.join(steps)}"
    for _ in range(_MOST_ABSENT):
        if not steps:
            break
        if files.kind(inner := f"/{'/'.join(steps)}") == "directory":
            return inner
        if files.kind(f"/{steps[0]}") is not None:
            break
        del steps[0]
    return whole


def strip_default(files: Files, name: str) -> str:
    """Return (DEVICE)/PATH with the path within the default subvolume, if it is there."""
    device, parenthesis, path = name.rpartition(")")
    top = files.default("/").rstrip("/")
    inner = path.removeprefix(top) if path.startswith(f"{top}/") else path
    return f"{device}{parenthesis}{inner}"

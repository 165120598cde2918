"""/etc/fstab: the mounts of a system, and so the volume of each of its paths."""

import re
from collections.abc import Iterator
from posixpath import dirname, join, normpath
from typing import NamedTuple

from parsers.api import FileRef, Files
from parsers.places.volumes import find
from parsers.reading.text import read_optional


class FstabLine(NamedTuple):
    spec: str  # the device, in the system's words, without quotation marks
    at: str
    fs: str
    options: str
    line: int = 0


def parse_fstab(text: str) -> Iterator[FstabLine]:
    r"""Yield the mounts. Skip a line with fewer than three fields. After fstab(5):

    line  = "#", { character } | spec, white, at, white, fs, [ white, options ], rest ;
    field = { character | "\", octal, octal, octal } ;
    """
    for number, line in enumerate(text.split("\n"), 1):
        fields = line.split()
        if len(fields) >= 3 and not fields[0].startswith("#"):
            spec = _unescape(fields[0].replace('"', "").replace("'", ""))
            options = fields[3] if len(fields) > 3 else ""
            yield FstabLine(spec, _unescape(fields[1]), fields[2], options, number)


def _unescape(field: str) -> str:
    """Replace the escapes of fstab(5): \\040 is a blank, \\011 a tab, \\134 a backslash."""
    return re.sub(r"\\(040|011|134)", lambda m: chr(int(m[1], 8)), field)


_LINUX = {"ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "bcachefs", "jfs"}


def find_systems(files: Files) -> Iterator[Files]:
    """Yield the systems on other volumes that mount this one on /boot."""
    for volume in files.host.volumes:
        tree = files.host.on(volume.name) if volume.fs in _LINUX else None
        if tree is None or volume.name == files.volume.name:
            continue
        for mount in parse_fstab(read_optional(tree, "/etc/fstab") or ""):
            here = find(mount.spec, files.host.volumes) if mount.at in ("/boot", "/boot/") else None
            if here and here.name == files.volume.name:
                yield tree


class MountTable:
    """The mounts of the system whose root a tree is.

    lilo and zipl need it: their paths are those of the running system.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        found = parse_fstab(read_optional(files, "/etc/fstab") or "")
        mounted = [m for m in found if m.at.startswith("/") and m.at != "/"]
        # The longest mount point comes first: it is the one that holds a path.
        self._mounts = sorted(mounted, key=lambda m: -len(m.at))

    def locate(self, path: str) -> FileRef:
        """Return the file at an absolute path. A relative path begins at the root."""
        path = f"/{path.lstrip('/')}"
        here = FileRef(path=path)
        if self._files.kind(here.path) == "file":
            return here
        # /vmlinuz may be a link to a file on another volume.
        if target := self._files.link(path):
            path = normpath(join(dirname(path), target))
        for mount in self._mounts:
            point = mount.at.rstrip("/")
            if path.startswith(f"{point}/"):
                volume = find(mount.spec, self._files.host.volumes)
                device = volume.name if volume else mount.spec
                # A boot partition may hold the system's /etc: then the mount is this volume.
                own = volume is not None and volume.name == self._files.volume.name
                return FileRef(path=path[len(point) :], device="" if own else device)
        return self._on_boot_partition(path)

    def _on_boot_partition(self, path: str) -> FileRef:
        """Return a file on a boot partition without fstab: there /boot/x is /x."""
        short = path.removeprefix("/boot")
        found = short != path and self._files.kind(short) == "file"
        return FileRef(path=short) if found else FileRef(path=path)

    def has(self, file: FileRef) -> bool:
        """Return False only if the file is certainly not there."""
        tree = self._tree(file)
        return tree is None or tree.kind(file.path) == "file"

    def read(self, file: FileRef) -> str | None:
        tree = self._tree(file)
        return read_optional(tree, file.path) if tree else None

    def names(self, directory: str) -> list[str] | None:
        """Return the names in a directory, or None if its volume is missing."""
        place = self.locate(directory)
        tree = self._tree(place)
        return tree.names(place.path) if tree else None

    def _tree(self, file: FileRef) -> Files | None:
        if not file.device:
            return self._files
        volume = find(file.device, self._files.host.volumes)
        return self._files.host.on(volume.name) if volume else None

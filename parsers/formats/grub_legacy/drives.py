"""Disks in GRUB 0.97's words: (hd0,0), in the BIOS's order, with partitions from zero.

disk = "hd", number, [ ",", partition, [ ",", letter ] ] ;
"""

import re
from collections.abc import Sequence

from parsers.api import FileRef, Files, Volume
from parsers.formats.grub.run.devices import Devices

# The letter is a BSD partition within the partition, which stands for it.
_DISK = re.compile(r"hd(?P<disk>[0-9]{1,3})(?:,(?P<partition>[0-9]{1,3})(?:,[a-z])?)?")


class Drives:
    """The volumes of a machine, seen from the volume of a menu.

    Further menus that this one opens count the disks alike: they get the same `devices`.
    """

    def __init__(self, files: Files, devices: Devices | None = None) -> None:
        self.own = files.volume
        self.all = files.host.volumes
        self.devices = devices or Devices(files)

    def volumes(self, device: str) -> list[Volume]:
        """Return the volumes that (device) may mean, the likeliest first.

        The order of the BIOS is unknown: the menu's own disk counts as the first. Partitions of the
        same number follow, first of the own disk, then of the others.
        """
        if not (m := _DISK.fullmatch(device)):
            return []
        if not self.own.partition and self.own.disk in ("", self.own.name):
            return [self.own]  # a directory or a disk without partitions has no other volume
        number = int(m["partition"]) + 1 if m["partition"] else 0
        first = self.devices.find(f"hd{m['disk']}" + (f",{number}" if number else ""))
        rest = [v for v in (self.own, *self.all) if number and v.partition == number]
        return list(dict.fromkeys([first, *rest] if first else rest))

    def find_volume_with(self, path: str) -> Volume | None:
        """Return the first volume with such a file, the own volume before the others."""
        return next((volume for volume in (self.own, *self.all) if self.has(volume, path)), None)

    def has(self, volume: Volume, path: str) -> bool:
        tree = self.tree(volume)
        return tree is not None and tree.kind(path) == "file"

    def tree(self, volume: Volume) -> Files | None:
        return self.devices.tree(volume)

    def file(self, volumes: Sequence[Volume], path: str) -> FileRef:
        """Return the file on the first volume that has it, or else on the first volume."""
        having = (v for v in volumes if len(volumes) > 1 and self.has(v, path))
        volume = next(having, volumes[0])
        return FileRef(device="" if volume.name == self.own.name else volume.name, path=path)

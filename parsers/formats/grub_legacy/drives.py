"""Disks as the PC's BIOS counts them and GRUB 0.97 writes them: (hd0,0), partitions from zero."""

import re
from collections.abc import Sequence

from parsers.api import FileRef, Files, Volume
from parsers.formats.grub.run.devices import Devices

# A third part is a BSD partition within; the disk stands for it.
_DISK = re.compile(r"hd(?P<disk>[0-9]{1,3})(?:,(?P<partition>[0-9]{1,3})(?:,[a-z])?)?")


class Drives:
    """The volumes of a machine, seen from the one that a menu lies on.

    Menus that it leads to count the disks as it does: they are given its `devices`.
    """

    def __init__(self, files: Files, devices: Devices | None = None) -> None:
        self.own = files.volume
        self.all = files.host.volumes
        self.devices = devices or Devices(files)

    def volumes(self, device: str) -> list[Volume]:
        """Those that (device) may mean, the likeliest first; none when it is no disk.

        The order of the BIOS is lost: the menu's own disk counts as the first. Location that leads
        nowhere a partition of the same number is meant, of the own disk before the others.
        """
        if not (m := _DISK.fullmatch(device)):
            return []
        if not self.own.partition and self.own.disk in ("", self.own.name):
            return [self.own]  # a directory, or a disk without partitions: all there is
        number = int(m["partition"]) + 1 if m["partition"] else 0
        first = self.devices.find(f"hd{m['disk']}" + (f",{number}" if number else ""))
        rest = [v for v in (self.own, *self.all) if number and v.partition == number]
        return list(dict.fromkeys([first, *rest] if first else rest))

    def having(self, path: str) -> Volume | None:
        """The first with such a file, the own one before the others."""
        return next((volume for volume in (self.own, *self.all) if self.has(volume, path)), None)

    def has(self, volume: Volume, path: str) -> bool:
        tree = self.tree(volume)
        return tree is not None and tree.kind(path) == "file"

    def tree(self, volume: Volume) -> Files | None:
        return self.devices.tree(volume)

    def file(self, volumes: Sequence[Volume], path: str) -> FileRef:
        """On the first of these that has it, else the first."""
        having = (v for v in volumes if len(volumes) > 1 and self.has(v, path))
        volume = next(having, volumes[0])
        return FileRef(device="" if volume.name == self.own.name else volume.name, path=path)

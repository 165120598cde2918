"""GRUB's names for disks and partitions, and the volumes that they mean here.

A name such as hd0,gpt2 counts the disks in the firmware's order, which nobody can know after
the firmware is gone. So the disk of the configuration is hd0, the others follow; and a name that
fits nothing means a partition of that number and kind on some disk, the configuration's first.
An image file is a device as in GRUB: when `loopback` has named it. A configuration in an image
lies on the device `loop`, as those who start its loopback.cfg agree to call it.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import count

from parsers.api import Files, Volume

_PARTITION = re.compile(r"(?P<disk>.*[^\\]),(?P<scheme>[a-z]*)(?P<number>[0-9]{1,6})", re.DOTALL)
# A server: GRUB's name for it is the protocol's, with the host where it is not the usual one.
SERVER = re.compile(r"(?P<scheme>https?|tftp)(?:,(?P<host>.+))?", re.DOTALL)
_OPTICAL = re.compile(r"(cd|cdrom|ieee1275/cdrom)[0-9]*")


class Devices:
    """The volumes of the machine in GRUB's order, by GRUB's names."""

    def __init__(self, files: Files) -> None:
        self.own = files.volume
        self._trees: dict[str, Files | None] = {files.volume.name: files}
        self._files = files
        self.loops = {"loop": self.own} if self.own.image else {}
        first = self.own.disk if self.own.image else self.own.name
        disks: dict[str, list[Volume]] = {}
        for volume in sorted(files.volumes, key=lambda v: v.name != first):
            if not volume.image:
                disks.setdefault(volume.disk or volume.name, []).append(volume)
        self._server = SERVER.fullmatch(self.own.name)
        numbers = count()
        self._disks = {
            name if SERVER.fullmatch(name) else f"hd{next(numbers)}": disk
            for name, disk in disks.items()
        }
        self._named = {
            f"{name},{v.scheme}{v.partition}" if v.partition else name: v
            for name, disk in self._disks.items()
            for v in disk
        }
        self._names = {v.name: name for name, v in self._named.items()}

    def name(self, volume: Volume) -> str:
        loops = (name for name, looped in self.loops.items() if looped.name == volume.name)
        return next(loops, self._names.get(volume.name, volume.name))

    def tree(self, volume: Volume) -> Files | None:
        if volume.name not in self._trees:
            self._trees[volume.name] = self._files.on(volume.name)
        return self._trees[volume.name]

    def find(self, name: str) -> Volume | None:
        """The volume that a device's name means, without parentheses."""
        if name in self.loops:
            return self.loops[name]
        if name in self._named:
            return self._named[name]
        if m := SERVER.fullmatch(name):
            ours = self._server and not m["host"] and m["scheme"] == self._server["scheme"]
            return self.own if ours else None
        exact = [v for v in self._named.values() if v.name == name]
        return next(iter(exact or self._similar(name)), None)

    def names(self, disks_only: bool = False) -> Iterator[str]:
        """All of GRUB's names, as its wildcard `(*)` lists them, or the disks alone (`*`)."""
        yield from self.loops
        for disk, volumes in self._disks.items():
            yield disk
            if not disks_only:
                for volume in sorted(volumes, key=lambda v: -v.partition):
                    if volume.partition:
                        yield self.name(volume)

    def search(self, wanted: Callable[[Volume], bool], hints: Sequence[str]) -> Volume | None:
        """The first that fits: by the hints in turn, then disk by disk, last partition first."""
        for hint in hints:
            for volume in self._hinted(hint):
                if wanted(volume):
                    return volume
        for disk in [*self.loops.values()], *self._disks.values():
            for volume in sorted(disk, key=lambda v: (v.partition != 0, -v.partition)):
                if wanted(volume):
                    return volume
        return None

    def _hinted(self, hint: str) -> Sequence[Volume]:
        if hint.endswith(","):  # the partitions of a disk, in rising order
            disk = self._disks.get(hint[:-1], [])
            return sorted((v for v in disk if v.partition), key=lambda v: v.partition)
        found = self.find(hint)
        return [found] if found else []

    def _similar(self, name: str) -> Iterator[Volume]:
        volumes = [*self.loops.values(), *self._named.values()]
        if m := _PARTITION.fullmatch(name):
            path = _firmware_path(m["disk"])
            number = int(m["number"])
            # hd1,2 is of any kind, but on that disk where it has such a partition.
            named = [*self._disks.get(m["disk"], ()), *volumes]
            fits = [v for v in named if v.partition == number and _is(v, m["scheme"])]
        else:
            path = _firmware_path(name)
            fits = [v for v in volumes if not v.partition]
            if _OPTICAL.fullmatch(name):
                yield from (v for v in fits if v.fs in ("iso9660", "udf"))
                return
        yield from (v for v in fits if path and v.firmware_path == path)
        if m or path:
            yield from fits


def _is(volume: Volume, scheme: str) -> bool:
    return not scheme or volume.scheme in ("", scheme)


def _firmware_path(name: str) -> str:
    """Open Firmware's own name: GRUB puts ieee1275/ in front and a backslash before a comma."""
    return name.removeprefix("ieee1275/").replace("\\,", ",") if "ieee1275/" in name else ""

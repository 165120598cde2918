"""GRUB's names of disks and partitions, and the volumes that they mean here.

A name such as hd0,gpt2 counts the disks in the firmware's order, which is unknown after the
firmware is gone. So the disk of the configuration is hd0, and the others follow. A name that fits
nothing means a partition of that number and kind on some disk, the configuration's disk first. An
image file is a device as in GRUB, once `loopback` has named it. A configuration in an image lies
on the device `loop`, a name that the starters of a loopback.cfg agree on.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import count

from parsers.api import Files, Volume
from parsers.places.lease import server

_PARTITION = re.compile(r"(?P<disk>.*[^\\]),(?P<scheme>[a-z]*)(?P<number>[0-9]{1,6})", re.DOTALL)
# A server has the protocol's name, with the host if it is not the usual one.
SERVER = re.compile(r"(?P<scheme>https?|tftp)(?:,(?P<host>.+))?", re.DOTALL)
_PXE = re.compile(r"pxe(?:[,:](?P<host>.+))?", re.DOTALL)
_OPENED = re.compile(r"crypto(\d{1,6})")
_OPTICAL = re.compile(r"(cd|cdrom|ieee1275/cdrom)[0-9]*")


class Devices:
    """The volumes of the machine in GRUB's order, by GRUB's names."""

    def __init__(self, files: Files) -> None:
        self.own = files.volume
        self.missed = False  # with more volumes, a name or a list might give something else
        self._trees: dict[str, Files | None] = {files.volume.name: files}
        self._files = files
        self.loops = {"loop": self.own} if self.own.image else {}
        first = self.own.disk if self.own.image else self.own.name
        disks: dict[str, list[Volume]] = {}
        for volume in sorted(files.host.volumes, key=lambda v: v.name != first):
            if not volume.image:
                disks.setdefault(volume.disk or volume.name, []).append(volume)
        self._server = SERVER.fullmatch(self.own.name)
        numbers = count()
        self._disks = {
            name if SERVER.fullmatch(name) else f"hd{next(numbers)}": disk
            for name, disk in disks.items()
        }
        self._named: dict[str, Volume] = {}
        for name, disk in self._disks.items():
            for v in disk:
                full = f"{name},{v.scheme}{v.partition}" if v.partition else name
                # Only one volume without a number can have the disk's name.
                self._named[v.name if full in self._named else full] = v
        self._names = {v.name: name for name, v in self._named.items()}

    def name(self, volume: Volume) -> str:
        loops = (name for name, looped in self.loops.items() if looped.name == volume.name)
        return next(loops, self._names.get(volume.name, volume.name))

    def is_open(self, volume: Volume) -> bool:
        """Return True unless the volume is an image that no name means any longer."""
        return not volume.image or volume in self.loops.values()

    def volumes(self) -> Iterator[Volume]:
        """Yield the volumes that have names of their own, the configuration's disk first."""
        yield from self._named.values()

    def tree(self, volume: Volume) -> Files | None:
        if volume.name not in self._trees:
            self._trees[volume.name] = self._files.host.on(volume.name)
        return self._trees[volume.name]

    def find(self, name: str) -> Volume | None:
        """Return the volume that a device's name means, without parentheses."""
        if name in self.loops:
            return self.loops[name]
        if name in self._named:
            return self._named[name]
        if m := SERVER.fullmatch(_without_pxe(name)):
            ours = self._server and not m["host"] and m["scheme"] == self._server["scheme"]
            return self.own if ours else None
        volumes = self._named.values()
        if opened := _OPENED.fullmatch(name):
            exact = [volume for volume in volumes if volume.crypt_uuid][int(opened[1]) :]
        else:
            exact = [v for v in volumes if name in (v.name, *_abstract(v))]
        if exact:
            return exact[0]
        self.missed = True
        return None if opened else next(self._similar(name), None)

    def disk(self, name: str) -> str:
        """Return GRUB's name of the disk of a device's name, disk or partition; or ""."""
        name = name.partition(",")[0]
        if name in self._disks or name in self.loops:
            return name
        return next((d for d, volumes in self._disks.items() if volumes[0].disk == name), "")

    def names_on(self, name: str) -> list[str]:
        """Return the names of the partition that a name means, or of all volumes of that disk."""
        if volume := self._named.get(name):
            return [self.name(volume)]
        disk = self._disks.get(name, ())
        found = sorted(disk, key=lambda v: v.partition) or filter(None, [self.find(name)])
        return [self.name(volume) for volume in found]

    def unknown(self, name: str) -> str:
        """Return GRUB's message for a name that no device has."""
        return "no such partition" if self.disk(name) else f"disk `{name}' not found"

    def server(self, name: str) -> str:
        """Return the start of the URLs of a device that is a server: tftp://10.0.0.1; else ""."""
        m = SERVER.fullmatch(_without_pxe(name))
        host = m and (m["host"] or server(self._files.host.lease))
        if host and host.count(":") > 1 and host[0] != "[":
            host = f"[{host}]"  # GRUB's names of servers have IPv6 addresses without brackets
        return f"{m['scheme']}://{host}" if m and host else ""

    def is_server(self, volume: Volume | None) -> bool:
        """Return True for the device of a configuration that came over the network."""
        return self._server is not None and volume is not None and volume.name == self.own.name

    def kind_at(self, url: str) -> str | None:
        from parsers.places.remote import find_kind  # for a configuration of a server

        return find_kind(self._files.host, url)

    def fetch(self, url: str) -> str | None:
        return self._files.host.fetch(url)

    def piece(self, offset: int, length: int) -> bytes:
        """Read a piece of the configuration's own device, outside of its files."""
        return self._files.piece("", offset, length)

    def names(self, disks_only: bool = False) -> Iterator[str]:
        """Yield all of GRUB's names, as its wildcard `(*)` lists them, or the disks only (`*`)."""
        self.missed = True
        yield from self.loops
        for disk, volumes in self._disks.items():
            yield disk
            if not disks_only:
                for volume in sorted(volumes, key=lambda v: -v.partition):
                    if volume.partition:
                        yield self.name(volume)

    def search(self, wanted: Callable[[Volume], bool], hints: Sequence[str]) -> Iterator[Volume]:
        """Yield volumes that fit: by the hints, then disk by disk, the last partition first.

        A server is no disk: only a hint names it.
        """
        for hint in hints:
            yield from filter(wanted, self._find_hinted(hint))
        for disk in [*self.loops.values()], *self._disks.values():
            disks = [volume for volume in disk if not self.is_server(volume)]
            yield from filter(wanted, sorted(disks, key=lambda v: (v.partition != 0, -v.partition)))

    def _find_hinted(self, hint: str) -> Sequence[Volume]:
        if hint.endswith(","):  # the partitions of a disk, in rising order
            disk = self._disks.get(hint[:-1], [])
            return sorted((v for v in disk if v.partition), key=lambda v: v.partition)
        missed, found = self.missed, self.find(hint)
        self.missed = missed  # the search says what it wants
        return [found] if found else []

    def _similar(self, name: str) -> Iterator[Volume]:
        volumes = [*self.loops.values(), *self._named.values()]
        if m := _PARTITION.fullmatch(name):
            path = _firmware_path(m["disk"])
            number = int(m["number"])
            if m["disk"] in self.loops:
                return  # nothing here opens a partition in an image, as GRUB does
            # hd1,2 is of any kind; it is on that disk if that has such a partition.
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


def _without_pxe(name: str) -> str:
    """Return the TFTP name of a server that GRUB on a PC calls pxe."""
    m = _PXE.fullmatch(name)
    return name if not m else f"tftp,{m['host']}" if m["host"] else "tftp"


def _abstract(volume: Volume) -> Iterator[str]:
    """Yield GRUB's names of a volume that the firmware does not know (grub-core/disk)."""
    if volume.mapped and not volume.crypt_uuid:
        yield f"lvm/{volume.mapped}"
    if volume.lvm:
        yield f"lvm/{volume.lvm.replace('/', '-')}"
    if volume.lvm_uuid:
        yield f"lvmid/{volume.lvm_uuid}"
    if volume.md or volume.md_uuid:
        number = volume.name.removeprefix("md")
        yield from {f"md/{name}" for name in (volume.md, number) if name}
        yield f"mduuid/{_hex(volume.md_uuid)}"
    if volume.crypt_uuid:
        yield from {f"cryptouuid/{uuid}" for uuid in (_hex(volume.crypt_uuid), volume.crypt_uuid)}


def _hex(uuid: str) -> str:
    return re.sub(r"[^0-9a-f]", "", uuid.lower())


_KINDS = (
    ("lvm/", "the logical volume {}"),
    ("lvmid/", "the logical volume with UUID {}"),
    ("md/", "the RAID array {}"),
    ("mduuid/", "the RAID array with UUID {}"),
    ("cryptouuid/", "the encrypted volume with UUID {}, opened"),
    ("crypto", "an encrypted volume, opened"),
)


def describe(name: str) -> str:
    """Return a device in words, if its name says what it is; else ""."""
    kinds = (words.format(name[len(start) :]) for start, words in _KINDS if name.startswith(start))
    return next(kinds, "")


def _is(volume: Volume, scheme: str) -> bool:
    return not scheme or volume.scheme in ("", scheme)


def _firmware_path(name: str) -> str:
    """Return Open Firmware's name. GRUB adds ieee1275/ in front and a backslash to a comma."""
    return name.removeprefix("ieee1275/").replace("\\,", ",") if "ieee1275/" in name else ""

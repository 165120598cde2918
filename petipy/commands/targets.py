"""The devices that a command reads: directories, disk images, block devices."""

import errno
import os
import re
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from parsers.api import Volume
from petipy.commands.base import BadUsage
from petipy.commands.trees import is_readable
from petipy.sandbox.probe import Disk, FileSystem, probe
from petipy.state.model import DIRECTORY, DISK, Device, Kind

SETTABLE = {field.name for field in fields(Volume)} - {"name", "partition", "scheme"}
_SETTING = re.compile(r",(?=[A-Za-z_]+=)")
# Block devices that no machine boots from.
_USELESS = re.compile(r"(?:ram|zram|loop|fd|nbd)\d+")


@dataclass(frozen=True, slots=True)
class Target:
    """One path to read, and the names that the person gives it."""

    name: str
    path: str
    says: tuple[tuple[str, str], ...] = ()  # fields of Volume

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Parse NAME=PATH[,uuid=U][,label=L]…; other commas belong to PATH or to a value."""
        name, _, rest = text.partition("=")
        path, *settings = _SETTING.split(rest)
        for count in range(len(settings), 0, -1):
            if Path(longer := ",".join((path, *settings[:count]))).exists():
                path, settings = longer, settings[count:]
                break
        if not name or not path or re.search(r"[\s/()]", name):
            raise BadUsage(f"not NAME=PATH: {text!r}")
        if unknown := next((s for s in settings if _word(s) not in SETTABLE), ""):
            known = ", ".join(sorted(SETTABLE))
            raise BadUsage(f"unknown word: {_word(unknown)} (known: {known})")
        says = [(key, value) for key, _, value in (s.partition("=") for s in settings)]
        return cls(name, path, tuple(says))

    @classmethod
    def of_path(cls, path: str) -> "Target":
        """Return the target of a path without a name: the device is called as the file is."""
        real = Path(path).resolve()
        name = real.stem if real.is_file() else real.name
        return cls(re.sub(r"[\s/()=]+", "-", name) or "root", path)


def _word(setting: str) -> str:
    return setting.partition("=")[0]


class OpenDevices:
    """The devices of some targets. `close` removes the loop devices made for them."""

    def __init__(self) -> None:
        self._held = ExitStack()
        self.found: list[Device] = []
        self.others: list[Device] = []  # not to be scanned, but referred to
        self.failures: list[tuple[str, str]] = []  # device, and why it cannot be scanned

    def close(self) -> None:
        self._held.close()

    @property
    def are_directories(self) -> bool:
        return all(device.kind.directory for device in self.found)

    def add(self, target: Target) -> None:
        """Add the devices of a target; BadUsage if nothing is at the path, or nothing readable."""
        try:
            mode = Path(target.path).stat().st_mode
        except OSError as error:
            raise BadUsage(f"{target.path}: {error.strerror}") from None
        if stat.S_ISDIR(mode):
            self._add(target, Volume(name=target.name), target.path, DIRECTORY)
        elif stat.S_ISREG(mode) or stat.S_ISBLK(mode):
            self._add_disk(target)
        else:
            raise BadUsage(f"{target.path}: not a directory, a disk image or a block device")

    def add_all_disks(self) -> None:
        """Add every block device of this machine that can be opened."""
        for name in sorted(disk.name for disk in Path("/sys/block").iterdir()):
            node = Path("/dev", name.replace("!", "/"))
            if not _USELESS.fullmatch(name) and node.exists():
                self._add_disk(Target(name, str(node)), lonely=False)

    def add_live_root(self) -> None:
        """Add the running system's own tree; the other mounted ones serve for references."""
        with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:
            mounts = list(read_mounts(file))
        own, part = next(((v, inner) for v, inner, at in mounts if at == "/"), (_ROOT, "/"))
        self._add(Target("root", "/"), own, "/", DIRECTORY)
        self.found[-1] = replace(self.found[-1], part=part.rstrip("/"))
        names = {device.name for device in self.found}
        for volume, _, at in mounts:
            if volume.name not in names:
                names.add(volume.name)
                self.others.append(Device(volume=volume, node=at, kind=DIRECTORY))

    def _add_disk(self, target: Target, lonely: bool = True) -> None:
        try:
            self._add_contents(target, probe(target.path), lonely)
        except OSError as error:
            if error.errno != errno.ENOMEDIUM:
                self._fail(target, error.strerror or str(error))

    def _add_contents(self, target: Target, disk: Disk, lonely: bool) -> None:
        # A CD's image has a partition table too, for people who copy it to a stick.
        if disk.scheme and (disk.fs is None or disk.fs.kind not in ("iso9660", "vfat")):
            self._add_partitions(target, disk)
        elif disk.fs:
            volume = Volume(name=target.name, disk=target.name)
            self._attach(target, _describe(volume, disk.fs))
        elif disk.is_qcow2:
            self._fail(target, "a qcow2 image; make a raw one: qemu-img convert -O raw")
        elif lonely:
            self._fail(target, "no file system and no partition table that is known")

    def _add_partitions(self, target: Target, disk: Disk) -> None:
        if target.says:
            raise BadUsage(f"{target.path} has partitions, so {target.says[0][0]}= fits none")
        between = "p" if target.name[-1:].isdigit() else ""
        for part in disk.partitions:
            if part.fs is None:
                continue
            volume = Volume(
                name=f"{target.name}{between}{part.number}",
                partuuid=part.uuid,
                partlabel=part.label,
                disk=target.name,
                partition=part.number,
                scheme=disk.scheme,
            )
            self._attach(target, _describe(volume, part.fs), part.start, part.size)

    def _attach(self, target: Target, volume: Volume, start: int = 0, size: int = 0) -> None:
        if os.geteuid() != 0 and is_readable(volume) and not start:
            self._add(target, volume, target.path, DIRECTORY)  # an ISO file
            return
        if os.geteuid() != 0:
            self._fail(target, f"only root can mount {volume.name}; or give a directory")
            return
        from petipy.sys import block

        node, loop = block.attach(target.path, start, size)
        self._held.callback(os.close, loop)
        self._add(target, volume, node, DISK)

    def _add(self, target: Target, volume: Volume, node: str, kind: Kind) -> None:
        says: dict[str, Any] = dict(target.says)
        if number := _number(volume.name, says.get("disk", "")):
            says["partition"] = number
        volume = replace(volume, **says)
        if any(device.name == volume.name for device in self.found):
            raise BadUsage(f"two devices are called {volume.name}")
        facts = (
            volume.fs,
            volume.label and f"label {volume.label}",
            volume.uuid and f"UUID {volume.uuid}",
        )
        title = f"{volume.name}: {', '.join(fact for fact in facts if fact) or target.path}"
        self.found.append(Device(volume=volume, node=node, kind=kind, title=title))

    def _fail(self, target: Target, why: str) -> None:
        self.failures.append((target.name, f"{target.path}: {why}"))


def _number(partition: str, disk: str) -> int:
    """Return the partition's number on the disk, by their names: sda2, nvme0n1p2; 0 for none."""
    match = re.fullmatch(rf"{re.escape(disk)}p?([1-9][0-9]{{0,5}})", partition) if disk else None
    return int(match[1]) if match else 0


_ROOT = Volume(name="root")


def _describe(volume: Volume, found: FileSystem) -> Volume:
    return replace(volume, fs=found.kind, uuid=found.uuid, label=found.label)


def read_mounts(mountinfo: Iterable[str]) -> Iterator[tuple[Volume, str, str]]:
    """Yield the mounted volumes of block devices, the mounted part of each, and the mount point.

    See proc_pid_mountinfo(5).
    """
    for line in mountinfo:
        before, _, after = line.partition(" - ")
        _, _, _, inner, at, *_ = before.split()
        fs, source, *_ = after.split()
        # In a mounted part of a file system, paths differ from those on the volume.
        if source.startswith("/dev/") and (inner == "/" or at == "/"):
            yield _live(_unescape(source), fs), _unescape(inner), _unescape(at)


def _live(node: str, fs: str) -> Volume:
    """Return a mounted volume, with the names in udev's database, which anyone may read."""
    try:
        number = Path(node).stat().st_rdev
    except OSError:  # /dev/root, and containers
        return Volume(name=Path(node).name, fs=fs)
    major, minor = os.major(number), os.minor(number)
    try:
        with open(f"/run/udev/data/b{major}:{minor}", encoding="utf-8", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        lines = []
    known = dict(line[2:].partition("=")[::2] for line in lines)
    name = Path(f"/sys/dev/block/{major}:{minor}").resolve().name
    return Volume(
        name=name,
        uuid=known.get("ID_FS_UUID", ""),
        label=_unescape(known.get("ID_FS_LABEL_ENC", "")),
        partuuid=known.get("ID_PART_ENTRY_UUID", ""),
        partlabel=_unescape(known.get("ID_PART_ENTRY_NAME", "")),
        fs=fs,
        udev_links=" ".join(sorted(line[2:] for line in lines if line.startswith("S:"))),
    )


def _unescape(text: str) -> str:
    """Decode escapes: udev writes \\x20 for a space, the kernel \\040."""
    raw = text.encode("utf-8", "surrogateescape")
    raw = re.sub(rb"\\x([0-9a-f]{2})", lambda m: bytes.fromhex(m[1].decode()), raw)
    raw = re.sub(rb"\\([0-7]{3})", lambda m: bytes([int(m[1], 8) & 0xFF]), raw)
    return raw.decode("utf-8", "surrogateescape")

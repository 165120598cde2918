"""The machine's volumes, as udev knows them: those that are there, then what comes and goes."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal, NamedTuple

from parsers.api import Volume
from petipy.log import Log
from petipy.sources.settle import Settling
from petipy.state.model import DISK, OPTICAL, USB, Device, Kind, amount

Properties = Mapping[str, str]  # as udev names them: ID_FS_TYPE, DEVNAME …

_NEVER = re.compile(r"ram\d|zram\d|fd\d|nbd\d+$|mtdblock")
_LOOP = re.compile(r"loop\d+")
_ESCAPED = re.compile(rb"\\x([0-9a-fA-F]{2})")
_LVM = re.compile(r"LVM-(\w{32})(\w{32})(?:-.*)?")
_LUKS = re.compile(r"CRYPT-LUKS\d-([0-9a-f]{32})-")
_SCSI = re.compile(r"/\d+:(\d+):(\d+):(\d+)(?:/|$)")  # channel, target, unit


class DeviceEvent(NamedTuple):
    """A volume came or changed (`device`), or went (only its `name`); or SETTLED."""

    device: Device | None
    name: str
    present: bool


SETTLED = DeviceEvent(None, "", True)  # all that the machine started with has been told


async def watch(log: Log, sysfs: str = "/sys") -> AsyncIterator[DeviceEvent]:
    """Every volume there is, SETTLED once udev has handled all devices, and all that follows."""
    from petipy.sources.udev import Udev

    udev, known, settling = Udev(), Known(sysfs), Settling()
    _poll_for_media(sysfs)
    wake = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(udev.fileno(), wake.set)
    settled = False
    try:
        for event in known.all(udev.devices()):
            yield event
        while True:
            await _woken(wake, None if settled else settling.pause())
            # Asked before the events are read: what came since is told before SETTLED.
            quiet = settled or settling.quiet(known.awaited)
            try:
                changes = [
                    change for action, p in udev.events() for change in known.take(action, p)
                ]
            except OSError as error:  # ENOBUFS: more came than fitted
                log.warning(
                    f"device events were lost ({error.strerror}): looking at all devices again"
                )
                changes = list(known.all(udev.devices()))
            for event in changes:
                yield event
            if quiet and not settled:
                settled = True
                if settling.overdue:
                    log.warning("udev is still busy: waited long enough for all devices")
                for name in sorted(known.awaited):
                    log.warning(f"{name}: udev does not say what is on it")
                yield SETTLED
    finally:
        loop.remove_reader(udev.fileno())


async def _woken(wake: asyncio.Event, seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return
    wake.clear()


def _poll_for_media(sysfs: str) -> None:
    """Have the kernel look for discs put in or taken out, as udev's 60-block.rules does."""
    try:
        with open(f"{sysfs}/module/block/parameters/events_dfl_poll_msecs", "r+") as file:
            if file.read().strip() == "0":
                file.write("2000")
    except OSError:  # built without, or not ours to set
        return


@dataclass
class Known:
    """What has been told of; turns udev's words into events, each once."""

    sysfs: str = "/sys"
    devices: dict[str, Device] = field(default_factory=dict)
    awaited: set[str] = field(default_factory=set)  # the kernel has them, udev not yet

    def all(self, listed: Iterator[Properties]) -> Iterator[DeviceEvent]:
        """The difference to a complete list."""
        present = set()
        for properties in listed:
            present.add(_name(properties))
            yield from self.take("add", properties)
        for name in sorted(self.devices.keys() - present):
            yield from self._gone(name)
        self.awaited &= present

    def take(self, action: str, properties: Properties) -> Iterator[DeviceEvent]:
        """One event of udev. A `change` without a difference may be new contents: it counts."""
        name = _name(properties)
        self.awaited.discard(name)
        if action == "remove":
            yield from self._gone(name)
            return
        if not (_handled(properties) or _NEVER.match(name) or _LOOP.match(name)):
            self.awaited.add(name)
            return
        device = volume_device(properties, self.sysfs)
        if device is None:
            yield from self._gone(name)
        elif action == "change" or self.devices.get(name) != device:
            self.devices[name] = device
            yield DeviceEvent(device, name, True)

    def _gone(self, name: str) -> Iterator[DeviceEvent]:
        if self.devices.pop(name, None):
            yield DeviceEvent(None, name, False)


def volume_device(properties: Properties, sysfs: str = "/sys") -> Device | None:
    """The volume that the properties of a block device describe; None when it can hold no files.

    Swap, members of a RAID or LVM, and encrypted volumes are none, nor is a drive without a disc.
    """
    p = properties
    name, path = _name(p), p.get("DEVPATH", "")
    sectors = _number(_attribute(f"{sysfs}{path}/size"))  # of 512 bytes, whatever the disk's own
    if not (name and sectors) or _NEVER.match(name) or not p.get("ID_FS_TYPE"):
        return None
    if p.get("ID_FS_USAGE", "filesystem") != "filesystem" or _is_part_of_another(p):
        return None
    if _LOOP.match(name) and _attribute(f"{sysfs}{path}/loop/autoclear") == "1":
        return None  # somebody's mount, as a scan's of an image file, and gone with it
    volume = Volume(
        name=name,
        uuid=p.get("ID_FS_UUID", ""),
        label=_decoded(p.get("ID_FS_LABEL_ENC") or p.get("ID_FS_LABEL", "")),
        partuuid=p.get("ID_PART_ENTRY_UUID", ""),
        partlabel=_decoded(p.get("ID_PART_ENTRY_NAME", "")),
        fs=p["ID_FS_TYPE"],
        disk=_disk(p),
        partition=_number(p.get("PARTN") or p.get("ID_PART_ENTRY_NUMBER", "")),
        scheme=_scheme(p.get("ID_PART_ENTRY_SCHEME", "")),
        firmware_path=firmware_path(path, sysfs),
        udev_links=" ".join(sorted(n.removeprefix("/dev/") for n in p.get("DEVLINKS", "").split())),
        **_layers(p, f"{sysfs}{path}"),
    )
    kind = _kind(p)
    title = _title(volume, kind, sectors * 512, p.get("DM_NAME", ""))
    return Device(volume=volume, node=p["DEVNAME"], kind=kind, title=title)


def _layers(p: Properties, sysfs: str) -> dict[str, str]:
    """The names of what the device mapper or the RAID driver has made.

    The kernel writes into a device-mapper UUID what made it: LVM-, then the UUIDs of group and
    volume, or CRYPT-LUKS2-, then the container's.
    """
    names: dict[str, str] = {}
    made = p.get("DM_UUID") or _attribute(f"{sysfs}/dm/uuid")
    names["mapped"] = p.get("DM_NAME") or _attribute(f"{sysfs}/dm/name")
    if match := _LVM.fullmatch(made):
        names["lvm_uuid"] = "/".join(map(_lvm_uuid, match.groups()))
        group, _, volume = names["mapped"].replace("--", "\0").partition("-")
        names["lvm"] = f"{group}/{volume}".replace("\0", "-")
    elif match := _LUKS.match(made):
        names["crypt_uuid"] = match[1]
    names["md"] = p.get("MD_DEVNAME") or p.get("MD_NAME", "").rpartition(":")[2]
    names["md_uuid"] = p.get("MD_UUID") or _attribute(f"{sysfs}/md/uuid")
    return names


def _lvm_uuid(letters: str) -> str:
    ends = (0, 6, 10, 14, 18, 22, 26, 32)
    return "-".join(letters[a:b] for a, b in pairwise(ends))


def firmware_path(path: str, sysfs: str = "/sys") -> str:
    """Open Firmware's name of the disk at /sys`path`; "" where the machine has no device tree.

    The kernel knows the controller's node; the disk's name below it follows from its address, as
    SLOF and QEMU write it.
    """
    controller, at = "", path
    while not controller and at.count("/") > 1:
        at = at.rpartition("/")[0]
        controller = _attribute(f"{sysfs}{at}/devspec") or _node(f"{sysfs}{at}/of_node")
    if controller in {"", "(null)", "/"}:
        return ""
    if match := _SCSI.search(path):
        channel, target, unit = (int(number) for number in match.groups())
        if at.startswith("/devices/vio/"):
            return f"{controller}/disk@{0x8000 | target << 8 | channel << 5 | unit:x}{0:012x}"
        if "/virtio" in path:
            return f"{controller}/disk@{0x1000000 | target << 16 | unit:x}{0:08x}"
    return controller


def _handled(p: Properties) -> bool:
    """Whether udevd is done with the device, be it that its worker failed or was killed."""
    return "USEC_INITIALIZED" in p or p.get("UDEV_WORKER_FAILED") == "1"


def _name(properties: Properties) -> str:
    return properties.get("DEVNAME", "").removeprefix("/dev/")


def _disk(p: Properties) -> str:
    if p.get("DEVTYPE") != "partition":
        return _name(p)
    return p["DEVPATH"].split("/")[-2].replace("!", "/")  # as the kernel writes cciss/c0d0


def _kind(p: Properties) -> Kind:
    if p.get("ID_CDROM") or _name(p).startswith("sr"):
        return OPTICAL
    if p.get("ID_BUS") == "usb" or re.search(r"/usb\d+/", p.get("DEVPATH", "")):
        return USB
    return DISK


def _is_part_of_another(p: Properties) -> bool:
    """A path of a multipath disk, a device-mapper table that is not for use, or the first
    partition of a hybrid image, which begins where the whole disk does."""
    return (
        p.get("DM_MULTIPATH_DEVICE_PATH") == "1"
        or p.get("DM_UDEV_DISABLE_OTHER_RULES_FLAG") == "1"
        or p.get("DM_SUSPENDED") == "1"
        or p.get("ID_PART_ENTRY_OFFSET") == "0"
    )


def _scheme(name: str) -> Literal["", "gpt", "msdos"]:
    return "gpt" if name == "gpt" else "msdos" if name == "dos" else ""


def _title(volume: Volume, kind: Kind, size: int, mapped: str) -> str:
    name = f"{volume.name} ({mapped})" if mapped else volume.name
    label = f", label {volume.label}" if volume.label else ""
    word = f"{kind.word}, " if kind.word else ""
    return f"{name}: {word}{amount(size)} {volume.fs}{label}"


def _decoded(text: str) -> str:
    """What udev wrote with \\xHH for every byte that may not stand in a file name."""
    raw = text.encode("utf-8", "surrogateescape")
    raw = _ESCAPED.sub(lambda match: bytes.fromhex(match[1].decode()), raw)
    return raw.decode("utf-8", "surrogateescape")


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else 0


def _attribute(path: str) -> str:
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as file:
            return file.read().strip().strip("\0")
    except OSError:
        return ""


def _node(link: str) -> str:
    try:
        target = os.path.realpath(link, strict=True)
    except OSError:
        return ""
    return target.partition("/firmware/devicetree/base")[2]

"""The properties that udev gives a block device → the Device that they describe.

Reads sysfs for what udev leaves out, never the device itself.
"""

import os
import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Literal

from parsers.api import Volume
from petipy.state.model import DISK, OPTICAL, USB, Device, Kind
from petipy.state.sizes import format_size

Properties = Mapping[str, str]  # by udev's names: ID_FS_TYPE, DEVNAME …

# Names of devices that no machine boots from. udev's rules pass them over, and loop devices too.
_USELESS = re.compile(r"ram\d|zram\d|fd\d|nbd\d+$|mtdblock")
_LOOP = re.compile(r"loop\d+")
_USB = re.compile(r"/usb\d+/")
_ESCAPED = re.compile(rb"\\x([0-9a-fA-F]{2})")
_LVM = re.compile(r"LVM-(\w{32})(\w{32})(?:-.*)?")
_LUKS = re.compile(r"CRYPT-LUKS\d-([0-9a-f]{32})-")
_SCSI = re.compile(r"/\d+:(\d+):(\d+):(\d+)(?:/|$)")  # channel, target, unit
# Types of partitions that are to have a file system: Linux's, EFI's, XBOOTLDR and Microsoft's in
# GPT (UAPI's list); FAT, NTFS, Linux and EFI in an MBR. udev writes them like this.
_FILE_SYSTEMS = frozenset(
    {
        "0fc63daf-8483-4772-8e79-3d69d8477de4",
        "c12a7328-f81f-11d2-ba4b-00a0c93ec93b",
        "bc13c2ff-59e6-4262-a352-b275fd6f7172",
        "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7",
        *("0x6", "0x7", "0xb", "0xc", "0xe", "0x83", "0xef"),
    }
)


def make_device(properties: Properties, sysfs: str = "/sys") -> Device | None:
    """Return the Device that the properties describe; None if it can hold no files.

    None, too, for swap, a member of a RAID or of LVM, an encrypted volume, a drive without a disc.
    """
    p = properties
    name, path = read_name(p), p.get("DEVPATH", "")
    sectors = _number(_attribute(f"{sysfs}{path}/size"))  # always of 512 bytes
    if not (name and sectors) or _USELESS.match(name) or not p.get("ID_FS_TYPE"):
        return None
    if p.get("ID_FS_USAGE", "filesystem") != "filesystem" or _is_part_of_another(p):
        return None
    if _LOOP.match(name) and _attribute(f"{sysfs}{path}/loop/autoclear") == "1":
        return None  # a mount made it, such as a scan of an image file, and it ends with that
    volume = Volume(
        name=name,
        uuid=p.get("ID_FS_UUID", ""),
        label=_decode(p.get("ID_FS_LABEL_ENC") or p.get("ID_FS_LABEL", "")),
        partuuid=p.get("ID_PART_ENTRY_UUID", ""),
        partlabel=_decode(p.get("ID_PART_ENTRY_NAME", "")),
        fs=p["ID_FS_TYPE"],
        disk=_disk(p),
        partition=_number(p.get("PARTN") or p.get("ID_PART_ENTRY_NUMBER", "")),
        scheme=_scheme(p.get("ID_PART_ENTRY_SCHEME", "")),
        firmware_path=find_firmware_path(path, sysfs),
        udev_links=" ".join(sorted(n.removeprefix("/dev/") for n in p.get("DEVLINKS", "").split())),
        **_layers(p, f"{sysfs}{path}"),
    )
    kind = _kind(p)
    title = _title(volume, kind, sectors * 512, p.get("DM_NAME", ""))
    sequence = _number(p.get("DISKSEQ", ""))
    return Device(volume=volume, node=p["DEVNAME"], kind=kind, title=title, sequence=sequence)


def describe_unreadable(properties: Properties, sysfs: str = "/sys") -> str:
    """Say that a disk, or a partition for a file system, has nothing on it that is known.

    Return "" for any other device.
    """
    p = properties
    known = p.get("ID_FS_TYPE") or p.get("ID_PART_TABLE_TYPE") or _is_part_of_another(p)
    is_disk = p.get("DEVTYPE") == "disk"
    expected = is_disk or p.get("ID_PART_ENTRY_TYPE", "").lower() in _FILE_SYSTEMS
    if known or not expected or _is_passed_over(p):
        return ""
    sectors = _number(_attribute(f"{sysfs}{p.get('DEVPATH', '')}/size"))
    if not sectors:
        return ""
    size = format_size(sectors * 512)
    table = " and no partition table" if is_disk else ""
    return f"{read_name(p)}: {size}, no file system{table} that is known"


def read_name(properties: Properties) -> str:
    """Return the kernel's name: vda2, cciss/c0d0p1."""
    return properties.get("DEVNAME", "").removeprefix("/dev/")


def has_failed(properties: Properties) -> bool:
    """Return True if a worker of udevd failed or was killed before it knew the device."""
    return properties.get("UDEV_WORKER_FAILED") == "1" and not _is_passed_over(properties)


def _is_passed_over(properties: Properties) -> bool:
    name = read_name(properties)
    return bool(_USELESS.match(name) or _LOOP.match(name))


def is_handled(properties: Properties) -> bool:
    """Return True if udevd is done with the device, or will never do anything with it.

    A worker of udevd that failed or was killed is an end, too.
    """
    return (
        "USEC_INITIALIZED" in properties
        or properties.get("UDEV_WORKER_FAILED") == "1"
        or _is_passed_over(properties)
    )


def _layers(p: Properties, sysfs: str) -> dict[str, str]:
    """Return the names of a device that the device mapper or the RAID driver has made.

    The start of a device-mapper UUID says what made it: LVM-, then the UUIDs of group and volume,
    or CRYPT-LUKS2-, then that of the container.
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


def find_firmware_path(path: str, sysfs: str = "/sys") -> str:
    """Return Open Firmware's name of the disk or card at /sys`path`; "" without a device tree.

    The kernel knows the node of the controller. The disk's name below it follows from its address,
    as SLOF and QEMU write it.
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


def _disk(p: Properties) -> str:
    if p.get("DEVTYPE") != "partition":
        return read_name(p)
    return p["DEVPATH"].split("/")[-2].replace("!", "/")  # the kernel writes cciss!c0d0


def _kind(p: Properties) -> Kind:
    if p.get("ID_CDROM") or read_name(p).startswith("sr"):
        return OPTICAL
    if p.get("ID_BUS") == "usb" or _USB.search(p.get("DEVPATH", "")):
        return USB
    return DISK


def _is_part_of_another(p: Properties) -> bool:
    """Return True for a device that another one stands for.

    That is a path of a multipath disk, a device-mapper table that is not for use, or the first
    partition of a hybrid image, which begins where the whole disk does.
    """
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
    return f"{name}: {word}{format_size(size)} {volume.fs}{label}"


def _decode(text: str) -> str:
    """Undo udev's \\xHH, which stands for a byte that is not allowed in a file name."""
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

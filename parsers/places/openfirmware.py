"""Files in the words of Open Firmware's boot loaders: [device:][partition],path.

    file     = URL | firmware | linux | path ;
    firmware = device, ":", [ digits ], ",", path ;
    linux    = ( "/dev/disk/by-path/…" | "/dev/…" | name ), ":", path ;

A path of the firmware may have commas itself: the last one counts.
"""

import re
from posixpath import dirname

from parsers.api import FileRef, Files
from parsers.places.volumes import find

_URL = re.compile(r"[a-z][a-z0-9+.-]*://\S+", re.I)
# hd:3,/vmlinux or /pci@8…/disk@0:3,/vmlinux
_FIRMWARE = re.compile(r"(?P<device>[^:]+):(?P<partition>\d*),(?P<path>[^,]+)", re.S)
# Petitboot's names: sda3:/vmlinux, /dev/sda3:/vmlinux, LABEL=root:/vmlinux. The links in
# /dev/disk/by-path and by-id contain colons.
_LINUX = re.compile(
    r"(?P<device>/dev/disk/by-(?:path|id)/[^/]+(?=:/)|/dev/[^:]+|[^/:][^:]*):(?P<path>/?.*)", re.S
)
_KERNEL_NAME = re.compile(
    r"(?P<letters>(?:sd|hd|vd|xvd)[a-z]+)\d*|(?P<digits>(?:nvme\d+n|mmcblk|nbd|loop|md)\d+)(?:p\d+)?"
)
# The firmware's short names of its disks: hd, cd, disk, ultra0 …
_ALIAS = re.compile(r"(?!sd[a-z]|vd[a-z]|hd[a-z])(?:hd|cd|cdrom|disk|ultra|ide|scsi|sd)[\w-]*")
_NETWORK = re.compile(r"e?net(?:work)?\d*|bootp")


def locate(files: Files, config: str, name: str, device: str, partition: str) -> FileRef:
    """Return the file `name`. `device` and `partition` (decimal) hold if it names none itself."""
    if _URL.fullmatch(name):
        return FileRef(url=name)
    if match := _FIRMWARE.fullmatch(name):
        on = _device(files, f"{match['device']}:", match["partition"] or partition)
        return FileRef(device=on, path=_absolute(files, config, match["path"], on))
    if match := _LINUX.fullmatch(name):
        on = _device(files, match["device"], "")
        return FileRef(device=on, path=_absolute(files, config, match["path"], on))
    on = _device(files, device, partition)
    return FileRef(device=on, path=_absolute(files, config, name, on))


def _absolute(files: Files, config: str, path: str, device: str) -> str:
    """Return an absolute path. A relative path begins at the root.

    If only the directory of the configuration has the file, it begins there.
    """
    path = path.replace("\\", "/")
    if path.startswith("/"):
        return f"/{path.lstrip('/')}"
    sibling = f"{dirname(config).rstrip('/')}/{path}"
    if not device and files.kind(f"/{path}") != "file" and files.kind(sibling) == "file":
        return sibling
    return f"/{path}"


def _device(files: Files, device: str, partition: str) -> str:
    """Return a device for FileRef: "" is the configuration's volume.

    Else it is the name of a volume, or the configuration's words for a device to wait for.
    """
    number = int(partition[:9]) if partition.isdecimal() else None
    name = device.rstrip(":")
    if not name:
        return "" if number is None else _find_sibling(files, number)
    if _NETWORK.fullmatch(name):
        return name
    if name.startswith("/") and not name.startswith("/dev/"):
        return _firmware(files, name, number)
    if (device.endswith(":") or _ALIAS.fullmatch(name)) and not _is_known(files, name):
        return _find_sibling(files, number)
    return _volume_name(files, _partition_name(name, number))


def _firmware(files: Files, name: str, number: int | None) -> str:
    if not any(volume.firmware_path for volume in files.host.volumes):
        # Without firmware the path can only mean the disk of the configuration.
        return _find_sibling(files, number)
    path, _, own = name.rpartition(":") if re.search(r":\d{0,9}$", name) else (name, "", "")
    number = int(own) if number is None and own else number
    return _volume_name(files, path if number is None else f"{path}:{number}")


def _find_sibling(files: Files, number: int | None) -> str:
    """Return partition `number` of the configuration's disk; 0 is the whole disk."""
    own = files.volume
    # A volume without partitions, or an unknown one, is the only choice.
    if number is None or own.partition in (0, number):
        return ""
    for volume in files.host.volumes:
        if volume.disk == own.disk and volume.partition == number:
            return volume.name
    return f"{own.disk}{'p' if own.disk[-1:].isdigit() else ''}{number}" if number else own.disk


def _is_known(files: Files, name: str) -> bool:
    return bool("=" in name or name.startswith("/dev/") or _KERNEL_NAME.fullmatch(name)) or any(
        name in (volume.name, volume.disk) for volume in files.host.volumes
    )


def _volume_name(files: Files, spec: str) -> str:
    volume = find(spec, files.host.volumes)
    if volume is None:
        return spec
    return "" if volume.name == files.volume.name else volume.name


def _partition_name(name: str, number: int | None) -> str:
    """Name a partition of a disk: sda or sda1, and 2 → sda2; nvme0n1 and 2 → nvme0n1p2."""
    prefix = "/dev/" if name.startswith("/dev/") else ""
    match = _KERNEL_NAME.fullmatch(name.removeprefix("/dev/"))
    if number is None or match is None:
        return name
    return f"{prefix}{match['letters'] or match['digits'] + 'p'}{number or ''}"

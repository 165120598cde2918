"""What this machine's firmware tells, read before a scan gives up the right to look."""

import os
import time
from contextlib import suppress

from parsers.api import Firmware
from petipy.sys import mount

_PLACE = "/sys/firmware"
_MOST = 1 << 16  # bytes of a variable, or of SMBIOS
# Each costs a call to the firmware, so only those that decide what is booted: EFI's own, and those
# of the Boot Loader Interface (systemd.io/BOOT_LOADER_INTERFACE), whose token is a secret.
_GUIDS = {
    "8be4df61-93ca-11d2-aa0d-00e098032b8c": (
        *("BootCurrent", "BootNext", "BootOrder", "PlatformLang", "SecureBoot", "SetupMode"),
    ),
    "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f": (
        *("LoaderEntryDefault", "LoaderEntryLastBooted", "LoaderEntryOneShot"),
        "LoaderEntryPreferred",
    ),
}


def firmware(machine: str, place: str = _PLACE) -> Firmware:
    """`Host.firmware` of this machine; the time alone if `machine` (uname) is another."""
    clock = int(time.time())
    if machine != os.uname().machine:
        return Firmware(clock=clock)
    smbios = _read(f"{place}/dmi/tables/DMI") or b""
    return Firmware(variables=_variables(f"{place}/efi"), smbios=smbios, clock=clock)


def _variables(place: str) -> dict[str, bytes] | None:
    if not os.path.isdir(place):  # noqa: PTH112  pathlib would be one more import
        return None
    found = _found(f"{place}/efivars")
    if found or os.geteuid() != 0:
        return found
    with suppress(OSError):  # a kernel without efivarfs
        root = mount.detached("efivarfs", "efivarfs")
        try:
            return _found(f"/proc/self/fd/{root}")
        finally:
            os.close(root)
    return None


def _found(directory: str) -> dict[str, bytes]:
    names = (f"{name}-{guid}" for guid, names in _GUIDS.items() for name in names)
    read = ((name, _read(f"{directory}/{name}")) for name in names)
    return {name: data[4:] for name, data in read if data}  # without the attributes


def _read(path: str) -> bytes | None:
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(_MOST)
    except OSError:  # it has none, or root alone may know
        return None

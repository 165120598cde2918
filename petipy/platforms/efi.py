"""Machines with EFI firmware."""

import os
from collections.abc import Iterator
from contextlib import suppress

from parsers import machines
from petipy.platforms import Platform, has_ipmi, read
from petipy.sys import mount

TYPE_CHECKING = False
if TYPE_CHECKING:
    from petipy.settings.storage import Storage

# Each variable costs a call to the firmware. So only those are read that decide what is booted:
# EFI's own, and those of the Boot Loader Interface (systemd.io/BOOT_LOADER_INTERFACE), whose token
# is a secret.
_GLOBAL = "8be4df61-93ca-11d2-aa0d-00e098032b8c"
_VARIABLES = {
    _GLOBAL: (
        *("BootCurrent", "BootNext", "BootOrder", "PlatformLang", "SecureBoot", "SetupMode"),
    ),
    "4a67b082-0a4c-41cf-b6c7-440b29bb8c4f": (
        *("LoaderEntryDefault", "LoaderEntryLastBooted", "LoaderEntryPreferred"),
    ),
}


class Efi(Platform):
    name = "EFI"

    def probe(self, root: str) -> int:
        return 10 if os.path.isdir(_place(root)) else 0  # noqa: PTH112  pathlib is one more import

    def dhcp_architecture(self, machine: str) -> int | None:
        return machines.find(machine).dhcp

    def read_variables(self, root: str) -> dict[str, bytes] | None:
        found = _read_all(f"{_place(root)}/efivars")
        if found or root or os.geteuid() != 0:
            return found
        with suppress(OSError):  # a kernel without efivarfs
            directory = mount.open_root("efivarfs", "efivarfs")
            try:
                return _read_all(f"/proc/self/fd/{directory}")
            finally:
                os.close(directory)
        return None

    def open_storage(self) -> "Storage | None":
        from petipy.settings.efi import EfiVariables

        try:
            os.close(mount.open_root("efivarfs", "efivarfs"))
        except OSError:  # firmware or kernel without variables at run time
            return None
        return EfiVariables(lambda: mount.open_writable_root("efivarfs", "efivarfs"))

    def has_bmc(self, root: str) -> bool:
        return has_ipmi(root)

    def read_firmware(self, root: str) -> str:
        return f"EFI {super().read_firmware(root)}".strip()

    def read_facts(self, root: str) -> Iterator[tuple[str, str]]:
        yield from super().read_facts(root)
        if size := (read(f"{_place(root)}/fw_platform_size") or b"").decode(errors="replace"):
            yield "EFI calls", f"{size.strip()} bits"

    def read_secure_boot(self, root: str) -> str:
        # UEFI specification, "Globally Defined Variables".
        found = self.read_variables(root) or {}
        secure, setup = (found.get(f"{name}-{_GLOBAL}") for name in ("SecureBoot", "SetupMode"))
        if secure is None:
            return "not known: its variable cannot be read"
        state = "on" if secure == b"\1" else "off"
        return f"{state}, in setup mode: anybody may set its keys" if setup == b"\1" else state


def _place(root: str) -> str:
    return f"{root}/sys/firmware/efi"


def _read_all(directory: str) -> dict[str, bytes]:
    names = (f"{name}-{guid}" for guid, names in _VARIABLES.items() for name in names)
    values = ((name, read(f"{directory}/{name}")) for name in names)
    return {name: value[4:] for name, value in values if value}  # without the attributes


PLATFORM = Efi()

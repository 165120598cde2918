"""Platforms: a machine and its firmware, one file for each kind, which exports PLATFORM."""

import os
import pkgutil
import time
from collections.abc import Iterator
from functools import cache
from importlib import import_module

from parsers.api import Firmware

TYPE_CHECKING = False
if TYPE_CHECKING:
    from petipy.settings.bmc import Bmc
    from petipy.settings.storage import Storage

_LARGEST = 1 << 16  # bytes of a file, such as a variable of EFI's or SMBIOS


class Platform:
    """The behaviour of any machine. A file overrides the parts in which its machines differ.

    `root` is the place of /proc and /sys: "", or a tree that a test has built.
    """

    name: str

    def probe(self, root: str) -> int:
        """Return how well this platform fits the machine: 0 for not at all, the highest wins."""
        raise NotImplementedError

    def dhcp_architecture(self, machine: str) -> int | None:
        """Return the Processor Architecture Type (DHCP option 93) of uname's `machine`.

        The numbers are in RFC 4578 and in IANA's registry. None: the machine has no number.
        """
        raise NotImplementedError

    def read_uuid(self, root: str) -> bytes:
        """Return the UUID as the firmware sends it in DHCP option 97, 16 bytes; b"" without one.

        PXE's firmware sends SMBIOS' bytes as they are, so the first three parts are little-endian.
        """
        return make_uuid(read_dmi(root, "product_uuid"), little=True)

    def read_variables(self, root: str) -> dict[str, bytes] | None:
        """Return the EFI variables that decide what is booted; None on a machine without EFI."""
        return None

    def read_host_order(self, root: str) -> tuple[str, ...]:
        """Return what the host wants to boot first: names as petipy.state.order takes them."""
        return ()

    def open_storage(self) -> "Storage | None":
        """Return the settings that this machine keeps; None if it can keep none."""
        return None

    def has_bmc(self, root: str) -> bool:
        """Return True if IPMI reaches a service processor of this machine."""
        return False

    def open_bmc(self) -> "Bmc | None":
        """Return the service processor; None if there is none."""
        if not self.has_bmc(""):
            return None
        from petipy.settings.bmc import Bmc  # guests have none

        return Bmc()

    def read_model(self, root: str) -> str:
        """Return the machine's name: the device tree's, or SMBIOS' as the kernel reads it."""
        return read_device_tree(root, "model") or read_dmi(root, "sys_vendor", "product_name")

    def read_firmware(self, root: str) -> str:
        """Return name and version of the firmware; "" where they are not known."""
        return read_dmi(root, "bios_vendor", "bios_version")

    def read_facts(self, root: str) -> Iterator[tuple[str, str]]:
        """Yield what else is worth a line of the system information, as name and words."""
        hypervisor = read(f"{root}/sys/hypervisor/type") or b""
        if text := hypervisor.decode(errors="replace").strip():
            yield "Hypervisor", text

    def read_secure_boot(self, root: str) -> str:
        """Return the state of Secure Boot, in words; "" where the firmware has none."""
        return ""

    def before_boot(self) -> None:
        """Do what the machine needs before the jump into another kernel. Raise OSError."""


def find(root: str = "") -> Platform:
    """Return the platform that fits this machine best."""
    return _find(root)


@cache
def _find(root: str) -> Platform:
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    found: list[Platform] = [import_module(f"{__name__}.{name}").PLATFORM for name in names]
    return max(found, key=lambda platform: platform.probe(root))


def read_firmware(machine: str, root: str = "") -> Firmware:
    """Read `Host.firmware` of this machine; the time alone if `machine` (uname) is another."""
    clock = int(time.time())
    if machine != os.uname().machine:
        return Firmware(clock=clock)
    smbios = read(f"{root}/sys/firmware/dmi/tables/DMI") or b""
    return Firmware(variables=find(root).read_variables(root), smbios=smbios, clock=clock)


def describe(root: str = "") -> list[str]:
    """Describe this machine and its firmware in short lines."""
    platform = find(root)
    facts = ("machine", platform.read_model(root)), ("firmware", platform.read_firmware(root))
    return [f"{what}: {text}" for what, text in facts if text]


def has_ipmi(root: str) -> bool:
    """Return True if ACPI or SMBIOS (type 38) describe an interface to a service processor."""
    places = "sys/bus/acpi/devices/IPI0001:00", "sys/firmware/dmi/entries/38-0"
    return any(os.path.isdir(f"{root}/{place}") for place in places)  # noqa: PTH112


def read_device_tree(root: str, name: str) -> str:
    """Return the text of a property of the device tree; "" without it."""
    value = read(f"{root}/proc/device-tree/{name}") or b""
    return value.rstrip(b"\0").decode(errors="replace")


def read_cell(root: str, name: str) -> int | None:
    """Return a 32-bit number of the device tree; None without it."""
    value = read(f"{root}/proc/device-tree/{name}")
    return int.from_bytes(value, "big") if value is not None and len(value) == 4 else None


def read_dmi(root: str, *names: str) -> str:
    """Return facts of SMBIOS in one line; "" where there is none."""
    values = (read(f"{root}/sys/class/dmi/id/{name}") or b"" for name in names)
    return " ".join(text for value in values if (text := value.decode(errors="replace").strip()))


def make_uuid(text: str, *, little: bool = False) -> bytes:
    """Return the 16 bytes of a UUID; b"" for one that is damaged, or all zeros or ones.

    `little`: the first three parts are little-endian.
    """
    digits = text.strip().replace("-", "")
    try:
        found = bytes.fromhex(digits)
    except ValueError:
        return b""
    if len(found) != 16 or found in (bytes(16), b"\xff" * 16):
        return b""
    if little:
        return found[3::-1] + found[5:3:-1] + found[7:5:-1] + found[8:]
    return found


def read(path: str) -> bytes | None:
    """Read a file of /proc or /sys; None if it is absent, or if only root may read it."""
    try:
        with open(path, "rb", buffering=0) as file:
            return file.read(_LARGEST)
    except OSError:
        return None

"""OpenPOWER's bare metal: OPAL firmware, under which Petitboot runs."""

import os
from collections.abc import Iterator

from petipy.platforms import Platform, make_uuid, read_device_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from petipy.settings.bmc import Bmc
    from petipy.settings.storage import Storage

_SYSPARAMS = "/sys/firmware/opal/sysparams"


class Powernv(Platform):
    name = "powernv"

    def probe(self, root: str) -> int:
        # As pnv_probe() in arch/powerpc/platforms/powernv/setup.c.
        return 10 if os.path.isdir(f"{root}/proc/device-tree/ibm,opal") else 0  # noqa: PTH112

    def dhcp_architecture(self, machine: str) -> int | None:
        return 0xE  # PowerPC OPAL: Petitboot sends it, and servers answer with PXELINUX's files

    def read_uuid(self, root: str) -> bytes:
        return make_uuid(read_device_tree(root, "system-uuid"))

    def read_firmware(self, root: str) -> str:
        return read_device_tree(root, "ibm,firmware-versions/skiboot") or read_device_tree(
            root, "ibm,opal/firmware/version"
        )

    def read_facts(self, root: str) -> Iterator[tuple[str, str]]:
        place = f"{root}/proc/device-tree/ibm,firmware-versions"
        names = sorted(os.listdir(place)) if os.path.isdir(place) else []  # noqa: PTH112, PTH208
        for name in names:
            if name not in ("name", "phandle", "linux,phandle", "skiboot"):
                yield f"Firmware {name}", read_device_tree(root, f"ibm,firmware-versions/{name}")

    def read_secure_boot(self, root: str) -> str:
        # As is_ppc_secureboot_enabled() in arch/powerpc/kernel/secure_boot.c.
        node = f"{root}/proc/device-tree/ibm,secureboot"
        if not os.path.isdir(node):  # noqa: PTH112
            return ""
        return "on" if os.path.exists(f"{node}/os-secureboot-enforcing") else "off"  # noqa: PTH110

    def has_bmc(self, root: str) -> bool:
        # The node that drivers/char/ipmi/ipmi_powernv.c looks for.
        return os.path.isdir(f"{root}/proc/device-tree/ibm,opal/ipmi")  # noqa: PTH112

    def open_bmc(self) -> "Bmc | None":
        # A service processor of the FSP kind answers IPMI, too, but keeps no boot flags there. As
        # probe() in Petitboot's discover/platform-powerpc.c.
        if has_sysparams(""):
            from petipy.settings.sysparams import Sysparams

            return Sysparams(_SYSPARAMS)
        return super().open_bmc()

    def open_storage(self) -> "Storage | None":
        from petipy.settings.nvram import DEVICE, Nvram

        return Nvram() if os.access(DEVICE, os.R_OK | os.W_OK) else None


def has_sysparams(root: str) -> bool:
    """Return True if OPAL's parameters, and no BMC, say what is to boot."""
    bmc = os.path.isdir(f"{root}/proc/device-tree/bmc")  # noqa: PTH112
    return not bmc and os.path.isdir(f"{root}{_SYSPARAMS}")  # noqa: PTH112


PLATFORM = Powernv()

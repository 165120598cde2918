"""OpenPOWER's bare metal: OPAL firmware, under which Petitboot runs."""

import os

from petipy.platforms import Platform, make_uuid, read_device_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from petipy.settings.storage import Storage


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

    def open_storage(self) -> "Storage | None":
        from petipy.settings.nvram import DEVICE, Nvram

        return Nvram() if os.access(DEVICE, os.R_OK | os.W_OK) else None


PLATFORM = Powernv()

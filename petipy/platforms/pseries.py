"""IBM's pseries: a guest of PowerVM or QEMU, under Open Firmware (SLOF) or QEMU's VOF."""

import os
from collections.abc import Iterator

from petipy.platforms import Platform, make_uuid, read_cell, read_device_tree

TYPE_CHECKING = False
if TYPE_CHECKING:
    from petipy.settings.storage import Storage

_QEMU = (
    "the NVRAM of a QEMU without a file for it is gone when QEMU ends, and looks the same from here"
)
_KINDS = {"c": "disk", "d": "optical", "n": "network"}  # -boot once=


class Pseries(Platform):
    name = "pseries"

    def probe(self, root: str) -> int:
        # As pSeries_probe() in arch/powerpc/platforms/pseries/setup.c.
        return 10 if read_device_tree(root, "device_type") == "chrp" else 0

    def dhcp_architecture(self, machine: str) -> int | None:
        return 0xC  # PowerPC Open Firmware: SLOF sends it, and servers answer with GRUB

    def read_host_order(self, root: str) -> tuple[str, ...]:
        # QEMU's hw/ppc/spapr.c: the paths of devices with a bootindex, then -boot once=, and until
        # version 6.0 -boot order=. HALT at the end is strict=on, which libvirt always sets: it is
        # no reason to strand a machine.
        paths = read_device_tree(root, "chosen/qemu,boot-list").split()
        letters = read_device_tree(root, "chosen/qemu,boot-device")
        if "/" in letters:  # a path, which a guest may have set
            paths.append(letters)
            letters = ""
        kinds = (_KINDS[letter] for letter in letters if letter in _KINDS)
        return (*(path for path in paths if path.startswith("/")), *kinds)

    def read_uuid(self, root: str) -> bytes:
        # QEMU's name, then PowerVM's.
        names = ("vm,uuid", "ibm,partition-uuid")
        return make_uuid(next(filter(None, (read_device_tree(root, name) for name in names)), ""))

    def read_firmware(self, root: str) -> str:
        # PowerVM has the first; SLOF has the second, "SLOF,…"; VOF has no such node.
        version = read_device_tree(root, "openprom/ibm,fw-vernum_encoded")
        return version or read_device_tree(root, "openprom/model")

    def read_facts(self, root: str) -> Iterator[tuple[str, str]]:
        # KVM makes "linux,kvm"; PowerVM and QEMU's own emulation have no such node.
        if kind := read_device_tree(root, "hypervisor/compatible"):
            yield "Hypervisor", kind.replace("\0", " ")
        if (letters := read_device_tree(root, "chosen/qemu,boot-device")) and "/" not in letters:
            yield "Boot order of QEMU", letters

    def read_secure_boot(self, root: str) -> str:
        # As is_ppc_secureboot_enabled() in arch/powerpc/kernel/secure_boot.c, and PAPR.
        value = read_cell(root, "ibm,secure-boot")
        return {None: "", 0: "off", 1: "audit: what is not signed is only logged"}.get(value, "on")

    def open_storage(self) -> "Storage | None":
        from petipy.settings.nvram import DEVICE, Nvram

        if not os.access(DEVICE, os.R_OK | os.W_OK):
            return None
        slof = read_device_tree("", "openprom/model").startswith("SLOF")
        emulated = "qemu" in read_device_tree("", "model").lower()
        return Nvram(slof=slof, remark=_QEMU if emulated else "")


PLATFORM = Pseries()

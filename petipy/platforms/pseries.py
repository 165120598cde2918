"""IBM's pseries: a guest of PowerVM or QEMU, under Open Firmware (SLOF) or QEMU's VOF."""

from petipy.platforms import Platform, make_uuid, read_device_tree


class Pseries(Platform):
    name = "pseries"

    def probe(self, root: str) -> int:
        # As pSeries_probe() in arch/powerpc/platforms/pseries/setup.c.
        return 10 if read_device_tree(root, "device_type") == "chrp" else 0

    def dhcp_architecture(self, machine: str) -> int | None:
        return 0xC  # PowerPC Open Firmware: SLOF sends it, and servers answer with GRUB

    def read_uuid(self, root: str) -> bytes:
        # QEMU's name, then PowerVM's.
        names = ("vm,uuid", "ibm,partition-uuid")
        return make_uuid(next(filter(None, (read_device_tree(root, name) for name in names)), ""))

    def read_firmware(self, root: str) -> str:
        # PowerVM has the first; SLOF has the second, "SLOF,…"; VOF has no such node.
        version = read_device_tree(root, "openprom/ibm,fw-vernum_encoded")
        return version or read_device_tree(root, "openprom/model")


PLATFORM = Pseries()

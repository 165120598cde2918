"""A machine that no other platform knows, such as a PC with a BIOS."""

from parsers import machines
from petipy.platforms import Platform, has_ipmi


class Generic(Platform):
    name = "generic"

    def probe(self, root: str) -> int:
        return 1

    def dhcp_architecture(self, machine: str) -> int | None:
        architecture = machines.find(machine)
        if architecture.name in ("x86_64", "i386"):
            return 0  # a PC with a BIOS
        return architecture.dhcp  # a board: few servers know the numbers without EFI

    def has_bmc(self, root: str) -> bool:
        return has_ipmi(root)


PLATFORM = Generic()

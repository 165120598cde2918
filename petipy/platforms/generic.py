"""A machine that no other platform knows, such as a PC with a BIOS."""

from parsers import machines
from petipy.platforms import Platform


class Generic(Platform):
    name = "generic"

    def probe(self, root: str) -> int:
        return 1

    def dhcp_architecture(self, machine: str) -> int | None:
        return 0 if machines.find(machine).name in ("x86_64", "i386") else None  # a PC with a BIOS


PLATFORM = Generic()

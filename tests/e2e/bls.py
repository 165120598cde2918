"""Systems that kernel-install has written Boot Loader Specification entries for."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.e2e.disks import Content, Names
from tests.e2e.second import System

MACHINE = "6a9857a393724b7a981ebb5b8495b9ea"


@dataclass(frozen=True)
class Specified:
    """One file system with the entries, their kernels and the root."""

    systems: Sequence[System]
    names: Names
    default: str  # a pattern in loader.conf

    def files(self) -> dict[str, Content]:
        files: dict[str, Content] = {
            "/etc/marker": f"{self.names.uuid}\n",
            "/loader/loader.conf": f"timeout 1\ndefault {self.default}\n",
        }
        for system in self.systems:
            place = f"/{MACHINE}/{system.release}"
            files[f"{place}/linux"] = system.kernel
            files[f"{place}/initrd.img"] = system.initrd
            files[f"/loader/entries/{MACHINE}-{system.release}.conf"] = self._entry(system, place)
        return files

    def _entry(self, system: System, place: str) -> str:
        return (
            f"title      Debian GNU/Linux 13 (trixie)\nversion    {system.release}\n"
            f"machine-id {MACHINE}\nsort-key   debian\n"
            f"options    root=UUID={self.names.uuid} ro\noptions    console=hvc0 quiet\n"
            f"linux      {place}/linux\ninitrd     {place}/initrd.img\n"
        )

    def tells(self) -> str:
        return f"root=UUID={self.names.uuid} ro console=hvc0 quiet"

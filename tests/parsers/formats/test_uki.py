"""Unified kernel images with larger sections than those of the golden cases."""

from parsers.api import Entry
from parsers.formats.uki import FORMAT
from tests.efi import program
from tests.fakes import Machine

PATH = "/EFI/Linux/a.efi"


def test_where_efi_has_no_name_for_the_machine_the_kernel_in_it_tells_which_it_is() -> None:
    power = program([(".linux", elf(21)), (".cmdline", b"quiet")], "none of EFI's")
    assert [entry.unbootable for entry in entries(power, "ppc64le")] == [""]
    (entry,) = entries(power, "x86_64")
    assert entry.unbootable == "it is for ppc64, this machine is x86_64"
    (entry,) = entries(program([(".linux", elf(21))], "x86_64"), "ppc64le")
    assert entry.unbootable == "it is for x86_64, this machine is ppc64le"


def elf(machine: int) -> bytes:
    """Return the header of a kernel for a machine."""
    return (b"\x7fELF\2\1\1".ljust(16, b"\0") + b"\2\0" + bytes([machine, 0])).ljust(8192, b"\0")


def entries(image: bytes, machine: str) -> list[Entry]:
    files = Machine({"sda1": {PATH: image}}, machine=machine).files("sda1")
    found = FORMAT.parse(files, "/EFI/Linux")
    return [item for item in found if isinstance(item, Entry)]

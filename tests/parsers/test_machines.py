"""One table of architectures, and the tables apart from it agree."""

import pytest

from parsers import machines
from petipy.kexec import image
from petipy.sys import seccomp

POWER = {"ppc64le": "ppc64"}  # as its kernels say it


@pytest.mark.parametrize(
    ("name", "grub", "ipxe", "debian"),
    [
        ("x86_64", "x86_64-efi", "x86_64", "amd64"),
        ("i686", "i386-pc", "i386", "i386"),
        ("aarch64", "arm64-efi", "arm64", "arm64"),
        ("armv7l", "arm-efi", "arm32", "armhf"),
        ("ppc64le", "powerpc-ieee1275", "ppc64le", "ppc64el"),
        ("vax", "vax-efi", "vax", "vax"),
    ],
)
def test_a_machine_has_a_name_in_each_world(name: str, grub: str, ipxe: str, debian: str) -> None:
    row = machines.find(name)
    assert row.grub_name == grub
    assert (row.ipxe or row.name, row.debian or row.name) == (ipxe, debian)


@pytest.mark.parametrize(
    ("grub", "name"),
    [
        ("powerpc-ieee1275", "ppc64le"),
        ("i386-efi", "i386"),
        ("x86_64-xen", "x86_64"),
        ("arm64-efi", "aarch64"),
        ("mips-arc", "mips"),
        ("", ""),
    ],
)
def test_grubs_name_leads_back_to_unames(grub: str, name: str) -> None:
    assert machines.of_grub(grub) == name


def test_no_name_or_number_stands_for_two_architectures() -> None:
    rows = machines.ARCHITECTURES
    for column in ("elf", "pe", "efi", "ipxe", "debian", "dhcp"):
        values = [value for row in rows if (value := getattr(row, column))]
        assert len(values) == len(set(values)), column


def test_kexec_which_stands_alone_knows_the_same_numbers() -> None:
    named = {number: name for number, name in image._ELF_MACHINES.items() if " " not in name}
    assert named.items() <= machines.ELF.items()
    assert image._ELF_MACHINES.keys() == machines.ELF.keys()
    assert image._PE_MACHINES == machines.PE


def test_the_system_call_filter_which_stands_alone_knows_the_same_numbers() -> None:
    # include/uapi/linux/audit.h: the ELF machine, 64 bits, little endian.
    elf = {name: number for number, name in machines.ELF.items()}
    for name, number in seccomp._ARCHES.items():
        little = 0 if name == "s390x" else 0x40000000
        assert number == elf[POWER.get(name, name)] | 0x80000000 | little

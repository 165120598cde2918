"""Entries that start Petipy are recognised without reading the initrd of any other."""

import pytest

from initramfs.build import make_mark
from parsers.formats import formats
from petipy.scan.tree import scan_tree
from tests.efi import program
from tests.fakes import Machine, MachineFiles

ENTRY = "menuentry '{}' {{\n linux /{} {}\n initrd {}\n}}\n"
OWN = make_mark() + b"\x28\xb5\x2f\xfd"


def own(files: dict[str, str | bytes], form: str) -> list[bool]:
    found = scan_tree(machine(files), [f for f in formats() if f.name == form])
    return [entry.itself for _, entry in found.entries]


def machine(files: dict[str, str | bytes]) -> MachineFiles:
    return Machine({"sda1": files}).files("sda1")


@pytest.mark.parametrize(
    ("title", "kernel", "cmdline", "initrd"),
    [
        ("Petipy", "vmlinux", "quiet", "/initrd"),
        ("Boot menu", "petipy/vmlinux", "quiet", "/initrd"),
        ("Boot menu", "vmlinux", "petipy.timeout=5", "/initrd"),
        ("Boot menu", "vmlinux", "quiet", "/petipy.cpio.zst"),
    ],
)
def test_kernel_and_image_on_a_disk(title: str, kernel: str, cmdline: str, initrd: str) -> None:
    config = ENTRY.format(title, kernel, cmdline, initrd)
    files: dict[str, str | bytes] = {"/boot/grub/grub.cfg": config, f"/{kernel}": b"k"}
    assert own({**files, initrd: OWN}, "grub") == [True]
    assert own({**files, initrd: b"\x1f\x8b other"}, "grub") == [False]


def test_a_unified_image_says_so_in_its_release() -> None:
    sections = [(".osrel", b"ID=petipy\n"), (".linux", b"k" * 5000), (".initrd", b"\x1f\x8b")]
    other = [(".osrel", b"ID=debian\n"), *sections[1:]]
    files: dict[str, str | bytes] = {
        "/EFI/Linux/a.efi": program(sections, "none of EFI's"),
        "/EFI/Linux/b.efi": program(other, "none of EFI's"),
    }
    found = scan_tree(machine(files), [f for f in formats() if f.name == "uki"])
    assert {entry.name: entry.itself for _, entry in found.entries} == {
        "a.efi": True,
        "b.efi": False,
    }

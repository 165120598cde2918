"""A default that opens a menu which is listed by itself, or starts another GRUB."""

from dataclasses import replace

import pytest

from parsers.api import FileRef, Volume
from parsers.formats.grub import FORMAT
from petipy.scan.tree import scan_tree
from tests.parsers.formats.grub.runs import CONFIG, machine, offered, preferences

OTHER = "set default=1\nmenuentry X { linux /x }\nmenuentry Y { linux /y root=$root }\n"
HERE = Volume(name="sda1", disk="sda", partition=1, scheme="gpt", uuid="u1", fs="vfat")
THERE = Volume(name="sdb2", disk="sdb", partition=2, scheme="msdos", uuid="u2", fs="ext4")
GO = "search --set=root --fs-uuid u2; configfile /boot/grub/grub.cfg"
VOLUMES = (HERE, THERE)


def titles(
    body: str, settings: str = "default=1\n", path: str = CONFIG, other: str = OTHER
) -> list[str]:
    """Return the entries of a menu whose second line has this body, the default with a star."""
    script = f"{settings}menuentry A {{ linux /a }}\nmenuentry Go {{ {body} }}\n"
    files = machine(script, others={"sdb2": {path: other}}, volumes=VOLUMES)
    return [f"{'*' * e.default}{'>'.join((*e.trail, e.title))}" for e in offered(files)]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (GO, CONFIG),
        ("configfile (hd1,msdos2)/grub2/grub.cfg", "/grub2/grub.cfg"),
        ("chainloader (hd1)+1", CONFIG),
        ("chainloader (hd1,msdos2)+1", "/grub/grub.cfg"),
        ("set root=(hd1); chainloader --force +1", CONFIG),
        ("search --set=root --fs-uuid u2; chainloader /EFI/x/shimx64.efi", "/EFI/x/grub.cfg"),
        ("chainloader (hd1,2)/EFI/x/grubaa64.efi", "/EFI/x/grub.cfg"),
        ("chainloader (hd1,2)/EFI/BOOT/BOOTX64.EFI", "/EFI/BOOT/grub.cfg"),
    ],
)
def test_the_default_of_the_menu_behind_the_default_boots(body: str, path: str) -> None:
    assert titles(body, path=path) == ["A", "Go>X", "*Go>Y"]


def test_without_being_the_default_it_says_what_it_opens() -> None:
    assert titles(GO, settings="") == ["*A", "Go"]
    assert titles("chainloader (hd1)+1", settings="") == ["*A", "Go"]


def test_another_grub_knows_nothing_of_the_variables_here() -> None:
    other = "menuentry Z { linux /k $root $z $prefix }"
    script = "z=1\nexport z\nmenuentry Go { chainloader (hd1)+1 }"
    (entry,) = offered(machine(script, others={"sdb2": {CONFIG: other}}, volumes=VOLUMES))
    assert entry.cmdline == "BOOT_IMAGE=/k hd1,msdos2 (hd1,msdos2)/boot/grub"
    assert entry.kernel == FileRef(path="/k", device="sdb2")


def test_a_menu_that_leads_on_is_followed_to_its_end() -> None:
    third = replace(THERE, name="sdc1", disk="sdc", partition=1, uuid="u3")
    stub = "search --set=root --fs-uuid u3; configfile /boot/grub/grub.cfg"
    trees = {"sdb2": {"/EFI/x/grub.cfg": stub}, "sdc1": {CONFIG: OTHER}}
    script = "menuentry Go { chainloader (hd1,2)/EFI/x/grubx64.efi }"
    files = machine(script, others=trees, volumes=(*VOLUMES, third))
    assert [(e.title, e.default) for e in offered(files)] == [("X", False), ("Y", True)]


def test_menus_that_open_one_another_have_an_end() -> None:
    back = "menuentry Back { search --set=root --fs-uuid u1; configfile /boot/grub/grub.cfg }"
    assert titles(GO, other=back) == ["A", "*Go>Back"]
    assert titles("chainloader (hd0)+1") == ["A", "*Go"]


@pytest.mark.parametrize(
    "body", ["chainloader (hd1,2)/EFI/Microsoft/Boot/bootmgfw.efi", "chainloader (hd1,1)+1"]
)
def test_a_boot_loader_without_a_menu_here_cannot_start(body: str) -> None:
    script = f"menuentry Go {{ {body} }}"
    files = machine(script, others={"sdb2": {"/x": ""}}, volumes=VOLUMES)
    (entry,) = offered(files)
    assert (entry.kernel, entry.default) == (None, True)
    assert entry.unbootable.endswith("which Linux cannot start")


@pytest.mark.parametrize(
    ("body", "device"),
    [
        (GO, "the file system with UUID u2"),
        ("configfile (hd7,gpt9)/boot/grub/grub.cfg", "the device hd7,gpt9"),
        ("configfile (lvm/vg-x)/boot/grub/grub.cfg", "the logical volume vg-x"),
    ],
)
def test_a_menu_on_a_disk_that_is_not_there_yet_waits_for_it(body: str, device: str) -> None:
    files = machine(f"menuentry Go {{ {body} }}", volumes=(HERE,))
    (entry,) = offered(files)
    assert entry.waits_for == device
    assert scan_tree(files, [FORMAT]).wants


def test_the_time_is_that_of_the_first_menu() -> None:
    script = f"timeout=7\nmenuentry Go {{ {GO} }}"
    files = machine(script, others={"sdb2": {CONFIG: f"timeout=1\n{OTHER}"}}, volumes=VOLUMES)
    assert preferences(files).timeout == 7

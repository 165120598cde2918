"""Menus in other languages: extracted ones, SYSLINUX's and GRUB Legacy's."""

from parsers.api import FileRef
from tests.parsers.formats.grub.runs import echoed, machine, offered, printed


def test_entries_that_are_extracted_bring_nothing_else_with_them() -> None:
    script = "x=0\nextract_entries_source /more\necho $x\nmenuentry B { linux /b }"
    more = "x=1\necho no\nfunction f { true; }\nmenuentry A { linux /a$x }\nlinux /c\n"
    files = machine(script, {"/more": more})
    assert printed(files) == (
        "error: echo isn't allowed to execute in an extractor.\n"
        "error: linux isn't allowed to execute in an extractor.\n0\n"
    )
    assert [entry.title for entry in offered(files)] == ["A", "B"]


SYSLINUX = """DEFAULT b
TIMEOUT 50
LABEL a
 MENU LABEL First
 KERNEL /k
 APPEND initrd=/i root=/dev/sda1 x="a b"
MENU BEGIN
MENU TITLE More
LABEL b
 LINUX k2
 INITRD i2
LABEL c
 COM32 reboot.c32
MENU END
"""
LEGACY = "default 0\ntitle Old\nroot (hd0,0)\nkernel /k ro\ninitrd /i\n"


def test_syslinuxs_menu_is_grubs() -> None:
    script = "syslinux_configfile /sub/syslinux.cfg\nmenuentry Own { true; }"
    entries = offered(machine(script, {"/sub/syslinux.cfg": SYSLINUX}))
    assert [(e.trail, e.title, e.default, e.action) for e in entries] == [
        ((), "First", False, ""),
        (("More",), "b", True, ""),
        (("More",), "c", False, "reboot"),
        ((), "Own", False, ""),
    ]
    assert entries[0].kernel == FileRef(path="/k")
    assert entries[0].initrds == (FileRef(path="/i"),)
    assert entries[0].config == "/sub/syslinux.cfg"
    assert entries[0].cmdline.startswith("BOOT_IMAGE=(hd0,msdos1)/k ")
    assert entries[1].kernel == FileRef(path="/sub/k2")


def test_the_menu_of_grubs_predecessor_is_merged_or_nested() -> None:
    files = {"/menu.lst": LEGACY}
    for command in ("legacy_source", "legacy_configfile", "extract_legacy_entries_source"):
        (old,) = offered(machine(f"{command} /menu.lst", files))
        assert (old.title, old.kernel) == ("Old", FileRef(path="/k"))
    assert echoed("legacy_source /none\necho $?\nsyslinux_source\necho $?") == [
        "error: file `/none' not found.", "5", "error: filename expected.", "18"
    ]  # fmt: skip

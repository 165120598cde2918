"""The family of GRUB that a configuration is for, and the differences between the families."""

import pytest

from parsers.formats.grub.language.family import DEBIAN, FEDORA, find_family
from tests.cases import SHARED, find
from tests.parsers.formats.grub.runs import machine, offered, preferences

CORPUS = SHARED / "corpus/grub.cfg"
FEDORAS = {
    "coreos+bootupd/src/grub2/grub-static-efi.cfg",
    "coreos+bootupd/src/grub2/grub-static-pre.cfg",
    "ravensys+multiboot-drive/boot/grub2/grub.cfg",
    "snapshotmanager+boom-boot/tests/bootloader_configs/default/boot/grub2/grub.cfg",
}


@pytest.mark.parametrize(
    ("path", "text", "family"),
    [
        ("/boot/grub/grub.cfg", "menuentry A { linux /k }", "debian"),
        ("/boot/grub2/grub.cfg", "menuentry A { linux /k }", "fedora"),
        ("/grub2/grub.cfg", "", "fedora"),
        ("/boot/grub2/grub.cfg", "menuentry 'openSUSE Leap' --class opensuse {", "debian"),
        ("/boot/grub2/grub.cfg", "menuentry 'SLES 15-SP5' --class sles --class gnu {", "debian"),
        ("/boot/grub2/grub.cfg", "### BEGIN /etc/grub.d/80_suse_btrfs_snapshot ###", "debian"),
        ("/EFI/sles/grub.cfg", "set prefix=($root)/boot/grub2\nsource $prefix/grub.cfg", "debian"),
        ("/EFI/BOOT/grub.cfg", "set btrfs_relative_path=yes\nset prefix=/boot/grub2", "debian"),
        ("/EFI/fedora/grub.cfg", "configfile $prefix/grub.cfg", "fedora"),
        ("/EFI/CentOS/grub.cfg", "", "fedora"),
        ("/EFI/debian/grub.cfg", "set prefix=($root)'/boot/grub'", "debian"),
        ("/EFI/BOOT/grub.cfg", "set prefix=($dev)/grub2\nconfigfile $prefix/grub.cfg", "fedora"),
        ("/EFI/BOOT/grub.cfg", "linuxefi /k inst.stage2=hd:LABEL=CentOS\\x207", "fedora"),
        (
            "/EFI/BOOT/grub.cfg",
            "linux /k root=live:CDLABEL=Fedora\\x20Live rd.live.image",
            "fedora",
        ),
        ("/EFI/BOOT/grub.cfg", "search --no-floppy --set=root -l 'CentOS-Stream-9'", "fedora"),
        ("/EFI/BOOT/grub.cfg", 'search --set=root --label "CentOS 7 x86_64"', "fedora"),
        ("/boot/grub/grub.cfg", "search --no-floppy --set=root -l 'OL-9-5-0-BaseOS'", "fedora"),
        ("/boot/grub/grub.cfg", "menuentry F {\n search --label --set=root fedora\n}", "debian"),
        ("/boot/grub/grub.cfg", "search --set=root -l 'Debian 13'", "debian"),
        ("/EFI/BOOT/grub.cfg", "search --root-dev-only --fs-uuid --set=dev 1", "fedora"),
        ("/boot/grub/grub.cfg", "insmod blscfg\nblscfg", "fedora"),
        ("/boot/grub/grub.cfg", "if true; then blscfg; fi", "fedora"),
        ("/boot/grub/grub.cfg", "if [ $x ]; then\n  decrement boot_counter\nfi", "fedora"),
        ("/boot/grub/grub.cfg", "linux /k $kernelopts", "fedora"),
        ("/boot/grub/grub.cfg", "# increment the counter, then blscfg\nset x=1", "debian"),
        ("/boot/grub/grub.cfg", "echo 'increment it'", "debian"),
        ("/boot/grub/grub.cfg", "linux /k inst.stage2=hd:LABEL=Fedora", "debian"),
    ],
)
def test_the_dialect_is_seen_from_the_text_and_its_place(path: str, text: str, family: str) -> None:
    assert find_family(path, text).name == family


@pytest.mark.shared("corpus/grub.cfg")
def test_of_the_real_files_those_are_red_hats_that_a_person_would_say_are() -> None:
    found = set()
    for describe in find("corpus/grub.cfg/**/*.machine.json"):
        file = describe.with_name(describe.name.removesuffix(".machine.json"))
        # Its place in its project tells more than the machine, which is made up.
        path = str(file.relative_to(CORPUS))
        if find_family(f"/{path}", file.read_text(errors="surrogateescape")).name == "fedora":
            found.add(path)
    assert found == FEDORAS


MENU = """
menuentry "Alpha" --id a { linux /k1 }
submenu "Sub" --id s {
 menuentry "Inner" --id i { linux /k2 }
 menuentry "Beta" --id a { linux /k3 }
}
menuentry "1" --id seven { linux /k4 }
menuentry "a" --id b { linux /k5 }
"""


@pytest.mark.parametrize(
    ("default", "debian", "fedora"),
    [
        ("1", "/k2", "/k4"),
        ("3", "/k5", "/k5"),
        ("3x", "/k5", "/k1"),
        (" 0x3", "/k5", "/k5"),
        ("1>1", "/k3", "/k4"),
        ("2>1", "/k4", "/k1"),
        ("s>1", "/k3", "/k3"),
        ("s>a", "/k3", "/k3"),
        ("a", "/k1", "/k1"),
        ("", "/k1", "/k1"),
    ],
)
def test_numbers_names_and_paths_in_default(default: str, debian: str, fedora: str) -> None:
    files = machine(f'set default="{default}"\n{MENU}')
    for family, kernel in ((DEBIAN, debian), (FEDORA, fedora)):
        entries = offered(files, family=family)
        assert [e.kernel.path for e in entries if e.default and e.kernel] == [kernel]


def test_what_looks_like_a_number_below_zero_is_a_title() -> None:
    entries = offered(
        machine("set default=-1\nmenuentry A { linux /a }\nmenuentry -1 { linux /b }")
    )
    assert [entry.title for entry in entries if entry.default] == ["-1"]


def test_red_hats_submenus_see_all_variables_and_debians_the_exported_ones() -> None:
    files = machine(
        "set own=o\nset sent=s\nexport sent\nset timeout=3\n"
        "submenu S { menuentry A { linux /k $own $sent } }\n"
        "menuentry B { linux /k $own $sent }\n"
    )
    assert [e.cmdline[14:] for e in offered(files)] == ["s", "o s"]
    assert [e.cmdline[14:] for e in offered(files, family=FEDORA)] == ["o s", "o s"]


def test_red_hats_grub_boots_nothing_whose_last_command_fails() -> None:
    files = machine("menuentry A { linux /k\n false }\nmenuentry B { false\n linux /k }")
    assert [e.unbootable for e in offered(files)] == ["", ""]
    assert [bool(e.unbootable) for e in offered(files, family=FEDORA)] == [True, False]


def test_fallback_takes_numbers_and_from_red_hat_ids() -> None:
    menu = "".join(f"menuentry {n} --id {n}{n} {{ linux /k }}\n" for n in "ABC")
    said = {
        (family, fallback): preferences(machine(f"fallback='{fallback}'\n{menu}"), family)
        for family in (DEBIAN, FEDORA)
        for fallback in ("2 1", "CC BB", "1 C", "9")
    }
    assert [p.fallback for p in said.values()] == [
        *(("CC", "BB"), (), ("BB",), ()),
        *(("CC", "BB"), ("CC", "BB"), ("BB",), ()),
    ]


def test_the_fallback_of_the_menu_with_the_default_comes_first() -> None:
    menu = "submenu S { menuentry A { linux /k }\n menuentry B { linux /k } }\nmenuentry T { true }"
    files = machine(f"default=S\nfallback=1\nexport fallback\n{menu}")
    assert preferences(files).fallback == ("B", "T")
    assert preferences(machine(f"default=S\nfallback=1\n{menu}")).fallback == ("T",)

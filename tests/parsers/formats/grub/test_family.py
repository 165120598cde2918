"""The family of GRUB that a configuration is for, and the differences between the families."""

import pytest

from parsers.formats.grub.language.family import DEBIAN, FAMILIES, FEDORA
from parsers.formats.grub.recognition import find_family
from tests.cases import SHARED, find
from tests.effort import ending
from tests.fakes import Machine
from tests.parsers.formats.grub.runs import machine, offered, preferences, printed

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
        ("/boot/grub2/grub.cfg", "menuentry 'openSUSE Leap' --class opensuse {", "suse"),
        ("/boot/grub2/grub.cfg", "menuentry 'SLES 15-SP5' --class sles --class gnu {", "suse"),
        ("/boot/grub2/grub.cfg", "### BEGIN /etc/grub.d/80_suse_btrfs_snapshot ###", "suse"),
        ("/boot/grub2/grub.cfg", "set btrfs_relative_path=n\ninsmod blscfg\nblscfg", "suse"),
        ("/boot/grub/grub.cfg", "menuentry 'openSUSE Leap (on /dev/sda2)' {", "debian"),
        ("/boot/grub2/grub.cfg", "menuentry 'Mageia 9' --class mageia {", "debian"),
        ("/EFI/sles/grub.cfg", "set prefix=($root)/boot/grub2\nsource $prefix/grub.cfg", "suse"),
        ("/EFI/BOOT/grub.cfg", "set btrfs_relative_path=yes\nset prefix=/boot/grub2", "suse"),
        ("/EFI/opensuse/grub.cfg", "insmod bli\ninsmod blscfg\nblscfg", "suse"),
        ("/EFI/fedora/grub.cfg", "set btrfs_relative_path=y\nconfigfile /grub.cfg", "fedora"),
        ("/boot/grub/grub.cfg", "hiddenentry T --hotkey t { true }", "suse"),
        ("/EFI/BOOT/grub.cfg", "hiddenentry T { true }\nsearch -l nixos-minimal", "nixos"),
        ("/boot/grub/grub.cfg", "insmod blsuki\nuki", "upstream-2.14"),
        ("/boot/grub/grub.cfg", "blscfg --path /loader --show-default", "upstream-2.14"),
        ("/boot/grub/grub.cfg", "if [ x$feature_search_cryptodisk_only = xy ]", "upstream-2.14"),
        ("/boot/grub/grub.cfg", "echo uki", "debian"),
        ("/boot/grub2/grub.cfg", "insmod blsuki\nuki", "fedora"),
        ("/boot/grub2/grub.cfg", "set btrfs_relative_path=n\ninsmod blsuki\nuki", "suse"),
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


PLAIN = "menuentry A { linux /k }"
OLD_MODULES, MODULES = "date: date\nls: ls\n", "*blscfg: blsuki\ndate: date\n*uki: blsuki\n"


@pytest.mark.parametrize(
    ("path", "text", "file", "contents", "family"),
    [
        ("/boot/grub/grub.cfg", PLAIN, "/etc/os-release", "ID=arch\n", "debian"),
        ("/boot/grub/grub.cfg", PLAIN, "/etc/os-release", "ID=debian\n", "debian"),
        ("/boot/grub2/grub.cfg", PLAIN, "/etc/os-release", 'ID="opensuse-leap"\n', "suse"),
        ("/boot/grub2/grub.cfg", PLAIN, "/usr/lib/os-release", "ID=sles\n", "suse"),
        ("/boot/grub2/grub.cfg", PLAIN, "/etc/os-release", "ID=x\nID_LIKE='suse y'\n", "suse"),
        ("/boot/grub2/grub.cfg", "blscfg", "/etc/os-release", "ID=fedora\nVERSION_ID=43", "fedora"),
        ("/boot/grub2/grub.cfg", "blscfg", "/etc/os-release", "ID=fedora\nVERSION_ID=38", "rhel-9"),
        ("/boot/grub2/grub.cfg", "blscfg", "/etc/os-release", "ID=rhel\nVERSION_ID=8.10", "rhel-8"),
        ("/boot/grub2/grub.cfg", "blscfg", "/etc/os-release", "ID=rocky\nVERSION_ID=9.4", "rhel-9"),
        ("/boot/grub2/grub.cfg", "blscfg", "/etc/os-release", "ID=rhel\nVERSION_ID=9.7", "fedora"),
        ("/boot/grub2/grub.cfg", "blscfg", "/etc/os-release", "ID=centos\nVERSION_ID=9", "fedora"),
        ("/boot/grub2/grub.cfg", "blscfg", "/etc/os-release", "ID=ol\nVERSION_ID=10.0", "fedora"),
        ("/boot/grub2/grub.cfg", "blscfg", "/etc/os-release", "ID=opensuse-slowroll\n", "suse"),
        ("/boot/grub2/grub.cfg", PLAIN, "/etc/os-release", "ID=centos\nVERSION_ID=7\n", "rhel-8"),
        (
            "/boot/grub2/grub.cfg",
            PLAIN,
            "/etc/os-release",
            f"ID=rhel\nVERSION_ID={'9' * 9999}",
            "fedora",
        ),
        (
            *("/boot/grub2/grub.cfg", "menuentry 'Mageia' {", "/etc/os-release"),
            *("ID=mageia\nVERSION_ID=9\nID_LIKE='mandriva fedora'\n", "debian"),
        ),
        ("/boot/grub/grub.cfg", PLAIN, "/etc/os-release", "ID=nixos\n", "nixos"),
        ("/boot/grub/grub.cfg", "hiddenentry A { true }", "/etc/os-release", "ID=nixos\n", "nixos"),
        ("/boot/grub/grub.cfg", "uki", "/etc/os-release", "ID=arch\n", "upstream-2.14"),
        ("/boot/grub/grub.cfg", PLAIN, "/boot/grub/x86_64-efi/command.lst", OLD_MODULES, "debian"),
        ("/boot/grub/grub.cfg", PLAIN, "/boot/grub/i386-pc/command.lst", MODULES, "upstream-2.14"),
        (
            "/boot/grub/grub.cfg",
            "blscfg",
            "/boot/grub/i386-pc/command.lst",
            MODULES,
            "upstream-2.14",
        ),
        ("/grub/grub.cfg", PLAIN, "/grub/powerpc-ieee1275/command.lst", MODULES, "upstream-2.14"),
    ],
)
def test_the_dialect_is_seen_from_the_system_and_the_modules_beside_it(
    path: str, text: str, file: str, contents: str, family: str
) -> None:
    files = Machine({"sda1": {path: text, file: contents}}).files("sda1")
    assert find_family(path, text, files).name == family


@pytest.mark.parametrize(
    "word",
    [
        "search --set ",
        " root=LABEL=",
        "LABEL=",
        "; ",
        "insmod ",
        "uki ",
        "blscfg -",
        "hiddenentry ",
    ],
)
def test_a_long_line_is_no_long_work(word: str) -> None:
    with ending():
        find_family("/boot/grub2/grub.cfg", f" root={word * ((1 << 20) // len(word))}")


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


@pytest.mark.parametrize(
    ("family", "features"),
    [
        *((name, "") for name in ("debian", "upstream-2.06", "upstream-2.12", "suse", "rhel-9")),
        *(("fedora", "y"), ("upstream-2.14", "y y y"), ("nixos", "y y y")),
    ],
)
def test_scripts_ask_a_grub_for_its_features(family: str, features: str) -> None:
    script = (
        "echo $feature_search_cryptodisk_only $feature_tpm2_cap_pcrs $feature_gcry_hw_accel\n"
        "echo $feature_menuentry_id"
    )
    assert printed(machine(script), family=FAMILIES[family]) == f"{features}\ny\n"


def test_an_evals_last_command_counts_since_2_14() -> None:
    script = 'eval "false\n"\necho $?'
    said = {name: printed(machine(script), family=one).strip() for name, one in FAMILIES.items()}
    assert {name for name, status in said.items() if status == "1"} == {
        *("fedora", "upstream-2.14", "nixos"),
    }


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

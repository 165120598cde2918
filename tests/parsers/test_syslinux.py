"""syslinux.cfg and its kin, setting by setting."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from parsers.api import Entry, FileRef, Password, Preferences, Problem, Volume
from parsers.syslinux import FORMAT
from petipy.scan import scan_tree
from tests.fakes import Machine

CFG = "/boot/syslinux/syslinux.cfg"
CORPUS = Path(__file__).parents[3] / "shared/cases/corpus/syslinux"


def read(
    text: str,
    others: Mapping[str, str | bytes] | None = None,
    path: str = CFG,
    machine: str = "x86_64",
    compatible: Sequence[str] = (),
) -> list[Entry | Problem | Preferences]:
    volume = Volume(name="sda1", uuid="1234-ABCD")
    trees = {"sda1": {path: text, **(others or {})}}
    host = Machine(trees, volumes=[volume], machine=machine, compatible=compatible)
    return list(FORMAT.parse(host.files("sda1"), path))


def entries(text: str, others: Mapping[str, str | bytes] | None = None, **kw: str) -> list[Entry]:
    return [item for item in read(text, others, **kw) if isinstance(item, Entry)]


def problems(text: str, others: Mapping[str, str | bytes] | None = None) -> list[tuple[int, str]]:
    found = [item for item in read(text, others) if isinstance(item, Problem)]
    return [(problem.line, problem.message) for problem in found]


def wish(text: str, others: Mapping[str, str | bytes] | None = None) -> Preferences:
    (found,) = [item for item in read(text, others) if isinstance(item, Preferences)]
    return found


def default(text: str, others: Mapping[str, str | bytes] | None = None) -> str:
    return next((e.title for e in entries(text, others) if e.default), "")


def test_a_label_is_a_kernel_with_its_initrds_and_options() -> None:
    (entry,) = entries("LABEL a\nLINUX vmlinuz\nINITRD one.img,/two.img\nAPPEND root=/dev/a  ro")
    assert (entry.name, entry.cmdline) == ("a", "root=/dev/a  ro")
    assert entry.kernel == FileRef(path="/boot/syslinux/vmlinuz")
    assert [i.path for i in entry.initrds] == ["/boot/syslinux/one.img", "/two.img"]


def test_keywords_are_the_same_in_any_case_and_labels_are_not() -> None:
    text = "dEfAuLt b\nLaBeL B\nkErNeL /1\nlabel b\nKERNEL /2\n"
    assert [(e.name, e.default) for e in entries(text)] == [("B", False), ("b", True)]


def test_a_default_in_another_case_is_still_understood() -> None:
    assert default("DEFAULT Linux\nLABEL other\nKERNEL /1\nLABEL linux\nKERNEL /2\n") == "linux"


def test_initrds_stand_in_append_too_and_stay_in_the_command_line() -> None:
    (entry,) = entries("LABEL a\nKERNEL /v\nAPPEND x initrd=/i,/j y")
    assert [i.path for i in entry.initrds] == ["/i", "/j"]
    assert entry.cmdline == "x initrd=/i,/j y"


@pytest.mark.parametrize(
    ("local", "options"),
    [("", "global"), ("APPEND own", "own"), ("APPEND -", ""), ("APPEND", "")],
)
def test_a_labels_append_stands_instead_of_the_global_one(local: str, options: str) -> None:
    (entry,) = entries(f"APPEND global\nLABEL a\nKERNEL /v\n{local}\n")
    assert entry.cmdline == options


def test_options_behind_the_kernel_come_first() -> None:
    (entry,) = entries("LABEL a\nKERNEL /v one two\nAPPEND three\n")
    assert (entry.kernel, entry.cmdline) == (FileRef(path="/v"), "one two three")


def test_a_label_without_a_kernel_is_the_name_of_one() -> None:
    (entry,) = entries("LABEL vmlinuz\nAPPEND x\n")
    assert entry.kernel == FileRef(path="/boot/syslinux/vmlinuz")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("v", "/boot/syslinux/v"),
        ("../v", "/boot/v"),
        ("/v", "/v"),
        ("/../../v", "/v"),
        ("\\boot\\v", "/boot/v"),
        ("./a//v", "/boot/syslinux/a/v"),
    ],
)
def test_relative_names_begin_at_the_configuration(name: str, path: str) -> None:
    (entry,) = entries(f"LABEL a\nLINUX {name}\n")
    assert entry.kernel == FileRef(path=path)


def test_included_files_are_relative_to_the_first_and_so_are_names_in_them() -> None:
    others = {"/sub/one.cfg": "LABEL a\nLINUX v\nINCLUDE two.cfg", "/boot/syslinux/two.cfg": "# 2"}
    (entry,) = entries("INCLUDE /sub/one.cfg\n", others)
    assert (entry.config, entry.line) == ("/sub/one.cfg", 1)
    assert entry.kernel == FileRef(path="/boot/syslinux/v")
    assert not problems("INCLUDE /sub/one.cfg\n", others)


def test_a_file_that_only_the_included_directory_has_is_taken_from_there() -> None:
    others = {"/sub/one.cfg": "LABEL a\nLINUX v\n", "/sub/v": ""}
    (entry,) = entries("INCLUDE /sub/one.cfg\n", others)
    assert entry.kernel == FileRef(path="/sub/v")


def test_another_configuration_is_a_submenu_with_a_directory_of_its_own() -> None:
    others = {"/other/x.cfg": "DEFAULT in\nTIMEOUT 30\nLABEL in\nLINUX v\n"}
    text = "LABEL sub\nMENU LABEL ^More\nCONFIG /other/x.cfg\nAPPEND /other\nLABEL a\nLINUX v\n"
    first, second = entries(text, others)
    assert (first.trail, first.kernel) == (("More",), FileRef(path="/other/v"))
    assert (second.trail, second.kernel) == ((), FileRef(path="/boot/syslinux/v"))


def test_a_menu_module_with_files_is_a_submenu_and_without_the_way_back() -> None:
    others = {"/boot/syslinux/adv.cfg": "LABEL in\nLINUX /v\n"}
    text = "LABEL sub\nKERNEL vesamenu.c32\nAPPEND adv.cfg\nLABEL back\nCOM32 menu.c32\n"
    (entry,) = entries(text, others)
    assert (entry.trail, entry.config) == (("sub",), "/boot/syslinux/adv.cfg")


def test_a_default_that_is_another_configuration_has_the_default_and_the_time() -> None:
    others = {"/boot/syslinux/x.cfg": "DEFAULT b\nTIMEOUT 30\nLABEL a\nLINUX 1\nLABEL b\nLINUX 2\n"}
    text = "DEFAULT go\nLABEL go\nCONFIG x.cfg\nLABEL other\nLINUX /v\n"
    assert default(text, others) == "b"
    assert wish(text, others).timeout == 3


def test_ui_reads_the_files_that_it_is_given() -> None:
    others = {"/boot/syslinux/m.cfg": "LABEL a\nMENU DEFAULT\nLINUX /v\n"}
    assert default("UI vesamenu.c32 ~ m.cfg\nLABEL x\nLINUX /v\n", others) == "a"
    assert default("DEFAULT menu.c32 m.cfg\nLABEL x\nLINUX /v\n", others) == "a"


def test_files_that_include_themselves_have_an_end() -> None:
    text = f"LABEL a\nLINUX /v\nINCLUDE {CFG}\nINCLUDE {CFG}\n"
    assert any("include one another without end" in message for _, message in problems(text))
    loop = {"/x.cfg": f"LABEL back\nCONFIG {CFG}\nLABEL in\nLINUX /v"}
    assert [e.trail for e in entries("LABEL to\nCONFIG /x.cfg\n", loop)] == [("to",)]


def test_submenus_are_a_trail_by_their_titles() -> None:
    text = (
        "LABEL a\nLINUX /1\nMENU BEGIN one\nMENU LABEL ^First\nLABEL b\nLINUX /2\n"
        "MENU BEGIN two\nMENU TITLE Second\nLABEL c\nLINUX /3\nMENU END\nLABEL d\nLINUX /4\n"
        "MENU END\nLABEL e\nLINUX /5\nMENU BEGIN three\nLABEL f\nLINUX /6\n"
    )
    assert {e.name: e.trail for e in entries(text)} == {
        "a": (),
        "b": ("First",),
        "c": ("First", "Second"),
        "d": ("First",),
        "e": (),
        "f": ("three",),
    }


def test_menu_include_with_a_title_is_a_submenu() -> None:
    others = {"/boot/syslinux/x.cfg": "LABEL a\nLINUX /v\n"}
    assert entries("MENU INCLUDE x.cfg Of Its Own\n", others)[0].trail == ("Of Its Own",)
    assert entries("MENU INCLUDE x.cfg\n", others)[0].trail == ()


def test_titles_have_hot_keys_and_help() -> None:
    text = "LABEL a\nMENU LABEL Boot ^Linux\nLINUX /v\n"
    text += "TEXT HELP\n   one\n\n     two\nENDTEXT\nSAY hi\n"
    (entry,) = entries(text)
    assert (entry.title, entry.hotkey, entry.help) == ("Boot Linux", "l", "one\n\n  two\nhi")


def test_what_only_leads_through_menus_is_no_entry() -> None:
    text = (
        "LABEL -\nMENU LABEL Heading\nMENU DISABLE\nMENU SEPARATOR\nLABEL x\nMENU GOTO one\n"
        "LABEL y\nMENU EXIT\nLABEL z\nMENU QUIT\nMENU BEGIN one\nMENU END\n"
    )
    assert entries(text) == []
    assert not problems(text)


def test_a_hidden_label_is_hidden_and_a_disabled_one_says_so() -> None:
    text = "LABEL a\nLINUX /v\nMENU HIDE\nLABEL b\nLINUX /v\nMENU DISABLE\n"
    hidden, disabled = entries(text)
    assert (hidden.hidden, hidden.unbootable) == (True, "")
    assert disabled.unbootable == "disabled by its configuration"


@pytest.mark.parametrize(
    ("kernel", "machine", "word"),
    [
        ("LOCALBOOT 0x80", "x86_64", "LOCALBOOT"),
        ("KERNEL chain.c32", "x86_64", "another boot loader"),
        ("KERNEL hdt.c32", "ppc64le", "hdt.c32"),
        ("COM32 /boot/hdt", "x86_64", "hdt.c32"),
        ("KERNEL pxelinux.0", "x86_64", "network boot loader"),
        ("KERNEL boot.bin", "x86_64", "boot sector"),
        ("KERNEL boot.bin", "aarch64", ""),
        ("LINUX boot.bin", "x86_64", ""),
        ("KERNEL floppy.img", "x86_64", "floppy"),
        ("KERNEL memdisk", "x86_64", "memdisk"),
        ("KERNEL ipxe.lkrn", "x86_64", "network boot loader"),
        ("KERNEL x.com", "ppc64le", "program for SYSLINUX"),
        ("BSS x", "x86_64", "boot sector"),
        ("FDIMAGE x", "x86_64", "floppy"),
        ("KERNEL mboot.c32\nAPPEND xen.gz --- vmlinuz --- initrd", "x86_64", "xen.gz"),
        ("KERNEL reboot.c32", "x86_64", "restarts"),
        ("COM32 poweroff.c32", "x86_64", "switches off"),
        ("KERNEL vmlinuz", "x86_64", ""),
        ("KERNEL bzImage.c32x", "x86_64", ""),
    ],
)
def test_what_is_not_linux_is_shown_with_the_reason(kernel: str, machine: str, word: str) -> None:
    (entry,) = entries(f"LABEL a\n{kernel}\n", machine=machine)
    assert word in entry.unbootable
    assert bool(word) == bool(entry.unbootable)
    assert (entry.kernel is None) == bool(word)


def test_modules_that_boot_linux_do() -> None:
    text = "LABEL a\nKERNEL linux.c32\nAPPEND -dhcpinfo /v root=x initrd=/i\n"
    (entry,) = entries(text)
    assert (entry.kernel, entry.cmdline) == (FileRef(path="/v"), "root=x initrd=/i")
    assert entry.initrds == (FileRef(path="/i"),)
    text = "LABEL a\nCOM32 mboot.c32\nAPPEND /vmlinuz root=x --- /i --- /j y\n"
    (entry,) = entries(text)
    assert (entry.kernel, entry.cmdline) == (FileRef(path="/vmlinuz"), "root=x")
    assert [i.path for i in entry.initrds] == ["/i", "/j"]


def test_a_label_for_each_kind_of_processor_is_that_of_ours() -> None:
    text = (
        "LABEL auto\nCOM32 ifcpu64.c32\nAPPEND long -- short\n"
        "LABEL long\nLINUX /64\nLABEL short\nLINUX /32\n"
    )
    assert entries(text)[0].kernel == FileRef(path="/64")
    assert entries(text, machine="i386")[0].kernel == FileRef(path="/32")


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ("DEFAULT b", "b"),
        ("DEFAULT menu.c32", "a"),
        ("UI menu.c32\nDEFAULT b", "b"),
        ("DEFAULT b\nPROMPT 1\nONTIMEOUT c", "c"),
        ("DEFAULT b\nONTIMEOUT c", "b"),
        ("UI menu.c32\nONTIMEOUT c", "c"),
        ("", "linux"),
        ("UI menu.c32", "a"),
    ],
)
def test_default_is_what_boots_when_nobody_does_anything(settings: str, name: str) -> None:
    labels = "".join(f"LABEL {n}\nLINUX /{n}\n" for n in ("a", "b", "c", "linux"))
    assert default(f"{settings}\n{labels}") == name


def test_menu_default_marks_a_label_or_a_submenu() -> None:
    text = "UI menu.c32\nLABEL a\nLINUX /1\nLABEL b\nMENU DEFAULT\nLINUX /2\n"
    assert default(text) == "b"
    text = "LABEL a\nLINUX /1\nMENU BEGIN s\nMENU DEFAULT\nLABEL b\nMENU DEFAULT\nLINUX /2\n"
    assert default(text) == "b"


def test_default_may_have_options_or_be_a_kernel_itself() -> None:
    first, second = entries("DEFAULT a single\nLABEL a\nLINUX /v\nAPPEND x\n")
    assert (first.title, first.cmdline, first.default) == ("a single", "x single", True)
    assert (second.title, second.default) == ("a", False)
    text = "APPEND global\nDEFAULT vmlinuz\n"
    (entry,) = entries(text, {"/boot/syslinux/vmlinuz": ""})
    assert (entry.title, entry.cmdline, entry.default) == ("vmlinuz", "global", True)
    assert problems(text) == [(2, "no label is called 'vmlinuz'")]
    text = f"IMPLICIT 0\n{text}"
    assert entries(text, {"/boot/syslinux/vmlinuz": ""}) == []


def test_a_default_that_says_what_a_label_says_is_that_label() -> None:
    text = "UI menu.c32\nONTIMEOUT v initrd=i x\nLABEL a\nLINUX v\n"
    text += "LABEL b\nLINUX v\nAPPEND initrd=i x\n"
    first, second = entries(text, {"/boot/syslinux/v": ""})
    assert (first.default, second.default) == (False, True)


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        ("", None),
        ("DEFAULT a", 0),
        ("DEFAULT a\nTIMEOUT 50", 5),
        ("DEFAULT a\nPROMPT 1", math.inf),
        ("DEFAULT a\nPROMPT 1\nTIMEOUT 0", math.inf),
        ("UI menu.c32\nTIMEOUT 15", 1.5),
        ("UI menu.c32\nTOTALTIMEOUT 600", 60),
        ("UI menu.c32\nTOTALTIMEOUT 600\nTIMEOUT 50", 5),
        ("UI menu.c32\nMENU SHIFTKEY", 0),
        ("UI menu.c32\nTIMEOUT " + "9" * 5000, math.inf),
        ("UI menu.c32\nTIMEOUT -5", math.inf),
    ],
)
def test_time_is_in_tenths_and_only_for_who_waits(settings: str, seconds: float | None) -> None:
    assert wish(f"{settings}\nLABEL a\nLINUX /v\n").timeout == seconds


def test_a_default_that_leaves_the_boot_to_the_firmware_boots_nothing_here() -> None:
    text = "DEFAULT local\nLABEL linux\nLINUX /v\nLABEL local\nLOCALBOOT 0\n"
    assert wish(text).elsewhere
    assert not wish(text.replace("DEFAULT local", "DEFAULT linux")).elsewhere
    assert wish("DEFAULT c\nLABEL c\nKERNEL chain.c32\nAPPEND hd0\n").elsewhere


def test_onerror_is_the_fallback_and_a_hidden_menu_is_hidden() -> None:
    text = "DEFAULT a\nONERROR b\nMENU HIDDEN\nLABEL a\nLINUX /1\nLABEL b\nLINUX /2\n"
    assert (wish(text).fallback, wish(text).style) == (("b",), "hidden")


def test_passwords_lock_labels_menus_and_editing() -> None:
    text = (
        "MENU MASTER PASSWD top\nLABEL a\nLINUX /1\nMENU PASSWD one\n"
        "MENU BEGIN sub\nMENU PASSWD two\nLABEL b\nLINUX /2\nMENU END\nLABEL c\nLINUX /3\n"
        "LABEL d\nLINUX /4\nMENU PASSWD $2b$salt$hash\n"
        "LABEL e\nLINUX /5\nMENU PASSWD $1$salt$hash\n"
        "LABEL f\nLINUX /6\nMENU PASSWD $4$salt$hash$\n"
    )
    assert [e.users for e in entries(text)] == [("a",), ("sub",), None, ("d",), ("e",), ("f",)]
    assert wish(text).superusers == ("master",)
    assert wish(text).passwords == (
        Password(user="a", secret="one", nameless=True),
        Password(user="sub", secret="two", nameless=True),
        Password(user="e", secret="$1$salt$hash", hashed=True, nameless=True),
        Password(user="f", secret="$4$salt$hash$", hashed=True, nameless=True),
        Password(user="master", secret="top", nameless=True),
    )
    assert [line for line, message in problems(text) if "hashed" in message] == [12]


def test_the_file_systems_uuid_is_appended_when_asked_for() -> None:
    (entry,) = entries("SYSAPPEND 0x40000\nLABEL a\nLINUX /v\nAPPEND x\n")
    assert entry.cmdline == "x FSUUID=1234-ABCD"
    assert problems("LABEL a\nLINUX /v\nSYSAPPEND 0x18\n") == [
        (1, "SYSAPPEND asks for what only a BIOS tells (0x18): left out")
    ]


def test_each_part_of_an_entry_is_known_by_the_line_that_it_is_written_in() -> None:
    text = (
        "APPEND all\nDEFAULT b\nLABEL a\nLINUX /v\nLABEL b\nLINUX /v one\nINITRD /i\n"
        "APPEND two three\nSYSAPPEND 0x40000\nTEXT HELP\n x\nENDTEXT\n\n"
    )
    a, b = entries(text)
    assert (a.end, b.end) == (4, 12)
    assert [(o.what, o.line, o.spans) for o in a.origins] == [
        ("linux", 4, ()),
        ("append", 1, ((0, 3),)),
    ]
    gave = {o.what: [b.cmdline[i:j].strip() for i, j in o.spans] for o in b.origins}
    assert gave == {
        "linux": ["one"],
        "append": ["two three"],
        "initrd": [],
        "sysappend": ["FSUUID=1234-ABCD"],
    }
    assert [(o.what, o.line) for o in b.default_from] == [("default", 2)]
    assert a.default_from == ()


def test_variables_of_the_firmware_are_left_out_where_it_would_fill_them_in() -> None:
    text = "LABEL a\nLINUX /v\nAPPEND ${cbootargs} quiet root=/dev/a\n"
    (entry,) = entries(text, machine="aarch64")
    assert entry.cmdline == "quiet root=/dev/a"
    (told,) = [item for item in read(text, machine="aarch64") if isinstance(item, Problem)]
    assert (told.line, "${cbootargs} is a variable" in told.message) == (1, True)
    (entry,) = entries(text, machine="x86_64")
    assert entry.cmdline == "${cbootargs} quiet root=/dev/a"


BOARD = ("acme,rocket-2", "acme,rocket", "acme,soc")


def tree(*compatible: str) -> bytes:
    """As dtc begins a file: a header, then of the root a property of that value."""
    value = "".join(f"{name}\0" for name in compatible).encode()
    return b"\xd0\x0d\xfe\xed" + bytes(52) + len(value).to_bytes(4, "big") + bytes(4) + value


def devicetree(
    text: str, others: Mapping[str, bytes] | None = None, compatible: Sequence[str] = BOARD
) -> FileRef | None:
    found = read(f"LABEL a\nLINUX /v\n{text}\n", others, compatible=compatible)
    return next(item.devicetree for item in found if isinstance(item, Entry))


def test_a_device_tree_is_named_or_found_by_what_the_machine_is_compatible_with() -> None:
    for key in ("FDT", "DTB", "DEVICETREE"):
        assert devicetree(f"{key} x.dtb") == FileRef(path="/boot/syslinux/x.dtb")
    assert devicetree("FDT -") is None
    named = {"/d/rocket-2.dtb": b"", "/d/acme/rocket-2.dtb": b""}
    assert devicetree("FDTDIR /d", named) == FileRef(path="/d/acme/rocket-2.dtb")
    inside = {"/d/a/x.dtb": tree("acme,soc"), "/d/b/y.dtb": tree(*BOARD), "/d/z.dtb": tree("z")}
    assert devicetree("FDTDIR /d/", inside) == FileRef(path="/d/b/y.dtb")
    assert devicetree("FDT /x\nFDTDIR /d", inside) == FileRef(path="/x")


def test_a_machine_that_no_device_tree_fits_keeps_its_own() -> None:
    others = {"/d/a.dtb": tree("acme,soc"), "/d/b.dtb": b"\0" * 9}
    text = "LABEL a\nLINUX /v\nFDTDIR /d\n"
    found = read(text, others, compatible=BOARD)
    (told,) = [item.message for item in found if isinstance(item, Problem)]
    assert told.startswith("no device tree in /d is known to be for acme,rocket-2: the machine's")
    assert devicetree("FDTDIR /d", others) is None
    assert not problems(text, others), "a machine without a device tree needs none"


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("LABEL a\nLINUX\n", 2, "'linux' has no value"),
        ("\nLABEL\nLINUX /v\n", 2, "'label' has no value"),
        ("LABEL a\nLINUX /v\nLINUX /w\n", 3, "a second time"),
        ("LABEL a\nLINUX /v\nAPPEND x\nAPPEND y\n", 4, "a second time"),
        ("LINUX /v\n", 1, "belongs to a label"),
        ("INITRD /v\n", 1, "belongs to a label"),
        ("LABEL a\nLINUX /v\nSNAIL 1\n", 3, "unknown setting: 'SNAIL'"),
        ("LABEL a\nLINUX /v\nMENU Snail 1\n", 3, "unknown setting: 'MENU Snail'"),
        ("= x\n", 1, "not a setting: '= x'"),
        ("TIMEOUT soon\n", 1, "'timeout' is not a number: 'soon'"),
        ("PROMPT\n", 1, "'prompt' has no value"),
        ("LABEL a\nLINUX /v\nIPAPPEND many\n", 3, "'ipappend' is not a number: 'many'"),
        ("DEFAULT x\nIMPLICIT 0\nLABEL a\nLINUX /v\n", 1, "no label is called 'x'"),
        ("LABEL a\nLINUX /1\nLABEL a\nLINUX /2\n", 3, "called 'a' already"),
        ("LABEL a\nLINUX /v\nTEXT HELP\nto the end", 3, "no ENDTEXT"),
        ("INCLUDE nothing.cfg\n", 1, "there is no /boot/syslinux/nothing.cfg"),
        ("LABEL a\nCONFIG nothing.cfg\n", 1, "there is no /boot/syslinux/nothing.cfg"),
        ("LABEL a\nMENU GOTO nowhere\n", 1, "no menu is called 'nowhere'"),
        ("MENU END\n", 1, "without a 'MENU BEGIN'"),
        ("MENU MASTER PASSWD\n", 1, "MASTER"),
        ("LABEL a\nLINUX /v\nFDTOVERLAYS x.dtbo\n", 3, "overlays"),
    ],
)
def test_each_mistake_costs_itself_and_is_told_with_its_line(
    text: str, line: int, word: str
) -> None:
    ((where, message),) = problems(text)
    assert where == line
    assert word in message


def test_what_is_only_for_the_screen_is_no_mistake() -> None:
    text = (
        "SERIAL 0 115200\nDISPLAY boot.msg\nF1 f1.txt 07\nFONT x\nKBDMAP y\nNOESCAPE 1\n"
        "MENU COLOR title 1;36;44 #ffffffff #00000000 std\nMENU BACKGROUND x.png\nMENU WIDTH 80\n"
        "MENU AUTOBOOT in # seconds\nMENU TITLE x\nPATH /a:/b\nALLOWOPTIONS 0\nSAY hello\n"
    )
    assert not problems(text)


def test_carriage_returns_byte_order_mark_latin1_and_no_final_newline_are_all_fine() -> None:
    raw = "\ufeffDEFAULT a\r\nLABEL a\r\n\tMENU LABEL ".encode() + b"caf\xe9\rLINUX /v"
    text = raw.decode("utf-8", "surrogateescape")
    (entry,) = entries(text)
    assert (entry.line, entry.title, entry.kernel) == (2, "caf\udce9", FileRef(path="/v"))
    assert not problems(text)


def real() -> list[Path]:
    found = (path for path in CORPUS.rglob("*") if path.is_file())
    return sorted(path for path in found if path.name[0] != "." and path.name != "README")


@pytest.mark.skipif(not CORPUS.exists(), reason="the corpus is not here")
@pytest.mark.parametrize("path", real(), ids=lambda p: str(p.relative_to(CORPUS)))
def test_every_label_of_a_real_file_with_a_kernel_comes_out(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    host = Machine({"sda1": {CFG: text}}, machine="aarch64", compatible=("acme,board",))
    scan = scan_tree(host.files("sda1"), [FORMAT])
    known = {entry.name for _, entry in scan.entries}
    label, kernels = "", {}
    for words in filter(None, map(str.split, text.splitlines())):
        if words[0].lower() == "label" and len(words) > 1:
            label = words[1]
        elif words[0].lower() in ("kernel", "linux") and label and len(words) > 1:
            kernels[label] = words[1]
    menus = {name for name, kernel in kernels.items() if kernel.endswith("menu.c32")}
    assert set(kernels) - menus <= known
    assert all(p.line and "parser failed" not in p.message for p in scan.problems)

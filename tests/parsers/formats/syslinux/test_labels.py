"""syslinux.cfg and its kin: labels, files, mistakes."""

from pathlib import Path

import pytest

from parsers.api import Entry, FileRef, Problem
from parsers.formats.syslinux import FORMAT
from petipy.scan.tree import scan_tree
from tests.cases import SHARED, find
from tests.effort import count_lines
from tests.fakes import Machine
from tests.parsers.formats.syslinux.files import CFG, default, entries, problems, read, wish

CORPUS = SHARED / "corpus/syslinux"


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
    (messages,) = [item for item in read(text, machine="aarch64") if isinstance(item, Problem)]
    assert (messages.line, "${cbootargs} is a variable" in messages.message) == (1, True)
    (entry,) = entries(text, machine="x86_64")
    assert entry.cmdline == "${cbootargs} quiet root=/dev/a"


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
        ("MENU SAVE\nLABEL a\nLINUX /v\n", 1, "the default stays"),
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


def test_a_label_takes_the_whole_line() -> None:
    text = "UI menu.c32\nLABEL F 1\nLINUX /k1\nLABEL F 2\nLINUX /k2\n"
    assert [e.title for e in entries(text)] == ["F 1", "F 2"]
    assert not problems(text)


def real() -> list[Path]:
    found = find("corpus/syslinux/**/*")
    return [path for path in found if path.name[0] != "." and path.name != "README"]


@pytest.mark.shared("corpus/syslinux")
@pytest.mark.parametrize("path", real(), ids=lambda p: str(p.relative_to(CORPUS)))
def test_every_label_of_a_real_file_with_a_kernel_comes_out(path: Path) -> None:
    text = path.read_bytes().decode("utf-8", "surrogateescape")
    host = Machine({"sda1": {CFG: text}}, machine="aarch64", compatible=("acme,board",))
    scan = scan_tree(host.files("sda1"), [FORMAT])
    known = {" ".join(entry.name.split()) for _, entry in scan.entries}
    label, kernels = "", {}
    for words in filter(None, map(str.split, text.splitlines())):
        if words[0].lower() == "label" and len(words) > 1:
            label = " ".join(words[1:])
        elif words[0].lower() in ("kernel", "linux") and label and len(words) > 1:
            kernels[label] = words[1]
    menus = {name for name, kernel in kernels.items() if kernel.endswith("menu.c32")}
    assert set(kernels) - menus <= known
    assert all(p.line and "parser failed" not in p.message for p in scan.problems)


@pytest.mark.parametrize("unit", ["LABEL a\nLINUX /k\n", "MENU BEGIN x\nLABEL a\nMENU END\n"])
def test_the_work_for_labels_with_one_name_grows_as_they_do(unit: str) -> None:
    def parse(count: int) -> list[str]:
        host = Machine({"sda1": {"/boot/syslinux/syslinux.cfg": unit * count}})
        items = FORMAT.parse(host.files("sda1"), "/boot/syslinux/syslinux.cfg")
        return [item.name for item in items if isinstance(item, Entry)]

    assert parse(300) == ["a", *(f"a~{number}" for number in range(2, 301))]
    assert count_lines(lambda: parse(600)) < 2.2 * count_lines(lambda: parse(300))

"""extlinux.conf on machines that are no PC: U-Boot's rules (boot/pxe_utils.c)."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from parsers.api import Entry, FileRef, Preferences, Problem
from tests.cases import SHARED, find
from tests.containers import RAMDISK, fit, several, with_header
from tests.parsers.formats.syslinux.files import read as read_as

CONF = "/boot/extlinux/extlinux.conf"
Files = Mapping[str, str | bytes]


def read(
    text: str,
    others: Files | None = None,
    machine: str = "aarch64",
    compatible: Sequence[str] = (),
) -> list[Entry | Problem | Preferences]:
    return read_as(text, others, path=CONF, machine=machine, compatible=compatible)


def entries(text: str, others: Files | None = None, machine: str = "aarch64") -> list[Entry]:
    return [item for item in read(text, others, machine) if isinstance(item, Entry)]


def problems(text: str, others: Files | None = None) -> list[tuple[int, str]]:
    found = read(text, others)
    return [(item.line, item.message) for item in found if isinstance(item, Problem)]


def wish(text: str) -> Preferences:
    (found,) = [item for item in read(text) if isinstance(item, Preferences)]
    return found


def default(text: str) -> str:
    return next((entry.name for entry in entries(text) if entry.default), "")


def test_a_label_takes_the_whole_line_and_so_does_the_default() -> None:
    text = "DEFAULT F 2\nLABEL F 1\nLINUX /k1\nAPPEND a\nLABEL F 2\nLINUX /k2\nAPPEND b\n"
    found = entries(text)
    assert [(e.name, e.cmdline, e.default) for e in found] == [
        ("F 1", "a", False),
        ("F 2", "b", True),
    ]
    assert found[1].kernel == FileRef(path="/k2")


def test_a_default_with_options_behind_it_is_that_label_without_them() -> None:
    first, second = entries("DEFAULT b single\nLABEL a\nLINUX /a\nLABEL b\nLINUX /b\nAPPEND x\n")
    assert (first.default, second.default, second.cmdline) == (False, True, "x")


@pytest.mark.parametrize("machine", ["aarch64", "ppc64le", "riscv64", "armv7l"])
@pytest.mark.parametrize("name", ["vmlinuz-6.12.0", "k.bin", "k.img", "k.bss", "menu.c32", "k.com"])
def test_no_end_of_a_files_name_has_a_meaning(machine: str, name: str) -> None:
    (entry,) = entries(f"LABEL a\nKERNEL /{name}\n", machine=machine)
    assert (entry.kernel, entry.unbootable) == (FileRef(path=f"/{name}"), "")


def test_a_pc_reads_it_by_syslinuxs_rules() -> None:
    (entry,) = entries("LABEL a\nKERNEL /pxelinux.0\n", machine="x86_64")
    assert entry.kernel is None


def test_relative_names_begin_at_the_configuration() -> None:
    (entry,) = entries("LABEL a\nLINUX ../k\nINITRD i\nFDT d/x.dtb\n")
    assert (entry.kernel, entry.initrds) == (
        FileRef(path="/boot/k"),
        (FileRef(path="/boot/extlinux/i"),),
    )
    assert entry.devicetree == FileRef(path="/boot/extlinux/d/x.dtb")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("", 0),
        ("TIMEOUT 50\n", 0),  # nothing is asked, so nothing waits
        ("PROMPT 1\nTIMEOUT 50\n", 5),
        ("PROMPT 1\nTIMEOUT 11\n", 2),
        ("MENU TITLE x\nTIMEOUT 30\n", 3),
        ("MENU TITLE x\nPROMPT 0\nTIMEOUT 30\n", 0),
        ("PROMPT 1\n", math.inf),
        ("PROMPT 1\nTIMEOUT 0\n", math.inf),
        ("PROMPT 1\nTIMEOUT 20 # two\n", 2),
        ("PROMPT\nTIMEOUT 20\n", 0),
    ],
)
def test_only_a_menu_or_a_prompt_waits(text: str, seconds: float) -> None:
    assert wish(f"{text}LABEL a\nLINUX /k\n").timeout == seconds


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("LABEL a\nLINUX /k\nLABEL b\nLINUX /k\n", "a"),
        ("LABEL a\nAPPEND x\nLABEL b\nLINUX /k\n", "b"),
        ("DEFAULT b\nLABEL a\nLINUX /k\nLABEL b\nLINUX /k\n", "b"),
        ("DEFAULT a\nLABEL a\nLINUX /k\nLABEL b\nMENU DEFAULT\nLINUX /k\n", "a"),
        ("LABEL a\nLINUX /k\nLABEL b\nMENU DEFAULT\nLINUX /k\n", "b"),
        ("LABEL a\nLINUX /k\nLABEL b\nMENU DEFAULT\nLINUX /k\nDEFAULT a\n", "a"),
        ("DEFAULT b\nONTIMEOUT a\nLABEL a\nLINUX /k\nLABEL b\nLINUX /k\n", "a"),
        ("DEFAULT A\nLABEL b\nLINUX /k\nLABEL a\nLINUX /k\n", "b"),  # case counts
        ("DEFAULT a\nLABEL a\nLINUX /1\nLABEL a\nLINUX /2\n", "a~2"),
    ],
)
def test_the_default_is_u_boots(text: str, chosen: str) -> None:
    assert default(text) == chosen


def test_a_default_that_is_no_label_is_told() -> None:
    assert problems("DEFAULT x\nLABEL a\nLINUX /k\n") == [(1, "no label is called 'x'")]


def test_the_fallback_is_tried_when_the_default_fails() -> None:
    text = "DEFAULT a\nFALLBACK b c\nLABEL a\nLINUX /a\nLABEL b c\nLINUX /b\n"
    assert wish(text).fallback == ("b c",)


def test_a_kernel_and_options_set_twice_count_last() -> None:
    text = "LABEL a\nLINUX /1\nKERNEL /2\nAPPEND x\nAPPEND y\n"
    (entry,) = entries(text)
    assert (entry.kernel, entry.cmdline) == (FileRef(path="/2"), "y")
    assert [line for line, _ in problems(text)] == [3, 5]


@pytest.mark.parametrize("word", ["INITRD", "FDT", "FDTDIR", "FDTOVERLAYS"])
def test_another_file_set_twice_ends_the_label(word: str) -> None:
    """U-Boot does not read the second value, and takes it for an unknown word."""
    text = f"LABEL a\nLINUX /k\n{word} /1\n{word} /2\nAPPEND x\n"
    (entry,) = entries(text)
    assert (entry.kernel, entry.cmdline) == (FileRef(path="/k"), "")
    assert [line for line, _ in problems(text) if line > 3] == [4, 4, 5]


def test_an_initrd_in_append_counts_if_no_other_came_before() -> None:
    text = "LABEL a\nLINUX /k\n{}APPEND x initrd=/i root=y\n{}"
    for before, after, name in (
        ("", "", "/i"),
        ("", "INITRD /j\n", "/i"),
        ("INITRD /j\n", "", "/j"),
    ):
        (entry,) = entries(text.format(before, after))
        assert entry.initrds == (FileRef(path=name),)
        assert entry.cmdline == "x initrd=/i root=y"


def test_a_file_name_takes_the_whole_line() -> None:
    (entry,) = entries("LABEL a\nLINUX /my kernel \nINITRD /a,/b\n")
    assert (entry.kernel, entry.initrds) == (FileRef(path="/my kernel"), (FileRef(path="/a,/b"),))


def test_an_append_before_the_labels_is_for_none_of_them() -> None:
    text = "APPEND all\nLABEL a\nLINUX /k\n"
    assert entries(text)[0].cmdline == ""
    assert problems(text) == [(1, "'APPEND' belongs to no label here: ignored")]


def test_an_unknown_word_ends_a_label() -> None:
    text = "LABEL a\nLINUX /k\nSAY hello\nAPPEND x\nLABEL b\nLINUX /k\nAPPEND y\n"
    assert [entry.cmdline for entry in entries(text)] == ["", "y"]
    assert problems(text) == [
        (3, "unknown setting: 'SAY'; U-Boot ends the label 'a' here"),
        (4, "'APPEND' belongs to no label here: ignored"),
    ]


def test_menu_words_do_not_end_a_label() -> None:
    text = "LABEL a\nMENU LABEL A thing\nMENU HIDE\nLINUX /k\nAPPEND x\n"
    (entry,) = entries(text)
    assert (entry.title, entry.cmdline) == ("A thing", "x")
    assert problems(text) == [(3, "unknown setting: 'MENU hide'")]


def test_kaslrseed_has_no_value_and_changes_nothing() -> None:
    (entry,) = entries("LABEL a\nLINUX /k\nKASLRSEED\nAPPEND x\n")
    assert entry.cmdline == "x"
    assert entries("LABEL a\nLINUX /k\nKASLRSEED 1\nAPPEND x\n")[0].cmdline == ""
    assert entries("LABEL a\nLINUX /k\nKASLRSEED APPEND x y\n")[0].cmdline == "x y"


def test_comments_stand_where_a_word_may_begin() -> None:
    text = "# one\nLABEL a # b\n  # two\nLINUX /k#c\nINITRD # none\nAPPEND x # y\n"
    (entry,) = entries(text, {"/k": b"no FIT"})
    assert (entry.name, entry.kernel, entry.cmdline) == ("a # b", FileRef(path="/k"), "x # y")
    assert problems(text) == [(5, "'INITRD' has no value")]


def test_a_label_without_a_kernel_cannot_boot() -> None:
    (entry,) = entries("LABEL a\nAPPEND x\n")
    assert (entry.unbootable, entry.default) == ("it names no kernel", False)


def test_localboot_leaves_the_boot_to_the_firmware() -> None:
    text = "DEFAULT a\nLABEL a\nLOCALBOOT 0\nLABEL b\nLINUX /k\n"
    assert (entries(text)[0].action, wish(text).elsewhere) == ("exit", True)


def test_included_files_begin_at_the_configuration_and_end_a_label() -> None:
    others = {"/boot/extlinux/x.conf": "LABEL in\nLINUX k\n", "/y.conf": "LABEL y\nLINUX /y\n"}
    text = "LABEL a\nLINUX /a\nINCLUDE x.conf\nAPPEND lost\nMENU INCLUDE /y.conf\nINCLUDE /none\n"
    assert [e.name for e in entries(text, others)] == ["a", "in", "y"]
    assert [e.cmdline for e in entries(text, others)] == ["", "", ""]
    assert problems(text, others) == [
        (4, "'APPEND' belongs to no label here: ignored"),
        (6, "there is no /none"),
    ]


def test_files_that_include_themselves_have_an_end() -> None:
    text = f"LABEL a\nLINUX /k\nINCLUDE {CONF}\nINCLUDE {CONF}\n"
    assert any("include one another without end" in message for _, message in problems(text))


@pytest.mark.parametrize(
    ("append", "cmdline"),
    [
        ("root=${rootdev}  ro", "root=  ro"),
        ("a=$(b) c", "a= c"),
        ("price=$5 x", "price=$5 x"),
        (r"a=\${b} c", "a=${b} c"),
        (r"dyndbg=\"x\" y", 'dyndbg="x" y'),
        ("a='${b} c' d", "a=${b} c d"),
        ("${open", ""),
    ],
)
def test_a_command_line_passes_u_boots_shell(append: str, cmdline: str) -> None:
    (entry,) = entries(f"LABEL a\nLINUX /k\nAPPEND {append}\n")
    assert entry.cmdline == cmdline


def test_variables_of_the_firmware_are_told() -> None:
    assert problems("LABEL a\nLINUX /k\nAPPEND root=${r} ${s}\n") == [
        (1, "${r}, ${s} is a variable of the firmware's: left out")
    ]


def test_each_part_of_an_entry_is_known_by_its_line() -> None:
    (entry,) = entries("DEFAULT a\nLABEL a\nLINUX /k\nINITRD /i\nAPPEND x y\n\n")
    assert [(o.what, o.line, o.spans) for o in entry.origins] == [
        ("linux", 3, ()),
        ("append", 5, ((0, 3),)),
        ("initrd", 4, ()),
    ]
    assert [(o.what, o.line) for o in entry.default_from] == [("default", 1)]
    assert entry.end == 5


def test_a_lock_of_syslinux_holds() -> None:
    text = "MENU MASTER PASSWD all\nLABEL a\nMENU PASSWD $5$x$y\nLINUX /k\nLABEL b\nLINUX /k\n"
    assert [entry.users for entry in entries(text)] == [("a",), None]
    assert wish(text).superusers == ("master",)
    assert [(p.user, p.secret, p.hashed) for p in wish(text).passwords] == [
        ("a", "$5$x$y", True),
        ("master", "all", False),
    ]
    odd = "LABEL a\nMENU PASSWD $9$x$y\nLINUX /k\n"
    assert (entries(odd)[0].users, wish(odd).passwords) == (("a",), ())
    assert [line for line, _ in problems(odd)] == [1]


BOARD = ("acme,rocket-2", "acme,soc")


def test_a_device_tree_of_the_directory_is_the_boards() -> None:
    others = {"/d/acme/rocket-2.dtb": b"", "/d/other.dtb": b""}
    found = read("LABEL a\nLINUX /k\nDEVICETREEDIR /d\nFDTOVERLAYS /o\n", others, compatible=BOARD)
    assert next(e.devicetree for e in found if isinstance(e, Entry)) == FileRef(
        path="/d/acme/rocket-2.dtb"
    )
    assert [p.message for p in found if isinstance(p, Problem)] == [
        "there is no overlay /o: it is left out"
    ]


def test_overlays_are_those_that_are_there_in_their_order() -> None:
    text = "LABEL a\nLINUX /k\nFDT /d\nDEVICETREE-OVERLAY  /b.dtbo  x/a.dtbo /no /x\n"
    others = {"/d": b"", "/b.dtbo": b"", "/boot/extlinux/x/a.dtbo": b"", "/x/y": b""}
    (entry,) = entries(text, others)
    paths = ["/b.dtbo", "/boot/extlinux/x/a.dtbo"]
    assert entry.overlays == tuple(FileRef(path=path) for path in paths)
    assert [o.what for o in entry.origins] == ["linux", "fdt", "devicetree-overlay"]
    assert problems(text, others) == [
        (4, f"there is no overlay {name}: it is left out") for name in ("/no", "/x")
    ]


@pytest.mark.parametrize("tree", ["", "FDT -\n", "FDTDIR /d\n"])
def test_overlays_without_a_device_tree_are_told(tree: str) -> None:
    text = f"LABEL a\nFDTOVERLAYS /o\nLINUX /k\n{tree}"
    assert entries(text, {"/o": b""})[0].overlays == ()
    assert problems(text, {"/o": b""}) == [
        (2, "it names no device tree: the overlays are not applied")
    ]


IMAGES = {"k": b"kernel", "r": b"ramdisk", "d": b"tree"}
CONFIGURATIONS = {
    "c1": {"kernel": ["k"]},
    "c2": {"kernel": ["k"], "ramdisk": ["r"], "fdt": ["d"]},
}
FIT = fit(IMAGES, CONFIGURATIONS, "c2")


def part(ref: FileRef | None, data: bytes = FIT) -> bytes:
    return data[ref.offset :][: ref.size or None] if ref else b""


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ("KERNEL /fit", [b"kernel", b"ramdisk", b"tree"]),
        ("KERNEL /fit#c1", [b"kernel", b"", b""]),
        ("KERNEL /fit#c2", [b"kernel", b"ramdisk", b"tree"]),
        ("KERNEL /fit#c2\nFDT -", [b"kernel", b"ramdisk", b""]),
        ("KERNEL /fit#c2\nINITRD /fit#c2\nFDT /fit#c2", [b"kernel", b"ramdisk", b"tree"]),
        ("KERNEL /fit#c1\nINITRD /fit#c2", [b"kernel", b"ramdisk", b""]),
    ],
)
def test_the_parts_of_a_fit_are_those_of_its_configuration(
    settings: str, parts: list[bytes]
) -> None:
    (entry,) = entries(f"LABEL a\n{settings}\n", {"/fit": FIT})
    assert entry.unbootable == ""
    found = [entry.kernel, next(iter(entry.initrds), None), entry.devicetree]
    assert [part(ref) for ref in found] == parts
    assert {ref.path for ref in found if ref} == {"/fit"}


def test_an_initrd_beside_a_fit_stands_instead_of_its_own() -> None:
    (entry,) = entries("LABEL a\nKERNEL /fit\nINITRD /i\n", {"/fit": FIT, "/i": b"07"})
    assert entry.initrds == (FileRef(path="/i"),)


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("/fit#c3", FIT, "the FIT image /fit: it has no configuration 'c3'"),
        ("/fit", b"\xd0\x0d\xfe\xed" + bytes(40), "the FIT image /fit: its header is damaged"),
        ("/fit", with_header(b"x", size=2), "the image /fit: cut off: its data should end at"),
    ],
)
def test_a_damaged_container_cannot_boot(name: str, data: bytes, why: str) -> None:
    (entry,) = entries(f"LABEL a\nKERNEL {name}\n", {"/fit": data})
    assert entry.unbootable.startswith(why)


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ("KERNEL /fit", [b"tree", b"over", b"lay"]),
        ("KERNEL /fit\nFDT /fit\nFDTOVERLAYS /o", [b"tree", b"over", b"lay", b"last"]),
        ("KERNEL /fit\nFDT -", []),
        ("KERNEL /fit\nFDT /d", [b"disk"]),
        ("KERNEL /fit\nFDT /d\nFDTOVERLAYS /o", [b"disk", b"last"]),
    ],
)
def test_further_device_trees_of_a_fit_are_overlays(settings: str, parts: list[bytes]) -> None:
    images = {**IMAGES, "o": b"over", "p": b"lay"}
    data = fit(images, {"c": {"kernel": ["k"], "fdt": ["d", "o", "p"]}}, "c")
    files = {"/fit": data, "/d": b"disk", "/o": b"last"}
    (entry,) = entries(f"LABEL a\n{settings}\n", files)
    found = [ref for ref in (entry.devicetree, *entry.overlays) if ref]
    assert [part(ref, files[ref.path]) for ref in found] == parts


def test_a_packed_overlay_is_left_out() -> None:
    images = {**IMAGES, "o": b"over", "p": b"lay"}
    about = {"o": {"compression": b"gzip\0"}}
    data = fit(images, {"c": {"kernel": ["k"], "fdt": ["d", "o", "p"]}}, "c", about)
    (entry,) = entries("LABEL a\nKERNEL /fit\n", {"/fit": data})
    assert [part(ref, data) for ref in entry.overlays] == [b"lay"]
    assert problems("LABEL a\nKERNEL /fit\n", {"/fit": data}) == [
        (1, "an overlay of its device tree is packed (gzip): it is left out")
    ]


def test_a_packed_device_tree_is_told() -> None:
    data = fit(IMAGES, CONFIGURATIONS, "c2", {"d": {"compression": b"gzip\0"}})
    assert problems("LABEL a\nKERNEL /fit\n", {"/fit": data}) == [
        (1, "its device tree is packed (gzip): the machine's own is used")
    ]


def test_mkimages_header_is_no_part_of_a_file() -> None:
    others = {
        "/uImage": with_header(b"kernel"),
        "/uInitrd": with_header(b"07 cpio", RAMDISK),
        "/d": with_header(b"tree", 8),
    }
    (entry,) = entries("LABEL a\nKERNEL /uImage\nINITRD /uInitrd\nFDT /d\n", others)
    assert entry.kernel == FileRef(path="/uImage", offset=64, size=6)
    assert entry.initrds == (FileRef(path="/uInitrd", offset=64, size=7),)
    assert entry.devicetree == FileRef(path="/d", offset=64, size=4)


def test_a_file_of_several_images_is_kernel_and_initrd() -> None:
    data = several(b"kernel", b"initrd")
    (entry,) = entries("LABEL a\nKERNEL /multi\n", {"/multi": data})
    assert (part(entry.kernel, data), part(entry.initrds[0], data)) == (b"kernel", b"initrd")


def test_a_damaged_initrd_makes_the_label_unbootable() -> None:
    others = {"/i": with_header(b"x", RAMDISK, size=9)}
    (entry,) = entries("LABEL a\nKERNEL /k\nINITRD /i\n", others)
    assert entry.unbootable.startswith("the image /i: cut off")


CORPUS = SHARED / "corpus/syslinux"
REAL = [path for path in find("corpus/syslinux/**/*") if path.name.startswith("extlinux.conf")]


@pytest.mark.shared("corpus/syslinux")
@pytest.mark.parametrize("path", REAL, ids=lambda p: str(p.relative_to(CORPUS)))
def test_a_real_file_boots_its_default_and_nothing_in_it_is_unknown(path: Path) -> None:
    found = read(path.read_text())
    (chosen,) = [entry for entry in found if isinstance(entry, Entry) and entry.default]
    assert (chosen.unbootable, bool(chosen.kernel)) == ("", True)
    told = [item.message for item in found if isinstance(item, Problem)]
    assert not [message for message in told if "of the firmware's" not in message]

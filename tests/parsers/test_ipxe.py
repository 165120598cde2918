"""iPXE's commands, one behaviour each, as its documentation and its source have them."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from parsers import formats
from parsers.api import Entry, FileRef, Item, Preferences, Problem
from parsers.ipxe import FORMAT
from petipy.scan import scan_lease
from tests.fakes import Machine

HERE = "http://boot.example.org/ipxe/menu.ipxe"
LEASE = {
    "ip": "192.0.2.10",
    "subnet": "255.255.255.0",
    "router": "192.0.2.1 192.0.2.2",
    "siaddr": "192.0.2.3",
    "serverid": "192.0.2.4",
    "hostname": "node 1",
    "domain": "example.org",
    "rootpath": "iscsi:192.0.2.9::::iqn",
    "bootfile": "boot/x.ipxe",
    "mac": "52:54:00:Ab:cd:0e",
    "uuid": "01234567-89ab-cdef-0123-456789abcdef",
}


def items(
    text: str, *, lease: dict[str, str] = LEASE, machine: str = "x86_64", **urls: str
) -> list[Item]:
    """What a script at HERE comes to; `urls` are other texts beside it."""
    beside = {HERE.replace("menu.ipxe", name): other for name, other in urls.items()}
    host = Machine(
        {"eth0": {}},
        machine=machine,
        urls={HERE: f"#!ipxe\n{text}", **beside},
        leases={"eth0": lease},
    )
    return list(FORMAT.parse(host.files("eth0"), HERE))


def entries(text: str, **more: Any) -> list[Entry]:
    return [item for item in items(text, **more) if isinstance(item, Entry)]


def entry(text: str, **more: Any) -> Entry:
    (only,) = entries(text, **more)
    return only


def problems(text: str, **more: Any) -> list[tuple[int, str]]:
    found = [item for item in items(text, **more) if isinstance(item, Problem)]
    return [(problem.line, problem.message) for problem in found]


def preferences(text: str) -> Preferences:
    (only,) = (item for item in items(text) if isinstance(item, Preferences))
    return only


def said(text: str, words: str, **more: Any) -> str:
    """What `words` are at the end of a script, as a kernel's command line."""
    return entry(f"{text}\nkernel /vmlinuz {words}\nboot\n", **more).cmdline


def reason(text: str, **more: Any) -> str:
    return entry(text, **more).unbootable


# The language


def test_a_script_with_one_outcome_is_one_entry_and_the_default() -> None:
    got = entry("kernel vmlinuz root=/dev/sda2 quiet\ninitrd a.img\ninitrd /b.img\nboot\n")
    assert got.kernel == FileRef(url="http://boot.example.org/ipxe/vmlinuz")
    assert got.initrds == (
        FileRef(url="http://boot.example.org/ipxe/a.img"),
        FileRef(url="http://boot.example.org/b.img"),
    )
    assert (got.cmdline, got.config, got.line) == ("root=/dev/sda2 quiet", HERE, 2)
    assert got.default


def test_quotation_marks_are_characters_like_others() -> None:
    assert said("", "a='b  c' \"d\"") == "a='b c' \"d\""


def test_a_setting_with_spaces_stays_one_word() -> None:
    assert said("set x a  b", "${x}") == "a b"
    assert entries("set x a b\niseq ${x} ${x} && goto ok ||\nexit\n:ok\nkernel /linux\nboot")


def test_a_word_with_a_hash_in_front_ends_the_line() -> None:
    assert said("", "a b#c #d ${x}") == "a b#c"


def test_a_line_that_ends_with_a_backslash_goes_on_in_the_next() -> None:
    assert said("", "one\\\ntwo \\\r\n three") == "onetwo three"


def test_problems_after_a_continued_line_count_all_its_lines() -> None:
    assert problems("echo a \\\n b\nnonsense ||\n")[0] == (4, "unknown command: 'nonsense'")


@pytest.mark.parametrize(
    ("line", "runs"),
    [
        ("isset x || set r y", False),
        ("isset ${u} || set r y", True),
        ("isset x && set r y", True),
        ("isset ${u} && set r y ||", False),
        ("isset ${u} && isset x || set r y", True),
        ("isset x || isset ${u} && set r y", True),
        ("isset ${u} ; set r y", True),
        ("isset ${u} || # set r y", False),
        ("iseq a a && iseq a b || set r y", True),
    ],
)
def test_what_stands_between_commands(line: str, runs: bool) -> None:
    assert said(f"{line}\nset v ${{r}}", "r=${v}") == ("r=y" if runs else "r=")


def test_a_line_that_fails_ends_the_script_and_says_where() -> None:
    assert reason("echo a\nisset ${nothing}\nkernel /linux\nboot\n") == (
        "'isset ${nothing}' in line 3 fails"
    )


def test_goto_jumps_forward_and_back_and_leaves_the_rest_of_its_line() -> None:
    text = """
set n:int32 0
:again
inc n
iseq ${n} 3 && goto done || goto again ; set n 100
:done
"""
    assert said(text, "n=${n}") == "n=3"


def test_a_label_counts_where_it_is_first_and_may_have_a_command_behind_it() -> None:
    text = "goto x\n:y\nset r 1\n goto end\n:x set r 2\ngoto end\n:x set r 3\n:end"
    assert said(text, "r=${r}") == "r=2"


def test_a_loop_without_end_is_given_up() -> None:
    assert reason(":a\ngoto a\n") == "it does not come to an end: given up"


def test_a_text_that_is_no_script_is_said_to_be_none() -> None:
    host = Machine({"sda1": {"/boot.ipxe": "menuentry x { }\n"}})
    (problem,) = FORMAT.parse(host.files("sda1"), "/boot.ipxe")
    assert problem == Problem(
        "/boot.ipxe", 1, "it does not begin with #!ipxe, so iPXE takes it for no script"
    )


# Settings


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("${net0/mac}", "52:54:00:ab:cd:0e"),
        ("${netX/mac:hexhyp}", "52-54-00-ab-cd-0e"),
        ("${mac:hexraw}", "525400abcd0e"),
        ("${net1/mac}", ""),
        ("${ip}/${netmask}", "192.0.2.10/255.255.255.0"),
        ("${ip:hexraw}", "c000020a"),
        ("${ip:int32}", "-1073741302"),
        ("${ip:uint32}", "0xc000020a"),
        ("${net0.dhcp/gateway}", "192.0.2.1"),
        ("${next-server}", "192.0.2.3"),
        ("${dhcp-server} ${54}", "192.0.2.4 192.0.2.4"),
        ("${hostname:uristring}", "node%201"),
        ("${filename}", "boot/x.ipxe"),
        ("${root-path}", "iscsi:192.0.2.9::::iqn"),
        ("${uuid}", "01234567-89ab-cdef-0123-456789abcdef"),
        ("${uuid:guid}", "67452301-ab89-efcd-0123-456789abcdef"),
        ("${net0.proxydhcp/next-server}${proxydhcp/filename}", ""),
        ("${domain:base64}", "ZXhhbXBsZS5vcmc="),
        ("${buildarch}-${platform}", "x86_64-efi"),
        ("${cwduri}x", "http://boot.example.org/ipxe/x"),
        ("[${undefined}]", "[]"),
        ("${ip:nonsense}", ""),
        ("${user-class}", "iPXE"),
        ("$x {y} $ ${", "$x {y} $ ${"),
    ],
)
def test_what_is_known_before_a_script_runs(words: str, value: str) -> None:
    assert said("", words) == value


@pytest.mark.parametrize(
    ("machine", "name"),
    [("aarch64", "arm64"), ("i686", "i386"), ("ppc64le", "ppc64le"), ("riscv64", "riscv64")],
)
def test_the_architecture_has_ipxes_name(machine: str, name: str) -> None:
    assert said("", "${buildarch}", machine=machine) == name


@pytest.mark.parametrize(
    ("setting", "words", "value"),
    [
        ("x a b", "${x}", "a b"),
        ("x", "[${x}]", "[]"),
        ("x:hex 20:41", "[${x:string}]", "[ A]"),
        ("x:int8 0x10", "${x} ${x:uint8} ${x:hex}", "16 0x10 10"),
        ("x:int16 -1", "${x} ${x:uint16}", "-1 0xffff"),
        ("x:ipv4 192.0.2.77", "${x} ${x:hexraw}", "192.0.2.77 c000024d"),
        ("x:uristring a%20b", "${x:string}|${x}", "a b|a%20b"),
        ("x:hexhyp 01-02", "${x:hex}", "01:02"),
        ("x:base64 aGk=", "${x:string}", "hi"),
        ("net0/ip 192.0.2.99", "${ip} ${netX/ip}", "192.0.2.99 192.0.2.99"),
        ("ip 192.0.2.98", "${ip} ${net0/ip}", "192.0.2.98 192.0.2.10"),
        ("other/x 1", "${x} ${other/x} ${net0/x}", "1 1"),
        ("67 file", "${filename}", "file"),
        ("a b", "${${c}} ${${d}}", ""),
    ],
)
def test_set(setting: str, words: str, value: str) -> None:
    assert said(f"set {setting}", words).strip() == value


def test_a_setting_within_a_settings_name_is_put_in_first() -> None:
    assert said("set a b\nset b c", "${${a}}") == "c"


def test_clear_takes_away_what_was_set_and_the_machines_own_shows_again() -> None:
    assert said("set ip 192.0.2.1\nset x y\nclear ip\nclear x", "[${x}] ${ip}") == "[] 192.0.2.10"


def test_inc_counts_from_zero_and_by_what_it_is_told() -> None:
    assert said("inc n\ninc n 4\ninc m", "${n} ${m}") == "5 1"


def test_inc_of_a_text_fails_as_does_a_number_that_is_none() -> None:
    assert problems("set t 1\ninc t || set n:int8 x ||\nexit") == [
        (3, "inc: t is a text: a number is set as in t:int32"),
        (3, "set: n:int8 cannot be 'x'"),
    ]


def test_read_asks_for_what_is_not_there() -> None:
    assert reason("echo -n Release: ${} && read release\nkernel /linux\nboot\n") == (
        "it asks for release, which cannot be typed in here"
    )


def test_read_keeps_the_value_and_fails_when_time_runs_out() -> None:
    assert said("set x 1\nread x", "${x}") == "1"
    assert said("read --timeout 100 x || set y 2", "${y}") == "2"


# Images


def test_arguments_may_be_given_afterwards() -> None:
    text = "kernel --name k /linux a b\nimgargs k c d\nboot\n"
    got = entry(text)
    assert (got.title, got.cmdline) == ("k", "c d")
    assert [(o.what, o.line, o.spans) for o in got.origins] == [
        ("kernel", 2, ()),
        ("imgargs", 3, ((0, 3),)),
    ]


def test_what_has_been_fetched_is_known_by_its_name() -> None:
    got = entry("imgfetch --name k /a/vmlinuz-6\nimgfetch /b/i.img\nimgselect k x=1\nimgexec\n")
    assert got.kernel == FileRef(url="http://boot.example.org/a/vmlinuz-6")
    assert (got.initrds, got.cmdline) == ((FileRef(url="http://boot.example.org/b/i.img"),), "x=1")


def test_boot_takes_a_kernel_with_arguments() -> None:
    got = entry("initrd i.img\nboot http://x.example/kernel a=b\n")
    assert got.kernel == FileRef(url="http://x.example/kernel")
    assert (len(got.initrds), got.cmdline) == (1, "a=b")


def test_whatever_was_fetched_is_an_initrd_in_the_order_of_fetching() -> None:
    got = entry(
        "initrd --name b b.img\nkernel /linux initrd=a initrd=b\nmodule --name a a.img\nboot"
    )
    assert [ref.url[-5:] for ref in got.initrds] == ["b.img", "a.img"]


def test_an_initrd_that_the_command_line_names_and_nobody_fetches_is_a_problem() -> None:
    text = "kernel /linux initrd=a,\\b initrd=initrd.magic\ninitrd b\nboot"
    assert problems(text) == [(2, "initrd=a is none of the files that are fetched")]


def test_imgfree_forgets_one_image_or_all() -> None:
    assert len(entry("initrd a\ninitrd b\nimgfree a\nkernel /linux\nboot").initrds) == 1
    assert entry("initrd a\nkernel /k\nimgfree\nkernel /linux\nboot").initrds == ()


def test_a_file_with_a_path_behind_it_is_packed_under_that_path() -> None:
    text = (
        "kernel /linux\ninitrd --name i a.cfg /etc/a.cfg mode=600\nimgfetch b\nimgargs b /b\n"
        "initrd c.sh /c mkdir=1 mode=0755\ninitrd d.sh /d mode=rwx\nboot"
    )
    packed = [(ref.url[-5:], ref.packed, f"{ref.mode:o}") for ref in entry(text).initrds]
    assert packed == [
        ("a.cfg", "/etc/a.cfg", "600"),
        ("pxe/b", "/b", "644"),
        ("/c.sh", "/c", "755"),
        ("/d.sh", "/d", "644"),
    ]
    assert not problems(text)


def test_the_device_tree_is_no_initrd() -> None:
    got = entry("kernel /linux\nfdt /a.dtb\ninitrd /i\nboot")
    assert got.devicetree == FileRef(url="http://boot.example.org/a.dtb")
    assert got.initrds == (FileRef(url="http://boot.example.org/i"),)


def test_a_kernel_that_nothing_boots_is_an_entry_but_not_the_default() -> None:
    text = "kernel /linux\n"
    assert not entry(text).default
    assert problems(text) == [(2, "a kernel is loaded, but never booted")]


@pytest.mark.parametrize(
    ("text", "reason_"),
    [
        ("kernel wimboot\nboot", "it starts Windows (wimboot): .../ipxe/wimboot"),
        ("kernel /memdisk iso\nboot", "it starts a disk image (memdisk): .../memdisk"),
        ("chain /lpxelinux.0", "it starts another boot loader: .../lpxelinux.0"),
        ("chain /menu.c32", "it starts another boot loader: .../menu.c32"),
        ("chain /x.kpxe", "it starts another boot loader: .../x.kpxe"),
        ("chain /grubx64.efi", "it starts a program for the firmware: .../grubx64.efi"),
        ("kernel /xen.gz dom0\nmodule vmlinuz\nboot", "it starts a multiboot kernel: .../xen.gz"),
        ("kernel /memtest86.bin\nboot", "it starts a memory test: .../memtest86.bin"),
        ("sanboot http://x.example/a.iso", "it boots http://x.example/a.iso as a disk,"
         " which kexec cannot do"),
    ],
)  # fmt: skip
def test_what_is_no_linux_is_shown_with_the_reason(text: str, reason_: str) -> None:
    assert reason(text) == reason_.replace("...", "http://boot.example.org")


@pytest.mark.parametrize("name", ["vmlinuz-6.1.0", "linux.bin", "bzImage", "boot-kernel"])
def test_a_kernels_name_is_no_boot_loaders(name: str) -> None:
    assert entry(f"kernel /{name}\ninitrd /i\nboot").kernel


# Where it comes from


def given(text: str, **more: Any) -> list[tuple[str, str, int, list[str]]]:
    """Of each origin of the entry: what, how, line, and the parts of the command line."""
    got = entry(text, **more)
    return [
        (o.what, o.how, o.line, [got.cmdline[start:end] for start, end in o.spans])
        for o in got.origins
    ]


def test_each_part_of_a_command_line_knows_the_settings_that_gave_it() -> None:
    text = """
set a one
set b x${a}y
initrd /${a}.img
kernel /${b} ${b} z=${a}${mac:hexraw} quiet
boot
"""
    assert given(text) == [
        ("kernel", "", 6, [" z=", " quiet"]),
        ("${b}", "set", 4, ["xoney"]),
        ("${a}", "set", 3, ["one", "one"]),
        ("${mac:hexraw}", "", 0, ["525400abcd0e"]),
        ("initrd", "", 5, []),
        ("${a}", "set", 3, []),
    ]


def test_what_was_chosen_comes_from_its_item() -> None:
    text = "menu\nitem a\nchoose x\nkernel /linux ${x}\nboot\n"
    assert given(text)[1] == ("${x}", "item", 3, ["a"])


def test_a_setting_read_as_another_type_is_not_made_of_the_same_characters() -> None:
    text = "set a AB\nset b:string ${a}\nkernel /linux ${b:hex}\nboot\n"
    assert given(text)[1:] == [("${b:hex}", "set", 3, ["41:42"])]


def test_of_settings_within_settings_nothing_is_told() -> None:
    text = "set a b\nset b c\nkernel /linux ${${a}} d\nboot\n"
    assert given(text) == [("kernel", "", 4, ["c d"])]


def test_the_default_is_what_choose_says() -> None:
    (marked,) = (e for e in entries(MENU.replace("DEFAULT", "tools")) if e.default)
    assert [(o.what, o.value, o.line) for o in marked.default_from] == [
        ("choose", "tools", 10),
        ("choose", "rescue", 18),
    ]


# Other scripts


def test_chain_goes_on_in_another_script_and_comes_back() -> None:
    text = "chain sub.ipxe\n"
    assert said(text, "x=${x}", **{"sub.ipxe": "#!ipxe\nset x 1\nexit\nset x 2\n"}) == "x=1"


def test_chain_fails_when_the_other_script_does() -> None:
    text = "chain sub.ipxe || set x 2\n"
    assert said(text, "x=${x}", **{"sub.ipxe": "#!ipxe\nset x 1\nexit 1\n"}) == "x=2"


def test_chain_replace_does_not_come_back() -> None:
    text = "chain --replace --autofree sub.ipxe\nkernel /linux\nboot\n"
    assert entries(text, **{"sub.ipxe": "#!ipxe\nset x 1\n"}) == []


def test_names_in_another_script_are_relative_to_that_one() -> None:
    sub = "#!ipxe\nkernel vmlinuz\ninitrd ../i\nboot\n"
    got = entry("chain deeper/sub.ipxe", **{"deeper/sub.ipxe": sub})
    assert got.kernel == FileRef(url="http://boot.example.org/ipxe/deeper/vmlinuz")
    assert got.initrds == (FileRef(url="http://boot.example.org/ipxe/i"),)
    assert got.config == "http://boot.example.org/ipxe/deeper/sub.ipxe"


def test_a_url_that_does_not_answer_is_named() -> None:
    assert reason("chain gone.ipxe\n") == (
        "http://boot.example.org/ipxe/gone.ipxe cannot be fetched"
    )
    assert said("chain gone.ipxe || set x 1", "${x}") == "1"


def test_what_could_not_be_fetched_is_no_initrd() -> None:
    assert entry("chain gone.ipxe ||\nkernel /linux\nboot\n").initrds == ()


def test_scripts_that_chain_to_each_other_come_to_an_end() -> None:
    assert reason("chain menu.ipxe\n") == "scripts chain to each other without end: given up"
    assert "given up" in reason("chain --replace menu.ipxe\n")


def test_what_is_neither_script_nor_kernel_is_said() -> None:
    assert reason("chain page\n", page="<html>") == (
        "http://boot.example.org/ipxe/page is neither a Linux kernel nor a script for iPXE"
    )


def test_no_more_is_fetched_than_a_limit() -> None:
    text = ":a\ninc n\nchain x${n}.ipxe || goto a\n"
    assert (4, "16 files could not be fetched: no more are asked for") in problems(text)
    there = {f"x{n}.ipxe": "#!ipxe\nexit 1\n" for n in range(300)}
    assert (4, "it wants more than 200 files: given up") in problems(text, **there)


def test_what_a_script_would_send_along_is_no_part_of_the_name() -> None:
    text = "params\nparam mac ${mac}\nchain sub.ipxe##params\n"
    sub = "#!ipxe\nkernel /linux\nboot\n"
    assert entry(text, **{"sub.ipxe": sub}).kernel
    assert problems(text, **{"sub.ipxe": sub})[0] == (
        2,
        "what is fetched is asked for without these parameters",
    )


# Menus

MENU = """
:start
menu Systems
item --gap Linux
item --key d debian Debian  GNU/Linux
item tools ${x}Tools
item
item exit
choose --default DEFAULT --timeout 2500 what && goto ${what} || exit
:debian
kernel /vmlinuz what=${what}
boot
:tools
menu Tools
item --key 0x197e rescue Rescue
item back Back
choose what && goto ${what} || goto start
:rescue
kernel /rescue/vmlinuz
boot
:back
goto start
:exit
exit
"""


def test_each_item_of_a_menu_is_an_entry_with_a_menu_below_it_as_trail() -> None:
    got = entries(MENU)
    assert [(e.trail, e.title, e.name) for e in got] == [
        ((), "Debian GNU/Linux", "debian"),
        (("Tools",), "Rescue", "rescue"),
        (("Tools",), "Back", "back"),
        ((), "exit", "exit"),
    ]
    assert got[0].cmdline == "what=debian"
    assert [e.hotkey for e in got] == ["d", "f12", "", ""]
    assert [e.line for e in got] == [6, 16, 17, 9]


def test_what_leads_back_to_the_menu_is_hidden() -> None:
    assert [(e.name, e.unbootable) for e in entries(MENU) if e.hidden] == [
        ("back", "it leads back to the menu")
    ]


@pytest.mark.parametrize(
    ("default", "marked"),
    [("debian", ["debian"]), ("tools", ["rescue"]), ("exit", ["exit"]), ("unknown", ["debian"])],
)
def test_the_default_is_found_through_menus(default: str, marked: list[str]) -> None:
    got = entries(MENU.replace("DEFAULT", default))
    assert [e.name for e in got if e.default] == marked


def test_a_menus_time_out_is_that_of_the_configuration() -> None:
    assert preferences(MENU.replace("DEFAULT", "debian")) == Preferences(timeout=2.5)


@pytest.mark.parametrize("timeout", ["", "--timeout 0", "--timeout ${unset}"])
def test_a_menu_without_a_time_out_waits_for_a_person(timeout: str) -> None:
    text = f"menu\nitem a\nchoose {timeout} x\n:a\nkernel /linux\nboot\n"
    assert preferences(text).timeout == math.inf


def test_when_the_default_is_no_linux_nothing_boots_alone() -> None:
    assert preferences(MENU.replace("DEFAULT", "exit")).elsewhere


def test_an_item_may_be_the_default_by_itself() -> None:
    text = "menu\nitem a\nitem --default b\nitem c\nchoose x\nkernel /linux ${x}\nboot\n"
    assert [e.default for e in entries(text)] == [False, True, False]


def test_a_menu_may_have_a_name_and_be_kept() -> None:
    text = """
menu --name one One
menu Other
item --menu one a
item b
choose --menu one --keep x
kernel /linux ${x}
boot
"""
    assert [e.cmdline for e in entries(text)] == ["a"]


def test_an_item_that_fails_and_comes_back_says_what_failed() -> None:
    text = ":start\nmenu M\nitem a\nchoose x && goto ${x}\n:a\nchain gone.ipxe || goto start\n"
    assert reason(text) == "http://boot.example.org/ipxe/gone.ipxe cannot be fetched"


def test_what_one_item_sets_another_does_not_see() -> None:
    text = "menu\nitem a\nitem b\nchoose x\nset y ${y}${x}\nkernel /linux ${y}\nboot\n"
    assert [e.cmdline for e in entries(text)] == ["a", "b"]


def test_an_item_without_a_menu_is_a_problem() -> None:
    assert problems("item a\n")[0] == (2, "item: there is no menu that it could be in")


def test_a_thousand_items_are_all_entries() -> None:
    lines = "".join(f"item i{n} Item {n}\n" for n in range(1000))
    labels = "".join(f":i{n}\nkernel /vmlinuz n={n}\nboot\n" for n in range(1000))
    got = entries(f"menu\n{lines}choose x\ngoto ${{x}}\n{labels}")
    assert [e.cmdline for e in got] == [f"n={n}" for n in range(1000)]


# What else there is


@pytest.mark.parametrize(
    ("line", "action"),
    [("exit", "exit"), ("reboot", "reboot"), ("poweroff", "halt"), ("sanboot", "exit")],
)
def test_what_a_script_does_instead_of_booting(line: str, action: str) -> None:
    got = entry(f"{line}\nkernel /linux\nboot\n")
    assert (got.action, bool(got.unbootable), got.kernel) == (action, True, None)


def test_nobody_presses_a_key_in_time_but_somebody_does_without_a_limit() -> None:
    text = "prompt --key 0x02 --timeout 2000 Press Ctrl-B && shell ||\nprompt Any key\n"
    assert said(text, "ok") == "ok"


@pytest.mark.parametrize(("machine", "arch"), [("x86_64", "x86_64"), ("ppc64le", "i386")])
def test_cpuid_knows_a_64_bit_pc(machine: str, arch: str) -> None:
    text = "cpuid --ext 29 && set arch x86_64 || set arch i386"
    assert said(text, "${arch}", machine=machine) == arch


def test_the_network_is_up_where_there_is_a_lease() -> None:
    assert said("dhcp\nifopen net0\nifconf -c dhcp net0 || shell", "${ip}") == "192.0.2.10"
    assert problems("dhcp\nexit\n", lease={}) == [
        (2, "nothing is known of the network here: what DHCP would say is left empty")
    ]


@pytest.mark.parametrize(
    "line", ["sanhook iscsi:x", "login", "imgverify a b", "params", "present --form x ||"]
)
def test_what_cannot_be_done_is_a_problem_and_the_script_goes_on(line: str) -> None:
    text = f"{line}\nkernel /linux\nboot\n"
    assert entry(text).kernel
    assert problems(text)[0][0] == 2


# The network's search

CASES = sorted((Path(__file__).parents[3] / "shared/cases/petitboot").glob("pxe-ipxe*.json"))


@pytest.mark.skipif(not CASES, reason="the cases are not here")
@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_petitboots_cases(path: Path) -> None:
    case = json.loads(path.read_text())
    urls = {url["url"]: url["text"] for url in case["urls"]}
    host = Machine({"eth0": {}}, urls=urls, leases={"eth0": case["network"]["params"]})
    scan = scan_lease(host.files("eth0"), formats())
    for step in case["steps"]:
        assert len(scan.entries) == step["expect"]["option_count"]
        for number, wanted in step["expect"]["options"].items():
            form, got = scan.entries[int(number)]
            facts = {
                "name": got.title,
                "kernel": {"url": got.kernel.url if got.kernel else ""},
                "initrd": {"url": got.initrds[0].url},
                "args": got.cmdline or None,
                "default": got.default,
            }
            assert form == "ipxe"
            assert {key: facts[key] for key in wanted} == wanted

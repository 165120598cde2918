"""iPXE's language and settings, after its documentation and source."""

import pytest

from parsers.api import FileRef, Problem
from parsers.formats.ipxe import FORMAT
from tests.effort import at_most
from tests.fakes import Machine
from tests.parsers.formats.ipxe.scripts import HERE, entries, entry, expand, problems, reason

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
    assert expand("", "a='b  c' \"d\"") == "a='b c' \"d\""


def test_a_setting_with_spaces_stays_one_word() -> None:
    assert expand("set x a  b", "${x}") == "a b"
    assert entries("set x a b\niseq ${x} ${x} && goto ok ||\nexit\n:ok\nkernel /linux\nboot")


def test_a_word_with_a_hash_in_front_ends_the_line() -> None:
    assert expand("", "a b#c #d ${x}") == "a b#c"


def test_a_line_that_ends_with_a_backslash_goes_on_in_the_next() -> None:
    assert expand("", "one\\\ntwo \\\r\n three") == "onetwo three"


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
    assert expand(f"{line}\nset v ${{r}}", "r=${v}") == ("r=y" if runs else "r=")


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
    assert expand(text, "n=${n}") == "n=3"


def test_a_label_counts_where_it_is_first_and_may_have_a_command_behind_it() -> None:
    text = "goto x\n:y\nset r 1\n goto end\n:x set r 2\ngoto end\n:x set r 3\n:end"
    assert expand(text, "r=${r}") == "r=2"


def test_a_loop_without_end_is_given_up() -> None:
    assert reason(":a\ngoto a\n") == "it does not come to an end: given up"


WAITING = {
    "goto": ":a\ngoto a\n",
    "dhcp": ":a\ndhcp || goto a\nchain http://10.0.0.1/boot.ipxe || goto a\n",
    "chain": ":a\nifopen net0 && dhcp net0 && chain http://10.0.0.1/boot.ipxe || goto a\n",
    "sleep": ":a\nsleep 2\ngoto a\n",
    "prompt": ":a\nprompt --timeout 3000 Wait || goto a\n",
}


@pytest.mark.parametrize("script", WAITING.values(), ids=WAITING)
def test_a_script_that_waits_for_ever_costs_little(script: str) -> None:
    with at_most(300_000):
        assert reason(script)


def test_a_loop_that_counts_comes_to_its_end() -> None:
    text = "set n:int32 0\n:again\ninc n\nsleep 1\niseq ${n} 300 || goto again\n"
    assert expand(text, "n=${n}") == "n=300"


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
    assert expand("", words) == value


@pytest.mark.parametrize(
    ("machine", "name"),
    [("aarch64", "arm64"), ("i686", "i386"), ("ppc64le", "ppc64le"), ("riscv64", "riscv64")],
)
def test_the_architecture_has_ipxes_name(machine: str, name: str) -> None:
    assert expand("", "${buildarch}", machine=machine) == name


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
    assert expand(f"set {setting}", words).strip() == value


def test_a_setting_within_a_settings_name_is_put_in_first() -> None:
    assert expand("set a b\nset b c", "${${a}}") == "c"


def test_clear_takes_away_what_was_set_and_the_machines_own_shows_again() -> None:
    assert expand("set ip 192.0.2.1\nset x y\nclear ip\nclear x", "[${x}] ${ip}") == "[] 192.0.2.10"


def test_inc_counts_from_zero_and_by_what_it_is_told() -> None:
    assert expand("inc n\ninc n 4\ninc m", "${n} ${m}") == "5 1"


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
    assert expand("set x 1\nread x", "${x}") == "1"
    assert expand("read --timeout 100 x || set y 2", "${y}") == "2"

"""syslinux.cfg: menus, the default, time-outs and passwords."""

import math

import pytest

from parsers.api import Password
from tests.parsers.formats.syslinux.files import default, entries, problems, wish


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


def test_a_file_included_in_two_menus_is_in_both() -> None:
    others = {"/boot/syslinux/x.cfg": "LABEL k\nLINUX /k\n"}
    text = "UI menu.c32\nMENU BEGIN a\nINCLUDE x.cfg\nMENU END\nMENU BEGIN b\nINCLUDE x.cfg\n"
    assert [(e.name, e.trail) for e in entries(text, others)] == [("k", ("a",)), ("k", ("b",))]
    assert not problems(text, others)


def test_a_default_that_runs_a_label_with_a_menu_is_that_menu() -> None:
    others = {"/boot/syslinux/x.cfg": "DEFAULT b\nTIMEOUT 30\nLABEL a\nLINUX 1\nLABEL b\nLINUX 2\n"}
    text = "DEFAULT go\nLABEL go\nCOM32 whichsys.c32\nAPPEND -sys- x\nLABEL x\nCONFIG x.cfg\n"
    assert default(text, others) == "b"
    assert wish(text, others).timeout == 3
    assert [e.trail for e in entries(text, others)] == [(), ()]
    text = "DEFAULT go\nLABEL go\nCOM32 whichsys.c32\nAPPEND -sys- config.c32 x.cfg\n"
    assert default(text, others) == "b"


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
    ("settings", "name"),
    [
        ("DEFAULT b", "b"),
        ("DEFAULT menu.c32", "a"),
        ("UI menu.c32\nDEFAULT b", "b"),
        ("DEFAULT b\nPROMPT 1\nONTIMEOUT c", "c"),
        ("DEFAULT b\nONTIMEOUT c", "b"),
        ("UI menu.c32\nONTIMEOUT c", "c"),
        ("ONTIMEOUT c", "c"),
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


@pytest.mark.parametrize(
    ("settings", "seconds"),
    [
        ("UI menu.c32\nTIMEOUT 50", None),
        ("UI menu.c32\nTIMEOUT 50\nTOTALTIMEOUT 600", 60),
        ("UI menu.c32\nTOTALTIMEOUT 0", None),
        ("UI menu.c32\nTOTALTIMEOUT " + "9" * 5000, None),
    ],
)
def test_the_time_that_no_key_stops_is_a_wish_of_its_own(
    settings: str, seconds: float | None
) -> None:
    assert wish(f"{settings}\nLABEL a\nLINUX /v\n").total == seconds


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


def test_thousands_of_menus_within_each_other_cost_no_entry() -> None:
    text = "MENU BEGIN a\n" * 5000 + "LABEL a\nLINUX /v\n"
    (entry,) = entries(text)
    assert entry.kernel

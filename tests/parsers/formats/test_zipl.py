"""zipl.conf in detail; whole files are in golden/zipl."""

import math

import pytest

from parsers.api import Entry, FileRef, Item
from tests.parsers.one_file import entries, items, problems, wish

TWO = "[a]\nimage=/a\n[b]\nimage=/b\n"


def read(text: str, **where: object) -> list[Item]:
    return items("zipl", text, machine="s390x", **where)  # type: ignore[arg-type]


def section(text: str, **where: object) -> Entry:
    (entry,) = entries(read(f"[a]\n{text}", **where))
    return entry


@pytest.mark.parametrize(
    ("text", "defaults"),
    [
        (f"[defaultboot]\ndefault=b\n{TWO}", ["b"]),
        (f"[defaultboot]\ndefaultauto\ntarget=/boot\n{TWO}", ["a"]),
        (f"[defaultboot]\ntarget=/boot\ndefault=b\n{TWO}", ["b"]),
        (f"[defaultboot]\ndefaultmenu=m\n{TWO}:m\n1=a\n2=b\ndefault=2\n", ["b"]),
        (f"[defaultboot]\ndefaultmenu=m\n{TWO}:m\n10=a\n9=b\n", ["b"]),
        (f"{TWO}:first\n1=b\n:second\n1=a\n", ["b"]),
        (TWO, []),
    ],
)
def test_what_boots_by_itself(text: str, defaults: list[str]) -> None:
    assert [e.name for e in entries(read(text)) if e.default] == defaults


def test_sections_of_the_menu_come_first_by_their_numbers() -> None:
    text = f"[defaultboot]\ndefaultmenu=m\n[c]\nimage=/c\n{TWO}:m\n2=a\n1=b\n"
    assert [e.name for e in entries(read(text))] == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("settings", "seconds", "style"),
    [
        ("prompt=1\ntimeout=5\n", 5, "menu"),
        ("prompt=1\ntimeout=0\n", math.inf, "menu"),
        ("prompt=1\n", math.inf, "menu"),
        ("timeout=5\n", 0, "hidden"),
    ],
)
def test_only_with_a_prompt_anybody_is_asked(settings: str, seconds: float, style: str) -> None:
    found = wish(read(f"[defaultboot]\ndefaultmenu=m\n{TWO}:m\n1=a\n{settings}"))
    assert (found.timeout, found.style) == (seconds, style)


def test_addresses_in_memory_are_no_part_of_a_name() -> None:
    entry = section("image=/k,0x10000\nramdisk=/i , 800000\n")
    assert (entry.kernel, entry.initrds) == (FileRef(path="/k"), (FileRef(path="/i"),))


@pytest.mark.parametrize(
    ("settings", "cmdline"),
    [
        ("parameters=a b\n", "a b"),
        ("parameters = ' a b '\n", " a b "),
        ('parameters="it\'s"\n', "it's"),
        ("parmfile=/p\n", "x y"),
        ("parmfile=/p,1000\nparameters=z\n", "x y z"),
        ("parameters=${A} ${B}\n", "1 ${B}"),
    ],
)
def test_parameters_come_from_a_file_from_a_line_and_from_variables(
    settings: str, cmdline: str
) -> None:
    others = {"/p": "x\ny\n", "/etc/ziplenv": "A=1\n"}
    assert section(f"image=/k\n{settings}", others=others).cmdline == cmdline


@pytest.mark.parametrize(
    "settings", ["dumpto=/dev/x\n", "mvdump=/list\n", "segment=/s,0x0\n", "image=/k\nkdump=auto\n"]
)
def test_what_boots_no_system_says_so(settings: str) -> None:
    entry = section(settings)
    assert entry.unbootable
    assert entry.kernel is None


def test_an_optional_section_without_its_image_is_left_out() -> None:
    text = "[a]\nimage=/lost\noptional=1\n[b]\nimage=/k\noptional=1\n"
    assert [e.name for e in entries(read(text, others={"/k": ""}))] == ["b"]


def test_another_machine_shows_the_sections_and_why_they_cannot_boot() -> None:
    (entry,) = entries(items("zipl", "[a]\nimage=/k\n", machine="x86_64"))
    assert entry.unbootable == "it is for s390x, this machine is x86_64"


def test_a_default_may_be_an_entry_of_the_boot_loader_specification() -> None:
    text = "[defaultboot]\ndefault=Fedora\n"
    assert not problems(read(text, others={"/boot/loader/entries/a.conf": ""}))
    assert problems(read(text)) == [(2, "no section is called 'Fedora'")]
    apart = {"/etc/fstab": "UUID=aaaa-2 /boot ext4 defaults 0 0\n"}
    there = {"sda2": {"/loader/entries/a.conf": "title Fedora\nlinux /k\n"}}
    assert not problems(items("zipl", text, others=apart, trees=there, machine="s390x"))
    assert problems(items("zipl", text, others=apart, trees={"sda2": {}}, machine="s390x"))


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("image=/k\n", 1, "before the first section"),
        ("[a\n", 1, "neither a section"),
        ("[a]\nimage=/k\nwibble=1\n", 3, "unknown setting"),
        ("[a]\nimage=/k\nimage=/l\n", 3, "a second time"),
        ("[a]\nimage=/k\nparameters='x\n", 3, "quotation mark"),
        ("[a]\nimage=/k\nramdisk=\n", 3, "no value"),
        ("[a]\ntarget=/boot\n", 1, "has no image"),
        ("[a]\nimage=/k\n1=a\n", 3, "belongs into a menu"),
        ("[a]\nimage=/k\n[a]\nimage=/l\n", 3, "called 'a' already"),
        (":m\n1=a\n", 2, "no section is called 'a'"),
        ("[defaultboot]\ndefaultmenu=m\n", 2, "no menu is called 'm'"),
        ("[a]\nimage=/k\nparmfile=/p\n", 3, "is not there"),
        ("[a]\nimage=/k\nparameters=${X}\n", 3, "X is not known"),
    ],
)
def test_each_mistake_is_told_with_its_line(text: str, line: int, word: str) -> None:
    ((where, message),) = problems(read(text))
    assert where == line
    assert word in message

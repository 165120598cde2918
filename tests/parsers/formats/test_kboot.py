"""kboot.conf in detail; whole files are in golden/kboot."""

import pytest

from parsers.api import Entry, FileRef
from tests.parsers.one_file import entries, items, problems, wish


def only(text: str) -> Entry:
    (entry,) = entries(items("kboot", text))
    return entry


def test_what_is_no_setting_is_the_name_of_an_entry() -> None:
    entry = only("a.b-c='/vmlinux initrd=/i dtb=/d root=/dev/sda1 quiet'")
    assert (entry.title, entry.cmdline) == ("a.b-c", "root=/dev/sda1 quiet")
    assert entry.kernel == FileRef(path="/vmlinux")
    assert (entry.initrds, entry.devicetree) == ((FileRef(path="/i"),), FileRef(path="/d"))


@pytest.mark.parametrize(
    ("written", "cmdline"),
    [
        ("'/v a b'", "a b"),
        ('"/v a b"', "a b"),
        ("/v a b", "a b"),
        ("'/v  a\tb '", "a b"),
        ("""'/v x="a b" c'""", 'x="a b" c'),
        ("'/v a' # a comment", "a"),
        ("'/v a#b'", "a#b"),
        ("'/v a=b=c'", "a=b=c"),
    ],
)
def test_quotation_marks_stand_around_the_value_and_within(written: str, cmdline: str) -> None:
    assert only(f"x={written}\n").cmdline == cmdline


def test_general_settings_hold_where_an_entry_says_nothing() -> None:
    first, second = entries(
        items(
            "kboot",
            "root=/dev/a\ninitrd=/i\ndtb=/d\nvideo=x\none='/v q'\n"
            "two='/v root=/dev/b initrd=/j dtb=/e video=y'\n",
        )
    )
    assert first.cmdline == "root=/dev/a video=x q"
    assert second.cmdline == "root=/dev/b video=y"
    assert [r.path for e in (first, second) for r in e.initrds] == ["/i", "/j"]
    assert [e.devicetree for e in (first, second)] == [FileRef(path="/d"), FileRef(path="/e")]


@pytest.mark.parametrize(
    ("kernel", "ref"),
    [
        ("sdb1:/v", FileRef(path="/v", device="sdb1")),
        ("/dev/sdb1:/v", FileRef(path="/v", device="sdb1")),
        ("LABEL=second:/v", FileRef(path="/v", device="sdb1")),
        ("UUID=bbbb-1:/v", FileRef(path="/v", device="sdb1")),
        ("UUID=none:/v", FileRef(path="/v", device="UUID=none")),
        ("tftp://host/v", FileRef(url="tftp://host/v")),
    ],
)
def test_a_file_may_be_on_another_device(kernel: str, ref: FileRef) -> None:
    assert only(f"x='{kernel} y'").kernel == ref


def test_default_may_stand_anywhere_and_without_one_there_is_none() -> None:
    found = items("kboot", "a=/1\nb=/2\ndefault=b\n")
    assert [entry.default for entry in entries(found)] == [False, True]
    assert not any(entry.default for entry in entries(items("kboot", "a=/1\nb=/2\n")))


def test_timeout_is_in_seconds() -> None:
    assert wish(items("kboot", "timeout=10\n")).timeout == 10


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("\na='/v x", 2, "closing quotation mark"),
        ("a=\n", 1, "no value"),
        ("\n\nwords only\n", 3, "not a setting"),
        ("timeout=1s\n", 1, "not a number"),
        ("default=b\na=/v\n", 1, "no entry is called 'b'"),
        ("a=/v\na=/w\n", 2, "called 'a' already"),
        ("a='initrd=/i'\n", 1, "names no kernel"),
        ("root=a\nroot=b\n", 2, "a second time"),
    ],
)
def test_each_mistake_is_told_with_its_line(text: str, line: int, word: str) -> None:
    ((where, message),) = problems(items("kboot", text))
    assert where == line
    assert word in message


def test_screen_and_network_of_other_loaders_are_no_mistakes() -> None:
    text = "#KBOOTCONFIG\n; a comment\nip=1\nnetmask=2\nspeedup=1\nmessage=/m\nvideomode=1\n"
    assert not items("kboot", text)

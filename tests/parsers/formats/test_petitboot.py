"""petitboot.conf in detail; whole files are in golden/native."""

import pytest

from parsers.api import FileRef
from tests.parsers.one_file import entries, items, problems


def test_a_name_opens_an_option_and_repeated_words_are_joined() -> None:
    (entry,) = entries(
        items(
            "native",
            "name A name\nimage /v\ninitrd sdb1:/i\ndtb /d\nargs a\nargs b\n"
            "description one\ndescription two\n",
        )
    )
    assert (entry.title, entry.cmdline, entry.help) == ("A name", "a b", "one\ntwo")
    assert entry.initrds == (FileRef(path="/i", device="sdb1"),)
    assert entry.devicetree == FileRef(path="/d")


@pytest.mark.parametrize("text", ["default b\n{}", "{}default b\n", "{}default b"])
def test_default_may_stand_anywhere(text: str) -> None:
    found = entries(items("native", text.format("name a\nimage /1\nname b\nimage /2\n")))
    assert [entry.default for entry in found] == [False, True]


def test_an_empty_value_costs_itself_alone() -> None:
    found = items("native", "name a\nimage /1\nargs\nname b\nimage /2\n")
    assert [entry.title for entry in entries(found)] == ["a", "b"]
    assert problems(found) == [(3, "'args' has no value")]


def test_the_last_byte_counts_without_a_newline() -> None:
    (entry,) = entries(items("native", "name a\nimage /v\nargs root=/dev/sda1"))
    assert entry.cmdline == "root=/dev/sda1"


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ("image /v\n", 1, "belongs after a name"),
        ("name a\n", 1, "names no kernel"),
        ("name a\nimage /1\nimage /2\n", 3, "the first value counts"),
        ("name a\nimage /1\nname a\nimage /2\n", 3, "called 'a' already"),
        ("default x\nname a\nimage /1\n", 1, "no entry is called 'x'"),
        ("name a\nimage /1\nkernel /2\n", 3, "not a setting"),
        ("default a\ndefault b\nname a\nimage /1\n", 2, "the first value counts"),
    ],
)
def test_each_mistake_is_told_with_its_line(text: str, line: int, word: str) -> None:
    ((where, message),) = problems(items("native", text))
    assert where == line
    assert word in message

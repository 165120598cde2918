"""GRUB's environment block: reading it, and writing it without loss of other lines."""

import pytest

from parsers.binary.envblock import SIGNATURE, BlockError, read, write


def block(body: str, size: int = 120) -> str:
    return (SIGNATURE + body).ljust(size, "#")


def test_writing_keeps_the_size_the_order_and_the_comments() -> None:
    before = block("# WARNING: do not edit\na=1\nno variable\nb=2\n")
    after = write(before, {"a": "a longer one", "c": "3"})
    assert after == block("# WARNING: do not edit\na=a longer one\nno variable\nb=2\nc=3\n")


def test_a_variable_is_removed_and_one_that_is_not_there_stays_away() -> None:
    assert write(block("a=1\nb=2\n"), {"a": None, "x": None}) == block("b=2\n")


def test_the_size_counts_bytes() -> None:
    after = write(block("a=1\n"), {"a": "ä\udcff"})
    assert len(after.encode("utf-8", "surrogateescape")) == 120
    assert read(after) == {"a": "ä\udcff"}


def test_backslashes_and_newlines_come_back() -> None:
    value = "two\nlines \\ and\\\n"
    after = write(block("x=1\n"), {"v": value, "x": "2"})
    assert read(after) == {"x": "2", "v": value}
    assert write(after, {"v": None}) == block("x=2\n")


def test_a_name_that_another_begins_with_is_another() -> None:
    assert write(block("saved_entry_2=b\n"), {"saved_entry": "a"}) == block(
        "saved_entry_2=b\nsaved_entry=a\n"
    )


def test_what_does_not_fit_is_refused_as_a_whole() -> None:
    with pytest.raises(BlockError, match="too small") as caught:
        write(block("a=1\n"), {"a": "2", "b": "x" * 120})
    assert caught.value.number == 18
    write(block("a=1\n"), {"b": "x" * (120 - len(SIGNATURE) - len("a=1\nb=\n"))})


@pytest.mark.parametrize("text", ["", "a=1\n", "# GRUB Environment Block"])
def test_what_is_no_block_is_neither_read_nor_written(text: str) -> None:
    for attempt in (lambda: read(text), lambda: write(text, {"a": "1"})):
        with pytest.raises(BlockError) as caught:
            attempt()
        assert caught.value.number == 4


def test_a_block_whose_last_line_does_not_end_is_not_written() -> None:
    with pytest.raises(BlockError) as caught:
        write(SIGNATURE + "a=1\nb=2", {"a": "3"})
    assert caught.value.number == 18

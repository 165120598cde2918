"""GRUB's environment block: reading it, and writing it without loss of other lines."""

from collections.abc import Iterator

import pytest

from parsers.binary import envblock
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


def cuts(old: bytes, change: dict[str, str | None]) -> Iterator[bytes]:
    """Yield the block as it is after each sector that is written."""
    now = bytearray(old)
    for block in envblock.plan_writes(old.decode(), change):
        for at in range(0, len(block), 512):
            now[at : at + 512] = block[at : at + 512]
            yield bytes(now)


def make(size: int, **values: str) -> bytes:
    return envblock.write(envblock.SIGNATURE.ljust(size, "#"), values).encode()


def find_wrong(state: bytes, old: bytes, new: bytes) -> set[str]:
    """Return the variables that have neither their old nor their new value."""
    found, before, after = (envblock.read(block.decode()) for block in (state, old, new))
    names = {*before, *after}
    return {n for n in names if found.get(n) not in (before.get(n), after.get(n))}


VALUES: tuple[dict[str, str | None], ...] = (
    {"next_entry": ""},
    {"next_entry": None},
    {"next_entry": "another one, which is longer"},
    {"boot_success": "0"},
    {"kernelopts": "root=/dev/vda2"},
    {"recordfail": "1"},
    {"next_entry": None, "recordfail": "1"},
)


@pytest.mark.parametrize("change", VALUES, ids=str)
def test_a_power_cut_between_sectors_leaves_the_old_or_the_new_variables(
    change: dict[str, str | None],
) -> None:
    for length in range(520):
        old = make(
            1024,
            next_entry="debian",
            kernelopts="x" * (length // 2),
            tuned_params="y" * (length - length // 2),
            boot_success="1",
            saved_entry="0123456789abcdef-6.12.0",
        )
        new, last = envblock.write(old.decode(), change).encode(), old
        for last in cuts(old, change):
            assert not find_wrong(last, old, new), length
        assert last == new


def test_without_room_for_a_safe_way_the_block_is_written_all_the_same() -> None:
    old = make(1024, next_entry="debian", kernelopts="x" * 900)
    new = envblock.write(old.decode(), {"next_entry": None}).encode()
    assert list(envblock.plan_writes(old.decode(), {"next_entry": None})) == [new]


def test_where_one_sector_changes_one_block_is_written() -> None:
    old = make(1024, next_entry="debian", saved_entry="x")
    change = {"next_entry": "", "recordfail": "1"}
    assert len(list(envblock.plan_writes(old.decode(), change))) == 1
    assert not list(envblock.plan_writes(old.decode(), {"next_entry": "debian"}))

"""Unique names of entries."""

import pytest

from parsers.reading.names import make_unique


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        ([], []),
        (["a", "b"], ["a", "b"]),
        (["a", "a", "a"], ["a", "a~2", "a~3"]),
        (["a", "a", "a~2"], ["a", "a~3", "a~2"]),
        (["a~2", "a", "a"], ["a~2", "a", "a~3"]),
        (["a", "a~2", "a~2", "a"], ["a", "a~2", "a~2~2", "a~3"]),
    ],
)
def test_the_first_keeps_its_name_and_no_other_loses_its_own(
    names: list[str], unique: list[str]
) -> None:
    assert make_unique(names) == unique

"""Check that the lines of growth measure whole configurations, and that the work is linear."""

import pytest

from parsers.api import Entry, Problem
from tests.bench.grub import parses
from tests.bench.scaling import nested, write_kilobytes
from tests.bench.selection import is_chosen
from tests.effort import count_lines


@pytest.mark.parametrize("text", [nested(10), write_kilobytes(1), write_kilobytes(1000)])
def test_nothing_is_wrong_with_a_measured_configuration(text: str) -> None:
    items = parses(text)()
    assert any(isinstance(item, Entry) for item in items)
    assert not [item for item in items if isinstance(item, Problem)]


def test_ten_times_the_kilobytes_cost_ten_times_the_work() -> None:
    few, many = (count_lines(parses(write_kilobytes(size))) for size in (100, 1000))
    assert many < 11 * few


def test_each_level_of_submenus_costs_as_much_as_the_one_before() -> None:
    few, many = (count_lines(parses(nested(depth))) for depth in (2, 10))
    assert many < 5.5 * few


def test_a_selection_has_all_words_of_one_option() -> None:
    assert is_chosen("Petipy, tailored kernel, SLOF", ["memory", "petipy slof"])
    assert not is_chosen("Petipy, tailored kernel, VOF", ["memory", "petipy slof"])
    assert is_chosen("anything", [])

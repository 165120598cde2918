"""The lines of a screen: they cost as much as is printed, however many there are."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from petipy.ui.kit.screen import Row
from petipy.ui.transcript import Transcript, describe_keys, find_field, read_lines
from tests.effort import count_lines
from tests.ui.driver import Driver
from tests.ui.fakes import Machine, choice

COUNTS = (100, 10_000)
PAGE = 20


def open_menu(count: int) -> tuple[Driver, Transcript]:
    """Return a menu with entries on three disks, and its lines, of which a page is printed."""
    machine = Machine()
    entries = tuple(choice(f"Linux {n}", f"sd{min(n // 5, 2)}") for n in range(count))
    machine.store.update(choices=entries, default=entries[2].id)
    driver = Driver(machine)
    driver.view.show(machine.store.snapshot)
    transcript = Transcript(driver.view.screen)
    transcript.take(PAGE)
    return driver, transcript


def change(driver: Driver, first: int, last: int | None = None) -> None:
    """Keep some of the entries alone."""
    old = driver.machine.store.snapshot
    new = replace(old, version=old.version + 1, choices=old.choices[first:last])
    driver.machine.store.snapshot = new
    driver.view.show(new)


def print_page(driver: Driver) -> None:
    transcript = Transcript(driver.view.screen)
    assert len(transcript.take(PAGE)) == PAGE


def notice_a_change(driver: Driver) -> None:
    transcript = Transcript(driver.view.screen)
    transcript.take(PAGE)
    store = driver.machine.store
    store.update(problems=(*store.snapshot.problems,))
    driver.view.show(replace(store.snapshot, choices=(*store.snapshot.choices, choice("New"))))
    assert not transcript.has_changed()
    assert len(transcript.take(PAGE)) == PAGE


def use_a_printed_number(driver: Driver) -> None:
    transcript = Transcript(driver.view.screen)
    transcript.take(PAGE)
    assert transcript.find_row(10) == 11
    change(driver, 1)
    assert transcript.find_row(10) == 10


def list_keys(driver: Driver) -> None:
    assert "NUMBER" in describe_keys(driver.view.screen, (), str.format)
    assert find_field(driver.view.screen) is None


@pytest.mark.parametrize("work", [print_page, notice_a_change, use_a_printed_number, list_keys])
def test_ten_thousand_entries_cost_as_much_as_a_hundred(work: Callable[[Driver], None]) -> None:
    few, many = (open_menu(count)[0] for count in COUNTS)
    work(open_menu(COUNTS[0])[0])  # what the first use imports does not count
    assert count_lines(lambda: work(many)) <= 1.05 * count_lines(lambda: work(few))


def test_a_number_that_was_not_printed_makes_no_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    _, transcript = open_menu(10_000)
    numbers = {line.number: line.position for line in read_lines(open_menu(10_000)[0].view.screen)}
    made: list[Row] = []
    monkeypatch.setattr(Row, "__init__", lambda self, *_: made.append(self))
    for number in (21, 5000, 10_000):
        assert transcript.find_row(number) == numbers[number]
    assert transcript.find_row(10_001) == -1
    assert transcript.find_row(0) == -1
    assert made == []


def test_a_number_that_was_not_printed_means_nothing_after_a_change() -> None:
    driver, transcript = open_menu(100)
    change(driver, 0, 99)
    assert transcript.find_row(50) is None
    assert transcript.find_row(5) == 5
    assert transcript.may_have_changed()
    assert not transcript.has_changed()


def test_pages_go_on_in_the_rows_that_are_there_now() -> None:
    driver, transcript = open_menu(100)
    change(driver, 0, 30)
    assert not transcript.has_changed()
    rest = transcript.take(PAGE)
    assert [line.text.strip() for line in rest] == [f"Linux {n}" for n in range(17, 30)]
    assert not transcript.may_have_changed()
    change(driver, 0, 29)
    assert transcript.has_changed()


def test_a_row_that_comes_after_the_end_is_a_change() -> None:
    driver, transcript = open_menu(15)
    assert transcript.find_row(15) == 17
    driver.machine.store.update(
        choices=(*driver.machine.store.snapshot.choices, choice("New", "sd2"))
    )
    driver.view.show(driver.machine.store.snapshot)
    assert transcript.has_changed()
    assert transcript.find_row(16) == -1

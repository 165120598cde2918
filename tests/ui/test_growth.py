"""Twice the menu costs the screens at most about twice the work."""

from collections.abc import Callable

import pytest

from parsers.api import Problem
from petipy.state import policy
from petipy.state.model import Snapshot, Source
from petipy.ui.line.countdown import CountdownLines
from petipy.ui.listing import MenuPath
from petipy.ui.outline import build_rows
from tests.effort import count_lines
from tests.ui.driver import Driver
from tests.ui.fakes import Machine, choice, device

FEW = 100


def make_submenus(count: int) -> Snapshot:
    entries = tuple(choice("Linux", trail=(f"Menu {n}",), hotkey="z") for n in range(count))
    return Snapshot(choices=entries, default=entries[-1].id)


def make_deep_submenus(count: int) -> Snapshot:
    trails = (tuple(f"Menu {n} {depth}" for depth in range(10)) for n in range(count))
    entries = tuple(choice("Linux", trail=trail) for trail in trails)
    return Snapshot(choices=entries, default=entries[-1].id)


def make_one_submenu(count: int) -> Snapshot:
    entries = tuple(choice(f"Linux {n}", trail=("Menu",)) for n in range(count))
    return Snapshot(choices=entries, default=entries[-1].id)


def make_devices(count: int) -> Snapshot:
    sources = tuple(Source.of(device(f"sd{n}", f"sd{n}: disk"), "ready") for n in range(count))
    entries = tuple(choice("Linux", f"sd{n}", waits_for="a disk") for n in range(count))
    problems = tuple((f"sd{n}", Problem("/grub.cfg", 1, "bad")) for n in range(count))
    return Snapshot(sources=sources, choices=entries, problems=problems)


SHAPES = [make_submenus, make_deep_submenus, make_one_submenu, make_devices]
KEYS = {
    "menu": ["end", "page up"],
    "submenu": ["end", "enter"],
    "log": ["l", "tab", "tab"],
    "find": ["/", "l", "i"],
    "details": ["end", "i"],
    "editor": ["end", "e"],
    "order": ["S", "down", "enter", "end", "enter", "+"],
}


def grow(shape: Callable[[int], Snapshot], use: Callable[[Snapshot], object]) -> float:
    """Return by how much the work grows with twice the menu."""
    few, many = (shape(count) for count in (FEW, 2 * FEW))
    use(few)  # what the first use imports or keeps does not count
    return count_lines(lambda: use(many)) / count_lines(lambda: use(few))


def press(snapshot: Snapshot, keys: list[str]) -> None:
    machine = Machine()
    machine.store.snapshot = snapshot
    for number in range(len(snapshot.choices)):
        machine.say(f"line {number}")
    Driver(machine).press(*keys).lines()


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("keys", KEYS.values(), ids=KEYS)
def test_screens(shape: Callable[[int], Snapshot], keys: list[str]) -> None:
    assert grow(shape, lambda snapshot: press(snapshot, keys)) < 2.2


@pytest.mark.parametrize("shape", SHAPES)
def test_rows_and_searches(shape: Callable[[int], Snapshot]) -> None:
    assert grow(shape, build_rows) < 2.2
    assert grow(shape, lambda snapshot: build_rows(snapshot, MenuPath(), "linux")) < 2.2


@pytest.mark.parametrize("shape", SHAPES)
def test_the_countdown_and_the_automatic_boot(shape: Callable[[int], Snapshot]) -> None:
    assert grow(shape, lambda snapshot: policy.decide(snapshot, policy.Hints(since=0), 5)) < 2.2
    lines = CountdownLines()
    assert grow(shape, lambda snapshot: lines.update(snapshot, [], 0, True)) < 2.2


def test_submenus_of_a_large_menu_keep_their_default_and_their_keys() -> None:
    first, *_, last = [row for row in build_rows(make_submenus(2000)) if row.selectable]
    assert (first.text, first.key, first.default) == ("Menu 0", "", False)
    assert (last.text, last.default) == ("Menu 1999", True)

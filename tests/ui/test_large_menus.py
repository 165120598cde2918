"""A menu of ten thousand entries costs no more work than one of a hundred."""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from petipy.state.boots import Countdown
from petipy.state.model import Snapshot, Source, Status
from petipy.ui.kit import theme
from tests.effort import count_lines
from tests.ui.driver import Driver
from tests.ui.fakes import Machine, choice, device

FEW, MANY = 100, 10_000


@cache
def make_plain(count: int) -> Snapshot:
    return finish(tuple(choice(f"Linux {n}") for n in range(count)))


@cache
def make_devices(count: int) -> Snapshot:
    """Return a hundred disks, the last of which is locked."""
    names = [f"sd{n:02}" for n in range(100)]
    snapshot = finish(tuple(choice(f"Linux {n}", names[min(n // 2, 98)]) for n in range(count)))
    sources = [Source.of(device(name), "ready") for name in names]
    sources[-1] = replace(sources[-1], state="locked", reason="it is encrypted")
    return replace(snapshot, sources=tuple(sources))


@cache
def make_submenus(count: int) -> Snapshot:
    return finish(
        tuple(
            choice(f"Linux {n}", trail=(f"Menu {n // 2}",) if n % 5 else (), hotkey="z")
            for n in range(count)
        )
    )


@cache
def make_own(count: int) -> Snapshot:
    """Return entries, among them such as start Petipy itself, hidden ones and obstacles."""
    return finish(
        tuple(
            choice(f"Linux {n}", hidden=n % 7 == 3, itself=n % 11 == 5, unbootable="a" * (n % 3))
            for n in range(count)
        )
    )


def finish(choices: tuple[object, ...]) -> Snapshot:
    snapshot = Snapshot(version=1, choices=choices, settled=True)  # type: ignore[arg-type]
    return replace(snapshot, default=snapshot.choices[1].id)


SHAPES = [make_plain, make_devices, make_submenus, make_own]
KEYS = ["down", "page down", "up", "/", "l", "i", "down", "page down", "esc", "page up"]


def open_menu(snapshot: Snapshot, look: theme.Theme = theme.SERIAL) -> Driver:
    machine = Machine()
    machine.store.snapshot = snapshot
    driver = Driver(machine, look=look, size=(200, 60) if look.pane else (80, 24))
    driver.lines()
    return driver


def compare(
    work: Callable[[Snapshot], Callable[[], object]], shape: Callable[[int], Snapshot]
) -> None:
    """Fail if the work with a hundred times the entries takes more lines of Python."""
    few, many = shape(FEW), shape(MANY)
    work(few)()  # what the first use imports does not count
    assert count_lines(work(many)) <= 1.05 * count_lines(work(few))


@pytest.mark.parametrize("look", [theme.SERIAL, replace(theme.SERIAL, pane=True)], ids=["", "pane"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_menu_opens(shape: Callable[[int], Snapshot], look: theme.Theme) -> None:
    compare(lambda snapshot: lambda: open_menu(snapshot, look), shape)


@pytest.mark.parametrize("shape", SHAPES)
def test_keys(shape: Callable[[int], Snapshot]) -> None:
    open_menu(shape(FEW)).press(*KEYS)
    few, many = open_menu(shape(FEW)), open_menu(shape(MANY))
    for key in KEYS:
        less = count_lines(lambda key=key: few.press(key).lines())  # type: ignore[misc]
        assert count_lines(lambda key=key: many.press(key).lines()) <= 1.05 * less  # type: ignore[misc]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_tick_of_the_countdown(shape: Callable[[int], Snapshot]) -> None:
    def tick(snapshot: Snapshot) -> Callable[[], object]:
        driver = open_menu(snapshot)
        clock, store = driver.machine.clock, driver.machine.store
        clock.stop()
        store.update(countdown=Countdown(choice=snapshot.default, until=clock() + 30))
        assert "30 s until Linux 1 boots" in driver.text

        def go_on() -> None:
            clock.forward(10)
            assert "20 s until Linux 1 boots" in driver.text

        return go_on

    compare(tick, shape)


@pytest.mark.parametrize("shape", SHAPES)
def test_entries_that_come_and_go(shape: Callable[[int], Snapshot]) -> None:
    """The cursor stays on its entry."""

    def change(snapshot: Snapshot) -> Callable[[], object]:
        driver = open_menu(snapshot).press("down", "down")
        focused = driver.focused()
        new = choice("New", snapshot.choices[0].device)
        more, less = (new, *snapshot.choices), snapshot.choices[1:]
        status = Status(at=1, level="info", text="news")

        def come_and_go() -> None:
            for choices in (more, less):
                driver.machine.store.snapshot = replace(
                    driver.machine.store.snapshot,
                    version=driver.machine.store.snapshot.version + 1,
                    choices=choices,
                    status=status,
                )
                assert driver.focused() == focused

        return come_and_go

    compare(change, shape)


def test_the_last_row_is_found_and_the_cursor_stays_there() -> None:
    driver = open_menu(make_plain(MANY)).press("end")
    assert driver.focused() == ">   Linux 9999"
    driver.machine.store.update(choices=driver.machine.store.snapshot.choices[5:])
    assert driver.focused() == ">   Linux 9999"
    assert driver.press("home").focused() == ">   Linux 5"

"""The pane with the details of the entry under the cursor, where the line is fast enough."""

import asyncio

import pytest

from petipy.ui.console import Console
from petipy.ui.kit import theme
from petipy.ui.kit.screen import VALUE
from tests.ui.consoles import console_at, open_menu
from tests.ui.driver import Driver
from tests.ui.emulator import Emulator, run
from tests.ui.fakes import ADVANCED, DEBIAN, Machine, choice

WIDE, TALL = (128, 48), (100, 48)
FACT = "Written in:   /boot/grub/grub.cfg, line 12 (grub)"


@pytest.mark.parametrize("size", [WIDE, TALL])
def test_it_follows_the_cursor(size: tuple[int, int]) -> None:
    driver = Driver(Machine(), size, theme.VIRTUAL)
    assert FACT in driver.text
    assert "It cannot be booted now: it is a program for the firmware." not in driver.text
    assert "It cannot be booted now: it is a program for" in driver.press("down", "down").text


def test_it_lists_what_is_in_a_submenu() -> None:
    driver = Driver(Machine(), WIDE, theme.VIRTUAL).press("down")
    assert driver.text.count(ADVANCED) == 2
    assert f"  {DEBIAN}, with Linux 6.12.43+deb13-powerpc64le" in driver.text


def test_a_long_value_goes_on_below_its_beginning() -> None:
    machine = Machine()
    words = "root=/dev/mapper/a " * 5
    entry = choice("Long", kernel="/" + "k" * 60, cmdline=words.strip())
    machine.store.update(choices=(entry,), default=entry.id)
    driver = Driver(machine, WIDE, theme.VIRTUAL)
    left = next(line for line in driver.lines() if "Kernel:" in line).index("Kernel:")
    pane = [line[left:].rstrip() for line in driver.lines()]
    at = pane.index(next(line for line in pane if line.startswith("Kernel:")))
    assert pane[at] + pane[at + 1].strip() == "Kernel:       /" + "k" * 60
    below = pane[at + 1], *(line for line in pane if line.startswith(" ") and "mapper" in line)
    assert {len(line) - len(line.lstrip()) for line in below} == {VALUE}
    assert len(below) == 3


@pytest.mark.parametrize(
    ("size", "look"), [((119, 33), theme.VIRTUAL), (WIDE, theme.SERIAL), (TALL, theme.SERIAL)]
)
def test_a_small_terminal_and_a_serial_line_have_none(
    size: tuple[int, int], look: theme.Theme
) -> None:
    assert FACT not in Driver(Machine(), size, look).text


def test_page_keys_turn_the_rows_of_the_list() -> None:
    machine = Machine()
    many = tuple(choice(f"Kernel {number}") for number in range(100))
    machine.store.update(choices=many, default=many[0].id)
    driver = Driver(machine, TALL, theme.VIRTUAL)
    driver.lines()
    driver.press("page down")
    shown = [line for line in driver.lines() if "  Kernel" in line]
    assert driver.focused().split()[-1] in {str(number) for number in range(25, 34)}
    assert len(shown) < 35


def test_a_hostile_entry_cannot_fill_more_than_the_pane() -> None:
    machine = Machine()
    entry = choice("x" * 100_000, cmdline="\x1b[2J" * 100_000)
    machine.store.update(choices=(entry,), default=entry.id)
    for size in (WIDE, TALL):
        driver = Driver(machine, size, theme.VIRTUAL)
        assert [len(line) <= size[0] for line in driver.lines()] == [True] * size[1]
        assert "\x1b" not in driver.text


def test_in_a_terminal_that_somebody_attaches() -> None:
    async def scenario() -> None:
        emulator = Emulator(*WIDE, knows_size=True)
        console = Console(emulator.path, Machine().session("ssh"), term="vt220")
        showing = asyncio.create_task(console.attend())
        await emulator.until(FACT)
        showing.cancel()
        await asyncio.wait({showing})
        emulator.close()

    run(scenario())


def test_on_the_virtual_terminal_and_on_no_serial_line() -> None:
    async def scenario() -> None:
        for term, shown in (("linux", True), ("vt220", False)):
            emulator = Emulator(*WIDE, knows_size=True)
            async with console_at(Machine(), emulator, term=term):
                await open_menu(emulator)
                assert (FACT in emulator.text) == shown

    run(scenario())

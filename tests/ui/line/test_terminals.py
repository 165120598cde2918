"""Terminals of many sizes and speeds, and terminals that come and go."""

import asyncio
import os
import signal
import termios
from pathlib import Path

import pytest

from petipy.ui.console import Console
from petipy.ui.consoles import Consoles
from petipy.ui.line import probe, watch, writer
from petipy.ui.line.writer import LIMIT
from tests.ui.consoles import PROMPT, console_at, counting_machine, open_menu, serve
from tests.ui.emulator import Emulator, run
from tests.ui.fakes import Machine, choice, looking


def test_the_size_comes_from_the_cursor_in_the_far_corner(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "PATIENCE", 60.0)  # the answer counts, however slow the machine is

    async def scenario() -> None:
        emulator = Emulator(90, 30)
        async with console_at(counting_machine(), emulator):
            await open_menu(emulator)
            assert emulator.lines()[29].startswith("Enter boot")
            assert termios.tcgetwinsize(emulator.theirs) == (30, 90)

    run(scenario())


def test_or_from_the_window_s_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "PATIENCE", 2.0)  # until the second question, and for its answer

    async def scenario() -> None:
        emulator = Emulator(40, 12)
        emulator.answers = {b"\x1b[18t": b"\x1b[8;12;40t"}
        async with console_at(counting_machine(), emulator):
            await open_menu(emulator)
            assert emulator.lines()[11] == "Enter boot  e edit  h help  i info"

    run(scenario())


def test_a_terminal_that_answers_nothing_has_80_columns_and_24_rows() -> None:
    async def scenario() -> None:
        emulator = Emulator(100, 40)
        emulator.answers = {}
        async with console_at(counting_machine(), emulator):
            await open_menu(emulator)
            assert emulator.lines()[23].startswith("Enter boot")

    run(scenario())


def test_the_budgets_of_a_serial_line() -> None:
    async def scenario() -> None:
        machine = Machine()
        long = tuple(
            choice(f"Debian GNU/Linux, with Linux 6.12.{n}+deb13-powerpc64le") for n in range(12)
        )
        machine.store.update(choices=long, default=long[0].id)
        async with console_at(machine) as (emulator, _):
            await emulator.until(PROMPT)
            before = len(emulator.received)
            await open_menu(emulator)
            await emulator.quiet()
            assert len(emulator.received) - before <= 1500
            assert await emulator.spent("j") <= 100
            assert await emulator.spent("\x1b[B") <= 100
            before = len(emulator.received)
            await asyncio.sleep(0.5)
            assert len(emulator.received) == before

    run(scenario())


def test_news_are_drawn_at_most_four_times_a_second() -> None:
    async def scenario() -> None:
        machine = Machine()
        known = machine.store.snapshot.sources
        async with console_at(machine) as (emulator, _):
            await open_menu(emulator)
            await emulator.quiet()
            before = len(emulator.received)
            for number in range(100):
                machine.store.update(sources=(*known, *looking(f"sd{number}")))
                await asyncio.sleep(0)
            await emulator.until("Looking at sd99")
            assert len(emulator.received) - before < 400

    run(scenario())


def test_a_resized_terminal_is_filled_at_the_next_key() -> None:
    async def scenario() -> None:
        async with console_at(Machine(), Emulator(knows_size=True)) as (emulator, _):
            await open_menu(emulator)
            emulator.answers = {}
            emulator.resize(60, 20)
            emulator.type("\x0c")
            await emulator.until(lambda: emulator.lines()[19].startswith("Enter boot"))
            emulator.resize(80, 24)
            emulator.type("j")
            await emulator.until(lambda: emulator.lines()[23].startswith("Enter boot"))

    run(scenario())


def fills(emulator: Emulator) -> bool:
    """Return True if the menu is in the first and in the last line of the terminal."""
    lines = emulator.lines()
    return lines[0] == "Petipy 0.1 - Boot menu" and lines[-1].startswith("Enter boot")


@pytest.mark.parametrize("look", [0.02, 3600.0], ids=["looked at", "signal"])
def test_a_resized_terminal_is_filled_without_a_key(
    look: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "_LOOK", look)

    async def scenario() -> None:
        emulator = Emulator(knows_size=True)
        console = Console(emulator.path, Machine().session())
        serving = asyncio.create_task(Consoles().serve([console]))
        await open_menu(emulator)
        emulator.answers = {}
        for columns, rows in ((500, 200), (40, 12), (100, 30)):
            await emulator.quiet()
            emulator.resize(columns, rows)
            if look > 1:
                os.kill(os.getpid(), signal.SIGWINCH)
            await emulator.until(lambda: fills(emulator))
        serving.cancel()
        await asyncio.wait({serving})
        emulator.close()

    run(scenario())


@pytest.mark.parametrize("size", [(40, 12), (200, 60)])
def test_a_reader_that_comes_back_is_asked_for_its_size(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "STUCK", 0.0)
    monkeypatch.setattr(probe, "PATIENCE", 60.0)

    async def scenario() -> None:
        machine = Machine()
        async with console_at(machine) as (emulator, console):
            await open_menu(emulator)
            emulator.reading(False)
            console._terminal.write(LIMIT * "x")
            await emulator.until(lambda: console._terminal.busy)
            columns, rows = size
            emulator.screen.resize(rows, columns)
            emulator.answers = {b"\x1b[6n": f"\x1b[{rows};{columns}R".encode()}
            emulator.reading(True)
            await emulator.until(lambda: fills(emulator))
            assert termios.tcgetwinsize(emulator.theirs) == (rows, columns)

    run(scenario())


@pytest.mark.parametrize("menu", [False, True])
def test_a_terminal_that_nobody_reads_costs_the_others_nothing(menu: bool) -> None:
    async def scenario() -> None:
        machine = counting_machine()
        async with (
            console_at(machine) as (stuck, _),
            console_at(machine, name="hvc1") as (other, _),
        ):
            await stuck.until(PROMPT)
            if menu:
                await open_menu(stuck)
            stuck.reading(False)
            for number in range(400):
                machine.say(f"line {number} " + 1000 * "x", "error")
                if number % 40 == 0:
                    await asyncio.sleep(0.01)
                if menu:
                    stuck.type("h\x7f")
            await open_menu(other)
            stuck.reading(True)
            await stuck.until(PROMPT if not menu else "line 399")
            assert len(stuck.received) < 4 * LIMIT

    run(scenario())


def test_a_terminal_that_hangs_up_is_opened_again_and_starts_from_the_countdown(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        machine = counting_machine()
        first, second = Emulator(), Emulator()
        node = tmp_path / "hvc0"
        node.symlink_to(first.path)
        async with serve(Console(str(node), machine.session())):
            await open_menu(first)
            node.unlink()
            node.symlink_to(second.path)
            first.close()
            await second.until(PROMPT)
            await open_menu(second)
        second.close()

    run(scenario())


def test_a_terminal_that_is_not_there_yet_is_found_later(tmp_path: Path) -> None:
    async def scenario() -> None:
        emulator = Emulator()
        node = tmp_path / "hvc1"
        async with serve(Console(str(node), Machine().session())):
            await asyncio.sleep(0)  # the console starts, and finds no terminal
            node.symlink_to(emulator.path)
            await emulator.until(PROMPT)
        emulator.close()

    run(scenario())

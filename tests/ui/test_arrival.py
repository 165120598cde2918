"""Whoever comes late to a console sees everything."""

import asyncio

import pytest

from petipy.ui.line import watch
from petipy.ui.line.terminal import Terminal
from tests.ui.consoles import PROMPT, console_at, counting_machine, open_menu
from tests.ui.emulator import Emulator, run
from tests.ui.fakes import DEBIAN, Machine


async def see_nothing(emulator: Emulator) -> None:
    """Put a terminal in the other's place that has shown nothing so far."""
    await emulator.quiet()
    emulator.screen.reset()


def test_enter_on_an_idle_menu_draws_it_and_boots_nothing() -> None:
    async def scenario() -> None:
        machine = Machine()
        async with console_at(machine) as (emulator, _):
            await open_menu(emulator)
            machine.clock.stop()
            machine.clock.forward(61)
            await see_nothing(emulator)
            emulator.type("\r")
            await emulator.until("Drawn anew after a pause; the next Enter counts")
            assert emulator.focused() == f"> * {DEBIAN}"
            emulator.type("\r")  # a person who is impatient
            await emulator.until_read()
            await emulator.quiet()
            assert machine.booted == []
            machine.clock.forward(2)
            emulator.type("\r")
            await emulator.until(lambda: bool(machine.booted))

    run(scenario())


@pytest.mark.parametrize("key", ["\x0c", "j"])
def test_other_keys_draw_it_too(key: str) -> None:
    async def scenario() -> None:
        machine = Machine()
        async with console_at(machine) as (emulator, _):
            await open_menu(emulator)
            machine.clock.forward(301)
            await see_nothing(emulator)
            emulator.type(key)
            await emulator.until("Boot menu")
            await emulator.until("Enter boot")
            assert ("Advanced" in emulator.focused()) == (key == "j")

    run(scenario())


def test_ctrl_l_prints_the_countdown_again_and_does_not_stop_it() -> None:
    async def scenario() -> None:
        machine = counting_machine()
        async with console_at(machine) as (emulator, _):
            await emulator.until(PROMPT)
            await see_nothing(emulator)
            emulator.type("\x0c")
            await emulator.until(PROMPT)
            assert emulator.lines()[1:3] == ["Petipy 0.1", f"Default: {DEBIAN} (vda2)"]
            assert machine.here == 0

    run(scenario())


class Line:
    """The signals of a line."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.carrier = True
        monkeypatch.setattr(watch, "_LOOK", 0.02)
        monkeypatch.setattr(Terminal, "carrier", property(lambda _: self.carrier))

    async def connect_again(self, emulator: Emulator) -> None:
        """Let one terminal go and another come."""
        self.carrier = False
        await see_nothing(emulator)
        await asyncio.sleep(0.1)
        self.carrier = True


def test_a_terminal_that_comes_during_the_countdown_gets_it_whole(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> None:
        machine = counting_machine()
        line = Line(monkeypatch)
        async with console_at(machine) as (emulator, _):
            await emulator.until(PROMPT)
            await line.connect_again(emulator)
            await emulator.until(PROMPT)
            assert f"Default: {DEBIAN} (vda2)" in emulator.text
            assert machine.here == 0

    run(scenario())


def test_a_terminal_that_comes_during_the_menu_gets_it_in_its_own_size(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def scenario() -> None:
        line = Line(monkeypatch)
        async with console_at(counting_machine()) as (emulator, _):
            await open_menu(emulator)
            emulator.screen.resize(30, 90)
            emulator.answers = {b"\x1b[6n": b"\x1b[30;90R"}
            await line.connect_again(emulator)
            await emulator.until(lambda: emulator.lines()[29].startswith("Enter boot"))
            assert emulator.lines()[0] == "Petipy 0.1 - Boot menu"

    run(scenario())


@pytest.mark.parametrize("pieces", [[b"\x1b[40;100R"], [b"\x1b", b"[40;1", b"00R"]])
def test_an_answer_about_the_size_may_come_late_and_in_pieces(pieces: list[bytes]) -> None:
    async def scenario() -> None:
        machine = counting_machine()
        emulator = Emulator(100, 40)
        emulator.answers = {}
        async with console_at(machine, emulator):
            await open_menu(emulator)
            assert emulator.lines()[23].startswith("Enter boot")
            machine.clock.stop()
            for piece in pieces:
                emulator.type(piece)
                await emulator.until_read()
                machine.clock.forward(0.14)
            await emulator.until(lambda: emulator.lines()[39].startswith("Enter boot"))
            emulator.type("\x1b[12;30R")  # Shift-F3 is no answer
            await emulator.until_read()
            emulator.type("j")
            await emulator.until(lambda: "Advanced" in emulator.focused())
            assert emulator.lines()[39].startswith("Enter boot")

    run(scenario())

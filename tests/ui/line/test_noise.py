"""Input that is no key: noise, answers of the terminal, sequences in pieces."""

import asyncio
import random
from collections.abc import Iterator

import pytest

from petipy.ui.line import terminal
from petipy.ui.line.keyboard import Keyboard
from petipy.ui.line.keys import PersonDetector
from tests.ui.consoles import PROMPT, console_at, counting_machine, open_menu
from tests.ui.emulator import Emulator, run
from tests.ui.fakes import DEBIAN

BURSTS = 10_000
# Bytes of which noise is made: any; those of a line that is cut or plugged in; those of sequences.
ANY, CUT, PARTS = (
    bytes(range(256)),
    b"\0\0\xff\xff\xfe\xf0\x80\xe0x\r",
    b"\x1b\x1b[]OPM;0Rr\rcx\xff\0\x9b",
)
TEXT = b"login: \r\n\x1b[24;80Rboot\r"


def make_bursts(dice: random.Random) -> Iterator[bytes]:
    """Yield bursts with a byte or more that no key sends; without one, a person may type it."""
    count = 0
    while count < BURSTS:
        size = dice.choice((1, 2, 3, 5, 8, 13, 30, 64, 200))
        if source := dice.choice((ANY, CUT, PARTS, b"")):
            burst = bytes(dice.choice(source) for _ in range(size))
        else:  # text at another speed
            flips = (1 << dice.randrange(8) if dice.random() < 0.4 else 0 for _ in range(size))
            burst = bytes(TEXT[at % len(TEXT)] ^ flip for at, flip in enumerate(flips))
        if any(byte > 127 or byte in {0, 28, 29, 30, 31} for byte in burst):
            count += 1
            yield burst


def test_no_burst_of_noise_is_a_person_or_presses_a_key() -> None:
    dice, now = random.Random(14), 0.0
    person, keyboard = PersonDetector(now), Keyboard()
    for burst in make_bursts(dice):
        now += dice.choice((0.02, 0.3, 1.5, 7.0))
        assert not person.detect(burst, now), burst
        keys = keyboard.take(burst, now) + keyboard.take(b"", now + 0.01)
        keys += keyboard.take(b"", keyboard.deadline) if dice.random() < 0.5 else []
        assert not [key for key in keys if isinstance(key, str)], burst
    assert person.detect(b"x", now + 60)
    keyboard.take(b"", now + 60)
    assert keyboard.take(b"x", now + 70) == ["x"]


@pytest.mark.parametrize("menu", [False, True])
def test_a_letter_that_comes_before_its_noise_is_noise(
    menu: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(terminal, "_PAUSE", 0.5)  # the tests may run on a slow machine

    async def scenario() -> None:
        machine = counting_machine()
        async with console_at(machine) as (emulator, console):
            await emulator.until(PROMPT)
            if menu:
                await open_menu(emulator)
            heard = console._terminal
            for burst in (b"\r\xff", b"x\x1b]\x80", b"\re\0j"):
                for byte in burst:
                    before = heard.last_input
                    emulator.type(bytes([byte]))
                    await emulator.until(lambda: heard.last_input > before)  # noqa: B023
                await asyncio.sleep(0.6)
            machine.say("no key so far", "error")
            await emulator.until("no key so far")
            assert (machine.here, machine.booted) == (int(menu), [])
            assert ("Boot menu" in emulator.text) == menu

    run(scenario())


def test_noise_and_late_answers_do_not_stop_the_countdown() -> None:
    async def scenario() -> None:
        machine = counting_machine()
        async with console_at(machine) as (emulator, _):
            await emulator.until(PROMPT)
            for noise in (b"\0", b"\xff\xfe", b"\x1b", b"[24;80R", b"\x1b[?62;c", b"\x1b[8;24;80t"):
                emulator.type(noise)
                await emulator.until_read()
            machine.say("no key so far", "error")
            await emulator.until("no key so far")
            assert machine.here == 0
            assert "Boot menu" not in emulator.text

    run(scenario())


def test_what_was_typed_before_the_prompt_is_thrown_away() -> None:
    async def scenario() -> None:
        machine = counting_machine()
        emulator = Emulator()
        emulator.type("\r\rx")
        async with console_at(machine, emulator):
            await emulator.until(PROMPT)
            await emulator.until_read()
            machine.say("no key so far", "error")
            await emulator.until("no key so far")
            assert machine.here == 0

    run(scenario())


def test_a_terminal_that_answers_late_types_nothing() -> None:
    async def scenario() -> None:
        machine = counting_machine()
        emulator = Emulator()
        emulator.answers = {}
        async with console_at(machine, emulator):
            await open_menu(emulator)
            emulator.type(b"\x1b[24;80R\x1b[8;24;80t\x1b[?62;1;6c")
            await emulator.until_read()
            machine.say("the answers are read", "error")
            await emulator.until("the answers are read")
            assert emulator.focused() == f"> * {DEBIAN}"
            assert emulator.lines()[0] == "Petipy 0.1 - Boot menu"
            assert machine.booted == []
            assert machine.here == 1

    run(scenario())


def test_letters_among_noise_are_no_commands_of_the_menu() -> None:
    async def scenario() -> None:
        machine = counting_machine()
        async with console_at(machine) as (emulator, _):
            await open_menu(emulator)
            for garbage in (b"\xffx\r", b"\0\r", b"\xe5\rh"):
                emulator.type(garbage)
                await emulator.until_read()
            await emulator.type_until("G", lambda: "Rescue mode" in emulator.focused())
            assert machine.booted == []
            assert emulator.lines()[0] == "Petipy 0.1 - Boot menu"

    run(scenario())


def test_a_sequence_that_the_line_cuts_in_two_is_one_key() -> None:
    async def scenario() -> None:
        machine = counting_machine()
        async with console_at(machine) as (emulator, _):
            await open_menu(emulator)
            machine.clock.stop()
            for part in ("\x1b", "[", "B"):
                emulator.type(part)
                await emulator.until_read()
                machine.clock.forward(0.14)
            await emulator.until(lambda: "Advanced" in emulator.focused())
            assert emulator.lines()[0] == "Petipy 0.1 - Boot menu"

    run(scenario())


def test_a_lone_escape_goes_back_after_a_while() -> None:
    async def scenario() -> None:
        async with console_at(counting_machine()) as (emulator, _):
            await open_menu(emulator)
            emulator.type("h")
            await emulator.until("Petipy 0.1 - Help")
            emulator.type("\x1b")
            await emulator.until("Petipy 0.1 - Boot menu")

    run(scenario())

"""Input that is no key: noise, answers of the terminal, sequences in pieces."""

from tests.ui.consoles import PROMPT, console_at, counting_machine, open_menu
from tests.ui.emulator import Emulator, run
from tests.ui.fakes import DEBIAN


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

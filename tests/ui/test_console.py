"""A whole console on a pseudo-terminal: from the countdown to the boot."""

import asyncio
import contextlib
import os
import subprocess
import sys
import termios
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from parsers.api import Password
from petipy.model import Countdown
from petipy.ui.console import Console
from petipy.ui.line import LIMIT
from tests.ui.emulator import Emulator, run
from tests.ui.fakes import ADVANCED, DEBIAN, Machine, choice

PROMPT = "press Enter or a letter for the menu"


def counting(seconds: float = 60.0) -> Machine:
    machine = Machine()
    default = machine.store.snapshot.default
    machine.store.update(countdown=Countdown(choice=default, until=time.monotonic() + seconds))
    return machine


@asynccontextmanager
async def served(console: Console) -> AsyncIterator[Console]:
    task = asyncio.create_task(console.serve())
    try:
        yield console
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def at(
    machine: Machine, emulator: Emulator | None = None, name: str = "hvc0", term: str = ""
) -> AsyncIterator[tuple[Emulator, Console]]:
    emulator = emulator or Emulator()
    try:
        async with served(Console(emulator.path, machine.session(name), term=term)) as console:
            yield emulator, console
    finally:
        emulator.close()


async def opened(emulator: Emulator, key: str = "\r") -> None:
    await emulator.until(lambda: PROMPT[-8:] in emulator.text)
    emulator.type(key)
    await emulator.until("Boot menu")
    await emulator.until("Enter boot")


def test_from_the_countdown_to_a_boot_with_another_command_line() -> None:
    async def scenario() -> None:
        machine = counting(31)
        machine.say("found vda2: 20 GB ext4, label root")
        async with at(machine) as (emulator, console):
            await emulator.until("Booting in 31 s - " + PROMPT)
            assert emulator.lines()[1:4] == [
                "Petipy 0.1",
                "found vda2: 20 GB ext4, label root",
                f"Default: {DEBIAN} (vda2)",
            ]
            assert b"\x1b" not in emulator.received
            await opened(emulator)
            assert machine.here == 1
            assert machine.store.snapshot.countdown is None
            assert emulator.focused() == f"> * {DEBIAN}"
            emulator.type("j\r")
            await emulator.until(f"Petipy 0.1 - {ADVANCED}")
            emulator.type("\x1b[Be")
            await emulator.until("(vda2)/boot/vmlinux")
            emulator.type(" single\x18")
            await emulator.until(lambda: bool(machine.booted))
            ((id, edit),) = machine.booted
            assert id.endswith("6.12.48+deb13-powerpc64le (recovery mode)")
            assert edit is not None
            assert edit.cmdline == "root=/dev/vda2 ro single"
            await console.farewell(["Booting it", "  cmdline ro single"])
            await emulator.until(lambda: emulator.text.endswith("Booting it\n  cmdline ro single"))

    run(scenario())


def test_the_headless_way_does_not_import_urwid() -> None:
    program = "import sys, petipy.ui.console, petipy.ui.ttys; print(*sys.modules)"
    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    modules = set(out.stdout.split())
    assert "petipy.ui.console" in modules
    assert not modules & {"urwid", "wcwidth", "unicodedata", "pathlib"}


def test_noise_and_late_answers_do_not_stop_the_countdown() -> None:
    async def scenario() -> None:
        machine = counting()
        async with at(machine) as (emulator, _):
            await emulator.until(PROMPT)
            for noise in (b"\0", b"\xff\xfe", b"\x1b", b"[24;80R", b"\x1b[?62;c", b"\x1b[8;24;80t"):
                emulator.type(noise)
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.1)
            assert machine.here == 0
            assert "Boot menu" not in emulator.text

    run(scenario())


def test_what_was_typed_before_the_prompt_is_thrown_away() -> None:
    async def scenario() -> None:
        machine = counting()
        emulator = Emulator()
        emulator.type("\r\rx")
        async with at(machine, emulator):
            await emulator.until(PROMPT)
            await asyncio.sleep(0.1)
            assert machine.here == 0

    run(scenario())


def test_two_consoles_show_the_same_and_a_key_on_one_stops_the_countdown_on_both() -> None:
    async def scenario() -> None:
        machine = counting()
        async with at(machine) as (one, _), at(machine, name="hvc1") as (two, _):
            await two.until(PROMPT)
            await opened(one)
            await two.until("Countdown stopped - " + PROMPT)
            await opened(two, " ")
            machine.store.update(choices=(choice("New"), *machine.store.snapshot.choices))
            await one.until("    New")
            await two.until("    New")
            one.type("j")
            await one.until(lambda: "Advanced" in one.focused())
            assert two.focused() == f"> * {DEBIAN}"

    run(scenario())


def test_the_size_comes_from_the_cursor_in_the_far_corner() -> None:
    async def scenario() -> None:
        emulator = Emulator(90, 30)
        async with at(counting(), emulator):
            await opened(emulator)
            assert emulator.lines()[29].startswith("Enter boot")
            assert termios.tcgetwinsize(emulator.theirs) == (30, 90)

    run(scenario())


def test_or_from_the_window_s_size() -> None:
    async def scenario() -> None:
        emulator = Emulator(40, 12)
        emulator.answers = {b"\x1b[18t": b"\x1b[8;12;40t"}
        async with at(counting(), emulator):
            await opened(emulator)
            assert emulator.lines()[11] == "Enter boot  e edit  h help  i info"

    run(scenario())


def test_a_terminal_that_answers_nothing_has_80_columns_and_24_rows() -> None:
    async def scenario() -> None:
        emulator = Emulator(100, 40)
        emulator.answers = {}
        async with at(counting(), emulator):
            await opened(emulator)
            assert emulator.lines()[23].startswith("Enter boot")

    run(scenario())


def test_a_terminal_that_answers_late_types_nothing() -> None:
    async def scenario() -> None:
        machine = counting()
        emulator = Emulator()
        emulator.answers |= {b"\x1b[18t": b"\x1b[8;24;80t", b"\x1b[H": b"\x1b[?62;1;6c"}
        emulator.delay = 0.6
        async with at(machine, emulator):
            await opened(emulator)
            before = emulator.text
            await asyncio.sleep(0.8)
            assert emulator.text == before
            assert machine.booted == []
            assert machine.here == 1

    run(scenario())


def test_letters_among_noise_are_no_commands_of_the_menu() -> None:
    async def scenario() -> None:
        machine = counting()
        async with at(machine) as (emulator, _):
            await opened(emulator)
            for garbage in (b"\xffx\r", b"\0\r", b"\xe5\rh"):
                emulator.type(garbage)
                await asyncio.sleep(0.05)
            emulator.type("j")
            await emulator.until(lambda: "Advanced" in emulator.focused())
            assert machine.booted == []
            assert emulator.lines()[0] == "Petipy 0.1 - Boot menu"

    run(scenario())


def test_a_sequence_that_the_line_cuts_in_two_is_one_key() -> None:
    async def scenario() -> None:
        async with at(counting()) as (emulator, _):
            await opened(emulator)
            for part in ("\x1b", "[", "B"):
                emulator.type(part)
                await asyncio.sleep(0.6)
            assert "Advanced" in emulator.focused()
            assert emulator.lines()[0] == "Petipy 0.1 - Boot menu"

    run(scenario())


def test_a_lone_escape_goes_back_after_a_while() -> None:
    async def scenario() -> None:
        async with at(counting()) as (emulator, _):
            await opened(emulator)
            emulator.type("h")
            await emulator.until("Petipy 0.1 - Help")
            emulator.type("\x1b")
            await emulator.until("Petipy 0.1 - Boot menu")

    run(scenario())


def test_the_budgets_of_a_serial_line() -> None:
    async def scenario() -> None:
        machine = Machine()
        long = tuple(
            choice(f"Debian GNU/Linux, with Linux 6.12.{n}+deb13-powerpc64le") for n in range(12)
        )
        machine.store.update(choices=long, default=long[0].id)
        async with at(machine) as (emulator, _):
            await emulator.until(PROMPT)
            before = len(emulator.received)
            await opened(emulator)
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
        async with at(machine) as (emulator, _):
            await opened(emulator)
            await emulator.quiet()
            before = len(emulator.received)
            for number in range(100):
                machine.store.update(scanning=frozenset({f"sd{number}"}))
                await asyncio.sleep(0.005)
            await emulator.until("Looking at sd99")
            assert len(emulator.received) - before < 400

    run(scenario())


def test_a_resized_terminal_is_filled_at_the_next_key() -> None:
    async def scenario() -> None:
        async with at(Machine(), Emulator(told=True)) as (emulator, _):
            await opened(emulator)
            emulator.answers = {}
            emulator.resize(60, 20)
            emulator.type("\x0c")
            await emulator.until(lambda: emulator.lines()[19].startswith("Enter boot"))
            emulator.resize(80, 24)
            emulator.type("j")
            await emulator.until(lambda: emulator.lines()[23].startswith("Enter boot"))

    run(scenario())


@pytest.mark.parametrize("menu", [False, True])
def test_a_terminal_that_nobody_reads_costs_the_others_nothing(menu: bool) -> None:
    async def scenario() -> None:
        machine = counting()
        async with at(machine) as (stuck, _), at(machine, name="hvc1") as (other, _):
            await stuck.until(PROMPT)
            if menu:
                await opened(stuck)
            stuck.reading(False)
            for number in range(400):
                machine.say(f"line {number} " + 1000 * "x", "error")
                if number % 40 == 0:
                    await asyncio.sleep(0.01)
                if menu:
                    stuck.type("h\x7f")
            await opened(other)
            stuck.reading(True)
            await stuck.until(PROMPT if not menu else "line 399")
            assert len(stuck.received) < 4 * LIMIT

    run(scenario())


def test_a_terminal_that_hangs_up_is_opened_again_and_starts_from_the_countdown(
    tmp_path: Path,
) -> None:
    async def scenario() -> None:
        machine = counting()
        first, second = Emulator(), Emulator()
        node = tmp_path / "hvc0"
        node.symlink_to(first.path)
        async with served(Console(str(node), machine.session())):
            await opened(first)
            node.unlink()
            node.symlink_to(second.path)
            first.close()
            await second.until(PROMPT)
            await opened(second)
        second.close()

    run(scenario())


def test_a_terminal_that_is_not_there_yet_is_found_later(tmp_path: Path) -> None:
    async def scenario() -> None:
        emulator = Emulator()
        node = tmp_path / "hvc1"
        async with served(Console(str(node), Machine().session())):
            await asyncio.sleep(0.1)
            node.symlink_to(emulator.path)
            await emulator.until(PROMPT)
        emulator.close()

    run(scenario())


def test_a_fault_of_the_screens_is_reported_and_the_console_comes_back() -> None:
    async def scenario() -> None:
        machine, complaints = Machine(), list[str]()
        emulator = Emulator()
        session = machine.session()
        async with served(Console(emulator.path, session, complain=complaints.append)):
            await opened(emulator)
            machine.store.update(choices=(None,))
            await emulator.until(lambda: bool(complaints))
            machine.store.update(choices=())
            await emulator.until(PROMPT)
        assert complaints[0].startswith("hvc0: AttributeError")
        emulator.close()

    run(scenario())


def test_after_a_boot_that_failed_the_menu_is_back_with_the_reason() -> None:
    async def scenario() -> None:
        machine = counting()
        async with at(machine) as (emulator, console):
            modes = termios.tcgetattr(emulator.theirs)
            await opened(emulator)
            assert termios.tcgetattr(emulator.theirs) != modes or modes[3] & termios.ECHO == 0
            emulator.type("\r")
            await emulator.until(lambda: bool(machine.booted))
            await console.farewell([f"Booting {DEBIAN}"])
            await emulator.until(lambda: emulator.text.endswith(f"Booting {DEBIAN}"))
            assert termios.tcgetattr(emulator.theirs)[3] & termios.ECHO
            machine.say("It did not boot: not a kernel", "error")
            console.resume()
            await emulator.until("It did not boot: not a kernel")
            assert emulator.focused() == f"> * {DEBIAN}"

    run(scenario())


def test_after_a_failed_boot_with_nobody_there_the_countdown_goes_on() -> None:
    async def scenario() -> None:
        machine = counting()
        async with at(machine) as (emulator, console):
            await emulator.until(PROMPT)
            await console.farewell([f"Booting {DEBIAN}"])
            machine.say("It did not boot: not a kernel", "error")
            console.resume()
            await emulator.until("It did not boot: not a kernel\nDefault:")
            await emulator.until(lambda: emulator.text.count(PROMPT) == 2)
            assert b"\x1b" not in emulator.received

    run(scenario())


def test_the_last_words_wait_no_longer_than_a_second_for_a_dead_line() -> None:
    async def scenario() -> None:
        machine = counting()
        async with at(machine) as (emulator, console):
            await emulator.until(PROMPT)
            emulator.reading(False)
            machine.say(LIMIT * "x")
            machine.store.update(scanning=frozenset({"sda"}))
            await asyncio.sleep(0.05)
            began = time.monotonic()
            await console.farewell(["Booting"])
            assert time.monotonic() - began < 1.3

    run(scenario())


def test_a_menu_that_nobody_touches_closes_when_the_countdown_has_come_back() -> None:
    async def scenario() -> None:
        machine = Machine()
        emulator = Emulator()
        session = machine.session()
        async with served(Console(emulator.path, session)):
            await opened(emulator)
            session.last_key -= 1000
            session.known.add(Password(user="root", secret="toor"))
            until = time.monotonic() + 60
            machine.store.update(countdown=Countdown(choice="", until=until))
            await emulator.until("Booting in 60 s - " + PROMPT)
            assert not session.known
        emulator.close()

    run(scenario())


def test_in_a_menu_the_countdown_is_seen_and_a_key_stops_it() -> None:
    async def scenario() -> None:
        machine = Machine()
        async with at(machine) as (emulator, _):
            await opened(emulator)
            default = machine.store.snapshot.default
            until = time.monotonic() + 60
            machine.store.update(countdown=Countdown(choice=default, until=until))
            await emulator.until(f"Booting in 60 s - any key stops: {DEBIAN}")
            emulator.type("j")
            await emulator.until(lambda: "any key stops" not in emulator.text)

    run(scenario())


def test_a_shell_has_job_control_and_comes_back_to_the_menu() -> None:
    async def scenario() -> None:
        machine = counting()
        async with at(machine) as (emulator, _):
            await opened(emulator)
            emulator.type("jx")
            await emulator.until("petipy#")
            emulator.type("tty; stty size; sleep 60 & jobs; kill %1\r")
            await emulator.until("24 80")
            await emulator.until("Running")
            assert os.ttyname(emulator.theirs) in emulator.text
            assert "job control" not in emulator.text
            emulator.type("sleep 60\r")
            await asyncio.sleep(0.2)
            emulator.type("\x03exit\r")
            await emulator.until("Boot menu")
            await emulator.until(lambda: "Advanced" in emulator.focused())

    run(scenario())


def test_a_boot_ends_a_shell_on_another_console() -> None:
    async def scenario() -> None:
        machine = counting()
        async with at(machine) as (emulator, console):
            await opened(emulator)
            emulator.type("x")
            await emulator.until("petipy#")
            emulator.type("echo $$ > /dev/null; sleep 60\r")
            await asyncio.sleep(0.2)
            await console.farewell(["Booting"])
            await emulator.until(lambda: emulator.text.endswith("Booting"))

    run(scenario())

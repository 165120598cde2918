"""A whole console on a pseudo-terminal: from the countdown to the boot."""

import asyncio
import subprocess
import sys
import termios

from parsers.api import Password
from petipy.control.session import Session
from petipy.state.access import Lock
from petipy.ui.console import Console
from petipy.ui.line.keys import QUIET
from petipy.ui.line.writer import LIMIT
from tests.ui.consoles import (
    PROMPT,
    console_at,
    counting_machine,
    open_menu,
    serve,
    start_countdown,
)
from tests.ui.emulator import Emulator, run
from tests.ui.fakes import ADVANCED, DEBIAN, Machine, choice, looking

LOCK = Lock((Password(user="root", secret="toor"),))


async def enter_password(session: Session, machine: Machine) -> bool:
    """Give the password of LOCK."""
    unlocking = asyncio.create_task(session.unlock(LOCK, "root", "toor"))
    await asyncio.sleep(0)
    machine.answer()
    return await unlocking


def test_from_the_countdown_to_a_boot_with_another_command_line() -> None:
    async def scenario() -> None:
        machine = Machine()
        machine.clock.stop()
        start_countdown(machine, 31)
        machine.say("found vda2: 20 GB ext4, label root")
        async with console_at(machine) as (emulator, console):
            await emulator.until("found vda2")
            machine.clock.forward(QUIET)  # the line has been quiet for long enough
            await emulator.until("31 s until it boots - " + PROMPT)
            assert emulator.lines()[1:4] == [
                "Petipy 0.1",
                "found vda2: 20 GB ext4, label root",
                f"Default: {DEBIAN} (vda2)",
            ]
            assert b"\x1b" not in emulator.received
            await open_menu(emulator)
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
            await console.release(["Booting it", "  cmdline ro single"])
            await emulator.until(lambda: emulator.text.endswith("Booting it\n  cmdline ro single"))

    run(scenario())


def test_the_headless_way_does_not_import_urwid() -> None:
    program = "import sys, petipy.ui.console, petipy.ui.line.ttys; print(*sys.modules)"
    out = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    modules = set(out.stdout.split())
    assert "petipy.ui.console" in modules
    assert not modules & {"urwid", "wcwidth", "unicodedata", "pathlib"}


def test_two_consoles_show_the_same_and_a_key_on_one_stops_the_countdown_on_both() -> None:
    async def scenario() -> None:
        machine = counting_machine()
        async with console_at(machine) as (one, _), console_at(machine, name="hvc1") as (two, _):
            await two.until(PROMPT)
            await open_menu(one)
            await two.until("Countdown stopped - " + PROMPT)
            await open_menu(two, " ")
            machine.store.update(choices=(choice("New"), *machine.store.snapshot.choices))
            await one.until("    New")
            await two.until("    New")
            one.type("j")
            await one.until(lambda: "Advanced" in one.focused())
            assert two.focused() == f"> * {DEBIAN}"

    run(scenario())


def test_a_fault_of_the_screens_is_reported_and_the_console_comes_back() -> None:
    async def scenario() -> None:
        machine, complaints = Machine(), list[str]()
        emulator = Emulator()
        session = machine.session()
        async with serve(Console(emulator.path, session, complain=complaints.append)):
            await open_menu(emulator)
            machine.store.update(choices=(None,), guards=())
            await emulator.until(lambda: bool(complaints))
            machine.store.update(choices=())
            await emulator.until(PROMPT)
        assert complaints[0].startswith("hvc0: AttributeError")
        emulator.close()

    run(scenario())


def test_memory_is_saved_once_a_person_comes_and_not_before() -> None:
    async def scenario() -> None:
        machine, calls = counting_machine(), list[bool]()
        emulator = Emulator()
        console = Console(emulator.path, machine.session(), before_menu=lambda: calls.append(True))
        async with serve(console):
            await emulator.until(PROMPT)
            assert not calls
            await open_menu(emulator)
            assert calls == [True]
        emulator.close()

    run(scenario())


def test_after_a_boot_that_failed_the_menu_is_back_with_the_reason() -> None:
    async def scenario() -> None:
        machine = counting_machine()
        async with console_at(machine) as (emulator, console):
            modes = termios.tcgetattr(emulator.theirs)
            await open_menu(emulator)
            assert termios.tcgetattr(emulator.theirs) != modes or modes[3] & termios.ECHO == 0
            emulator.type("\r")
            await emulator.until(lambda: bool(machine.booted))
            await console.release([f"Booting {DEBIAN}"])
            await emulator.until(lambda: emulator.text.endswith(f"Booting {DEBIAN}"))
            assert termios.tcgetattr(emulator.theirs)[3] & termios.ECHO
            machine.say("It did not boot: not a kernel", "error")
            console.resume()
            await emulator.until("It did not boot: not a kernel")
            assert emulator.focused() == f"> * {DEBIAN}"

    run(scenario())


def test_after_a_failed_boot_with_nobody_there_the_countdown_goes_on() -> None:
    async def scenario() -> None:
        machine = counting_machine()
        async with console_at(machine) as (emulator, console):
            await emulator.until(PROMPT)
            await console.release([f"Booting {DEBIAN}"])
            machine.say("It did not boot: not a kernel", "error")
            console.resume()
            await emulator.until("It did not boot: not a kernel\nDefault:")
            await emulator.until(lambda: emulator.text.count(PROMPT) == 2)
            assert b"\x1b" not in emulator.received

    run(scenario())


def test_the_last_words_do_not_wait_for_a_dead_line() -> None:
    async def scenario() -> None:
        machine = counting_machine()
        async with console_at(machine) as (emulator, console):
            await emulator.until(PROMPT)
            emulator.reading(False)
            console._terminal.write(LIMIT * "x")
            await emulator.until(lambda: console._terminal.busy)
            await console.release(["Booting"])

    run(scenario())


def test_a_menu_that_nobody_touches_closes_when_the_countdown_has_come_back() -> None:
    async def scenario() -> None:
        machine = Machine()
        emulator = Emulator()
        session = machine.session()
        async with serve(Console(emulator.path, session)):
            await open_menu(emulator)
            assert await enter_password(session, machine)
            machine.clock.forward(1000)
            start_countdown(machine)
            await emulator.until(PROMPT)
            assert " s until it boots" in emulator.text
            assert not session.opens("boot", LOCK)
        emulator.close()

    run(scenario())


def test_in_a_menu_the_countdown_is_seen_and_a_key_stops_it() -> None:
    async def scenario() -> None:
        machine = Machine()
        async with console_at(machine) as (emulator, _):
            await open_menu(emulator)
            machine.clock.stop()
            start_countdown(machine)
            await emulator.until(f"60 s until {DEBIAN} boots - any key stops")
            emulator.type("j")
            await emulator.until(lambda: "any key stops" not in emulator.text)

    run(scenario())


def guarded_machine() -> Machine:
    machine = Machine()
    shut = choice("Shut", users=("root",), superusers=("root",), passwords=LOCK.keys)
    machine.store.update(choices=(shut,), default=shut.id)
    return machine


def test_a_password_that_was_right_boots_without_another_key() -> None:
    async def scenario() -> None:
        machine = guarded_machine()
        async with console_at(machine) as (emulator, _):
            await open_menu(emulator)
            emulator.type("\rroot\rtoor\r")
            await emulator.until("Checking the password")
            machine.answer()
            await emulator.until("Boot menu")
            assert [id for id, _ in machine.booted] == ["vda2/grub/Shut"]

    run(scenario())


def test_a_password_that_is_being_typed_outlasts_every_size() -> None:
    async def scenario() -> None:
        async with console_at(guarded_machine()) as (emulator, _):
            await open_menu(emulator)
            emulator.type("x")
            await emulator.until("Password")
            emulator.type("root\r")
            for typed, size in enumerate(((40, 12), (200, 60), (80, 24), (500, 200), (200, 60)), 1):
                emulator.resize(*size)
                emulator.type("a")
                await emulator.until("*" * typed)
                await emulator.until("Enter next")

    run(scenario())


def test_a_wait_for_a_disk_ends_on_the_screen_without_another_key() -> None:
    async def scenario() -> None:
        machine = guarded_machine()
        machine.store.update(unread=looking("vda2", "vdb1"))
        async with console_at(machine) as (emulator, _):
            await open_menu(emulator)
            emulator.type("x")
            await emulator.until("A shell needs a password")
            emulator.type("root\rtoor\r")
            await emulator.until("Checking the password")
            machine.answer()
            await emulator.until("vda2, vdb1: still being looked at")
            machine.store.update(unread=looking("vda2"))
            await emulator.until(lambda: "vda2: still" in emulator.text)
            eve = Password(user="eve", secret="e")
            machine.store.update(
                choices=(choice("B", superusers=("eve",), passwords=(eve,)),), unread=()
            )
            await emulator.until("A shell needs a password")

    run(scenario())


def test_a_check_ends_with_the_terminal_that_it_was_asked_on() -> None:
    async def scenario() -> None:
        machine = guarded_machine()
        async with console_at(machine) as (emulator, _):
            await open_menu(emulator)
            emulator.type("\rroot\rtoor\r")
            await emulator.until("Checking the password")
            (check,) = machine.answers
            emulator.hang_up()
            await emulator.until(check.cancelled)

    run(scenario())


def test_a_fault_of_a_command_is_reported_and_the_console_comes_back() -> None:
    async def scenario() -> None:
        machine, complaints = Machine(), list[str]()
        machine.start = None  # type: ignore[method-assign, assignment]
        emulator = Emulator()
        async with serve(Console(emulator.path, machine.session(), complain=complaints.append)):
            await open_menu(emulator)
            emulator.type("\r")
            await emulator.until(lambda: bool(complaints))
            await emulator.until(PROMPT)
        assert complaints[0].startswith("hvc0: TypeError")
        emulator.close()

    run(scenario())

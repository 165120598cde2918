"""A shell on a console, and the way back."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from petipy.control import shell
from tests.ui.consoles import console_at, counting_machine, open_menu
from tests.ui.emulator import run


@pytest.fixture(params=[signal.SIG_DFL, signal.SIG_IGN], ids=["usual", "nohup"])
def start(request: pytest.FixtureRequest) -> Iterator[None]:
    """Start like a program of a terminal, and like one in the background."""
    numbers = (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGHUP)
    before = [(number, signal.signal(number, request.param)) for number in numbers]
    yield
    for number, handler in before:
        signal.signal(number, handler)


@pytest.mark.usefixtures("start")
def test_a_shell_has_job_control_and_comes_back_to_the_menu() -> None:
    async def scenario() -> None:
        machine = counting_machine()
        async with console_at(machine) as (emulator, _):
            await open_menu(emulator)
            emulator.type("jx")
            await emulator.until("petipy#")
            emulator.type("tty; stty size; sleep 60 & jobs; kill %1\r")
            await emulator.until("24 80")
            await emulator.until("Running")
            assert os.ttyname(emulator.theirs) in emulator.text
            assert "job control" not in emulator.text
            emulator.type("cat\r")
            await emulator.until("petipy# cat")
            # The output of cat shows that it runs: Ctrl-C is lost in a program that only begins.
            emulator.type("twice\r")
            await emulator.until(lambda: emulator.text.count("twice") == 2)
            # Ctrl-C discards what is typed ahead: wait for the prompt.
            emulator.type("\x03")
            await emulator.until(lambda: emulator.text.rstrip().endswith("petipy#"))
            emulator.type("exit\r")
            await emulator.until("Boot menu")
            await emulator.until(lambda: "Advanced" in emulator.focused())

    run(scenario())


def test_a_boot_ends_a_shell_on_another_console() -> None:
    async def scenario() -> None:
        machine = counting_machine()
        async with console_at(machine) as (emulator, console):
            await open_menu(emulator)
            emulator.type("x")
            await emulator.until("petipy#")
            emulator.type("echo 'it'ends; sleep 60\r")
            await emulator.until("itends")
            await console.release(["Booting"])
            await emulator.until(lambda: emulator.text.endswith("Booting"))

    run(scenario())


def test_a_shell_is_used_while_a_person_types_whatever_the_wall_clock_says(tmp_path: Path) -> None:
    """A kernel may list no children; the clock may have been years ahead when the shell opened."""
    terminal, now = tmp_path / "terminal", 1000.0
    terminal.touch()
    os.utime(terminal, (4e9, 4e9))
    use = shell.Use(1 << 30, str(terminal), lambda: now)
    assert use.goes_on()
    now += 61
    assert not use.goes_on()
    os.utime(terminal, (0, 0))  # a key, by a clock that was set back
    assert use.goes_on()
    now += 59
    assert use.goes_on()
    now += 2
    assert not use.goes_on()
    terminal.unlink()
    assert not use.goes_on()

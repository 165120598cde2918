"""A menu on a terminal that somebody brings: `petipy attach`, ssh."""

import asyncio
import contextlib
import os
import socket
import termios
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from petipy.control.session import Session
from petipy.sys import tty
from petipy.ui.console import Console
from petipy.ui.consoles import Consoles
from tests.control.clients import connect_raw, listening
from tests.ui.emulator import Emulator, run
from tests.ui.fakes import Machine

REQUEST = b'{"version":1,"command":"attach","term":"xterm"}\n'


class Visitor:
    """A client with a terminal, and what the boot manager answers."""

    def __init__(self, place: Path, emulator: Emulator) -> None:
        self.emulator = emulator
        self.line = connect_raw(place)
        socket.send_fds(self.line, [REQUEST], [emulator.theirs])
        self.line.setblocking(False)

    async def answer(self) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self.line, 4096)


@asynccontextmanager
async def visit(machine: Machine, place: Path) -> AsyncIterator[tuple[Visitor, Consoles]]:
    consoles = Consoles()

    async def attach(fd: int, term: str, session: Session) -> None:
        try:
            tty.check_open_for_both(fd)
            with session.visit():
                await consoles.attend(Console(f"/proc/self/fd/{fd}", session, term=term))
        finally:
            os.close(fd)

    emulator = Emulator(knows_size=True)
    async with listening(machine, place, attach):
        visitor = Visitor(place, emulator)
        try:
            await emulator.until("Enter boot")
            yield visitor, consoles
        finally:
            visitor.line.close()
            emulator.close()


def test_the_menu_comes_at_once_and_ctrl_d_leaves_it_as_it_was(tmp_path: Path) -> None:
    async def scenario() -> None:
        machine = Machine()
        async with visit(machine, tmp_path / "s") as (visitor, _):
            assert "Boot menu" in visitor.emulator.text
            visitor.emulator.type("\x04")
            assert machine.visits == [("ctl", True)]
            assert b'"result": {}' in await visitor.answer()
            assert machine.visits == [("ctl", True), ("ctl", False)]
            modes = termios.tcgetattr(visitor.emulator.theirs)
            assert modes[3] & termios.ICANON
            assert modes[3] & termios.ECHO

    run(scenario())


def test_keys_there_boot_an_entry(tmp_path: Path) -> None:
    async def scenario() -> None:
        machine = Machine()
        async with visit(machine, tmp_path / "s") as (visitor, _):
            visitor.emulator.type("\r")
            await visitor.emulator.until(lambda: bool(machine.booted))
            assert machine.booted[0][0] == machine.store.snapshot.default

    run(scenario())


def test_a_window_of_another_size_is_drawn_anew(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with visit(Machine(), tmp_path / "s") as (visitor, _):
            emulator = visitor.emulator
            emulator.screen.resize(40, 100)
            termios.tcsetwinsize(emulator.theirs, (40, 100))
            await emulator.until(lambda: "Enter boot" in emulator.screen.display[39])

    run(scenario())


def test_a_client_that_leaves_gives_its_terminal_back(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with visit(Machine(), tmp_path / "s") as (visitor, _):
            visitor.line.close()
            theirs = visitor.emulator.theirs
            await visitor.emulator.until(lambda: termios.tcgetattr(theirs)[3] & termios.ICANON)

    run(scenario())


def test_a_terminal_that_hangs_up_ends_the_visit_and_nothing_else(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with visit(Machine(), tmp_path / "s") as (visitor, _):
            visitor.emulator.hang_up()
            assert b"terminal is lost" in await visitor.answer()
            other = Visitor(tmp_path / "s", Emulator(knows_size=True))
            await other.emulator.until("Enter boot")
            other.line.close()
            other.emulator.close()

    run(scenario())


def test_a_terminal_that_hangs_delays_no_other(tmp_path: Path) -> None:
    async def scenario() -> None:
        machine = Machine()
        async with visit(machine, tmp_path / "s") as (visitor, _):
            visitor.emulator.reading(False)
            other = Visitor(tmp_path / "s", Emulator(knows_size=True))
            await other.emulator.until("Enter boot")
            for number in range(200):
                machine.say(f"news {number}", "warning")
                await asyncio.sleep(0)
            await other.emulator.until("news 199")
            other.line.close()
            other.emulator.close()

    run(scenario())


def test_the_last_lines_before_a_jump_come_there_too(tmp_path: Path) -> None:
    async def scenario() -> None:
        async with visit(Machine(), tmp_path / "s") as (visitor, consoles):
            await consoles.release(["Starting Debian"])
            await visitor.emulator.until("Starting Debian")

    run(scenario())


@pytest.mark.parametrize("kind", ["no terminal", "read only"])
def test_what_is_no_terminal_for_both_directions_is_refused(tmp_path: Path, kind: str) -> None:
    async def scenario() -> None:
        async with visit(Machine(), tmp_path / "s") as (visitor, _):
            place = "/dev/null" if kind == "no terminal" else visitor.emulator.path
            flags = os.O_RDWR if kind == "no terminal" else os.O_RDONLY | os.O_NOCTTY
            fd = os.open(place, flags)
            line = connect_raw(tmp_path / "s")
            socket.send_fds(line, [REQUEST], [fd])
            line.setblocking(False)
            answer = await asyncio.get_running_loop().sock_recv(line, 4096)
            assert b'"failed"' in answer
            line.close()
            os.close(fd)
            before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
            for _ in range(20):  # a descriptor without a use is closed
                other = connect_raw(tmp_path / "s")
                socket.send_fds(other, [b"junk\n"], [visitor.emulator.theirs])
                other.setblocking(False)
                await asyncio.get_running_loop().sock_recv(other, 4096)
                other.close()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(10):
                    while len(os.listdir("/proc/self/fd")) > before + 1:  # noqa: ASYNC110, PTH208
                        await asyncio.sleep(0.01)
            assert len(os.listdir("/proc/self/fd")) <= before + 1  # noqa: PTH208

    run(scenario())

"""A line that echoes presses no keys, keeps no machine from booting, and is heard again later."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from petipy.app import App
from petipy.control.commands import Client, Commands
from petipy.log import Log
from petipy.state.model import Edit
from petipy.state.settings import Settings
from petipy.state.store import Store
from petipy.ui.console import Console
from petipy.ui.line import echo as detector
from tests.samples import entry, scan
from tests.test_app import Jumped, Machine
from tests.ui.consoles import PROMPT, console_at, counting_machine, open_menu, serve
from tests.ui.emulator import run
from tests.ui.fakes import Machine as Screens
from tests.ui.line.test_echo import cooked
from tests.ui.loopback import Loopback


def login(data: bytes) -> bytes:
    """Return what a login prompt sends: the echo, and a question after each line."""
    return cooked(data).replace(b"\r\n", b"\r\nPassword: \r\n\r\nLogin incorrect\r\nbox login: ")


LINES: dict[str, Callable[[], Loopback]] = {
    "plug": Loopback,
    "bytes": lambda: Loopback(size=1),
    "late": lambda: Loopback(size=7, delay=0.4),
    "login": lambda: Loopback(login, size=16),
    "late login": lambda: Loopback(login, size=3, delay=0.2),
    "lossy": lambda: Loopback(lambda data: bytes(b for n, b in enumerate(data) if n % 11 != 10)),
}


SLOW = ("bytes", "late login", "lossy")


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(line, id=name, marks=[pytest.mark.slow] * (name in SLOW))
        for name, line in LINES.items()
    ],
)
def test_the_countdown_ends_in_a_boot_that_nobody_else_gives(
    line: Callable[[], Loopback], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clients: list[str] = []
    boot, shell = Commands.boot, Commands.shell

    async def note_boot(self: Commands, client: Client, id: str, edit: Edit | None = None) -> None:
        clients.append(client.name)
        await boot(self, client, id, edit)

    async def note_shell(self: Commands, client: Client, *arguments: Any) -> None:
        clients.append(f"shell of {client.name}")
        await shell(self, client, *arguments)

    monkeypatch.setattr(Commands, "boot", note_boot)
    monkeypatch.setattr(Commands, "shell", note_shell)
    (tmp_path / "good").write_text("good")
    scans = {"vda2": scan(entry("a", "/good", cmdline="A"), entry("b", "/good", default=True))}

    async def scenario() -> None:
        store, plug = Store(), line()
        store.update(settings=Settings(timeout=3))
        log = Log(lambda status: store.update(status=status), files=())
        machine = Machine(tmp_path, plug.path, scans)
        try:
            with suppress(asyncio.CancelledError):
                await App(machine.services(), log, store).run()
        except BaseExceptionGroup as ended:
            if ended.split(Jumped)[1]:
                raise
        assert clients == ["automatic boot"]
        told = [status.text for status in log.lines if "the line echoes" in status.text]
        assert len(told) == 1
        assert told[0].endswith("the line echoes; keys there count again once it is quiet")
        plug.close()

    run(scenario())


@pytest.mark.parametrize(("size", "delay"), [(4096, 0.0), (1, 0.0), (5, 0.5)])
def test_an_echo_that_begins_in_the_menu_boots_nothing_and_opens_no_shell(
    size: int, delay: float
) -> None:
    async def scenario() -> None:
        machine, told = Screens(), list[str]()
        plug = Loopback(size=size, delay=delay)
        plug.plugged = False
        async with serve(Console(plug.path, machine.session(), warn=told.append)):
            await open_menu(plug)
            plug.plugged = True
            machine.say("something to draw", "error")
            await plug.until(lambda: plug.text.endswith(PROMPT))
            assert machine.absences == 1
            assert machine.booted == []
            assert len(told) == 1
        plug.close()

    run(scenario())


def test_the_console_is_heard_again_when_the_plug_is_pulled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(detector, "QUIET", 0.3)
    monkeypatch.setattr(detector, "_DELAY", 0.3)

    async def scenario() -> None:
        machine, told = counting_machine(), list[str]()
        plug = Loopback()
        async with serve(Console(plug.path, machine.session(), warn=told.append)):
            await plug.until(lambda: bool(told))
            plug.plugged = False
            await plug.type_until("\r", lambda: "Boot menu" in plug.text)
            assert machine.here == 1
            assert len(told) == 1
        plug.close()

    run(scenario())


def test_one_console_that_echoes_does_not_disturb_a_person_at_another() -> None:
    async def scenario() -> None:
        machine = counting_machine()
        plug = Loopback()
        async with console_at(machine) as (one, _), console_at(machine, plug, "hvc1"):
            await open_menu(one)
            machine.say("news for both", "error")
            await plug.until(lambda: plug.returned > 200)
            one.type("j")
            await one.until(lambda: "Advanced" in one.focused())
            assert machine.here == 2  # two keys

    run(scenario())

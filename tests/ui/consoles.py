"""Consoles in service, each on a terminal of its own."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from petipy.state.boots import Countdown
from petipy.ui.console import Console
from tests.ui.emulator import Emulator
from tests.ui.fakes import Machine

PROMPT = "press Enter or a letter for the menu"


def counting_machine(seconds: float = 3600.0) -> Machine:
    """Return a machine whose default boots after that time."""
    machine = Machine()
    start_countdown(machine, seconds)
    return machine


def start_countdown(machine: Machine, seconds: float = 60.0) -> None:
    """Begin a countdown."""
    until = machine.clock() + seconds
    countdown = Countdown(choice=machine.store.snapshot.default, until=until)
    machine.store.update(countdown=countdown)


@asynccontextmanager
async def serve(console: Console) -> AsyncIterator[Console]:
    """Serve the console for the time of the context."""
    task = asyncio.create_task(console.serve())
    try:
        yield console
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@asynccontextmanager
async def console_at(
    machine: Machine, emulator: Emulator | None = None, name: str = "hvc0", term: str = ""
) -> AsyncIterator[tuple[Emulator, Console]]:
    """Serve a console of the machine at an emulated terminal."""
    emulator = emulator or Emulator()
    try:
        async with serve(Console(emulator.path, machine.session(name), term=term)) as console:
            yield emulator, console
    finally:
        emulator.close()


async def open_menu(emulator: Emulator, key: str = "\r") -> None:
    """Open the menu from the countdown."""
    await emulator.until(lambda: PROMPT[-8:] in emulator.text)
    emulator.type(key)
    await emulator.until("Boot menu")
    await emulator.until("Enter boot")

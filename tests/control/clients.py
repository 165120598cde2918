"""Clients of a listener, over real sockets."""

import asyncio
import contextlib
import json
import os
import socket
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from petipy.control.listener import Listener
from petipy.control.server import Attach
from petipy.log import Log
from tests.ui.fakes import Machine

PATIENCE = 30.0


def run(scenario: Coroutine[Any, Any, None]) -> None:
    """Run a scenario, which ends within a minute."""
    asyncio.run(asyncio.wait_for(scenario, 60))


class Client:
    """One connection to a socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def send(self, command: str, **more: Any) -> None:
        await self.send_bytes(json.dumps({"version": 1, "command": command, **more}).encode())

    async def send_bytes(self, line: bytes) -> None:
        self.writer.write(line + b"\n")
        await self.writer.drain()

    async def read(self) -> dict[str, Any]:
        """Return the next line of an answer."""
        line = await asyncio.wait_for(self.reader.readline(), PATIENCE)
        assert line.endswith(b"\n"), "the connection has ended"
        answer: dict[str, Any] = json.loads(line)
        assert answer["version"] == 1
        return answer

    async def ask(self, command: str, **more: Any) -> dict[str, Any]:
        """Send a request; return the last line of its answer."""
        return (await self.list(command, **more))[-1]

    async def list(self, command: str, **more: Any) -> list[dict[str, Any]]:
        """Send a request; return all lines of its answer."""
        await self.send(command, **more)
        lines = [await self.read()]
        while "item" in lines[-1]:
            lines.append(await self.read())
        return lines

    async def is_over(self) -> bool:
        """Wait for the end of the connection; return False for another line."""
        with contextlib.suppress(ConnectionResetError):
            return not await asyncio.wait_for(self.reader.readline(), PATIENCE)
        return True

    def close(self) -> None:
        self.writer.close()


async def until(condition: Callable[[], object]) -> None:
    """Let others run until the condition is true."""
    while not condition():  # noqa: ASYNC110  it is about what others do, without any event
        await asyncio.sleep(0.001)


@asynccontextmanager
async def listening(
    machine: Machine, place: Path, attach: Attach | None = None, **more: Any
) -> AsyncIterator[Listener]:
    """Serve the machine's clients at `place`."""
    listener = Listener(machine.commands, Log(files=()), attach)
    task = asyncio.create_task(listener.accept(str(place), {os.geteuid()}, **more))
    await until(place.exists)
    try:
        yield listener
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def connect(place: Path) -> Client:
    while True:  # it exists a moment before it can be reached
        with contextlib.suppress(ConnectionRefusedError):
            return Client(*await asyncio.open_unix_connection(place, limit=1 << 24))
        await asyncio.sleep(0)


def connect_raw(place: Path) -> socket.socket:
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.connect(str(place))
    return line

"""A terminal at the other end of a line: a pseudo-terminal, and pyte as its glass."""

import asyncio
import os
import pty
import termios
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pyte


class Emulator:
    """Reads all that is sent, unless told not to, and remembers the bytes."""

    def __init__(self, columns: int = 80, rows: int = 24, *, told: bool = False) -> None:
        """`told`: the line knows the size of its terminal; a serial line does not."""
        self._ours, self.theirs = pty.openpty()
        self.path = os.ttyname(self.theirs)
        self.glass = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.glass)
        self.received = bytearray()
        self.answers = {b"\x1b[6n": f"\x1b[{rows};{columns}R".encode()}  # when it is asked
        self.delay = 0.0  # seconds until it does
        os.set_blocking(self._ours, False)
        termios.tcsetwinsize(self.theirs, (rows, columns) if told else (0, 0))
        self.reading(True)

    def reading(self, wanted: bool) -> None:
        loop = asyncio.get_running_loop()
        if wanted:
            loop.add_reader(self._ours, self._read)
        else:
            loop.remove_reader(self._ours)

    def _read(self) -> None:
        try:
            data = os.read(self._ours, 65536)
        except OSError:
            return
        self.received += data
        self._stream.feed(data)
        for question, answer in self.answers.items():
            if question in data:
                asyncio.get_running_loop().call_later(self.delay, self.type, answer)

    def type(self, keys: str | bytes) -> None:
        os.write(self._ours, keys.encode() if isinstance(keys, str) else keys)

    def resize(self, columns: int, rows: int) -> None:
        self.glass.resize(rows, columns)
        termios.tcsetwinsize(self.theirs, (rows, columns))

    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.glass.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines()).strip("\n")

    def focused(self) -> str:
        """The row with the cursor's marker."""
        return next((line for line in self.lines() if line.startswith(">")), "")

    async def until(self, wanted: str | Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait for a text on the glass, or for something else to become true.

        AssertionError after `seconds`: no measure, only so that a run which hangs ends.
        """
        true = wanted if callable(wanted) else (lambda: wanted in self.text)
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline:
                raise AssertionError(f"never saw {wanted!r}:\n{self.text}")
            await asyncio.sleep(0.005)

    async def quiet(self) -> None:
        """Wait until nothing comes any more, several looks in a row."""
        before, looks = -1, 0
        while looks < 4:
            looks = looks + 1 if before == len(self.received) else 0
            before = len(self.received)
            await asyncio.sleep(0.04)

    async def spent(self, keys: str) -> int:
        """The bytes that these keys made the program send."""
        await self.quiet()
        before = len(self.received)
        self.type(keys)
        await self.until(lambda: len(self.received) > before)
        await self.quiet()
        return len(self.received) - before

    def hang_up(self) -> None:
        self.reading(False)
        os.close(self._ours)
        self._ours = -1

    def close(self) -> None:
        if self._ours >= 0:
            self.hang_up()
        os.close(self.theirs)


def run(scenario: Coroutine[Any, Any, None], seconds: float = 120.0) -> None:
    """`seconds` as in Emulator.until."""
    asyncio.run(asyncio.wait_for(scenario, seconds))

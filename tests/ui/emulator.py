"""A terminal at the other end of a line: a pseudo-terminal, with pyte as its screen."""

import asyncio
import contextlib
import fcntl
import os
import pty
import struct
import termios
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pyte


class Emulator:
    """A terminal that reads all output, until `reading(False)`, and keeps the bytes."""

    def __init__(self, columns: int = 80, rows: int = 24, *, knows_size: bool = False) -> None:
        """Open the terminal. With `knows_size` the line tells its size; a serial line does not."""
        self._ours, self.theirs = pty.openpty()
        self.path = os.ttyname(self.theirs)
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.received = bytearray()
        self.answers = {b"\x1b[6n": f"\x1b[{rows};{columns}R".encode()}
        os.set_blocking(self._ours, False)
        termios.tcsetwinsize(self.theirs, (rows, columns) if knows_size else (0, 0))
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
        self.take(data)
        for question, answer in self.answers.items():
            if question in data:
                self.type(answer)

    @property
    def is_open(self) -> bool:
        return self._ours >= 0

    def take(self, data: bytes) -> None:
        """Take note of output; for another end than a terminal."""

    def type(self, keys: str | bytes) -> None:
        os.write(self._ours, keys.encode() if isinstance(keys, str) else keys)

    def resize(self, columns: int, rows: int) -> None:
        self.screen.resize(rows, columns)
        termios.tcsetwinsize(self.theirs, (rows, columns))

    def lines(self) -> list[str]:
        return [line.rstrip() for line in self.screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines()).strip("\n")

    def focused(self) -> str:
        """Return the row with the cursor's marker."""
        return next((line for line in self.lines() if line.startswith(">")), "")

    async def until(self, wanted: str | Callable[[], bool], seconds: float = 60.0) -> None:
        """Wait until the screen shows a text, or until a condition is true.

        AssertionError after `seconds`. They are no measure; they only end a run that hangs.
        """
        true = wanted if callable(wanted) else (lambda: wanted in self.text)
        deadline = time.monotonic() + seconds
        while not true():
            if time.monotonic() > deadline:
                raise AssertionError(f"never saw {wanted!r}:\n{self.text}")
            await asyncio.sleep(0.005)

    async def type_until(self, keys: str, true: Callable[[], bool]) -> None:
        """Type keys that may be typed twice, again and again until a condition is true.

        Once may be too little: with noise before them in one read, they are noise themselves.
        """
        for _ in range(100):
            self.type(keys)
            with contextlib.suppress(AssertionError):
                return await self.until(true, 0.5)
        raise AssertionError(f"{keys!r} did nothing:\n{self.text}")

    async def until_read(self) -> None:
        """Wait until the program has read all that was typed."""
        await asyncio.sleep(0.02)  # the kernel passes it to the other end a moment later
        await self.until(lambda: self._unread() == 0)

    def _unread(self) -> int:
        count: int
        (count,) = struct.unpack("i", fcntl.ioctl(self.theirs, termios.FIONREAD, bytes(4)))
        return count

    async def quiet(self) -> None:
        """Wait until several looks in a row find no new output."""
        before, looks = -1, 0
        while looks < 4:
            looks = looks + 1 if before == len(self.received) else 0
            before = len(self.received)
            await asyncio.sleep(0.04)

    async def spent(self, keys: str) -> int:
        """Return the number of bytes that the program sends for these keys."""
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
    """Run a scenario in an event loop; `seconds` as in Emulator.until."""
    asyncio.run(asyncio.wait_for(scenario, seconds))

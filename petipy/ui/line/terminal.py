"""One terminal of the machine: open, read, write, measure.

It detects that the terminal has hung up, and that its line echoes.
"""

import asyncio
import contextlib
import errno
import os
from collections.abc import Callable

from petipy.sys import tty
from petipy.ui.line import ttys
from petipy.ui.line.echo import EchoDetector
from petipy.ui.line.writer import Writer

_CHUNK = 1024
_MOST_CHUNKS = 64  # of unread input; the terminal drops more
# Bytes a second, and at once, that are read: no person types more, and a longer paste waits. A line
# that floods would else take the processor from the other consoles.
_RATE, _BURST = 1024, 4096
_PAUSE = 0.01  # seconds without a byte, after which a burst is over; a held key has longer ones
COLUMNS, ROWS = 80, 24  # of a terminal that does not tell its size


class EchoHeard(Exception):
    """The input so far was an echo of the output. What comes is ignored until the line is quiet."""


class Terminal:
    """A terminal. If it is lost, writing does nothing and the next `read` raises OSError."""

    def __init__(self, path: str, term: str = "", *, unicode: bool = False) -> None:
        """With `unicode` characters go both ways in UTF-8; at a virtual terminal they always do."""
        self.path = path
        self.name = path.removeprefix("/dev/")
        self.virtual = ttys.is_virtual(path)
        self.term = term or ("linux" if self.virtual else "vt220")
        self.unicode = self.virtual or unicode
        self._encoding = "utf-8" if self.unicode else "ascii"
        self.drained: Callable[[bool], None] = lambda _: None  # as in Writer
        self._fd = -1
        self._writer: Writer | None = None
        self._modes: tty.Modes | None = None
        self._input: asyncio.Queue[bytes | None] = asyncio.Queue(_MOST_CHUNKS)  # None: an echo
        self._burst = bytearray()  # input that may go on
        self._burst_end: asyncio.TimerHandle | None = None
        self._echo = EchoDetector()
        self._allowance, self._counted = float(_BURST), 0.0  # bytes, and the time of that
        self._pause: asyncio.TimerHandle | None = None  # until input is read again

    @property
    def is_open(self) -> bool:
        return self._fd >= 0

    @property
    def busy(self) -> bool:
        """True while output waits for the terminal to accept it."""
        return self._writer is not None and self._writer.busy

    @property
    def sent(self) -> int:
        return self._writer.sent if self._writer else 0

    def open(self) -> None:
        """Open the terminal and set raw mode. OSError if there is no terminal behind the path."""
        if self.virtual and not ttys.has_screen():
            raise OSError(errno.ENXIO, f"{self.name} has no screen")
        self._fd = tty.open_tty(self.path)
        try:
            self._modes = tty.get_modes(self._fd)
            tty.set_raw(self._fd)
            tty.discard_input(self._fd)
            if 0 in tty.get_size(self._fd):  # urwid and every shell stay blank in a window of 0x0
                tty.set_size(self._fd, COLUMNS, ROWS)
        except OSError:
            os.close(self._fd)
            self._fd = -1
            raise
        self._input = asyncio.Queue(_MOST_CHUNKS)
        self._writer = Writer(self._fd, self._on_drained, self._lose, self._encoding)
        asyncio.get_running_loop().add_reader(self._fd, self._receive)

    def close(self) -> None:
        if self._fd < 0:
            return
        self._stop_reading()
        if self._writer:
            self._writer.close()
        with contextlib.suppress(OSError):
            self.restore()
        os.close(self._fd)
        self._fd = -1

    def set_raw(self) -> None:
        tty.set_raw(self._fd)

    def restore(self) -> None:
        """Set the modes that the terminal had before it was opened."""
        if self._fd >= 0 and self._modes is not None:
            tty.set_modes(self._fd, self._modes)

    def size(self) -> tuple[int, int]:
        """Return (columns, rows), never 0."""
        with contextlib.suppress(OSError):
            columns, rows = tty.get_size(self._fd)
            return columns or COLUMNS, rows or ROWS
        return COLUMNS, ROWS

    @property
    def speed(self) -> int:
        """The bits per second of the line; 0 if unknown."""
        with contextlib.suppress(OSError):
            return tty.get_speed(self._fd)
        return 0

    @property
    def carrier(self) -> bool | None:
        """True while a terminal says that it is there; None if the line has no signal for that."""
        with contextlib.suppress(OSError):
            return tty.has_carrier(self._fd)
        return None

    def set_size(self, columns: int, rows: int) -> None:
        with contextlib.suppress(OSError):
            tty.set_size(self._fd, columns, rows)

    def write(self, text: str) -> None:
        if self._writer and self.is_open and text:
            self._echo.write(
                text.encode(self._encoding, "replace"), asyncio.get_running_loop().time()
            )
            self._writer.write(text)

    @property
    def ignores_input(self) -> bool:
        """True while input is ignored because the line echoes."""
        return self._echo.ignores_input(asyncio.get_running_loop().time())

    @property
    def last_input(self) -> float:
        """The time of the last input, by the event loop's clock."""
        return self._echo.last_input

    async def read(self) -> bytes:
        """Return the next input. EIO once the terminal has hung up; EchoHeard.

        Noise may begin with a letter. So what comes without a pause is one input.
        """
        data = await self._input.get()
        if data is None:
            raise EchoHeard
        if not data:
            raise OSError(errno.EIO, f"{self.name} has hung up")
        return data

    def discard_input(self) -> None:
        """Drop unread input: it was not typed for the screen that comes next."""
        with contextlib.suppress(OSError):
            tty.discard_input(self._fd)
        self._take_burst()
        kept = [data for data in self._empty_queue() if not data]
        for data in kept[:1]:
            self._input.put_nowait(data)

    def _empty_queue(self) -> list[bytes | None]:
        return [self._input.get_nowait() for _ in range(self._input.qsize())]

    async def flush(self, patience: float) -> None:
        """Wait until the line has carried all output, for at most `patience` seconds."""
        deadline = asyncio.get_running_loop().time() + patience
        while asyncio.get_running_loop().time() < deadline:
            try:
                if not self.busy and tty.count_unsent(self._fd) == 0:
                    return
            except OSError:
                return
            await asyncio.sleep(0.02)

    def _receive(self) -> None:
        try:
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lose()
            return
        self._count(len(data))
        verdict = self._echo.read(data, asyncio.get_running_loop().time())
        if verdict == "echo":
            self._take_burst()
            self._empty_queue()
            self._input.put_nowait(None)
        elif verdict == "input":
            self._burst += data
            if self._burst_end:
                self._burst_end.cancel()
            pause = 0 if self.virtual or len(self._burst) > _BURST else _PAUSE
            self._burst_end = asyncio.get_running_loop().call_later(pause, self._end_burst)

    def _end_burst(self) -> None:
        data = self._take_burst()
        if not self._input.full():
            self._input.put_nowait(data)

    def _take_burst(self) -> bytes:
        """Return the input that is not in the queue yet, and drop it."""
        data = bytes(self._burst)
        self._burst.clear()
        if self._burst_end:
            self._burst_end.cancel()
            self._burst_end = None
        return data

    def _count(self, size: int) -> None:
        """Pause reading after more input than a person's."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        refill = (now - self._counted) * _RATE
        self._allowance, self._counted = min(_BURST, self._allowance + refill) - size, now
        if self._allowance < 0:
            loop.remove_reader(self._fd)
            self._pause = loop.call_later(-self._allowance / _RATE, self._go_on)

    def _go_on(self) -> None:
        self._pause = None
        asyncio.get_running_loop().add_reader(self._fd, self._receive)

    def _stop_reading(self) -> None:
        if self._pause:
            self._pause.cancel()
            self._pause = None
        asyncio.get_running_loop().remove_reader(self._fd)
        self._take_burst()

    def _on_drained(self, lossy: bool) -> None:
        self.drained(lossy)

    def _lose(self) -> None:
        """Report the loss to the reader, even if its queue is full of unread input."""
        self._stop_reading()
        self._empty_queue()
        self._input.put_nowait(b"")

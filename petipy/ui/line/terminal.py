"""One terminal of the machine: opened, read, written, measured; and gone, when it hangs up."""

import asyncio
import contextlib
import errno
import os
from collections.abc import Callable

from petipy.sys import tty
from petipy.ui.line import ttys
from petipy.ui.line.writer import Line

_CHUNK = 1024
_MOST_CHUNKS = 64  # of input that nobody has asked for yet; more is thrown away
COLUMNS, ROWS = 80, 24  # of a terminal that does not tell


class Terminal:
    """Reading and writing raise no error for a lost terminal until the next `read`."""

    def __init__(self, path: str, term: str = "") -> None:
        self.path = path
        self.name = path.removeprefix("/dev/")
        self.virtual = ttys.is_virtual(path)
        self.term = term or ("linux" if self.virtual else "vt220")
        self.drained: Callable[[bool], None] = lambda _: None  # see Line
        self._fd = -1
        self._line: Line | None = None
        self._modes: tty.Modes | None = None
        self._input: asyncio.Queue[bytes] = asyncio.Queue(_MOST_CHUNKS)

    @property
    def is_open(self) -> bool:
        return self._fd >= 0

    @property
    def busy(self) -> bool:
        """Whether what was written still waits for the terminal to take it."""
        return self._line is not None and self._line.busy

    @property
    def sent(self) -> int:
        return self._line.sent if self._line else 0

    def open(self) -> None:
        """OSError when there is no such terminal, or nothing behind it."""
        if self.virtual and not ttys.has_screen():
            raise OSError(errno.ENXIO, f"{self.name} has no screen")
        self._fd = tty.open_tty(self.path)
        try:
            self._modes = tty.modes(self._fd)
            tty.raw(self._fd)
            tty.discard_input(self._fd)
            if 0 in tty.size(self._fd):  # urwid and every shell stay blank in a window of 0x0
                tty.set_size(self._fd, COLUMNS, ROWS)
        except OSError:
            os.close(self._fd)
            self._fd = -1
            raise
        self._input = asyncio.Queue(_MOST_CHUNKS)
        self._line = Line(self._fd, self._all_out, self._lost)
        asyncio.get_running_loop().add_reader(self._fd, self._arrived)

    def close(self) -> None:
        if self._fd < 0:
            return
        asyncio.get_running_loop().remove_reader(self._fd)
        if self._line:
            self._line.close()
        with contextlib.suppress(OSError):
            self.restore()
        os.close(self._fd)
        self._fd = -1

    def raw(self) -> None:
        tty.raw(self._fd)

    def cooked(self) -> None:
        tty.cooked(self._fd)

    def restore(self) -> None:
        """The modes that were found when it was opened."""
        if self._fd >= 0 and self._modes is not None:
            tty.set_modes(self._fd, self._modes)

    def size(self) -> tuple[int, int]:
        """(columns, rows), never 0."""
        with contextlib.suppress(OSError):
            columns, rows = tty.size(self._fd)
            return columns or COLUMNS, rows or ROWS
        return COLUMNS, ROWS

    def set_size(self, columns: int, rows: int) -> None:
        with contextlib.suppress(OSError):
            tty.set_size(self._fd, columns, rows)

    def write(self, text: str) -> None:
        if self._line and self.is_open and text:
            self._line.write(text)

    async def read(self) -> bytes:
        """What was typed; EIO once the terminal has hung up."""
        data = await self._input.get()
        if not data:
            raise OSError(errno.EIO, f"{self.name} has hung up")
        return data

    def discard_input(self) -> None:
        """What was typed so far was not meant for what comes now."""
        with contextlib.suppress(OSError):
            tty.discard_input(self._fd)
        kept = [data for data in self._drain_input() if not data]
        for data in kept[:1]:
            self._input.put_nowait(data)

    def _drain_input(self) -> list[bytes]:
        return [self._input.get_nowait() for _ in range(self._input.qsize())]

    async def flush(self, patience: float) -> None:
        """Return when the line has carried everything, at the latest after `patience` seconds."""
        deadline = asyncio.get_running_loop().time() + patience
        while asyncio.get_running_loop().time() < deadline:
            try:
                if not self.busy and tty.unsent(self._fd) == 0:
                    return
            except OSError:
                return
            await asyncio.sleep(0.02)

    def _arrived(self) -> None:
        try:
            data = os.read(self._fd, _CHUNK)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lost()
        elif not self._input.full():
            self._input.put_nowait(data)

    def _all_out(self, lossy: bool) -> None:
        self.drained(lossy)

    def _lost(self) -> None:
        """Tell the reader, even if its queue is full of what it will not read any more."""
        asyncio.get_running_loop().remove_reader(self._fd)
        self._drain_input()
        self._input.put_nowait(b"")

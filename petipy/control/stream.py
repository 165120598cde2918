"""Lines over a descriptor that never blocks: a Unix socket, or a virtio-serial port.

A port whose host has gone is readable for ever, which would keep the event loop busy. So an epoll
object of its own watches each descriptor by edges: it wakes once for each change.
"""

import asyncio
import contextlib
import errno
import os
import select
import socket
from collections.abc import Callable

_CHUNK = 4096  # bytes of a read
_PIECE = 1 << 16  # bytes of a write
_EDGES = select.EPOLLIN | select.EPOLLOUT | select.EPOLLRDHUP | select.EPOLLET
_GONE = select.EPOLLHUP | select.EPOLLERR
_RATE, _BURST = 256 << 10, 1 << 20  # bytes a second that are read in the long run, and at once


class TooLong(Exception):
    """A line that is longer than allowed. It has been skipped."""


class Meter:
    """A limit on what is taken: `rate` a second, after the first `burst`."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate, self._burst = rate, burst
        self._until = 0.0  # by the loop's clock: what was taken is paid for then

    async def take(self, amount: float) -> None:
        """Wait until the amount may be taken. Let others run in every case."""
        now = asyncio.get_running_loop().time()
        self._until = max(self._until, now - self._burst / self._rate) + amount / self._rate
        await asyncio.sleep(max(0.0, self._until - now))


class Stream:
    """One end of a connection. It owns the descriptor, and those that come with the lines."""

    def __init__(self, fd: int, receive: Callable[[], tuple[bytes, list[int]]]) -> None:
        """Watch `fd`; `receive` reads from it as `socket.recv_fds` does."""
        self._fd, self._receive = fd, receive
        self._buffer, self._skipping = bytearray(), False
        self._descriptor = -1
        self._torn = False  # a part of a line has been written
        self._meter = Meter(_RATE, _BURST)
        self._readable, self._writable = asyncio.Event(), asyncio.Event()
        self.gone = asyncio.Event()  # the other end is closed, or a port's host away
        self._epoll = select.epoll()
        self._epoll.register(fd, _EDGES)
        asyncio.get_running_loop().add_reader(self._epoll.fileno(), self._take_note)
        self._take_note()

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._epoll.fileno())
        self._epoll.close()
        if (fd := self.take_descriptor()) >= 0:
            os.close(fd)

    def take_descriptor(self) -> int:
        """Return the descriptor that came with the last lines, now the caller's; -1 for none."""
        fd, self._descriptor = self._descriptor, -1
        return fd

    async def read_line(self, longest: int) -> bytes | None:
        """Return the next line; None at the end. Raise TooLong in place of a longer one."""
        while True:
            line, end, rest = self._buffer.partition(b"\n")
            if end:
                self._buffer = rest
                if self._skipping or len(line) > longest:
                    self._skipping = False
                    raise TooLong
                return bytes(line)
            if len(self._buffer) > longest:
                self._buffer.clear()
                self._skipping = True
            try:
                data = await self._read()
            except OSError:
                data = b""
            if not data:
                self._buffer.clear()  # half a line
                self._skipping = False
                return None
            self._buffer += data

    async def write(self, data: bytes, patience: float) -> None:
        """Write all; raise TimeoutError if `patience` seconds pass without one byte accepted.

        If it is cancelled, the next call ends the line that was begun.
        """
        left = memoryview(b"\n" + data if self._torn else data)
        self._torn = True
        while left:
            self._writable.clear()
            try:
                left = left[os.write(self._fd, left[:_PIECE]) :]
            except BlockingIOError:
                if self.gone.is_set():
                    raise BrokenPipeError(errno.EPIPE, "nobody is there") from None
                async with asyncio.timeout(patience):
                    await self._writable.wait()
        self._torn = False

    async def _read(self) -> bytes:
        while True:
            self._readable.clear()
            try:
                data, descriptors = self._receive()
            except BlockingIOError:
                await self._readable.wait()
                continue
            for fd in descriptors:
                if (old := self.take_descriptor()) >= 0:
                    os.close(old)
                self._descriptor = fd
            await self._meter.take(len(data))
            return data

    def _take_note(self) -> None:
        for _, events in self._epoll.poll(0):
            if events & _GONE:
                self.gone.set()
            else:
                self.gone.clear()
        self._readable.set()
        self._writable.set()


class SocketStream(Stream):
    """A connection to a Unix socket."""

    def __init__(self, line: socket.socket) -> None:
        line.setblocking(False)
        self._line = line
        super().__init__(line.fileno(), self._receive_from_socket)

    def close(self) -> None:
        super().close()
        self._line.close()

    def _receive_from_socket(self) -> tuple[bytes, list[int]]:
        data, fds, _, _ = socket.recv_fds(self._line, _CHUNK, 1, socket.MSG_CMSG_CLOEXEC)
        return data, fds


class PortStream(Stream):
    """A virtio-serial port. Without a host it is gone, and may come back.

    The kernel may give what a host has sent before it notes that the host is there. Until then a
    write waits.
    """

    def __init__(self, path: str) -> None:
        self._port = os.open(path, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            super().__init__(self._port, self._receive_from_port)
        except OSError:
            os.close(self._port)
            raise

    def close(self) -> None:
        super().close()
        os.close(self._port)

    async def wait_for_host(self) -> None:
        """Wait until a host has sent something. Raise OSError once the port is unplugged."""
        while not self._buffer:
            self._readable.clear()
            with contextlib.suppress(BlockingIOError):  # a host is there, and silent
                self._buffer += self._receive_from_port()[0]
            if not self._buffer:
                await self._readable.wait()

    def _receive_from_port(self) -> tuple[bytes, list[int]]:
        data = os.read(self._port, _CHUNK)
        if data:
            self.gone.clear()
        return data, []

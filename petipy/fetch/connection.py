"""A TCP connection with asynchronous reads and writes, with or without TLS.

asyncio's streams copy each byte several times. This class reads into the caller's buffer.
"""

import asyncio
import os
import socket
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import ssl


class _Wrap(Protocol):
    def __call__(self, sock: socket.socket) -> "ssl.SSLSocket": ...


class Connection:
    """A connected socket that does not block. `close` must be called."""

    def __init__(self, sock: socket.socket, remark: str = "") -> None:
        """Take a socket, and what is to be said of the way that it goes."""
        self._sock, self.remark = sock, remark
        self._wanting: tuple[type[Exception], ...] = (BlockingIOError,)
        self._wanting_write: type[Exception] | None = None
        self.used = 0  # requests that were answered

    @property
    def peer(self) -> str:
        """The address of the other end, for people."""
        try:
            return str(self._sock.getpeername()[0])
        except OSError:
            return "nobody"

    async def send(self, data: bytes) -> None:
        """Send all of the data. Raise OSError."""
        view = memoryview(data)
        while view:
            try:
                view = view[self._sock.send(view) :]
            except self._wanting as error:
                await self._wait(error, writing=True)

    async def receive_into(self, view: memoryview) -> int:
        """Fill the view as far as there is data; wait for the first byte. Return 0 at the end.

        Raise OSError.
        """
        while True:
            try:
                return self._sock.recv_into(view)
            except self._wanting as error:
                await self._wait(error)

    def read_now(self, view: memoryview) -> int | None:
        """Do as receive_into, but return None instead of waiting."""
        try:
            return self._sock.recv_into(view)
        except self._wanting as error:
            if self._wanting_write and isinstance(error, self._wanting_write):
                raise
            return None

    async def start_tls(self, wrap: _Wrap) -> "ssl.SSLSocket":
        """Put TLS on the connection and return the socket. Raise ssl.SSLError or OSError."""
        import ssl  # `wrap` has imported it

        sock = wrap(self._sock)
        self._sock = sock
        self._wanting = (ssl.SSLWantReadError, ssl.SSLWantWriteError)
        self._wanting_write = ssl.SSLWantWriteError
        while True:
            try:
                sock.do_handshake()
            except self._wanting as error:
                await self._wait(error)
            else:
                return sock

    def is_idle(self) -> bool:
        """Return True if the other end has sent nothing since, and has not closed."""
        view = memoryview(bytearray(1))
        try:
            return self.read_now(view) is None
        except OSError:
            return False

    def close(self) -> None:
        self._sock.close()

    async def _wait(self, error: Exception, *, writing: bool = False) -> None:
        """Wait until the socket is ready for what was wanted."""
        if self._wanting_write:
            writing = isinstance(error, self._wanting_write)
        await _wait(self._sock, writing=writing)


async def connect_socket(
    sock: socket.socket, address: tuple[str, int] | tuple[str, int, int, int]
) -> None:
    """Connect a socket that does not block. Raise OSError.

    asyncio's own way asks a thread for the meaning of a link-local address.
    """
    try:
        sock.connect(address)
    except BlockingIOError:
        await _wait(sock, writing=True)
        if code := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            raise OSError(code, os.strerror(code)) from None


async def _wait(sock: socket.socket, *, writing: bool) -> None:
    """Wait until the socket can be read, or written to."""
    loop = asyncio.get_running_loop()
    ready = loop.create_future()
    if writing:
        loop.add_writer(sock, _resolve, ready)
    else:
        loop.add_reader(sock, _resolve, ready)
    try:
        await ready
    finally:
        if writing:
            loop.remove_writer(sock)
        else:
            loop.remove_reader(sock)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)

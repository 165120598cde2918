"""Work in a forked child: a fault, a hang or a flood of it costs the child alone.

The child has a socket to this process and sends one packet for each message: reports while it
works, and at the end its answer or its error.
"""

import asyncio
import errno
import os
import signal
import socket
import time
from collections.abc import AsyncGenerator, Callable
from typing import NoReturn

from petipy.sys import limits

_REPORT, _ANSWER, _ERROR = b"r", b"a", b"e"
_LONGEST = 4096  # bytes of a message
_ERRNOS = range(1, 4096)  # Linux has no others
_REAPING = 0.05  # seconds to wait for a child that was killed; one in a stuck read stays longer


class Parent:
    """The parent, as its child reaches it: by a socket."""

    def __init__(self, link: socket.socket, longest: int = _LONGEST) -> None:
        self._link, self._longest = link, longest

    def fileno(self) -> int:
        return self._link.fileno()

    def report(self, text: str) -> None:
        """Send the parent a report."""
        self.send(_REPORT, text)

    def send(self, kind: bytes, text: str) -> None:
        self._link.send(kind + text.encode(errors="replace")[: self._longest])


Work = Callable[[Parent], str]


def read_number(text: str, bound: range) -> int | None:
    """Return a number that a child wrote; None if it is none, or not within the bound."""
    # int() refuses thousands of digits, and few callers cope with hundreds.
    short = text.isascii() and text.isdecimal() and len(text) <= len(str(bound[-1]))
    return number if short and (number := int(text)) in bound else None


class ChildDied(OSError):
    """A child that ended without an answer. `signal` is the name of what killed it, or ""."""

    def __init__(self, status: int) -> None:
        number = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
        self.signal = limits.name_signal(number) if number else ""
        super().__init__(errno.EIO, f"the process died ({self.signal or 'without an answer'})")


async def in_child(
    work: Work, within: float, receive: Callable[[str], None] = lambda _: None
) -> str:
    """Return the text that `work` returns in a forked child with all rights of this process.

    The child ends when this process does. When memory is full, the kernel kills it first.

    `work` may send reports; `receive` gets each, and raises ValueError for a senseless one. An
    OSError in the child is raised here. Raise TimeoutError without an answer `within` seconds,
    ChildDied if there will be none, another OSError for a senseless message: the child may be
    hostile. Cancelling kills the child.
    """
    ours, child = _start(work, _LONGEST)
    try:
        async with asyncio.timeout(within):
            while (message := await _receive(ours))[:1] == _REPORT:
                receive(message[1:].decode(errors="replace"))
    except ValueError as error:
        raise OSError(errno.EPROTO, f"the process sent a senseless report: {error}") from None
    finally:
        status = _stop(ours, child)
    return _end(message, status)


async def stream(work: Work, longest: int) -> AsyncGenerator[bytes, None]:
    """Yield the reports of `work`, which runs in a forked child as in `in_child`, until it ends.

    A report has at most `longest` bytes. Raise the OSError that ends the work in the child, or
    ChildDied. Closing the generator (contextlib.aclosing) kills the child.
    """
    ours, child = _start(work, longest)
    try:
        while (message := await _receive(ours, longest))[:1] == _REPORT:
            yield message[1:]
    finally:
        status = _stop(ours, child)
    _end(message, status)


def _start(work: Work, longest: int) -> tuple[socket.socket, int]:
    """Fork a child for the work; return our end of the socket to it, and its number."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        ours.close()
        _run(work, Parent(theirs, longest), parent)
    theirs.close()
    ours.setblocking(False)
    return ours, child


def _stop(ours: socket.socket, child: int) -> int:
    """End the child; return its status."""
    ours.close()
    os.kill(child, signal.SIGKILL)  # changes nothing if it has ended
    return _reap(child)


def _end(message: bytes, status: int) -> str:
    """Return the answer in a child's last message; raise its error, or ChildDied."""
    kind, text = message[:1], message[1:].decode(errors="replace")
    if kind == _ANSWER:
        return text
    if kind == _ERROR:
        number, _, words = text.partition(" ")
        raise OSError(read_number(number, _ERRNOS) or errno.EIO, words or "it failed")
    raise ChildDied(status)


def _run(work: Work, link: Parent, parent: int) -> NoReturn:
    try:
        try:
            limits.die_with_parent(parent)
            limits.set_oom_score(limits.FIRST)
            answer = work(link)
        except OSError as error:
            link.send(_ERROR, f"{error.errno or errno.EIO} {error.strerror or error}")
        except Exception as error:  # noqa: BLE001  the boundary of the child
            link.send(_ERROR, f"{errno.EIO} {type(error).__name__}: {error}")
        else:
            link.send(_ANSWER, answer)
    finally:
        os._exit(0)


async def _receive(link: socket.socket, longest: int = _LONGEST) -> bytes:
    """Return the next message; b"" when there will be none."""
    loop = asyncio.get_running_loop()
    while True:
        try:
            return link.recv(longest + 1)
        except ConnectionResetError:
            return b""
        except BlockingIOError:
            readable = loop.create_future()
            loop.add_reader(link, _resolve, readable)
            try:
                await readable
            finally:
                loop.remove_reader(link)


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _reap(child: int) -> int:
    """Return the status of a child that was killed; 0 if it does not end soon."""
    end = time.monotonic() + _REAPING
    while True:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid or time.monotonic() > end:
            return status
        time.sleep(0.001)

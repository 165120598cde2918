"""The answer to a request, packet by packet. Its sender may have been taken over."""

import errno
import os
import socket
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from parsers.api import Problem
from petipy.sandbox import packets
from petipy.sandbox.messages import FAILURES, SCANS
from petipy.state.model import Scan

if TYPE_CHECKING:
    import asyncio

_SHOW = 1.0  # seconds after which a part is worth to be shown: most scans have ended by then


class Died(OSError):
    """The scanner process died, and the request with it."""


def senseless(reason: str) -> OSError:
    return OSError(errno.EPROTO, f"its scan gave a senseless answer: {reason}")


class Answer:
    """The answer to a request as far as it has come, with `files` descriptors at most.

    `receive` gets each part.
    """

    def __init__(self, link: socket.socket, files: int, receive: Callable[[bytes], None]) -> None:
        self._link, self._files, self._receive = link, files, receive
        self.data = bytearray()
        self.descriptors: list[int] = []

    async def receive_until(self, kind: bytes) -> None:
        """Take packets until one of `kind` comes. OSError when there will be none."""
        while True:
            await _wait_for_input(self._link)
            most = self._files - len(self.descriptors)  # the kernel closes those above
            try:
                packet, fds = packets.receive(self._link, packets.SIZE, most)
            except BlockingIOError:
                continue
            except ConnectionResetError:
                packet, fds = b"", []
            self.descriptors += fds
            if packet[:1] == kind:
                return
            self._take(packet[:1], packet[1:])

    def _take(self, kind: bytes, payload: bytes) -> None:
        if not kind:
            raise Died(errno.EPIPE, "the scanner process died")
        if kind == packets.FAILED:
            raise _failure(payload)
        if kind == packets.DATA:
            self.data += payload
            if len(self.data) > packets.MOST:
                raise OSError(errno.EFBIG, f"its scan gave more than {packets.MOST >> 20} MiB")
        elif kind == packets.PART:
            self._receive(bytes(self.data))
            self.data.clear()
        elif kind != packets.DESCRIPTOR:
            raise senseless("a packet of an unknown kind")

    def drop(self) -> None:
        """Close the descriptors that no caller gets."""
        while self.descriptors:
            os.close(self.descriptors.pop())


def _failure(payload: bytes) -> OSError:
    try:
        failure = FAILURES.decode(payload)
    except ValueError as error:
        return senseless(str(error))
    return OSError(failure.errno, failure.sentence)


async def _wait_for_input(link: socket.socket) -> None:
    import asyncio

    loop = asyncio.get_running_loop()
    happened = loop.create_future()

    def wake() -> None:
        if not happened.done():
            happened.set_result(None)

    fd = link.fileno()
    loop.add_reader(fd, wake)
    try:
        await happened
    finally:
        loop.remove_reader(fd)


class ScanParts:
    """The answer to a ScanRequest. Each part is a whole Scan, which replaces the one before.

    A part is decoded only if it is needed.
    """

    def __init__(self, receive: Callable[[Scan], None] | None) -> None:
        self._receive = receive
        self._data = self._shown = b""
        self._timer: asyncio.TimerHandle | None = None

    def take(self, data: bytes) -> None:
        """Take a part. It is shown soon, unless the end comes first."""
        import asyncio

        self._data = data
        if self._receive and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_SHOW, self._show)

    def close(self) -> None:
        """Show nothing any more."""
        if self._timer:
            self._timer.cancel()

    def end(self, data: bytes) -> Scan:
        """Return the whole result; `data` is the rest of the answer."""
        try:
            return SCANS.decode(data or self._data)
        except ValueError as error:
            raise senseless(str(error)) from None

    def cut(self, error: OSError) -> Scan:
        """Return the result so far. Raise the error if there is none."""
        if not self._data:
            raise error
        scan, reason = self.end(b""), error.strerror or str(error)
        words = f"the scan ended early, and there may be more: {reason}"
        problems = (*scan.problems, Problem("", 0, words))
        return replace(scan, problems=problems, stopped=reason)

    def _show(self) -> None:
        self._timer = None
        if self._receive and self._data != self._shown:
            self._shown = self._data
            try:
                scan = self.end(b"")
            except OSError:  # the end of the scan will tell
                return
            self._receive(replace(scan, stopped="it is still being read"))

"""The sandbox, as the process that owns the machine sees it.

It reads devices without touching them, and is the one way to write to them. A scanner process
(petipy.sandbox.server) is forked at the very start and forks a child for each request. Each
request has a socket of its own for the answer; closing it kills the child. The child mounts, gives
up all it can (petipy.sandbox.child), parses, and answers with JSON. Every value of the answer is
checked.
"""

import array
import errno
import os
import signal
import socket
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from parsers.api import Format
from parsers.formats import formats
from parsers.places.volumes import image
from petipy import platforms
from petipy.codec import Codec
from petipy.sandbox import packets, server
from petipy.sandbox.answer import Answer, Died, ScanParts, senseless
from petipy.sandbox.messages import (
    REQUESTS,
    CaptureRequest,
    OpenRequest,
    Request,
    ScanRequest,
    WriteRequest,
)
from petipy.sandbox.mounter import Mounter, find_volume
from petipy.state.model import Change, Device, File, Scan

_QUEUE = 60.0  # seconds that a request may wait for the requests before it, besides its patience
# The scanner process ends a child whose patience is over, and does not count the time in which the
# child waits for the processor. This is for the case that the scanner process itself hangs.
_FACTOR = 10
# Scans that are sent to the scanner process at once: each costs descriptors here and there, of
# which a process has 1024.
_AT_ONCE = 128
_ENDING = 1.0  # seconds in which a process that ends has closed all its sockets
_Value = TypeVar("_Value")


class ScannerProcess:
    """The scanner process, forked at once. An early fork shares the memory of what is imported."""

    def __init__(
        self, formats: Callable[[], Sequence[Format]] = formats, *, own_machine: bool = True
    ) -> None:
        """Fork.

        `formats` is called in the scanner process, because it imports the parsers. `own_machine`
        is Mounter's.
        """
        self._formats, self._own_machine = formats, own_machine
        self.pid = 0
        self.control: socket.socket | None = None  # None: the process is not there
        platforms.find()  # for both processes
        self.fork()

    def fork(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                mounter = Mounter(self._own_machine)
                server.run(theirs.detach(), parent, mounter, self._formats)
            finally:
                os._exit(1)
        theirs.close()
        self.pid, self.control = pid, ours

    def kill(self) -> None:
        if self.control:
            self.control.close()
            self.control = None
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0


class Scanner:
    """Requests to the scanner process.

    When the process dies it is started again, and `complain` gets a sentence.
    """

    def __init__(
        self, process: ScannerProcess, complain: Callable[[str], None] = lambda _: None
    ) -> None:
        import asyncio

        self.process, self._complain = process, complain
        self._ended = False
        self._turn = asyncio.Semaphore(_AT_ONCE)

    @classmethod
    def start(
        cls,
        formats: Callable[[], Sequence[Format]] = formats,
        *,
        own_machine: bool = True,
        complain: Callable[[str], None] = lambda _: None,
    ) -> "Scanner":
        """Start a scanner process of its own; see ScannerProcess."""
        return cls(ScannerProcess(formats, own_machine=own_machine), complain)

    async def scan(
        self,
        device: Device,
        volumes: Sequence[Device],
        machine: str,
        patience: float,
        dialect: str = "",
        receive: Callable[[Scan], None] | None = None,
    ) -> Scan:
        """Return the entries on the device; `volumes` are the other devices that it may refer to.

        Every configuration is read in the `dialect`, if its language has it: Settings.dialect. If
        it takes a while, `receive` gets the result so far.

        The child may compute for `patience` seconds, or wait for the device. When it ends early,
        the result so far is returned, with the reason (Scan.stopped). OSError, with a sentence for
        people, if there is none. Cancelling kills the child that scans.
        """
        request = ScanRequest(
            devices=(device, *volumes), machine=machine, patience=patience, dialect=dialect
        )
        parts = ScanParts(receive)
        try:
            async with self._turn:
                data, _ = await self._answer(request, patience, 0, parts.take)
        except OSError as error:
            return parts.cut(error)
        finally:
            parts.close()
        return parts.end(data)

    async def capture(
        self, device: Device, volumes: Sequence[Device], machine: str, patience: float
    ) -> dict[str, dict[str, Any]]:
        """Return the files that a scan reads: by device, keys of a machine file. See `scan`."""
        from petipy.sandbox.captures import CAPTURES

        devices = (device, *volumes)
        request = CaptureRequest(devices=devices, machine=machine, patience=patience)
        found = await self._value(request, patience, CAPTURES)
        if strange := next((name for name in found if find_volume(name, devices) is None), None):
            raise senseless(f"no device is called {strange[:60]!r}")
        return {name: asdict(contents) for name, contents in found.items()}

    async def open(
        self,
        files: Sequence[File],
        devices: Sequence[Device],
        patience: float,
        configs: Sequence[File] = (),
    ) -> list[int]:
        """Return read-only descriptors of the files, in their order. They outlive their mounts.

        OSError (ESTALE) if a file or a configuration is not the one that was scanned (File.stamp).
        """
        names = {file.device for file in (*files, *configs)}
        # For an image file, the device that it lies on.
        used = [d for d in devices if any(f"{name}:/".startswith(f"{d.name}:/") for name in names)]
        request = OpenRequest(files=tuple(files), devices=tuple(used), configs=tuple(configs))
        _, descriptors = await self._answer(request, patience, len(files))
        if len(descriptors) != len(files):
            for descriptor in descriptors:
                os.close(descriptor)
            raise senseless(f"{len(descriptors)} of {len(files)} files")
        return descriptors

    async def write(self, change: Change, devices: Sequence[Device], patience: float) -> None:
        """Make a change to a device; OSError with a sentence if nothing, or not all, is written.

        Nothing else lifts the protection of a block device. It is restored afterwards.
        """
        if change.file.url:
            raise OSError(errno.EROFS, "nothing is written over the network")
        device = next((d for d in devices if d.name == change.file.device), None)
        if device is None:
            within = image(change.file.device, [d.volume for d in devices])
            words = "nothing is written into an image" if within else "there is no such device"
            raise OSError(errno.ENODEV, words)
        await self._answer(WriteRequest(change=change, device=device), patience, 0)

    def close(self) -> None:
        """End the scanner and all its children."""
        self._ended = True
        self.process.kill()

    def _alive(self) -> socket.socket:
        """Return the socket of a scanner that is not known to be dead."""
        if self._ended:
            raise OSError(errno.ESHUTDOWN, "the scanner process has been ended")
        if self.process.control is None:
            self._complain("the scanner process died and is started again")
            self.process.fork()
        assert self.process.control
        return self.process.control

    # Requests

    async def _value(self, request: Request, patience: float, codec: Codec[_Value]) -> _Value:
        async with self._turn:
            data, _ = await self._answer(request, patience, 0)
        try:
            return codec.decode(data)
        except ValueError as error:
            raise senseless(str(error)) from None

    async def _answer(
        self,
        request: Request,
        patience: float,
        files: int,
        receive: Callable[[bytes], None] = lambda _: None,
    ) -> tuple[bytes, list[int]]:
        """Return the data after the last part, and the descriptors; `receive` gets each part."""
        data, control = REQUESTS.encode(request), self._alive()
        try:
            return await self._once(control, data, patience, files, receive)
        except Died:
            if not await _has_ended(control):
                raise senseless("it stops in the middle") from None
            if self.process.control is control:  # else another request has noticed already
                self.process.kill()
        return await self._once(self._alive(), data, patience, files, receive)

    async def _once(
        self,
        control: socket.socket,
        request: bytes,
        patience: float,
        files: int,
        receive: Callable[[bytes], None],
    ) -> tuple[bytes, list[int]]:
        import asyncio

        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        answer = Answer(ours, files, receive)
        try:
            async with asyncio.timeout(_QUEUE + patience):
                await _submit(control, request, patience, theirs)
                await answer.receive_until(packets.STARTED)
            async with asyncio.timeout(_FACTOR * patience):
                await answer.receive_until(packets.END)
        except TimeoutError:
            answer.drop()
            raise OSError(errno.ETIMEDOUT, f"no answer within {patience:g} seconds") from None
        except BaseException:
            answer.drop()
            raise
        finally:
            ours.close()
        return bytes(answer.data), answer.descriptors


async def _has_ended(control: socket.socket) -> bool:
    """Return True if the scanner process has ended. A child can end its own answer, too."""
    import asyncio

    for _ in range(round(_ENDING / 0.05)):
        try:
            return not control.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            await asyncio.sleep(0.05)
        except OSError:  # another request has noticed it and closed the socket
            return True
    return False


async def _submit(
    control: socket.socket, request: bytes, patience: float, theirs: socket.socket
) -> None:
    import asyncio

    file = os.memfd_create("request", os.MFD_CLOEXEC)
    try:
        os.write(file, request)
        fds = array.array("i", (theirs.fileno(), file))
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)]
        while True:
            try:
                control.sendmsg([packets.job(patience)], ancillary, socket.MSG_DONTWAIT)
                return
            except BlockingIOError:  # many requests, and the scanner still imports
                await asyncio.sleep(0.02)  # the loop wakes one writer only
            except OSError:
                raise Died(errno.EPIPE, "the scanner process died") from None
    finally:
        theirs.close()
        os.close(file)

"""Looking at devices without touching them, and the one way to write to them: the side of the
process that owns the machine.

A scanner process (petipy.sandbox.server) is forked at the very start and forks a child per
request. Each request has a socket of its own, over which the child answers; closing it kills the
child. The child mounts, gives up all it can (petipy.sandbox.child), parses, and answers with JSON.
"""

import array
import errno
import json
import os
import signal
import socket
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from parsers.api import Format
from parsers.formats import formats
from parsers.places.volumes import image
from petipy.sandbox import server, wire
from petipy.sandbox.child import Mounter
from petipy.sandbox.messages import (
    DATA,
    DESCRIPTORS,
    END,
    ENDED,
    FAILED,
    SIZE,
    STARTED,
    receive,
    request,
)
from petipy.state.model import Change, Device, File, Scan

MAX_ANSWER = 4 << 20  # bytes; a menu of 2000 entries is 2 MB
_QUEUE = 60.0  # seconds that a request may wait for the requests before it, besides its patience
_DEATHS = {
    "SIGXCPU": "took too much processor time",
    "SIGKILL": "was killed: is the memory full?",
}
_Value = TypeVar("_Value")


class _Died(OSError):
    """The scanner process itself is gone, and the request with it."""


class Scanner:
    """The scanner process. It is started again when it dies; `complain` is told so."""

    def __init__(self, formats: Callable[[], Sequence[Format]], own_machine: bool) -> None:
        self.complain: Callable[[str], None] = lambda _: None
        self._formats, self._own_machine = formats, own_machine
        self._ended = False
        self._pid = 0
        self._control: socket.socket | None = None

    @classmethod
    def start(
        cls,
        formats: Callable[[], Sequence[Format]] = formats,
        *,
        own_machine: bool = True,
    ) -> "Scanner":
        """Fork the scanner. Early: it shares the pages of what has been imported by then.

        `formats` is called in the scanner process, as it imports the parsers.
        With `own_machine` block devices are made read-only in the kernel when they are first
        looked at, and stay so; without, they are read through a read-only loop device.
        """
        started = cls(formats, own_machine)
        started._fork()
        return started

    async def scan(
        self,
        device: Device,
        volumes: Sequence[Device],
        machine: str,
        patience: float,
        dialect: str = "",
    ) -> Scan:
        """What `device` offers, `volumes` being the other devices that it may refer to.

        Every grub.cfg is read in the `dialect`, if there is one: Settings.dialect.

        OSError, with a sentence for people, when it cannot be mounted or gives no sane answer
        within `patience` seconds. Cancelling kills the child that scans.
        """
        details = {"machine": machine, "dialect": dialect}
        asked = request("scan", [device, *volumes], patience, **details)
        return await self._told(asked, patience, wire.from_json)

    async def capture(
        self, device: Device, volumes: Sequence[Device], machine: str, patience: float
    ) -> dict[str, Any]:
        """What a scan would look at: by device's name, the keys of a machine file. See `scan`."""
        asked = request("capture", [device, *volumes], patience, machine=machine)
        return await self._told(asked, patience, wire.captured)

    async def open(
        self, files: Sequence[File], devices: Sequence[Device], patience: float
    ) -> list[int]:
        """Read-only descriptors of the files, in their order. They outlive their mounts."""
        names = {file.device for file in files}
        wanted = [[file.device, file.path] for file in files]
        # Of an image file, the device that it lies on.
        used = [d for d in devices if any(f"{name}:/".startswith(f"{d.name}:/") for name in names)]
        asked = request("open", used, patience, files=wanted)
        _, descriptors = await self._answer(asked, patience, len(files))
        if len(descriptors) != len(files):
            for descriptor in descriptors:
                os.close(descriptor)
            raise OSError(errno.EPROTO, "the files' device gave a senseless answer")
        return descriptors

    async def write(self, change: Change, devices: Sequence[Device], patience: float) -> None:
        """Write what booting an entry writes; OSError with a sentence when it could not be.

        Only this lifts the protection of a block device, for as long as it takes.
        """
        if change.file.url:
            raise OSError(errno.EROFS, "nothing is written over the network")
        device = next((d for d in devices if d.name == change.file.device), None)
        if device is None:
            within = image(change.file.device, [d.volume for d in devices])
            words = "nothing is written into an image" if within else "there is no such device"
            raise OSError(errno.ENODEV, words)
        file = change.file
        details = {"path": file.path, "offset": file.offset, "size": file.size}
        details |= {"values": dict(change.values), "rename": change.rename}
        asked = request("write", [device], patience, **details)
        await self._answer(asked, patience, 0)

    def close(self) -> None:
        """End the scanner and all its children."""
        self._ended = True
        self._kill()

    # The scanner process

    def _fork(self) -> None:
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
        self._pid, self._control = pid, ours

    def _kill(self) -> None:
        if self._control:
            self._control.close()
            self._control = None
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)
            self._pid = 0

    def _alive(self) -> socket.socket:
        """The socket of a scanner that lives as far as anyone knows."""
        if self._ended:
            raise OSError(errno.ESHUTDOWN, "the scanner process has been ended")
        if self._control is None:
            self.complain("the scanner process died and is started again")
            self._fork()
        assert self._control
        return self._control

    # Requests

    async def _told(self, asked: bytes, patience: float, read: Callable[[Any], _Value]) -> _Value:
        data, _ = await self._answer(asked, patience, 0)
        try:
            return read(json.loads(data))
        except (ValueError, RecursionError) as error:
            raise OSError(errno.EPROTO, f"its scan gave a senseless answer: {error}") from None

    async def _answer(self, asked: bytes, patience: float, files: int) -> tuple[bytes, list[int]]:
        control = self._alive()
        try:
            return await self._once(control, asked, patience, files)
        except _Died:
            if self._control is control:  # else another request has noticed already
                self._kill()
        return await self._once(self._alive(), asked, patience, files)

    async def _once(
        self, control: socket.socket, asked: bytes, patience: float, files: int
    ) -> tuple[bytes, list[int]]:
        import asyncio

        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        ours.setblocking(False)
        answer = _Answer(ours, files)
        try:
            async with asyncio.timeout(_QUEUE + patience):
                await _submit(control, asked, theirs)
                await answer.until(STARTED)
            async with asyncio.timeout(patience):
                await answer.until(END)
        except TimeoutError:
            answer.drop()
            raise OSError(errno.ETIMEDOUT, f"no answer within {patience:g} seconds") from None
        except BaseException:
            answer.drop()
            raise
        finally:
            ours.close()
        return bytes(answer.data), answer.descriptors


async def _submit(control: socket.socket, asked: bytes, theirs: socket.socket) -> None:
    table = os.memfd_create("request", os.MFD_CLOEXEC)
    try:
        os.write(table, asked)
        fds = array.array("i", (theirs.fileno(), table))
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)]
        while True:
            try:
                control.sendmsg([b"job"], ancillary, socket.MSG_DONTWAIT)
                return
            except BlockingIOError:  # many requests, and the scanner still imports
                await _ready(control, writing=True)
            except OSError:
                raise _Died(errno.EPIPE, "the scanner process died") from None
    finally:
        theirs.close()
        os.close(table)


class _Answer:
    """What has come over a request's socket, with `files` descriptors at most."""

    def __init__(self, link: socket.socket, files: int) -> None:
        self._link, self._files = link, files
        self.data = bytearray()
        self.descriptors: list[int] = []

    async def until(self, kind: bytes) -> None:
        """Take packets in until one of `kind`. OSError when there will be none."""
        while True:
            await _ready(self._link)
            most = self._files - len(self.descriptors)  # the kernel closes those above
            try:
                packet, fds = receive(self._link, SIZE, most)
            except BlockingIOError:
                continue
            except ConnectionResetError:
                packet, fds = b"", []
            self.descriptors += fds
            if packet[:1] == kind:
                return
            self._take(packet[:1], packet[1:])

    def _take(self, kind: bytes, rest: bytes) -> None:
        if not kind:
            raise _Died(errno.EPIPE, "the scanner process died")
        if kind == FAILED:
            code, _, text = rest.decode(errors="replace").partition(" ")
            raise OSError(int(code) if code.isdecimal() else errno.EIO, text)
        if kind == ENDED:
            how = rest.decode()
            raise OSError(errno.EIO, f"the scanning process {_DEATHS.get(how, f'died ({how})')}")
        if kind == DATA:
            self.data += rest
            if len(self.data) > MAX_ANSWER:
                raise OSError(errno.EFBIG, f"its scan gave more than {MAX_ANSWER >> 20} MiB")
        elif kind != DESCRIPTORS:
            raise OSError(errno.EPROTO, "its scan gave a senseless answer")

    def drop(self) -> None:
        """Close the descriptors that nobody will get."""
        while self.descriptors:
            os.close(self.descriptors.pop())


async def _ready(link: socket.socket, writing: bool = False) -> None:
    import asyncio

    loop = asyncio.get_running_loop()
    happened = loop.create_future()

    def wake() -> None:
        if not happened.done():
            happened.set_result(None)

    fd = link.fileno()
    (loop.add_writer if writing else loop.add_reader)(fd, wake)
    try:
        await happened
    finally:
        (loop.remove_writer if writing else loop.remove_reader)(fd)

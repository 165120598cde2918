"""The sandbox, as the process that owns the machine sees it.

It reads devices without touching them, and is the one way to write to them. A scanner process
(petipy.sandbox.server) is forked at the very start and forks a child for each request. Each
request has a socket of its own for the answer; closing it kills the child. The child mounts, gives
up all it can (petipy.sandbox.child), parses, and answers with JSON. Every value of the answer is
checked.
"""

import errno
import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

from parsers.api import Format
from parsers.formats import formats
from parsers.places.volumes import image
from petipy.codec import Codec
from petipy.sandbox import packets
from petipy.sandbox.answer import Answer, Died, ScanParts, senseless
from petipy.sandbox.messages import (
    REQUESTS,
    CaptureRequest,
    OpenRequest,
    Request,
    ScanRequest,
    WriteRequest,
)
from petipy.sandbox.mounter import find_volume
from petipy.sandbox.process import ScannerProcess, has_ended, submit
from petipy.state.model import Change, Device, File, Scan
from petipy.state.network import ANY_WAY, NO_RULES, Fetching, Lease, Wanted, Way

if TYPE_CHECKING:
    from petipy.sandbox.use import Use

_QUEUE = 60.0  # seconds that a request may wait for the requests before it, besides its patience
# The scanner process ends a child whose patience is over, and does not count the time in which the
# child waits for the processor. This is for the case that the scanner process itself hangs.
_FACTOR = 10
# Scans that are sent to the scanner process at once: each costs descriptors here and there, of
# which a process has 1024.
_AT_ONCE = 128
_IDLE = 20.0  # seconds without a request about networks, until the branch for them ends
_Value = TypeVar("_Value")


class Scanner:
    """Requests to the scanner process.

    When the process dies it is started again, and `complain` gets a sentence.
    """

    idle = _IDLE
    _use: "Use | None" = None  # of the branch

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
        path: str = "",
    ) -> Scan:
        """Return the entries on the device; `volumes` are the other devices that it may refer to.

        With a `path`, only the file there counts.
        Every configuration is read in the `dialect`, if its language has it: Settings.dialect. If
        it takes a while, `receive` gets the result so far.

        The child may compute for `patience` seconds, or wait for the device. When it ends early,
        the result so far is returned, with the reason (Scan.stopped). OSError, with a sentence for
        people, if there is none. Cancelling kills the child that scans.
        """
        request = ScanRequest(
            devices=(device, *_list_local(volumes)),
            machine=machine,
            patience=patience,
            dialect=dialect,
            path=path,
        )
        return await self._scan(REQUESTS.encode(request), patience, receive)

    async def scan_lease(
        self,
        device: Device,
        lease: Lease,
        volumes: Sequence[Device],
        machine: str,
        patience: float,
        dialect: str = "",
        rules: Fetching = NO_RULES,
        receive: Callable[[Scan], None] | None = None,
        way: Way = ANY_WAY,
    ) -> Scan:
        """Return the entries that a lease leads to, and the requests for them; else as `scan`.

        `device` is the network's; `way` leads to its servers. Waiting for servers counts, and
        `receive` gets the requests so far.
        """
        from petipy.sandbox.remote_messages import NETWORK_REQUESTS, LeaseRequest

        request = LeaseRequest(
            devices=(device, *_list_local(volumes)),
            lease=lease,
            rules=rules,
            machine=machine,
            patience=patience,
            dialect=dialect,
            way=way,
        )
        data = NETWORK_REQUESTS.encode(request)
        return await self._scan(data, patience, receive, network=True)

    async def _scan(
        self,
        request: bytes,
        patience: float,
        receive: Callable[[Scan], None] | None,
        *,
        network: bool = False,
    ) -> Scan:
        parts = ScanParts(receive)
        try:
            async with self._turn:
                data, _ = await self._answer(request, patience, 0, parts.take, network=network)
        except OSError as error:
            return parts.cut(error)
        finally:
            parts.close()
        return parts.end(data)

    async def fetch(
        self,
        wanted: Sequence[Wanted],
        rules: Fetching,
        patience: float,
        show: Callable[[int, int, int | None, str], None] = lambda *_: None,
    ) -> list[int]:
        """Return sealed files in memory with what is at the URLs, in their order.

        They are fetched side by side, each within `patience` seconds. `show` gets the number of
        one, its bytes so far, its size if that is known, and why nothing comes now, in words; an
        exception that it raises ends the fetch. OSError, with the URL and a reason, if one of them
        cannot be fetched. Cancelling kills the children that fetch.
        """
        from petipy.sandbox import transfer

        def answer(
            request: bytes, receive: Callable[[bytes], None], tls: bool
        ) -> Awaitable[tuple[bytes, list[int]]]:
            return self._answer(request, patience, 1, receive, network=True, tls=tls)

        return await transfer.fetch(answer, wanted, rules, show)

    async def capture(
        self, device: Device, volumes: Sequence[Device], machine: str, patience: float
    ) -> dict[str, dict[str, Any]]:
        """Return the files that a scan reads: by device, keys of a machine file. See `scan`."""
        from petipy.sandbox.captures import CAPTURES

        devices = (device, *volumes)
        request = CaptureRequest(devices=devices, machine=machine, patience=patience)
        found = await self.value(request, patience, CAPTURES)
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
        _, descriptors = await self._answer(REQUESTS.encode(request), patience, len(files))
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
        request = WriteRequest(change=change, device=device)
        await self._answer(REQUESTS.encode(request), patience, 0)

    def prepare_network(self) -> None:
        """Start what requests about networks need, beside everything else: it takes a while."""
        from petipy.sandbox.remote_messages import NETWORK_REQUESTS

        NETWORK_REQUESTS.build()
        if self.process.control and self.process.network is None:
            with self._use_branch():
                self.process.branch(early=True)

    def _use_branch(self) -> "Use":
        """Return the use of the branch. It takes 10 MB, and is soon made again."""
        if self._use is None:
            from petipy.sandbox.use import Use  # few starts need it

            self._use = Use(self.idle, self.process.leave_branch)
        return self._use

    def close(self) -> None:
        """End the scanner and all its children."""
        self._ended = True
        self.process.kill()

    def reopen(self) -> None:
        """Take requests again after `close`: the first one starts a scanner."""
        self._ended = False

    def _alive(self, *, network: bool) -> socket.socket:
        """Return the socket of a scanner, or of its branch, that is not known to be dead."""
        if self._ended:
            raise OSError(errno.ESHUTDOWN, "the scanner process has been ended")
        if self.process.control is None:
            self._complain("the scanner process died and is started again")
            self.process.fork()
        assert self.process.control
        if not network:
            return self.process.control
        if self.process.network is None:
            self.process.branch()
        assert self.process.network
        self.process.hurry()
        return self.process.network

    def _let_go(self, control: socket.socket) -> None:
        """Take note that the process behind a socket has ended."""
        if self.process.control is control:  # else another request has noticed already
            self.process.kill()
        elif self.process.network is control:
            self._complain("the scanner process for the network died and is started again")
            self.process.leave_branch()

    # Requests

    async def value(self, request: Request, patience: float, codec: Codec[_Value]) -> _Value:
        """Return the one value that answers a request. OSError, with a sentence."""
        async with self._turn:
            data, _ = await self._answer(REQUESTS.encode(request), patience, 0)
        try:
            return codec.decode(data)
        except ValueError as error:
            raise senseless(str(error)) from None

    async def _answer(
        self,
        request: bytes,
        patience: float,
        files: int,
        receive: Callable[[bytes], None] = lambda _: None,
        *,
        network: bool = False,
        tls: bool = False,
    ) -> tuple[bytes, list[int]]:
        """Return the data after the last part, and the descriptors; `receive` gets each part."""
        job = packets.job(patience, tls=tls)
        with self._use_branch() if network else nullcontext():
            control = self._alive(network=network)
            try:
                return await self._once(control, job, request, patience, files, receive)
            except Died:
                if not await has_ended(control):
                    raise senseless("it stops in the middle") from None
                self._let_go(control)
            control = self._alive(network=network)
            return await self._once(control, job, request, patience, files, receive)

    async def _once(
        self,
        control: socket.socket,
        job: bytes,
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
                await submit(control, request, job, theirs)
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


def _list_local(devices: Sequence[Device]) -> list[Device]:
    """Return the devices that have files of their own."""
    return [device for device in devices if not device.kind.remote]

"""A TFTP server on a real socket, whose faults a test chooses."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

from petipy.fetch.tftp import packets
from tests.fetch.tftp import Server

# The packets that a client gets instead of one; asked for each, with the number of packets before.
Fault = Callable[["Session", bytes], list[bytes]]
ABSENT = b"\0\5\0\1File not found\0"


class Session(asyncio.DatagramProtocol):
    """A transfer, on a port of its own."""

    def __init__(self, client: tuple[str, int], server: Server, fault: Fault) -> None:
        self.client, self.server, self.fault = client, server, fault
        self.sent = 0  # packets
        self.strange: list[bytes] = []  # answers to `send_from_elsewhere`
        self.transport: asyncio.DatagramTransport
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        self.send(self.server.receive(data, self._loop.time()))

    def send(self, burst: list[bytes]) -> None:
        for packet in burst:
            for what in self.fault(self, packet):
                self.transport.sendto(what, self.client)
            self.sent += 1
        if self._timer:
            self._timer.cancel()
        if not self.server.ended and self.server.deadline < float("inf"):
            self._timer = self._loop.call_at(self.server.deadline, self._expire)

    def _expire(self) -> None:
        self.send(self.server.expire(self._loop.time()))

    def close(self) -> None:
        if self._timer:
            self._timer.cancel()
        self.transport.close()


@dataclass
class Host(asyncio.DatagramProtocol):
    """A server with files; it knows the sessions so far."""

    files: Mapping[bytes, bytes]
    knows: tuple[str, ...]
    fault: Fault
    address: str
    port: int = 0
    transport: asyncio.DatagramTransport = field(init=False)
    sessions: list[Session] = field(default_factory=list)
    names: list[bytes] = field(default_factory=list)  # of the files that were asked for
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    first: Callable[[bytes], bytes | None] = lambda _: None  # the answer to a request, at once

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def datagram_received(self, data: bytes, client: tuple[str, int]) -> None:
        if data[1] != packets.READ:
            return
        name = data[2:].partition(b"\0")[0]
        self.names.append(name)
        if (answer := self.first(data)) is not None:
            self.transport.sendto(answer, client)
        elif name not in self.files:
            self.transport.sendto(ABSENT, client)
        else:
            task = asyncio.get_running_loop().create_task(self._serve(data, client, name))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _serve(self, request: bytes, client: tuple[str, int], name: bytes) -> None:
        server = Server(self.files[name], self.knows, wait=0.3)
        loop = asyncio.get_running_loop()
        _, session = await loop.create_datagram_endpoint(
            lambda: Session(client, server, self.fault), (self.address, 0)
        )
        self.sessions.append(session)
        session.datagram_received(request, client)

    def url(self, path: str = "/file") -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"tftp://{host}:{self.port}{path}"


@asynccontextmanager
async def serve(
    files: Mapping[bytes, bytes] | bytes,
    fault: Fault = lambda _, packet: [packet],
    *,
    knows: tuple[str, ...] = ("tsize", "blksize", "timeout", "windowsize"),
    address: str = "127.0.0.1",
    first: Callable[[bytes], bytes | None] = lambda _: None,
) -> AsyncIterator[Host]:
    """Run a server with these files, or with one that is called "file"."""
    content = {b"file": files} if isinstance(files, bytes) else files
    loop = asyncio.get_running_loop()
    transport, host = await loop.create_datagram_endpoint(
        lambda: Host(content, knows, fault, address, first=first), (address, 0)
    )
    try:
        yield host
    finally:
        transport.close()
        await asyncio.gather(*host.tasks)
        for session in host.sessions:
            session.close()
        await asyncio.sleep(0)  # transports close in the next turn

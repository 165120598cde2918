"""An HTTP server for faults: a function of the test writes each answer, byte for byte."""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from petipy.fetch.fetcher import Fetched, Fetcher
from petipy.fetch.scheme import Limits
from petipy.state.network import Fetching, Wanted

# Limits of a test: what takes ten seconds in earnest takes a tenth of one here.
QUICK = Limits(
    connect=1,
    answer=0.3,
    read=0.2,
    slow=0.5,
    pauses=(0.01, 0.02, 0.03),
    longer=(),
    after=0.1,
    overall=20,
)


@dataclass
class Visit:
    """A request that the server has read, and the way back."""

    head: str  # request line and headers
    number: int  # of the request, from 0
    connection: int  # the number of its connection
    writer: asyncio.StreamWriter

    @property
    def path(self) -> str:
        return self.head.split()[1]

    def header(self, name: str) -> str | None:
        m = re.search(rf"(?im)^{name}: *(.*?)\r?$", self.head)
        return m and m[1]

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def answer(self, status: str, body: bytes = b"", *headers: str) -> None:
        """Send a well-formed answer."""
        lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
        await self.send("".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + body)


# It returns True to keep the connection open.
Answer = Callable[[Visit], Awaitable[bool | None]]


@dataclass
class Server:
    """The address of a running server, and the requests that it got."""

    port: int
    scheme: str = "http"
    host: str = "127.0.0.1"
    visits: list[Visit] = field(default_factory=list)

    def url(self, path: str = "/file") -> str:
        return f"{self.scheme}://{self.host}:{self.port}{path}"


@asynccontextmanager
async def serve(
    answer: Answer, context: ssl.SSLContext | None = None, host: str = "127.0.0.1", port: int = 0
) -> AsyncIterator[Server]:
    """Run a server that answers so."""
    connections = iter(range(1000))
    open_ones: set[asyncio.Task[None]] = set()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        open_ones.add(task)
        number = next(connections)
        try:
            with suppress(asyncio.IncompleteReadError, OSError):
                while True:
                    head = (await reader.readuntil(b"\r\n\r\n")).decode()
                    visit = Visit(head, len(server.visits), number, writer)
                    server.visits.append(visit)
                    if not await answer(visit):
                        break
        except asyncio.CancelledError:
            pass  # the test is over
        finally:
            writer.close()
            open_ones.discard(task)

    listening = await asyncio.start_server(handle, host, port, ssl=context)
    server = Server(listening.sockets[0].getsockname()[1], "https" if context else "http")
    try:
        yield server
    finally:
        listening.close()
        for task in list(open_ones):
            task.cancel()
        await asyncio.gather(*open_ones, return_exceptions=True)


@dataclass(frozen=True)
class Outcome:
    """A Fetched whose file has been read and closed."""

    fetched: Fetched
    data: bytes | None

    @property
    def answers(self) -> list[str]:
        return [request.answer for request in self.fetched.requests]


def read(descriptor: int) -> bytes:
    with open(descriptor, "rb") as file:
        return file.read()


async def fetch(
    url: str,
    rules: Fetching | None = None,
    limits: Limits = QUICK,
    *,
    offset: int = 0,
    size: int = 0,
    most: int = 1 << 30,
    fetcher: Fetcher | None = None,
) -> Outcome:
    """Fetch by a fetcher of its own, or by the one given."""
    wanted = Wanted(url=url, offset=offset, size=size, most=most)
    used = fetcher or Fetcher(rules or Fetching(), limits)
    try:
        fetched = await used.fetch(wanted)
    finally:
        if fetcher is None:
            used.close()
    return Outcome(fetched, read(fetched.descriptor) if fetched.descriptor >= 0 else None)


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]

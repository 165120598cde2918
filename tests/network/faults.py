"""Servers of files that misbehave, in a namespace: each fault begins when the test opens a gate.

What is asked for waits at the gate of its name, so that a test can look at the client meanwhile.
"""

import asyncio
import hashlib
import random
import socket
import ssl
import struct
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from petipy.fetch.tftp import packets
from tests.fetch import tftp_server
from tests.fetch.server import Visit, serve
from tests.fetch.tftp_server import Session
from tests.network.authority import Authority, Certificate
from tests.network.namespace import Namespace

SERVER = "192.0.2.1"
WHOLE = random.Random(3).randbytes(100_000)  # a file that is no kernel
SHA256 = hashlib.sha256(WHOLE).hexdigest()
HEAD = b"HTTP/1.1 200 OK\r\n"
DAY = timedelta(days=1)


@dataclass
class Gate:
    """The gate of one fault."""

    asked: threading.Event = field(default_factory=threading.Event)
    opened: threading.Event = field(default_factory=threading.Event)

    async def hold(self) -> None:
        """Let the test know that somebody waits here, until it opens the gate."""
        self.asked.set()
        while not self.opened.is_set():  # noqa: ASYNC110  the test is another thread
            await asyncio.sleep(0.01)

    async def drip(self, visit: Visit) -> None:
        """Send a little all the time until the gate is open."""
        self.asked.set()
        while not self.opened.is_set():
            await visit.send(b"........")
            await asyncio.sleep(0.02)


HttpFault = Callable[[Visit, Gate], Awaitable[bool | None]]


async def stall(visit: Visit, gate: Gate) -> None:
    await visit.send(HEAD + b"Content-Length: 9000000\r\n\r\n")
    await gate.drip(visit)
    await asyncio.sleep(60)


async def close_early(visit: Visit, gate: Gate) -> None:
    await visit.send(HEAD + b"Content-Length: 9000000\r\n\r\n")
    await gate.drip(visit)


async def say_less(visit: Visit, gate: Gate) -> None:
    await gate.hold()
    await visit.send(HEAD + b"Content-Length: 5\r\n\r\nhello, and more")


async def say_two_lengths(visit: Visit, gate: Gate) -> None:
    await gate.hold()
    await visit.answer("200 OK", b"hello", "Content-Length: 6")


async def redirect(visit: Visit, gate: Gate) -> bool:
    await gate.hold()
    await visit.answer("302 Found", b"", f"Location: {visit.path}")
    return True


async def miss(visit: Visit, gate: Gate) -> None:
    await gate.hold()
    await visit.answer("404 Not Found")


async def be_busy_once(visit: Visit, gate: Gate) -> None:
    if gate.opened.is_set():
        await visit.answer("200 OK", WHOLE)
    else:
        await gate.hold()
        await visit.answer("503 Busy")


async def send_headers(visit: Visit, gate: Gate) -> None:
    await gate.hold()
    await visit.send(HEAD + b"X-A: 0123456789abc\r\n" * 2000 + b"\r\n")


async def never_end(visit: Visit, gate: Gate) -> None:
    await visit.send(HEAD + b"\r\n")
    await gate.drip(visit)
    while True:
        await visit.send(bytes(1 << 18))


HTTP: Mapping[str, HttpFault] = {
    "http-stall": stall,
    "http-closed-early": close_early,
    "http-longer-than-told": say_less,
    "http-two-lengths": say_two_lengths,
    "http-redirects": redirect,
    "http-404": miss,
    "http-503": be_busy_once,
    "http-headers": send_headers,
    "http-endless": never_end,
}


def stop(session: Session, packet: bytes) -> list[bytes]:
    return [packet] if _number(packet) < 20 else []


def answer_from_elsewhere(session: Session, packet: bytes) -> list[bytes]:
    """Send from another port of this address, too."""
    if _number(packet) == 5:
        other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)  # in this thread's namespace
        with other:
            other.bind((SERVER, 0))
            other.sendto(b"\0\3\0\5hostile", session.client)
            other.sendto(b"\0\5\0\1hostile\0", session.client)
    return [packet]


def send_wrong_block(session: Session, packet: bytes) -> list[bytes]:
    if packet[1] != packets.DATA:
        return [packet]
    return [packet[:2] + struct.pack(">H", _number(packet) + 1000 & 0xFFFF) + packet[4:]]


def end_early(session: Session, packet: bytes) -> list[bytes]:
    return [packet[:99] if _number(packet) == 7 else packet]


def repeat(session: Session, packet: bytes) -> list[bytes]:
    return [packet] * 3


TFTP: Mapping[str, tftp_server.Fault] = {
    "tftp-stops": stop,
    "tftp-other-port": answer_from_elsewhere,
    "tftp-wrong-block": send_wrong_block,
    "tftp-early-end": end_early,
    "tftp-duplicates": repeat,
}
TLS = ("tls-authority", "tls-name", "tls-expired", "tls-future")
OTHER = {
    "proxy-down": "http://behind.test/kernel",
    "dns-lie": "http://lie.test/kernel",
    "dns-silent": "http://silent.test/kernel",
}
NAMES = (*HTTP, *TFTP, *TLS, *OTHER)


def _number(packet: bytes) -> int:
    """Return the number of a block, or 0."""
    return int.from_bytes(packet[2:4], "big") if packet[1] == packets.DATA else 0


@dataclass
class Faults:
    """The running servers, and the gate of each fault."""

    authority: Path  # a certificate that the client may trust
    certificates: Mapping[str, Certificate]
    gates: Mapping[str, Gate] = field(default_factory=lambda: {name: Gate() for name in NAMES})
    urls: dict[str, str] = field(default_factory=lambda: dict(OTHER))

    @property
    def menu(self) -> str:
        """Return a configuration of pxelinux with an entry for each fault."""
        return "".join(f"LABEL {name}\n\tKERNEL {self.urls[name]}\n" for name in NAMES)

    async def answer(self, visit: Visit) -> bool | None:
        name = visit.path[1:]
        if name == "pxelinux.cfg/default":
            await visit.answer("200 OK", self.menu.encode())
        elif name in HTTP:
            return await HTTP[name](visit, self.gates[name])
        else:
            await visit.answer("404 Not Found")
        return None

    async def run(self, ready: threading.Event, end: threading.Event) -> None:
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(serve(self.answer, host=SERVER, port=80))
            self.urls.update({name: f"http://{SERVER}/{name}" for name in HTTP})
            for name in TFTP:
                host = tftp_server.serve(WHOLE, self._hold_packets(name), address=SERVER)
                self.urls[name] = (await stack.enter_async_context(host)).url()
            for name in TLS:
                self.urls[name] = await stack.enter_async_context(self._serve_tls(name))
            ready.set()
            while not end.is_set():  # noqa: ASYNC110  of another thread
                await asyncio.sleep(0.05)

    def _hold_packets(self, name: str) -> tftp_server.Fault:
        gate = self.gates[name]

        def answer(session: Session, packet: bytes) -> list[bytes]:
            gate.asked.set()
            return TFTP[name](session, packet) if gate.opened.is_set() else []

        return answer

    @asynccontextmanager
    async def _serve_tls(self, name: str) -> AsyncIterator[str]:
        """Run a server that shows its certificate once its gate is open."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        shown = self.certificates[name]
        context.load_cert_chain(shown.certificate, shown.key)

        async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            transport = cast(asyncio.Transport, writer.transport)
            transport.pause_reading()  # TLS is to read the client's greeting
            await self.gates[name].hold()
            with suppress(OSError, EOFError):
                await writer.start_tls(context)
            writer.close()

        listening = await asyncio.start_server(greet, SERVER, 0)
        yield f"https://{SERVER}:{listening.sockets[0].getsockname()[1]}/kernel"
        listening.close()


def _make_certificates(room: Path) -> tuple[Path, dict[str, Certificate]]:
    known, unknown = Authority(room / "ca"), Authority(room / "other-ca", "Somebody else's CA")
    own, now = f"IP:{SERVER}", datetime.now(UTC)
    return known.certificate, {
        "tls-authority": unknown.sign(own),
        "tls-name": known.sign("other.test", "IP:192.0.2.9"),
        "tls-expired": known.sign(own, begins=now - 9 * DAY, ends=now - DAY),
        "tls-future": known.sign(own, begins=now + DAY, ends=now + 9 * DAY),
    }


@contextmanager
def serve_faults(space: Namespace) -> Iterator[Faults]:
    """Run the servers at 192.0.2.1, in a thread. Root only."""
    faults = Faults(*_make_certificates(space.room))
    ready, end = threading.Event(), threading.Event()

    def work() -> None:
        with space.entered():
            asyncio.run(faults.run(ready, end))

    thread = threading.Thread(target=work, name="faults")
    thread.start()
    try:
        assert ready.wait(10)
        yield faults
    finally:
        for gate in faults.gates.values():
            gate.opened.set()
        end.set()
        thread.join()

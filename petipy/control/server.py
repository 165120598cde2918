"""The server of `petipy ctl`: answers requests over Unix sockets and virtio-serial ports.

A client may hang, flood or lie. It costs its own connection only: each has limits, and all that is
sent or read waits without blocking the program.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from petipy.control import answers, changes, protocol
from petipy.control.commands import Denied
from petipy.control.protocol import Refused, Request
from petipy.control.session import Session
from petipy.control.stream import Meter, Stream, TooLong
from petipy.state.model import Snapshot

IDLE = 300.0  # seconds without a request after which a connection ends
PATIENCE = 30.0  # seconds for a client to take what is sent
LAST_WORDS = 1.0  # seconds for a client to take the news of the jump
GAP = 0.25  # seconds between two items of a watch
_RATE, _BURST = 20.0, 100.0  # requests a second in the long run, and at once
_BATCH = 50  # items that are written before others run

# Show the menu on a terminal, given its descriptor and kind, until the person leaves it.
Attach = Callable[[int, str, Session], Awaitable[None]]


@dataclass(eq=False)
class Connection:
    """A client, with its rights. `attach` is None where no terminal can come along.

    A connection that `lasts` is a port: an answer that nobody takes does not end it, as another
    client of the host may have sent the next request already.
    """

    stream: Stream
    session: Session
    attach: Attach | None = None
    may: frozenset[str] | None = None  # names of commands; None: all
    lasts: bool = False
    rate: Meter = field(default_factory=lambda: Meter(_RATE, _BURST))


class Server:
    """Serves connections until each ends, and tells them when the machine leaves."""

    def __init__(self) -> None:
        self._leaving: asyncio.Future[Sequence[str]] | None = None
        self._waiting: set[asyncio.Task[None]] = set()  # requests that are told of the jump

    async def serve(self, connection: Connection) -> None:
        """Answer the requests of a connection until its end; never raise for what it sends."""
        stream = connection.stream
        reading = asyncio.create_task(stream.read_line(protocol.LONGEST))
        try:
            while True:
                await asyncio.wait({reading}, timeout=None if connection.lasts else IDLE)
                if not reading.done() or (line := await _take(reading)) is None:
                    return
                reading = asyncio.create_task(stream.read_line(protocol.LONGEST))
                try:
                    if line:
                        await self._answer(connection, line, reading)
                except OSError:  # the client has gone, or takes nothing
                    if not connection.lasts:
                        return
        finally:
            reading.cancel()
            await asyncio.wait({reading})
            connection.session.forget()

    async def release(self, lines: Sequence[str]) -> None:
        """Tell all who wait that the machine leaves, within LAST_WORDS."""
        waiting = set(self._waiting)
        if self._leaving and not self._leaving.done():
            self._leaving.set_result(lines)
        if waiting:
            await asyncio.wait(waiting, timeout=LAST_WORDS)

    def resume(self) -> None:
        """Go on after a boot that failed."""
        self._leaving = None

    def _make_leaving(self) -> "asyncio.Future[Sequence[str]]":
        if self._leaving is None:
            self._leaving = asyncio.get_running_loop().create_future()
        return self._leaving

    async def _answer(
        self, connection: Connection, line: bytes | Refused, reading: "asyncio.Task[bytes | None]"
    ) -> None:
        """Answer one request. The next one, or the client's leaving, ends one without an end."""
        try:
            if isinstance(line, Refused):
                raise line
            id, request = protocol.decode(line)
            self._check(connection, request)
        except Refused as refused:
            id = refused.more.get("id", "")
            await connection.stream.write(protocol.encode_error(id, refused), PATIENCE)
        else:
            work = asyncio.create_task(self._carry_out(connection, id, request))
            try:
                await _run(work, connection.stream, reading, endless=_is_endless(request))
            finally:
                self._waiting.discard(work)
        await connection.rate.take(1)

    def _check(self, connection: Connection, request: Request) -> None:
        name = type(request).__name__.lower()
        if connection.may is not None and name not in connection.may:
            raise Refused("unknown", f"the command {name} is not for this connection")

    async def _carry_out(self, connection: Connection, id: str, request: Request) -> None:
        """Send the whole answer to a request."""
        stream, session = connection.stream, connection.session
        try:
            match request:
                case protocol.Status():
                    status = answers.describe_status(session.snapshot, session.clock())
                    await stream.write(protocol.encode(id, result=status), PATIENCE)
                case protocol.Describe():
                    await _list(stream, id, map(answers.describe_part, session.describe()))
                case protocol.Entries(full=full):
                    await _list(stream, id, answers.list_entries(session.snapshot, full=full))
                case protocol.Config(name=""):
                    await _list(stream, id, answers.list_settings(session.snapshot.settings))
                case protocol.Log(follow=False):
                    await _list(stream, id, map(answers.describe_line, [*session.log()]))
                case protocol.Log():
                    await self._follow_log(stream, session, id)
                case protocol.Watch():
                    await self._watch(stream, session, id)
                case protocol.Leave():
                    action = await changes.permit_leave(session, request)
                    await stream.write(protocol.encode(id, result={"leaves": True}), LAST_WORDS)
                    await session.leave(action)
                case protocol.Attach(term=term):
                    await self._attach(connection, term)
                    await stream.write(protocol.encode(id, result={}), PATIENCE)
                case _:
                    result = await self._command(session, request)
                    await stream.write(protocol.encode(id, result=result), PATIENCE)
        except Refused as refused:
            await stream.write(protocol.encode_error(id, refused), PATIENCE)
        except Denied as denied:
            await stream.write(protocol.encode_error(id, changes.refuse(denied)), PATIENCE)
        finally:
            session.forget()

    async def _command(self, session: Session, request: Request) -> dict[str, Any]:
        match request:
            case protocol.Boot():
                return await self._boot(session, request)
            case protocol.Next() | protocol.Prefer():
                return await changes.keep_wish(session, request)
            case protocol.Cancel():
                session.note_presence()
                session.stop()
            case protocol.Rescan():
                session.rescan()
            case protocol.Config(name=name, reset=False, value=None):
                return answers.find_setting(session.snapshot.settings, name)
            case protocol.Config(name=name, value=value, keep=keep):
                value = None if request.reset else value
                return await changes.configure(session, name, value, request.passwords, keep=keep)
            case protocol.Order(order=None):
                return answers.find_setting(session.snapshot.settings, "order")
            case protocol.Order(order=order, keep=keep):
                return await changes.configure(
                    session, "order", order, request.passwords, keep=keep
                )
        return {}

    async def _boot(self, session: Session, request: protocol.Boot) -> dict[str, Any]:
        choice = answers.find_entry(session.snapshot, request.entry)
        await changes.obtain(session, "boot", choice.id, request.passwords)
        if session.snapshot.booting:
            raise Refused("busy", "another boot is under way")
        before = session.snapshot.status
        leaving = self._note_waiting() if request.wait else None
        await session.boot(choice.id)
        if leaving is None:
            return {"booting": choice.id}
        async for snapshot in _follow_changes(session, leaving):
            if leaving.done():
                return {"booting": choice.id, "leaves": True, "lines": [*leaving.result()]}
            if snapshot.booting != choice.id:
                status = snapshot.status
                failed = status.text if status and status is not before else "it did not boot"
                raise Refused("failed", failed)
        return {}

    def _note_waiting(self) -> "asyncio.Future[Sequence[str]]":
        task = asyncio.current_task()
        assert task
        self._waiting.add(task)
        return self._make_leaving()

    async def _watch(self, stream: Stream, session: Session, id: str) -> None:
        leaving = self._note_waiting()
        async for snapshot in _follow_changes(session, leaving):
            if leaving.done():
                result = {"leaves": True, "lines": [*leaving.result()]}
                await stream.write(protocol.encode(id, result=result), LAST_WORDS)
                return
            item = answers.describe_status(snapshot, session.clock())
            await stream.write(protocol.encode(id, item=item), PATIENCE)
            await asyncio.wait({leaving}, timeout=GAP)

    async def _follow_log(self, stream: Stream, session: Session, id: str) -> None:
        last = None
        leaving = self._note_waiting()
        while True:
            fresh = []
            for status in reversed(session.log()):
                if status is last:
                    break
                fresh.append(status)
            last = fresh[0] if fresh else last
            for status in reversed(fresh):
                await stream.write(
                    protocol.encode(id, item=answers.describe_line(status)), PATIENCE
                )
            if leaving.done():
                await stream.write(protocol.encode(id, result={"leaves": True}), LAST_WORDS)
                return
            await asyncio.wait({leaving}, timeout=GAP)

    async def _attach(self, connection: Connection, term: str) -> None:
        fd = connection.stream.take_descriptor()
        if connection.attach is None or fd < 0:
            if fd >= 0:
                os.close(fd)
            raise Refused("malformed", "no terminal came with the request")
        try:
            await connection.attach(fd, term, connection.session)
        except OSError as error:
            raise Refused("failed", error.strerror or str(error)) from None


async def _take(reading: "asyncio.Task[bytes | None]") -> bytes | Refused | None:
    """Return the line that was read; an error in place of one that is too long."""
    try:
        return await reading
    except TooLong:
        return Refused("malformed", f"a line of more than {protocol.LONGEST} bytes")


async def _run(
    work: "asyncio.Task[None]",
    stream: Stream,
    reading: "asyncio.Task[bytes | None]",
    *,
    endless: bool,
) -> None:
    """Wait for the work; end one without an end at the next request or when the client leaves."""
    gone = asyncio.create_task(stream.gone.wait())
    try:
        await asyncio.wait(
            {work, gone, reading} if endless else {work}, return_when=asyncio.FIRST_COMPLETED
        )
        if not work.done():
            work.cancel()
            await asyncio.wait({work})
        if not work.cancelled():
            await work
    finally:
        work.cancel()
        gone.cancel()
        await asyncio.wait({work, gone})


def _is_endless(request: Request) -> bool:
    match request:
        case protocol.Watch() | protocol.Attach() | protocol.Log(follow=True):
            return True
        case protocol.Boot(wait=wait):
            return wait
    return False


async def _list(stream: Stream, id: str, items: Iterable[dict[str, Any]]) -> None:
    """Send items, then their number. Others run in between."""
    lines, count = bytearray(), 0
    for count, item in enumerate(items, 1):
        lines += protocol.encode(id, item=item)
        if count % _BATCH == 0:
            await stream.write(bytes(lines), PATIENCE)
            lines.clear()
            await asyncio.sleep(0)
    lines += protocol.encode(id, result={"count": count})
    await stream.write(bytes(lines), PATIENCE)


async def _follow_changes(
    session: Session, leaving: "asyncio.Future[Sequence[str]]"
) -> AsyncIterator[Snapshot]:
    """Yield the present snapshot, then each that follows, or the same once the machine leaves."""
    while True:
        snapshot = session.snapshot
        yield snapshot
        news = asyncio.create_task(session.wait_for_change(snapshot.version))
        awaited: set[asyncio.Future[Any]] = {news, leaving}
        try:
            await asyncio.wait(awaited, return_when=asyncio.FIRST_COMPLETED)
        finally:
            news.cancel()

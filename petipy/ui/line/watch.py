"""Waiting on a console for the first of: a key, a new snapshot, a time."""

import asyncio
import math
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from petipy.control.session import Session
from petipy.state.model import Snapshot
from petipy.ui.line.terminal import Terminal

_LOOK = 0.5  # seconds between two looks at the signals of a line, and at its size


@dataclass(frozen=True, slots=True)
class ConsoleEvent:
    """Input, a snapshot, a terminal that has come; each empty if there is nothing new."""

    data: bytes = b""
    snapshot: Snapshot | None = None
    arrived: bool = False


class Watch:
    """A context manager that waits for events of one console.

    `gap` is the least time between two snapshots, in seconds. With it, many devices that appear at
    once do not repaint a slow line twenty times.
    """

    def __init__(self, terminal: Terminal, session: Session, gap: float = 0.0) -> None:
        self._terminal, self._session, self._gap = terminal, session, gap
        self._seen = session.snapshot.version
        self._input: asyncio.Task[bytes] | None = None
        self._news: asyncio.Task[Snapshot] | None = None
        self._interruption: asyncio.Future[None] | None = None
        self._not_before = 0.0
        self._carrier, self._size = terminal.carrier, terminal.size()

    def __enter__(self) -> "Watch":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in (self._input, self._news):
            if task is not None and not task.cancel() and not task.cancelled():
                task.exception()  # if the terminal is lost now, the next read reports it

    async def wait(self, until: float) -> ConsoleEvent:
        """Return the next event; an empty one when the clock passes `until`, or when interrupted.

        It is an empty one, too, after the size of the terminal has changed.

        Raise OSError when the terminal is lost.
        """
        clock = self._session.clock
        while True:
            # The kernel tells nobody about these signals, and of the size only processes that the
            # terminal controls: they are looked at now and then.
            event = await self._wait(min(until, clock() + _LOOK))
            if event is not None or clock() >= until:
                return event or ConsoleEvent()
            carrier, size = self._carrier, self._size
            self._carrier, self._size = self._terminal.carrier, self._terminal.size()
            if (self._carrier and not carrier) or self._size != size:
                return ConsoleEvent(arrived=bool(self._carrier and not carrier))

    async def _wait(self, until: float) -> ConsoleEvent | None:
        """Return the next event; None if there is none until then."""
        loop = asyncio.get_running_loop()
        self._interruption = loop.create_future()
        self._input = self._input or loop.create_task(self._terminal.read())
        self._news = self._news or loop.create_task(self._wait_for_change())
        patience = max(0.0, until - self._session.clock())
        awaited: set[asyncio.Future[Any]] = {self._input, self._news, self._interruption}
        await asyncio.wait(
            awaited,
            timeout=None if patience == math.inf else patience,
            return_when=asyncio.FIRST_COMPLETED,
        )
        if not any(future.done() for future in awaited):
            return None
        data, snapshot = b"", None
        if self._input.done():
            task, self._input = self._input, None
            data = task.result()
        if self._news.done():
            news, self._news = self._news, None
            snapshot = news.result()
            self._seen = snapshot.version
            self._not_before = self._session.clock() + self._gap
        return ConsoleEvent(data, snapshot)

    def release_input(self) -> None:
        """Leave the next input to another reader."""
        if self._input and not self._input.done():
            self._input.cancel()
            self._input = None

    def interrupt(self) -> None:
        """Let `wait` return now, if somebody awaits it."""
        if self._interruption and not self._interruption.done():
            self._interruption.set_result(None)

    async def _wait_for_change(self) -> Snapshot:
        if (wait := self._not_before - self._session.clock()) > 0:
            await asyncio.sleep(wait)
        return await self._session.wait_for_change(self._seen)

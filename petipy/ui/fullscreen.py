"""One console while someone is there: urwid's loop around a view, fed with that person's keys."""

import asyncio
import math
from typing import Literal

from petipy.control.session import Session
from petipy.ui.kit.screen import Screen
from petipy.ui.kit.theme import SERIAL, VIRTUAL
from petipy.ui.kit.toolkit import AsyncioEventLoop, MainLoop
from petipy.ui.line.countdown import next_change
from petipy.ui.line.keys import Decoder, Report
from petipy.ui.line.loglevel import HUSH
from petipy.ui.line.probe import probe
from petipy.ui.line.terminal import Terminal
from petipy.ui.line.watch import Watch
from petipy.ui.view import View

GAP = 0.25  # seconds between two redraws for news
ABSENT = 300.0  # seconds without a key, after which a running countdown closes the menu

Leaving = Literal["shell", "absent"]


class Desk:
    """Lives as long as its console, so that what is typed survives a shell or a failed boot."""

    def __init__(self, terminal: Terminal, session: Session) -> None:
        self._terminal, self._session = terminal, session
        self._theme = VIRTUAL if terminal.term == "linux" else SERIAL
        self._decoder = Decoder()
        self._leaving: Leaving | None = None
        self._view = View(session, self._theme, self._to_shell)
        self._screen = Screen(terminal, self._theme)
        self._loop = MainLoop(
            self._view,
            screen=self._screen,
            handle_mouse=False,
            event_loop=AsyncioEventLoop(loop=asyncio.get_running_loop()),
        )

    async def serve(self) -> Leaving:
        """Until the person wants a shell, or has gone. OSError when the terminal is lost."""
        self._leaving = None
        self._terminal.drained = self._drained
        if not self._terminal.virtual:
            await self._measure()
        self._terminal.discard_input()
        self._view.show(self._session.snapshot)
        self._loop.screen_size = None
        with HUSH.held():
            self._loop.start()
            try:
                self._draw()
                return await self._serve()
            finally:
                self._terminal.drained = lambda _: None
                self._loop.stop()

    async def _serve(self) -> Leaving:
        with Watch(self._terminal, self._session, GAP) as watch:
            waiting_since = math.inf  # when an unfinished sequence began
            while self._leaving is None:
                moment = min(self._next_tick(), waiting_since + self._theme.patience)
                event = await watch.next(moment)
                now = self._session.clock()
                keys = self._decoder.feed(event.data)
                if self._decoder.noise:  # a letter among garbage is garbage, and could boot
                    keys = []
                if not event.data and now >= waiting_since + self._theme.patience:
                    keys = self._decoder.expire()
                if event.data or not self._decoder.pending:
                    waiting_since = now if self._decoder.pending else math.inf
                await self._type(keys)
                self._view.show(self._session.snapshot)
                self._draw()
                if self._gone(now):
                    self._leaving = "absent"
        return self._leaving

    async def _type(self, keys: list[str | Report]) -> None:
        for key in keys:
            if isinstance(key, Report):
                continue
            self._session.someone_is_here()
            if key != "ctrl l":
                self._loop.process_input([key])
        if "ctrl l" in keys:  # once, however long it was held down
            await self._redraw()

    async def _redraw(self) -> None:
        """As one does when a modem or a kernel message has spoilt the screen; or another terminal
        has been plugged in."""
        if not self._terminal.virtual:
            await self._measure()
        self._screen.clear()

    async def _measure(self) -> None:
        if size := await probe(self._terminal, self._decoder):
            self._terminal.set_size(*size)

    def _draw(self) -> None:
        if self._loop.screen_size not in (None, self._terminal.size()):
            self._screen.clear()  # a virtual terminal with another font
        self._loop.screen_size = None
        self._loop.draw_screen()

    def _drained(self, lossy: bool) -> None:
        if lossy:
            self._screen.clear()
        if lossy or self._screen.skipped:
            self._draw()

    def _next_tick(self) -> float:
        return next_change(self._session.snapshot.countdown, self._session.clock())

    def _gone(self, now: float) -> bool:
        return (
            self._session.snapshot.countdown is not None and now - self._session.last_key > ABSENT
        )

    def _to_shell(self) -> None:
        self._leaving = "shell"

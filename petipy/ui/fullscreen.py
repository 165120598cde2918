"""One console while somebody is there: urwid's loop around a view, fed with that person's keys."""

import asyncio
import math
from collections.abc import Coroutine, Sequence
from typing import Any, Literal

from petipy.control.session import Session
from petipy.ui.kit.display import Display
from petipy.ui.kit.keys import REDRAW
from petipy.ui.kit.theme import SERIAL, VIRTUAL
from petipy.ui.kit.toolkit import AsyncioEventLoop, MainLoop
from petipy.ui.line.countdown import next_change
from petipy.ui.line.keys import Decoder, Report
from petipy.ui.line.loglevel import KERNEL_LOG_LEVEL
from petipy.ui.line.probe import probe_size
from petipy.ui.line.terminal import Terminal
from petipy.ui.line.watch import Watch
from petipy.ui.view import Start, View

GAP = 0.25  # seconds between two redraws for news
ABSENT = 300.0  # seconds without a key, after which a countdown closes the menu

Ending = Literal["shell", "absent", "left", "print"]


class FullScreen:
    """The screens of one console.

    The object lives as long as its console, so that typed text survives a shell or a failed boot.
    `start` runs a command in a task of the console. With `may_leave` a key leaves the menu.
    """

    def __init__(
        self, terminal: Terminal, session: Session, start: Start, *, may_leave: bool = False
    ) -> None:
        self._terminal, self._session, self._start = terminal, session, start
        self._watch: Watch | None = None
        self._theme = VIRTUAL if terminal.term == "linux" else SERIAL
        self._decoder = Decoder()
        self._ending: Ending | None = None
        self.printout: Sequence[str] = ()  # to be written on the terminal: "print"
        self._view = View(
            session,
            self._theme,
            self._start_command,
            self._end_for_shell,
            self.wake,
            self._leave if may_leave else None,
            self._end_for_print,
        )
        self._display = Display(terminal, self._theme)
        self._loop = MainLoop(
            self._view,
            screen=self._display,
            handle_mouse=False,
            event_loop=AsyncioEventLoop(loop=asyncio.get_running_loop()),
        )

    async def run(self) -> Ending:
        """Show the screens until the person wants a shell or a printout, leaves or has gone.

        Raise OSError when the terminal is lost.
        """
        self._ending = None
        self._terminal.drained = self._on_drained
        if not self._terminal.virtual:
            await self._measure()
        self._terminal.discard_input()
        self._view.show(self._session.snapshot)
        self._loop.screen_size = None
        with KERNEL_LOG_LEVEL.hold_low():
            self._loop.start()
            try:
                self._draw()
                return await self._handle_events()
            finally:
                self._terminal.drained = lambda _: None
                self._loop.stop()

    async def _handle_events(self) -> Ending:
        with Watch(self._terminal, self._session, GAP) as watch:
            self._watch = watch
            waiting_since = math.inf  # the time when an unfinished sequence began
            while self._ending is None:
                moment = min(self._next_tick(), waiting_since + self._theme.patience)
                event = await watch.wait(moment)
                now = self._session.clock()
                keys = self._decoder.feed(event.data)
                if self._decoder.noise:  # a letter among noise is noise, and could boot an entry
                    keys = []
                if not event.data and now >= waiting_since + self._theme.patience:
                    keys = self._decoder.expire()
                if event.data or not self._decoder.pending:
                    waiting_since = now if self._decoder.pending else math.inf
                await self._press(keys)
                self._view.show(self._session.snapshot)
                self._draw()
                if self._is_deserted(now):
                    self._ending = "absent"
        return self._ending

    async def _press(self, keys: list[str | Report]) -> None:
        redraw = False
        for key in keys:
            if isinstance(key, Report):
                continue
            self._session.note_presence()
            if key in REDRAW:
                redraw = True
                continue
            self._loop.process_input([key])
            await asyncio.sleep(0)  # the key's command runs before the next key
        if redraw:  # once, however long the key was held down
            await self._redraw()

    async def _redraw(self) -> None:
        """Draw everything again: a modem or a kernel message has spoilt the screen.

        Measure the terminal again, too: somebody may have connected another one.
        """
        if not self._terminal.virtual:
            await self._measure()
        self._display.clear()

    async def _measure(self) -> None:
        if size := await probe_size(self._terminal, self._decoder):
            self._terminal.set_size(*size)

    def _draw(self) -> None:
        if self._loop.screen_size not in (None, self._terminal.size()):
            self._display.clear()  # a virtual terminal with another font
        self._loop.screen_size = None
        self._loop.draw_screen()

    def _on_drained(self, lossy: bool) -> None:
        if lossy:
            self._display.clear()
        if lossy or self._display.skipped:
            self._draw()

    def _next_tick(self) -> float:
        return next_change(self._session.snapshot.countdown, self._session.clock())

    def _is_deserted(self, now: float) -> bool:
        return (
            self._session.snapshot.countdown is not None and now - self._session.last_key > ABSENT
        )

    def _start_command(self, command: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._start(command)
        task.add_done_callback(lambda _: self.wake())
        return task

    def wake(self) -> None:
        """Draw what a command has changed, or leave: it may go on while nobody presses a key."""
        if self._watch:
            self._watch.interrupt()

    def _end_for_shell(self) -> None:
        self._ending = "shell"

    def _end_for_print(self, lines: Sequence[str]) -> None:
        self._ending, self.printout = "print", lines

    def _leave(self) -> None:
        self._ending = "left"

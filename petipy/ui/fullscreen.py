"""One console while somebody is there: urwid's loop around a view, fed with that person's keys."""

import asyncio
import math
import os
from collections.abc import Callable
from dataclasses import replace

from petipy.control.session import Session
from petipy.ui.kit.display import Display
from petipy.ui.kit.glyphs import choose_glyphs
from petipy.ui.kit.keys import BOOT, REDRAW
from petipy.ui.kit.theme import choose_theme
from petipy.ui.kit.toolkit import AsyncioEventLoop, MainLoop
from petipy.ui.line.countdown import next_change
from petipy.ui.line.keyboard import find_patience
from petipy.ui.line.keys import Report
from petipy.ui.line.letters import find_letters
from petipy.ui.line.loglevel import KERNEL_LOG_LEVEL
from petipy.ui.line.probe import probe_size, read_size
from petipy.ui.line.terminal import Terminal
from petipy.ui.line.watch import Watch
from petipy.ui.mode import ABSENT, GAP, IDLE, Ending, Mode
from petipy.ui.translator import mark
from petipy.ui.view import Start

_WAKING = 1.0  # seconds for which further Enters mean the same as that
_LATE = 10.0  # seconds in which an answer about the size may come


class FullScreen(Mode):
    """The screens of one console, each on the whole terminal."""

    def __init__(
        self,
        terminal: Terminal,
        session: Session,
        start: Start,
        warn: Callable[[str], None] = lambda _: None,
        *,
        may_leave: bool = False,
    ) -> None:
        settings, letters = session.snapshot.settings, find_letters(terminal)
        theme = choose_theme(terminal.term, settings.color, os.environ)
        theme = replace(
            theme,
            pane=theme.pane or may_leave,  # ssh or a shell: no serial line
            glyphs=choose_glyphs(settings.glyphs, letters, virtual=terminal.virtual),
        )
        super().__init__(
            terminal, session, start, warn, theme=theme, letters=letters, may_leave=may_leave
        )
        self._last_key = self._woken = -math.inf  # times
        self._answers_until = -math.inf  # of questions about the size
        self._is_back = False  # a reader that went away; perhaps another one
        self._display = Display(terminal, theme, letters)
        self._loop = MainLoop(
            self._view,
            screen=self._display,
            handle_mouse=False,
            event_loop=AsyncioEventLoop(loop=asyncio.get_running_loop()),
        )

    async def run(self) -> Ending:
        self._ending = None
        self._terminal.drained = self._on_drained
        self._keyboard.patience = find_patience(self._terminal)
        if not self._terminal.virtual:
            await self._measure()
        self._terminal.discard_input()
        self._show(self._session.snapshot)
        self._loop.screen_size = None
        self._last_key = self._session.clock()  # the key or the command that leads here
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
            while self._ending is None:
                event = await watch.wait(min(self._next_tick(), self._keyboard.deadline))
                now = self._session.clock()
                keys = self._keyboard.take(event.data, now)
                if event.arrived or self._is_back:
                    self._is_back = False
                    await self._redraw()
                await self._press(keys)
                self._show(self._session.snapshot)
                self._draw()
                self._leave_if_deserted(now)
        return self._ending

    async def _press(self, keys: list[str | Report]) -> None:
        redraw = False
        for key in keys:
            if isinstance(key, Report):
                self._use_late_answer(key)
                continue
            idle = self._note_key()
            redraw = redraw or key in REDRAW or idle > (IDLE if key in BOOT else ABSENT)
            if key in BOOT and self._is_waking(idle):
                text = mark("Drawn anew after a pause; the next Enter counts")
                self._view.tell(self.translator.phrase(text))
            elif key not in REDRAW:
                self._loop.process_input([key])
                await asyncio.sleep(0)  # the key's command runs before the next key
        if redraw:  # once, however long the key was held down
            await self._redraw()

    def _note_key(self) -> float:
        """Take note of a key; return the seconds since the last one, or since the screens came."""
        self._session.note_presence()
        before, self._last_key = self._last_key, self._session.clock()
        return self._last_key - before

    def _is_waking(self, idle: float) -> bool:
        """Return True if an Enter only wakes the screen.

        A person who has connected a terminal sees nothing, and presses Enter to see something.
        """
        if idle > IDLE:
            self._woken = self._last_key
        return self._last_key - self._woken < _WAKING

    async def _redraw(self) -> None:
        """Draw everything again: a modem or a kernel message has spoilt the screen.

        Measure the terminal again, too: somebody may have connected another one.
        """
        if not self._terminal.virtual:
            await self._measure()
        self._display.clear()

    async def _measure(self) -> None:
        if self._watch:
            self._watch.release_input()  # it would take the answer
        size = await probe_size(self._terminal, self._keyboard.decoder)
        self._answers_until = -math.inf if size else self._session.clock() + _LATE
        if size:
            self._terminal.set_size(*size)

    def _use_late_answer(self, report: Report) -> None:
        """Take the size from an answer that comes after its time, once."""
        if self._session.clock() < self._answers_until and (size := read_size(report)):
            self._answers_until = -math.inf
            self._terminal.set_size(*size)

    def _draw(self) -> None:
        if self._loop.screen_size not in (None, self._terminal.size()):
            self._display.clear()  # a virtual terminal with another font
        self._loop.screen_size = None
        self._loop.draw_screen()

    def _on_drained(self, lossy: bool) -> None:
        if lossy:
            self._is_back = True
            self.wake()
        elif self._display.skipped:
            self._draw()

    def _next_tick(self) -> float:
        now = self._session.clock()
        return now if self._is_back else next_change(self._session.snapshot.countdown, now)

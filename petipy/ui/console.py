"""One terminal of the machine, for as long as the program runs: first lines of plain text, and the
menu once someone is there. urwid is imported only then."""

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from petipy import __version__
from petipy.control.session import Session
from petipy.ui.line.countdown import Teller, next_change
from petipy.ui.line.keys import Doorbell
from petipy.ui.line.terminal import Terminal
from petipy.ui.line.watch import Watch

if TYPE_CHECKING:
    from petipy.ui.fullscreen import Desk

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds before a lost terminal is tried again
_DRAIN = 1.0  # seconds for the last words to leave
_HEALTHY = 10.0  # seconds after which a terminal counts as working


class Console:
    """`trace` is told the stages "countdown" and "menu"; `complain` of faults of the program."""

    def __init__(
        self,
        path: str,
        session: Session,
        *,
        term: str = "",
        trace: Callable[[str], None] = lambda _: None,
        complain: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._terminal = Terminal(path, term)
        self._session, self._trace, self._complain = session, trace, complain
        self._teller: Teller | None = None
        self._desk: Desk | None = None
        self._phase: asyncio.Task[None] | None = None
        self._attended = False  # the menu is or was up
        self._free = asyncio.Event()  # cleared from farewell to resume
        self._free.set()

    @property
    def name(self) -> str:
        return self._session.name

    async def serve(self) -> None:
        """Never returns. A terminal that is not there, hangs up or makes the screens fail is tried
        again later, and costs nobody else anything."""
        pause = _FIRST_PAUSE
        while True:
            began = self._session.clock()
            try:
                self._terminal.open()
                await self._attend()
            except OSError:
                pass  # hung up, or nothing behind it: no more than that can be known
            except Exception as error:  # noqa: BLE001  a fault of one console is not to end the others
                self._complain(f"{self.name}: {type(error).__name__}: {error}")
                self._desk = None
            finally:
                self._terminal.close()
                self._session.known.clear()  # the next one here may be somebody else
            self._attended = False
            if self._session.clock() - began > _HEALTHY:
                pause = _FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def farewell(self, lines: Sequence[str]) -> None:
        """Leave the terminal as it was found, with the lines as its last words; within a second."""
        self._free.clear()
        if self._phase is not None:
            self._phase.cancel()
            await asyncio.wait({self._phase})
        if not self._terminal.is_open:
            return
        teller = self._teller or Teller()
        self._terminal.write("".join(teller.line(text) for text in lines))
        await self._terminal.flush(_DRAIN)
        if self._terminal.is_open:
            self._terminal.restore()

    def resume(self) -> None:
        """The boot has failed: go on as before."""
        self._free.set()

    async def _attend(self) -> None:
        """Phase after phase, until the terminal is lost."""
        self._teller = Teller(self._terminal.size()[0])
        self._terminal.write("\r\n" + self._teller.line(f"Petipy {__version__}"))
        while True:
            await self._free.wait()
            self._terminal.raw()
            self._phase = asyncio.create_task(self._at_desk() if self._attended else self._tell())
            try:
                await self._phase
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if self._free.is_set() or (task and task.cancelling()):
                    self._phase.cancel()
                    raise

    async def _tell(self) -> None:
        """Plain lines, until someone presses a key."""
        teller, terminal, session = self._teller or Teller(), self._terminal, self._session
        teller.again()
        terminal.drained = lambda lossy: teller.again() if lossy else None
        bell = Doorbell(session.clock())
        with Watch(terminal, session) as watch:
            while True:
                now = session.clock()
                snapshot = session.snapshot
                terminal.write(teller.say(snapshot, session.log(), now, bell.armed(now)))
                if snapshot.countdown and bell.armed(now):
                    self._trace("countdown")
                event = await watch.next(self._next(bell, now))
                if event.data and bell.rings(event.data, session.clock()):
                    break
        session.someone_is_here()
        terminal.write(teller.line("Opening the menu ..."))
        self._attended = True

    def _next(self, bell: Doorbell, now: float) -> float:
        change = next_change(self._session.snapshot.countdown, now)
        return change if bell.armed(now) else min(change, bell.deaf_until)

    async def _at_desk(self) -> None:
        """The menu, and what can be reached from it, until nobody is there any more."""
        if self._desk is None:
            from petipy.ui.fullscreen import Desk

            self._desk = Desk(self._terminal, self._session)
        self._trace("menu")
        leaving = await self._desk.serve()
        if leaving == "absent":
            self._attended = False
            self._session.known.clear()
        if leaving == "shell":
            await self._shell()

    async def _shell(self) -> None:
        from petipy.ui.line import shell

        self._terminal.write('A shell. "exit" comes back to the menu.\r\n')
        await self._terminal.flush(_DRAIN)
        self._terminal.close()
        try:
            path, term = self._terminal.path, self._terminal.term
            await shell.run(path, term, self._session.someone_is_here)
        finally:
            await self._reopen()
        self._session.someone_is_here()

    async def _reopen(self) -> None:
        """The end of a shell has hung up the terminal; that may take the kernel a moment."""
        for _ in range(10):
            try:
                self._terminal.open()
            except OSError:
                await asyncio.sleep(0.1)
            else:
                return
        self._terminal.open()

"""One console, served for as long as the program runs: first plain lines, later the menu.

The menu comes once somebody presses a key. urwid is imported only then.
"""

import asyncio
import errno
import math
from collections.abc import Callable, Coroutine, Sequence
from typing import TYPE_CHECKING, Any

from petipy import __version__
from petipy.control.commands import Denied
from petipy.control.session import Session
from petipy.ui.line.countdown import CountdownLines, next_change
from petipy.ui.line.keys import PersonDetector
from petipy.ui.line.plain import to_ascii
from petipy.ui.line.terminal import EchoHeard, Terminal
from petipy.ui.line.watch import Watch

if TYPE_CHECKING:
    from petipy.ui.mode import Mode
    from petipy.ui.translator import Phrase

_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 30.0  # seconds before a lost terminal is opened again
_FLUSH_TIME = 1.0  # seconds for the last lines to leave
# Seconds without input after a key, and the most: it may prove to be the start of an echo.
_HOLD, _LONGEST_HOLD = 0.05, 1.0
_REDRAW = b"\x0c"  # Ctrl-L
_HEALTHY = 10.0  # seconds; a terminal that was open for longer works


class Console:
    """A console of the machine.

    `trace` gets the stages "countdown" and "menu". `complain` gets faults of the program, `warn`
    those of the line. `before_menu` is called before the first menu, and after a fault of it.
    """

    def __init__(
        self,
        path: str,
        session: Session,
        *,
        term: str = "",
        trace: Callable[[str], None] = lambda _: None,
        complain: Callable[[str], None] = lambda _: None,
        warn: Callable[[str], None] = lambda _: None,
        before_menu: Callable[[], None] = lambda: None,
    ) -> None:
        unicode = session.snapshot.settings.encoding == "utf-8"
        self._terminal = Terminal(path, term, unicode=unicode)
        self._session, self._trace = session, trace
        self._complain, self._warn = complain, warn
        self._before_menu = before_menu
        self._lines: CountdownLines | None = None
        self._fullscreen: Mode | None = None
        self._speaks = False  # it is the latter
        self._phase: asyncio.Task[None] | None = None
        self._commands: asyncio.TaskGroup | None = None  # started by the screens
        self._attended = False  # somebody has opened the menu
        self._left = False  # by the person, who had opened it
        self._may_leave = False  # there is somewhere to go from the menu
        self._has_echoed = False  # and this has been told
        self._active = asyncio.Event()  # cleared from release to resume
        self._active.set()

    @property
    def name(self) -> str:
        return self._session.name

    async def serve(self) -> None:
        """Serve the terminal; never return.

        If the terminal is absent, hangs up or makes the screens fail, open it again after a pause.
        The other consoles go on meanwhile.
        """
        pause = _FIRST_PAUSE
        while True:
            began = self._session.clock()
            try:
                self._terminal.open()
                await self._use_terminal()
            except* OSError:
                pass  # hung up, or no device behind it; the error does not tell more
            except* Exception as errors:  # noqa: BLE001  a fault of one console must not end the others
                for error in errors.exceptions:
                    self._complain(f"{self.name}: {type(error).__name__}: {error}")
                self._fullscreen = None
            finally:
                self._terminal.close()
                self._session.forget()  # the next person here may be somebody else
            self._attended = False
            if self._session.clock() - began > _HEALTHY:
                pause = _FIRST_PAUSE
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def attend(self) -> None:
        """Show the menu at once, until the person leaves it. Raise OSError if the terminal is lost.

        A console that somebody has opened is served so: `petipy attach`, ssh.
        """
        self._attended, self._may_leave = True, True
        try:
            self._terminal.open()
            await self._use_terminal()
        except ExceptionGroup as errors:
            _, others = errors.split(OSError)
            if others:
                raise others from None
            raise OSError(errno.EIO, "the terminal is lost") from None
        finally:
            self._terminal.close()
            self._session.forget()

    def wake(self) -> None:
        """Look at the size of the terminal now: a window may have another one."""
        if self._fullscreen:
            self._fullscreen.wake()

    async def release(self, lines: Sequence[str]) -> None:
        """Print the last lines and restore the terminal's modes, within a second."""
        self._active.clear()
        if self._phase is not None:
            self._phase.cancel()
            await asyncio.wait({self._phase})
        if not self._terminal.is_open:
            return
        output = self._lines or CountdownLines()
        self._terminal.write("".join(output.add_line(text) for text in lines))
        await self._terminal.flush(_FLUSH_TIME)
        if self._terminal.is_open:
            self._terminal.restore()

    def resume(self) -> None:
        """Continue after a boot that failed."""
        self._active.set()

    async def _use_terminal(self) -> None:
        """Use the open terminal until it is lost, or the person leaves."""
        self._lines = CountdownLines(self._terminal.size()[0], ticks=not self._is_for_lines)
        self._terminal.write("\r\n" + self._lines.add_line(f"Petipy {__version__}"))
        while True:
            try:
                async with asyncio.TaskGroup() as self._commands:
                    await self._run_phases()
                    return
            except* EchoHeard:  # nobody is at the screens, nor behind their commands
                self._fullscreen, self._attended = None, False
                self._note_echo()

    def _note_echo(self) -> None:
        """Take note that the last keys were an echo: the countdown goes on as if none had come."""
        self._session.note_absence()
        if not self._has_echoed:
            self._has_echoed = True
            self._warn(f"{self.name}: the line echoes; keys there count again once it is quiet")

    async def _run_phases(self) -> None:
        """Run the countdown and the menu in turn until the terminal is lost or echoes.

        Return when the person leaves.
        """
        while not self._left:
            await self._active.wait()
            self._terminal.set_raw()
            phase = self._show_menu() if self._attended else self._count_down()
            self._phase = asyncio.create_task(phase)
            try:
                await self._phase
            except asyncio.CancelledError:
                task = asyncio.current_task()
                if self._active.is_set() or (task and task.cancelling()):
                    self._phase.cancel()
                    raise

    async def _count_down(self) -> None:
        """Print plain lines until somebody presses a key."""
        lines, terminal, session = self._lines or CountdownLines(), self._terminal, self._session
        lines.reset()
        terminal.drained = lambda lossy: lines.reset() if lossy else None
        person = PersonDetector(session.clock(), unicode=terminal.unicode)
        with Watch(terminal, session) as watch:
            while True:
                now = session.clock()
                snapshot = session.snapshot
                listening = person.is_listening(now)
                terminal.write(lines.update(snapshot, session.log(), now, listening))
                if snapshot.countdown and listening:
                    self._trace("countdown")
                try:
                    event = await watch.wait(self._next_change(person, now))
                except EchoHeard:
                    self._note_echo()
                    continue
                if event.arrived or _REDRAW in event.data:  # it may be the first that is read
                    terminal.write(lines.add_line(f"Petipy {__version__}"))
                    lines.reset()
                if event.data and person.detect(event.data, session.clock()):
                    await self._wait_for_pause()
                    if not terminal.ignores_input:
                        break
        session.note_presence()
        terminal.write(lines.add_line("Opening the menu ..."))
        self._attended = True

    async def _wait_for_pause(self) -> None:
        """Wait until the input pauses: what goes on without one may prove to be an echo."""
        loop, terminal = asyncio.get_running_loop(), self._terminal
        end = loop.time() + _LONGEST_HOLD
        while not terminal.ignores_input:
            await asyncio.sleep(_HOLD)
            await asyncio.sleep(0)  # input that waits is read before this goes on
            if loop.time() >= min(end, terminal.last_input + _HOLD):
                return

    def _next_change(self, person: PersonDetector, now: float) -> float:
        change = next_change(self._session.snapshot.countdown, now)
        return change if person.is_listening(now) else min(change, person.listens_from)

    async def _show_menu(self) -> None:
        """Show the menu and the other screens until nobody is there any more."""
        if self._fullscreen is None or self._speaks != self._is_for_lines:
            self._speaks = self._is_for_lines
            self._before_menu()
            self._fullscreen = self._make_screens()
        self._trace("menu")
        ending = await self._fullscreen.run()
        self._has_echoed = False
        self._left = ending == "left"
        if ending == "absent":
            self._attended = False
            self._session.forget()
        if ending == "shell":
            await self._run_shell()
        if ending == "print":
            await self._print(self._fullscreen.printout)

    @property
    def _is_for_lines(self) -> bool:
        return self._terminal.term == "dumb" or self._session.snapshot.settings.ui == "line"

    def _make_screens(self) -> "Mode":
        arguments = self._terminal, self._session, self._start, self._warn
        if self._speaks:
            from petipy.ui.linemode import LineMode

            return LineMode(*arguments, may_leave=self._may_leave)
        from petipy.ui.fullscreen import FullScreen

        return FullScreen(*arguments, may_leave=self._may_leave)

    def _start(self, command: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run a command of the screens. A fault of the command is one of this console."""
        assert self._commands
        return self._commands.create_task(command)

    async def _print(self, lines: Sequence[str]) -> None:
        """Write lines as plain text that scrolls; return at a key, or when a countdown is back."""
        text = "".join(f"{to_ascii(line)}\r\n" for line in lines)
        self._terminal.write(f"\r\n{text}")
        self._write_line(self._phrase("Any key comes back to the menu."))
        with Watch(self._terminal, self._session) as watch:
            while not (await watch.wait(math.inf)).data:
                if self._session.snapshot.countdown:  # nobody has pressed a key for long
                    return
        self._session.note_presence()

    @property
    def _phrase(self) -> "Phrase":
        """The translation into the language of the screens."""
        assert self._fullscreen
        return self._fullscreen.translator.phrase

    def _write_line(self, text: str) -> None:
        """Write a line with the letters that the terminal has. The screens have been there."""
        assert self._fullscreen
        letters = self._fullscreen.translator.letters
        self._terminal.write(f"{letters.send(text)}\r\n")

    async def _run_shell(self) -> None:
        self._write_line(self._phrase('A shell. "exit" comes back to the menu.'))
        await self._terminal.flush(_FLUSH_TIME)
        self._terminal.close()
        from petipy.ui.line.loglevel import KERNEL_LOG_LEVEL  # no headless start needs it

        try:
            with KERNEL_LOG_LEVEL.lift():  # the person may look for the kernel's messages
                await self._session.shell(self._terminal.path, self._terminal.term)
        except Denied:
            pass  # the menu comes back
        finally:
            await self._reopen()
        self._session.note_presence()

    async def _reopen(self) -> None:
        """Open the terminal again. The end of a shell hangs it up; that may take a moment."""
        for _ in range(10):
            try:
                self._terminal.open()
            except OSError:
                await asyncio.sleep(0.1)
            else:
                return
        self._terminal.open()

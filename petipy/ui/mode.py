"""A mode in which a console shows its screens: the part that all modes share."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Literal

from petipy.control.session import Session
from petipy.state.model import Snapshot
from petipy.ui.kit.theme import Theme
from petipy.ui.layouts import LAYOUTS
from petipy.ui.line.keyboard import Keyboard
from petipy.ui.line.letters import Letters
from petipy.ui.line.terminal import Terminal
from petipy.ui.line.watch import Watch
from petipy.ui.view import Start, View

GAP = 0.25  # seconds between two looks at news
IDLE = 60.0  # seconds without a key, after which Enter may come from somebody who sees nothing
ABSENT = 300.0  # seconds without a key, after which a countdown closes the menu

Ending = Literal["shell", "absent", "left", "print"]


class Mode:
    """The screens of one console.

    The object lives as long as its console, so that typed text survives a shell or a failed boot.
    `start` runs a command in a task of the console, `warn` gets what is wrong with the keyboard's
    layout. With `may_leave` a key leaves the menu.
    """

    def __init__(
        self,
        terminal: Terminal,
        session: Session,
        start: Start,
        warn: Callable[[str], None] = lambda _: None,
        *,
        theme: Theme,
        letters: Letters,
        may_leave: bool,
    ) -> None:
        self._terminal, self._session, self._start = terminal, session, start
        self._warn = warn
        self._layouts = LAYOUTS if terminal.virtual else None
        self._watch: Watch | None = None
        self._keyboard = Keyboard(unicode=terminal.unicode)
        self._ending: Ending | None = None
        self.printout: Sequence[str] = ()  # to be written on the terminal: "print"
        self._view = View(
            session,
            theme,
            self._start_command,
            lambda: self._end("shell"),
            self.wake,
            (lambda: self._end("left")) if may_leave else None,
            self._print,
            self._layouts,
            letters,
        )
        self.translator = self._view.translator

    async def run(self) -> Ending:
        """Show the screens until the person wants a shell or a printout, leaves or has gone.

        Raise OSError when the terminal is lost.
        """
        raise NotImplementedError

    def wake(self) -> None:
        """Show what a command has changed, or leave: it may go on while nobody presses a key."""
        if self._watch:
            self._watch.interrupt()

    def _show(self, snapshot: Snapshot) -> None:
        path, setting = self._terminal.path, snapshot.settings.keymap
        if self._layouts and (wrong := self._layouts.follow(setting, path)):
            self._warn(wrong)
        self._view.show(snapshot)

    def _leave_if_deserted(self, now: float) -> None:
        """End if a countdown goes on and nobody has been here for long."""
        if self._session.snapshot.countdown and now - self._session.last_key > ABSENT:
            self._ending = "absent"

    def _start_command(self, command: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._start(command)
        task.add_done_callback(lambda _: self.wake())
        return task

    def _end(self, ending: Ending) -> None:
        self._ending = ending

    def _print(self, lines: Sequence[str]) -> None:
        self._ending, self.printout = "print", lines

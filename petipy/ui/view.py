"""What a console shows once someone is there: a stack of pages between a title and two lines."""

from asyncio import Task
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, ClassVar

from petipy import __version__
from petipy.control.commands import Denied
from petipy.control.session import Session
from petipy.state.model import Edit, Snapshot
from petipy.ui.kit.screen import FixedLines, Screen, fit
from petipy.ui.kit.theme import Theme
from petipy.ui.kit.toolkit import Frame
from petipy.ui.line.countdown import SecondsLeft
from petipy.ui.line.plain import entry_title, shorten, to_ascii, wrap
from petipy.ui.outline import MenuPath
from petipy.ui.screens.details import DetailsScreen
from petipy.ui.screens.editor import EditorScreen
from petipy.ui.screens.help import HelpScreen
from petipy.ui.screens.log import LogScreen
from petipy.ui.screens.menu import MenuScreen
from petipy.ui.screens.prompt import PasswordScreen

_TALL = 16  # rows, from which on a blank line under the title is not missed
Start = Callable[[Coroutine[Any, Any, None]], Task[None]]
_REASONS = 3  # rows for what went wrong; 2 on a terminal that is not tall


class View(Frame[Any, Any, Any]):
    """The root widget of a console.

    `start` runs a command in a task of the console, which reports its faults and ends it when the
    terminal is lost. `shell` leaves the screens for a shell.
    """

    def __init__(
        self, session: Session, theme: Theme, start: Start, shell: Callable[[], None]
    ) -> None:
        self._session, self._theme = session, theme
        self._start, self._shell = start, shell
        self._seconds = SecondsLeft()
        self._shown = -1  # version of the snapshot
        self._note = ""  # said until the next key
        self._head, self._foot = FixedLines(fill=not theme.bar), FixedLines()
        self._pages: list[Screen] = [MenuScreen(self, theme, session.snapshot, MenuPath())]
        super().__init__(self._pages[0], self._head, self._foot)
        self.show(session.snapshot)

    @property
    def page(self) -> Screen:
        return self._pages[-1]

    def show(self, snapshot: Snapshot) -> None:
        if snapshot.version != self._shown:
            self._shown = snapshot.version
            for page in self._pages:
                page.show(snapshot)
        self._refresh()

    def _refresh(self) -> None:
        """Show the page on top, and title and status anew."""
        self.body = self.page
        self._invalidate()

    def render(self, size: Any, focus: bool = False) -> Any:
        columns, rows = size
        title = ("title", f"Petipy {__version__} - {self.page.title}")
        self._head.set_lines(*([title, ("", "")] if rows >= _TALL else [title]))
        keys = fit(self.page.keys, columns - 1)
        kind, text = self._status(self._session.snapshot)
        most = 1 if kind != "error" else _REASONS if rows >= _TALL else 2
        said = wrap(to_ascii(text), columns - 1, most) if most > 1 else [text]
        self._foot.set_lines(*((kind, line) for line in said), ("keys", keys))
        return super().render(size, focus)

    def _status(self, snapshot: Snapshot) -> tuple[str, str]:
        """The one thing that matters most at the moment."""
        choice = snapshot.choice(snapshot.booting)
        if snapshot.booting:
            name = shorten(entry_title(choice), 50) if choice else snapshot.booting
            return "status", f"Loading {name} ... - Esc stops it"
        if note := self.page.note or self._note:
            return "status", note
        if snapshot.countdown:
            return "status", self._countdown(snapshot)
        if snapshot.status and snapshot.status.level in {"warning", "error"}:
            return "error", snapshot.status.text
        if snapshot.scanning:
            return "status", f"Looking at {', '.join(sorted(snapshot.scanning))} ..."
        if snapshot.problems and isinstance(self.page, MenuScreen):
            return "status", f"{_count(len(snapshot.problems), 'problem')}: see the log (l)"
        return "status", snapshot.status.text if snapshot.status else ""

    def _countdown(self, snapshot: Snapshot) -> str:
        choice = snapshot.choice(snapshot.default)
        assert snapshot.countdown is not None
        number = self._seconds.update(snapshot.countdown, self._session.clock())
        name = shorten(entry_title(choice), 40) if choice else "the default"
        return f"Booting in {number or '0 s'} - any key stops: {name}"

    def keypress(self, size: Any, key: str) -> str | None:
        self._note = ""
        if key == "esc" and self._session.snapshot.booting:
            self._session.stop()
            return None
        left = super().keypress(size, key)
        if left is not None and (command := self._commands.get(left)):
            command(self)
            left = None
        self._refresh()
        return left

    def push(self, page: Screen) -> None:
        self._pages.append(page)
        self._refresh()

    def back(self) -> None:
        if len(self._pages) > 1:
            self._pages.pop()
        self._refresh()

    def _again(self) -> None:
        self._note = "Looking again at every device ..."
        self._session.rescan()

    # What the pages ask for, and the keys that work on all of them.

    def boot(self, id: str, edit: Edit | None = None) -> None:
        choice = self._session.snapshot.choice(id)
        what = entry_title(choice) if choice else id
        self._command(what, lambda: self._session.boot(id, edit))

    def _command(self, what: str, act: Callable[[], Awaitable[None]]) -> None:
        self._start(self._with_password(what, act))

    async def _with_password(self, what: str, act: Callable[[], Awaitable[None]]) -> None:
        """Carry out a command. While it is denied, ask for the password, and try again."""
        while True:
            try:
                return await act()
            except Denied as denied:
                prompt = PasswordScreen(what, denied, self._session)
            self.push(prompt)
            try:
                await prompt.ask()
            finally:
                self._pages.remove(prompt)
                self._refresh()

    def submenu(self, path: MenuPath) -> None:
        self.push(MenuScreen(self, self._theme, self._session.snapshot, path))

    def details(self, id: str) -> None:
        self.push(DetailsScreen(id, self._session.snapshot, self))

    def edit(self, id: str) -> None:
        async def edit() -> None:
            self._session.require("edit", id)
            if choice := self._session.snapshot.choice(id):
                self.push(EditorScreen(choice, self.boot, self.back))

        self._command("Editing", edit)

    def _open_log(self) -> None:
        self._once(LogScreen, LogScreen(self._session))

    def _open_help(self) -> None:
        self._once(HelpScreen, HelpScreen())

    def _once(self, kind: type[Screen], page: Screen) -> None:
        if not isinstance(self.page, kind):
            self.push(page)

    def _run_shell(self) -> None:
        async def leave() -> None:
            self._session.require("shell")
            self._shell()

        self._command("A shell", leave)

    _commands: ClassVar[dict[str, Callable[["View"], None]]] = {
        **dict.fromkeys(("esc", "backspace", "left", "q"), back),
        **dict.fromkeys(("h", "?", "f1"), _open_help),
        "l": _open_log,
        "r": _again,
        "x": _run_shell,
    }


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"

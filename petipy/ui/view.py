"""The view of a console: a stack of screens between a title and two lines.

The view knows no single screen. It finds them by their registrations.
"""

from asyncio import Task
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import cache, partial
from typing import Any, NamedTuple

from petipy import __version__
from petipy.control.commands import Command, Denied
from petipy.control.session import Session
from petipy.state.model import Edit, Snapshot
from petipy.ui.actions import ACTIONS
from petipy.ui.catalogue import BUILT_IN
from petipy.ui.kit.keys import STOP, join_footer
from petipy.ui.kit.registration import ROOT, KeyTable, Occasion
from petipy.ui.kit.screen import FixedLines, QuestionScreen, Screen
from petipy.ui.kit.theme import Theme
from petipy.ui.kit.toolkit import Frame
from petipy.ui.layouts import Layouts
from petipy.ui.line.letters import ASCII, Letters
from petipy.ui.line.plain import entry_title, to_text, wrap
from petipy.ui.screens import find_screens
from petipy.ui.status import StatusLine
from petipy.ui.translator import Translator

_TALL = 16  # rows; a terminal of this height has room for a blank line under the title
_REASONS = 3  # rows for the reason of a failure; 2 on a terminal that is not tall
_MOST_EDITS = 20  # that a console remembers
_PROMPT = "prompt"  # the screen that asks for a password

Start = Callable[[Coroutine[Any, Any, None]], Task[None]]


@cache
def key_table() -> KeyTable:
    return KeyTable(find_screens(), [action.key for action in ACTIONS])


class Layer(NamedTuple):
    """A screen on the stack, with the name of its registration."""

    name: str
    screen: Screen


class View(Frame[Any, Any, Any]):
    """The root widget of a console.

    `start` runs a command in a task of the console, which reports its faults and ends it when the
    terminal is lost. `shell` leaves the screens for a shell. `wake` has a change drawn that comes
    without a key. `detach` leaves the menu, where the person has come from somewhere else. `print`
    leaves the screens to write lines on the terminal. `layouts` are those of the
    machine's keyboard, where the person uses it. `letters` are those that the terminal shows.
    """

    def __init__(
        self,
        session: Session,
        theme: Theme,
        start: Start,
        shell: Callable[[], None],
        wake: Callable[[], None] = lambda: None,
        detach: Callable[[], None] | None = None,
        print: Callable[[Sequence[str]], None] = lambda _: None,
        layouts: Layouts | None = None,
        letters: Letters = ASCII,
    ) -> None:
        self.session, self.theme, self.keys = session, theme, key_table()
        self._start, self._shell, self._wake = start, shell, wake
        self._detach, self._print, self.layouts = detach, print, layouts
        self.translator = Translator(letters)
        self._language, self._chosen = BUILT_IN.code, False  # the setting; a person has chosen here
        self._follow(session.snapshot)
        self.edits: list[Edit] = []
        self._status = StatusLine(session, self.translator, theme.glyphs)
        self._shown = -1, -1  # versions of the snapshot and of the language
        self._note = ""  # shown until the next key
        self._head, self._foot = FixedLines(fill=not theme.bar), FixedLines()
        self._layers: list[Layer] = [Layer(ROOT, self._make(ROOT, Occasion(view=self)))]
        super().__init__(self.screen, self._head, self._foot)
        self.show(session.snapshot)

    @property
    def screen(self) -> Screen:
        """Return the screen on top."""
        return self._layers[-1].screen

    @property
    def title(self) -> str:
        """Return the title of the screen on top."""
        name, screen = self._layers[-1]
        return screen.title or self.translator.phrase(find_screens()[name].title)

    @property
    def note(self) -> str:
        """Return what the screen or the last key has to say; "" if nothing."""
        return self.screen.note or self._note

    def show(self, snapshot: Snapshot) -> None:
        self._follow(snapshot)
        if (versions := (snapshot.version, self.translator.version)) != self._shown:
            self._shown = versions
            for layer in self._layers:
                layer.screen.show(snapshot)
        self._refresh()

    def _follow(self, snapshot: Snapshot) -> None:
        """Show the language of the settings, unless a person has chosen one here."""
        if snapshot.settings.language != self._language and not self._chosen:
            self._language = snapshot.settings.language
            if not self.translator.use(self._language):
                self.translator.use(BUILT_IN.code)

    def _refresh(self) -> None:
        """Show the screen on top, and draw the title and the status again."""
        self.body = self.screen
        self._invalidate()

    def render(self, size: Any, focus: bool = False) -> Any:
        columns, rows = size
        screen = self.screen
        title = ("title", f"Petipy {__version__} - {self.title}")
        self._head.set_lines(*([title, ("", "")] if rows >= _TALL else [title]))
        snapshot = self.session.snapshot
        kind, text = self.describe_status(snapshot)
        several = kind == "error" or text == self.screen.note
        most = 1 if not several else _REASONS if rows >= _TALL else 2
        texts = wrap(to_text(text), columns - 1, most) if most > 1 else [text]
        transfer = self._status.draw_transfer(snapshot, columns - 1)
        lines = transfer or [(kind, line) for line in texts]
        footer = join_footer(screen.footer, columns - 1, self.translator.phrase)
        self._foot.set_lines(*lines, ("keys", footer))
        return super().render(size, focus)

    def describe_status(self, snapshot: Snapshot) -> tuple[str, str]:
        """Return the most important message, as (kind of text, text)."""
        log = self.keys.opener("log") if self.screen.shows_problems else None
        return self._status.describe(snapshot, self.note, log)

    def keypress(self, size: Any, key: str) -> str | None:
        self._note = ""
        if key in STOP and (booting := self.session.snapshot.booting):
            choice = self.session.snapshot.choice(booting)
            self.session.stop()
            # The number of problems does not hide a note, as it hides the log's line.
            name = entry_title(choice, self.translator.phrase) if choice else booting
            self._note = self.translator.phrase("Loading {name} was stopped", name=name)
            return None
        left = self._press(size, key)
        if left and not left.isascii() and self.layouts:  # no field has taken it
            left = self._press(size, self.layouts.to_latin(left) or left)
        self._refresh()
        return left

    def _press(self, size: Any, key: str) -> str | None:
        """Give a key to the screen, else to the commands; return it if nobody wants it."""
        left: str | None = super().keypress(size, key)
        return None if left is not None and self._use_key(left) else left

    def _use_key(self, key: str) -> bool:
        """Open the screen or start the action that the key is for; return True if there is one."""
        id = self.screen.entry
        for name, screen in find_screens().items():
            if screen.opener and key in screen.opener and (id or not screen.of_entry):
                self.open(name, id if screen.of_entry else "")
                return True
        for action in ACTIONS:
            if key in action.key:
                title = partial(self.translator.phrase, action.title)
                self._require(title, action.needs, "", partial(action.act, self))
                return True
        return False

    # The requests of screens and actions

    def open(self, name: str, id: str = "") -> None:
        if self._layers[-1].name == name:
            return
        screen = find_screens()[name]

        def push() -> None:
            if made := screen.make(Occasion(view=self, id=id)):
                self.push(made, name)

        self._require(partial(self.translator.phrase, screen.title), screen.needs, id, push)

    def push(self, screen: Screen, name: str = ROOT) -> None:
        self._layers.append(Layer(name, screen))
        self._refresh()

    def back(self) -> None:
        if len(self._layers) > 1:
            self._layers.pop()
        self._refresh()

    def leave(self, screen: Screen) -> None:
        screens = [layer.screen for layer in self._layers]
        if screen in screens[1:]:
            del self._layers[screens.index(screen) :]
        self._refresh()

    def carry_out(self, title: str, command: Callable[[], Awaitable[None]]) -> None:
        async def act() -> None:
            await command()
            self._refresh()
            self._wake()

        self._start(self._with_password(lambda: title, act))

    def boot(self, id: str, edit: Edit | None = None) -> None:
        if edit:
            self.edits = [*(old for old in self.edits if old != edit), edit][-_MOST_EDITS:]
        choice = self.session.snapshot.choice(id)
        title = entry_title(choice, self.translator.phrase) if choice else id
        self._start(self._with_password(lambda: title, lambda: self.session.boot(id, edit)))

    def speak(self, code: str) -> bool:
        if code and not self.translator.use(code):
            return False
        self._chosen = bool(code)
        if not code:
            self._language = ""  # of no setting: it is followed anew
        self.show(self.session.snapshot)
        return True

    def tell(self, text: str) -> None:
        """Show a text in the status line until the next key."""
        self._note = text
        self._refresh()

    def rescan(self) -> None:
        self._note = self.translator.phrase("Looking again at every device ...")
        self.session.rescan()

    def leave_for_shell(self) -> None:
        self._shell()

    def print(self, lines: Sequence[str]) -> None:
        self._print(lines)

    def detach(self) -> None:
        if self._detach:
            self._detach()
        else:
            self._note = self.translator.phrase(
                "This menu is always here: there is nothing to leave it for"
            )

    # Rights

    def _require(
        self,
        title: Callable[[], str],
        needs: Command | None,
        id: str,
        act: Callable[[], None],
    ) -> None:
        """Act once the person has the right that the command `needs`. `title` names the act."""
        if needs is None:
            act()
            return

        async def command() -> None:
            self.session.require(needs, id)
            act()

        self._start(self._with_password(title, command))

    async def _with_password(
        self, title: Callable[[], str], act: Callable[[], Awaitable[None]]
    ) -> None:
        """Carry out a command. While it is denied, ask for the password, and try again."""
        while True:
            try:
                return await act()
            except Denied as denied:
                occasion = Occasion(view=self, subject=title, denied=denied)
            prompt = self._make(_PROMPT, occasion)
            assert isinstance(prompt, QuestionScreen)
            layer = Layer(_PROMPT, prompt)
            self._layers.append(layer)
            self._refresh()
            self._wake()  # it may follow another prompt
            try:
                await prompt.ask()
            finally:
                self._layers.remove(layer)
                self._refresh()

    def _make(self, name: str, occasion: Occasion) -> Screen:
        screen = find_screens()[name].make(occasion)
        assert screen is not None, name
        return screen

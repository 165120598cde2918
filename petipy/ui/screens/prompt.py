"""The password prompt, for the commands that a configuration restricts."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from petipy.control.commands import Denied
from petipy.state.model import Snapshot
from petipy.ui.kit.input import InputField
from petipy.ui.kit.keys import LEAVE, Key
from petipy.ui.kit.registration import Navigation, Occasion, Registration
from petipy.ui.kit.screen import QuestionScreen, Screen, text_widget
from petipy.ui.kit.toolkit import Text
from petipy.ui.translator import mark

_NOBODY = mark("Nobody may: its configuration gives no password to anyone who might.")
_NEXT = Key(("enter",), footer="{} next")
_OTHER_FIELD = Key(("tab", "shift tab", "up", "down"))
_SHOW = Key(("ctrl t",), "in a prompt for a password: show what is typed, or hide it", "{} show")
_HIDE = Key(_SHOW.names, footer="{} hide")
_LAYOUT = Key(("f2",), "beside a prompt for a password, at a screen: the keyboard", "{} layout")
_LIST = "keyboard"  # the screen that lists them
_MASK = "*"


class PasswordScreen(QuestionScreen):
    """The prompt for the password of a denied command.

    `subject` names the command, in the present language.
    A lock that no password opens shows its reason. The command is tried again at every change.
    At the machine's screen the prompt names the keyboard's layout: what is typed there depends on
    it. A terminal at a line has a layout of its own.
    """

    def __init__(self, subject: Callable[[], str], denied: Denied, view: Navigation) -> None:
        super().__init__()
        self._lock, self._view, self._session = denied.lock, view, view.session
        self._phrase, self._subject = view.translator.phrase, subject
        self._task: asyncio.Task[Any] | None = None  # the one that `ask` runs in
        self._layout: Text | None = None  # the line that names it
        self._entry: asyncio.Future[tuple[str, str]] | None = None
        self._checking, self._wrong, self._shown = False, 0, False
        self._user, self._password = InputField(""), InputField("", mask=_MASK)
        self._language = -1  # version of the one in the rows
        self._lay_out(self._user if self._lock.named else self._password)

    def _lay_out(self, focus: Any) -> None:
        """Show the rows in the present language, with the cursor in a field if there is one."""
        self._language = self._view.translator.version
        rows: list[Any] = [text_widget(None, self._describe_need()), text_widget(None, "")]
        if self._lock.keys and self._lock.named:
            rows += [text_widget("heading", self._phrase("User")), self._user]
        if self._lock.keys:
            rows += [text_widget("heading", self._phrase("Password")), self._password]
            rows += self._describe_keyboard()
        else:
            reason = self._view.translator.translate(self._lock.reason)
            rows += [text_widget("error", reason or self._phrase(_NOBODY))]
        self.walker[:] = rows
        self._focus(focus)

    def _describe_need(self) -> str:
        if self._lock.waits:
            return self._phrase("{command} has to wait.", command=self._subject())
        return self._phrase("{command} needs a password.", command=self._subject())

    async def ask(self) -> None:
        """Return once a right password was typed, or the lock may have changed by itself.

        Esc cancels the current task.
        """
        self._task = asyncio.current_task()
        while True:
            self._entry = asyncio.get_running_loop().create_future()
            user, password = await self._entry
            if self._lock.reason:
                return
            if await self._session.unlock(self._lock, user, password):
                return
            # The user name stays: most often the password was mistyped.
            self._checking, self._wrong = False, self._wrong + 1

    def show(self, snapshot: Snapshot) -> None:
        """Try again if the lock may be another one now. Typed text stays as it is."""
        if self._lock.reason and self._entry and not self._entry.done():
            self._entry.set_result(("", ""))
        if self._language != self._view.translator.version:
            self._lay_out(self.walker[self.walker.focus or 0])

    def render(self, size: Any, focus: bool = False) -> Any:
        if self._layout:
            self._layout.set_text(self._name_layout())
        return super().render(size, focus)

    @property
    def footer(self) -> Sequence[Key]:
        if not self._lock.keys:
            return (LEAVE,)
        layout = [_LAYOUT] if self._view.layouts else []
        return _NEXT, LEAVE, _HIDE if self._shown else _SHOW, *layout

    @property
    def note(self) -> str:
        penalty = self._session.penalty
        if self._checking:
            text = mark("Checking the password ... a wrong one takes {seconds:.0f} s")
            return self._phrase(text, seconds=penalty)
        if not self._wrong:
            return ""
        return self._view.translator.plural(
            self._wrong,
            "Access denied. The next wrong one takes {seconds:.0f} s",
            "Access denied ({number} wrong passwords). The next wrong one takes {seconds:.0f} s",
            seconds=penalty,
        )

    def keypress(self, size: Any, key: str) -> str | None:
        if key in LEAVE:
            if self._task:
                self._task.cancel()
        elif key in _LAYOUT and self._view.layouts:
            self._view.open(_LIST)
        elif key in _SHOW:
            self._reveal(not self._shown)
        elif not self._checking and self._lock.keys:
            self._type(size, key)
        return None  # in a field, no key is a command of the menu

    def _type(self, size: Any, key: str) -> None:
        on_password = self.walker[self.walker.focus or 0] is self._password
        if key in _NEXT and on_password:
            self._submit()
        elif key in _NEXT or key in _OTHER_FIELD:
            self._focus(self._user if on_password and self._lock.named else self._password)
        else:
            super(Screen, self).keypress(size, key)

    def _reveal(self, shown: bool) -> None:
        self._shown = shown
        self._password.set_mask(None if shown else _MASK)

    def _describe_keyboard(self) -> list[Any]:
        if not self._view.layouts:
            return []
        self._layout = text_widget(None, self._name_layout())
        return [text_widget(None, ""), self._layout]

    def _name_layout(self) -> str:
        if not self._view.layouts:
            return ""
        layout = self._view.layouts.describe(self._phrase)
        return self._phrase("Keyboard: {layout}", layout=layout)

    def _submit(self) -> None:
        if self._entry:
            self._checking = True
            self._entry.set_result((self._user.value.strip(), self._password.value))
            self._password.set_edit_text("")
            self._reveal(False)

    def _focus(self, field: InputField) -> None:
        if field in self.walker:
            self.walker.set_focus(self.walker.index(field))


def _make(occasion: Occasion) -> PasswordScreen | None:
    if occasion.denied is None:
        return None
    return PasswordScreen(occasion.subject, occasion.denied, occasion.view)


SCREEN = Registration(title="Password", keys=(_SHOW, _LAYOUT), make=_make)

"""The password prompt, shown before what a configuration keeps for its superusers."""

import asyncio
from typing import Any

from petipy.control.commands import Denied
from petipy.control.session import Session
from petipy.state.model import Snapshot
from petipy.ui.kit.input import InputField
from petipy.ui.kit.screen import Screen, text_widget

_NOBODY = "Nobody may: its configuration gives no password to anyone who might."


class PasswordScreen(Screen):
    """The prompt for the password of a command that was denied. `what` names it: "Editing"."""

    title = "Password"
    keys = "Enter next  Esc back"

    def __init__(self, what: str, denied: Denied, session: Session) -> None:
        super().__init__()
        self._lock, self._session = denied.lock, session
        self._task: asyncio.Task[Any] | None = None  # the one that `ask` runs in
        self._entry: asyncio.Future[tuple[str, str]] | None = None
        self._checking = self._wrong = False
        self._user, self._password = InputField(""), InputField("", mask="*")
        rows: list[Any] = [text_widget(None, f"{what} needs a password."), text_widget(None, "")]
        if self._lock.named:
            rows += [text_widget("heading", "User"), self._user]
        if self._lock.keys:
            rows += [text_widget("heading", "Password"), self._password]
        else:
            rows += [text_widget("error", _NOBODY)]
        self.walker[:] = rows
        self._focus(self._user if self._lock.named else self._password)

    async def ask(self) -> None:
        """Return once a right password was typed. Esc cancels the task that this runs in."""
        self._task = asyncio.current_task()
        while True:
            self._entry = asyncio.get_running_loop().create_future()
            user, password = await self._entry
            if await self._session.unlock(self._lock, user, password):
                return
            # The user stays: it is mostly the password that was mistyped.
            self._checking, self._wrong = False, True

    def show(self, snapshot: Snapshot) -> None:
        """Show nothing new: what is typed does not depend on the snapshot."""

    @property
    def note(self) -> str:
        if self._checking:
            return "Checking the password ..."
        return "Access denied" if self._wrong else ""

    def keypress(self, size: Any, key: str) -> str | None:
        if key == "esc":
            if self._task:
                self._task.cancel()
        elif not self._checking and self._lock.keys:
            self._wrong = False
            self._type(size, key)
        return None  # no key here is a command of the menu's

    def _type(self, size: Any, key: str) -> None:
        on_password = self.walker[self.walker.focus or 0] is self._password
        if key == "enter" and on_password:
            self._submit()
        elif key in {"enter", "tab", "shift tab", "up", "down"}:
            self._focus(self._user if on_password and self._lock.named else self._password)
        else:
            super(Screen, self).keypress(size, key)

    def _submit(self) -> None:
        if self._entry:
            self._checking = True
            self._entry.set_result((self._user.value.strip(), self._password.value))
            self._password.set_edit_text("")

    def _focus(self, field: InputField) -> None:
        if field in self.walker:
            self.walker.set_focus(self.walker.index(field))

"""Who are you? Asked before what a configuration's superusers have kept for themselves."""

from collections.abc import Callable
from typing import Any

from parsers.api import Password
from petipy.control.session import Session
from petipy.state.access import Lock
from petipy.state.model import Snapshot
from petipy.ui.kit.input import InputField
from petipy.ui.kit.screen import Screen, text_widget

_NOBODY = "Nobody may: its configuration gives no password to anyone who might."


class PasswordScreen(Screen):
    """`let_in` is called when a password was right; `leave` when the person gives up."""

    title = "Password"
    keys = "Enter next  Esc back"

    def __init__(
        self,
        what: str,
        lock: Lock,
        session: Session,
        let_in: Callable[[], None],
        leave: Callable[[], None],
    ) -> None:
        super().__init__()
        self._lock, self._session = lock, session
        self._let_in, self._leave = let_in, leave
        self._checking = self._wrong = self._left = False
        self._user, self._password = InputField(""), InputField("", mask="*")
        rows: list[Any] = [text_widget(None, f"{what} needs a password."), text_widget(None, "")]
        if lock.named:
            rows += [text_widget("heading", "User"), self._user]
        if lock.keys:
            rows += [text_widget("heading", "Password"), self._password]
        else:
            rows += [text_widget("error", _NOBODY)]
        self.walker[:] = rows
        self._focus(self._user if lock.named else self._password)

    def show(self, snapshot: Snapshot) -> None:
        """What is typed does not depend on what is found."""

    @property
    def note(self) -> str:
        if self._checking:
            return "Checking the password ..."
        return "Access denied" if self._wrong else ""

    def keypress(self, size: Any, key: str) -> str | None:
        if key == "esc":
            self._left = True
            self._leave()
        elif not self._checking and self._lock.keys:
            self._wrong = False
            self._typed(size, key)
        return None  # no key here is a command of the menu's

    def _typed(self, size: Any, key: str) -> None:
        on_password = self.walker[self.walker.focus or 0] is self._password
        if key == "enter" and on_password:
            self._check()
        elif key in {"enter", "tab", "shift tab", "up", "down"}:
            self._focus(self._user if on_password and self._lock.named else self._password)
        else:
            super(Screen, self).keypress(size, key)

    def _check(self) -> None:
        user, typed = self._user.value.strip(), self._password.value
        self._password.set_edit_text("")
        keys = self._lock.of(user)
        self._checking = True

        def told(right: Password | None) -> None:
            self._answer(right if keys else None)

        # Of a user that there is not, something is checked all the same: it takes as long.
        self._session.check(keys or self._lock.keys[:1], typed, told)

    def _answer(self, right: Password | None) -> None:
        self._checking = False
        if self._left:
            return
        if right is not None:
            self._session.known.add(right)
            self._let_in()
        else:
            self._wrong = True  # the user stays: it is mostly the password that was mistyped

    def _focus(self, field: InputField) -> None:
        if field in self.walker:
            self.walker.set_focus(self.walker.index(field))

"""The base class of screens with one field for a text."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from petipy.state.model import Snapshot
from petipy.ui.kit.input import InputField
from petipy.ui.kit.keys import LEAVE, Key
from petipy.ui.kit.registration import Navigation
from petipy.ui.kit.screen import Screen


class FieldScreen(Screen):
    """A field, with keys that act. No other key is a command of the menu there."""

    def __init__(self, view: Navigation, text: str) -> None:
        super().__init__()
        self._view, self._field = view, InputField(text)
        self._phrase = view.translator.phrase
        self._shown_language = -1  # version of the one in the rows
        self._complaint = ""  # until the next key

    def list_rows(self) -> Sequence[Any]:
        """Return the rows, the field among them, in the present language."""
        return [self._field]

    def show(self, snapshot: Snapshot) -> None:
        """Show the rows in the present language. The typed text stays."""
        if self._shown_language != self._view.translator.version:
            self._shown_language = self._view.translator.version
            self.walker[:] = rows = self.list_rows()
            self.walker.set_focus(rows.index(self._field))

    @property
    def acts(self) -> Iterable[tuple[Key, Callable[[], None]]]:
        """The keys that act now, and their acts."""
        return ()

    @property
    def note(self) -> str:
        return self._complaint

    def complain(self, reason: str) -> None:
        """Say what is wrong with the text, until the next key."""
        self._complaint = reason

    def keypress(self, size: Any, key: str) -> str | None:
        self._complaint = ""
        if key in LEAVE:
            self._view.back()
        elif act := next((act for keys, act in self.acts if key in keys), None):
            act()
        else:
            super(Screen, self).keypress(size, key)
        return None

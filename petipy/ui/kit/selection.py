"""A list of the values of a setting: one is used for now, or saved."""

from collections.abc import Mapping, Sequence
from typing import Any

from petipy.settings.table import Setting
from petipy.state.model import Snapshot
from petipy.state.settings import Settings
from petipy.ui.kit.keys import LEAVE, MOVE, Key
from petipy.ui.kit.registration import Navigation
from petipy.ui.kit.screen import Row, Screen, text_widget
from petipy.ui.kit.setting import RESET, change, explain_keeping, show_value
from petipy.ui.line.plain import to_text


class SelectionScreen(Screen):
    """The values by name, with the cursor on the one in use.

    A letter moves the cursor to the next name that begins with it. Nobody needs a right to use a
    value until the next start.
    """

    heading = ""  # above the values
    none = ""  # in its place if there are none
    can_use = True  # without saving
    columns = 18  # for the names

    def __init__(self, view: Navigation, setting: Setting, use: Key, save: Key) -> None:
        super().__init__()
        self._view, self._setting, self._use, self._save = view, setting, use, save
        self._phrase = view.translator.phrase
        self._note, self._aside = "", True
        self._language = -1  # version of the one that is shown
        self._rows: dict[str, Row] = {}
        self.show(view.session.snapshot)
        self._focus_on(self.name_current())

    def list_titles(self) -> Mapping[str, str]:
        """Return the names with their titles."""
        raise NotImplementedError

    def name_current(self) -> str:
        """Return the name of the value in use."""
        raise NotImplementedError

    def describe_current(self) -> str:
        """Return the value in use, for people; "" if this console uses none."""
        raise NotImplementedError

    def complain(self, settings: Settings) -> str:
        """Return what is wrong with the value of the setting; "" if nothing is."""
        raise NotImplementedError

    def describe_use(self) -> str:
        """Return what a person is told after a value is used."""
        raise NotImplementedError

    def use(self, name: str) -> str:
        """Use a value. Return the reason if that fails."""
        raise NotImplementedError

    def use_saved(self, name: str | None) -> None:
        """Use a value that has been saved; None: the setting was taken back."""

    @property
    def footer(self) -> Sequence[Key]:
        return (*([self._use] if self.can_use else []), self._save, RESET, LEAVE, MOVE)

    @property
    def note(self) -> str:
        return self._note

    def show(self, snapshot: Snapshot) -> None:
        at, before, name = self.walker.focus or 0, len(self.walker), self._find_name()
        if self._language != self._view.translator.version:
            self._language = self._view.translator.version
            titles = self.list_titles().items()
            theme = self._view.theme
            self._rows = {
                n: Row(f" {n:<{self.columns}}{title}", None, theme) for n, title in titles
            }
        heading = self.heading if self._rows else self.none
        self.walker[:] = [
            *(text_widget(None, line) for line in [*self._describe(snapshot.settings), ""]),
            text_widget("heading" if self._rows else "error", self._phrase(heading)),
            *self._rows.values(),
        ]
        if name:
            self.walker.set_focus(self.walker.index(self._rows[name]))
        elif before:
            moved = at + len(self.walker) - before
            self.walker.set_focus(max(0, min(moved, len(self.walker) - 1)))

    def _describe(self, settings: Settings) -> list[str]:
        place = self._view.translator.translate(settings.place(self._setting.name))
        place = to_text(place) or self._phrase("built in")
        rows = {self._phrase("Setting:"): f"{show_value(self._setting, settings)}  ({place})"}
        if current := self.describe_current():
            rows = {self._phrase("In use:"): current, **rows}
        width = max(map(len, rows)) + 1
        lines = [f"{name:<{width}}{value}" for name, value in rows.items()]
        lines += filter(None, [self.complain(settings)])
        return [*lines, *explain_keeping(self._setting, self._view, self._save)]

    def _find_name(self) -> str:
        """Return the name under the cursor; "" if there is none."""
        focused = self.walker[self.walker.focus or 0] if len(self.walker) else None
        return next((name for name, row in self._rows.items() if row is focused), "")

    def _focus_on(self, name: str) -> None:
        if name in self._rows:
            self.walker.set_focus(self.walker.index(self._rows[name]))
            self._aside = True

    def render(self, size: Any, focus: bool = False) -> Any:
        if self._aside:
            self._aside = False
            self.shift_focus(size, min(self.walker.focus or 0, size[1] // 2))
        return super().render(size, focus)

    def keypress(self, size: Any, key: str) -> str | None:
        self._note, name = "", self._find_name()
        if key in LEAVE:
            self._view.back()
        elif key in self._use and self.can_use:
            self._use_now(name)
        elif key in self._save:
            self._change(name)
        elif key in RESET:
            self._change(None)
        elif len(key) == 1 and key.isalpha():
            self._find(key.lower(), name)
        elif key in {"home", "end"}:
            self._focus_on(next(iter([*self._rows][0 if key == "home" else -1 :]), ""))
        else:
            return super().keypress(size, key)
        return None

    def _find(self, letter: str, name: str) -> None:
        """Move to the next name after `name` that begins with a letter."""
        names = [*self._rows]
        start = names.index(name) + 1 if name in names else 0
        later = [*names[start:], *names[:start]]
        self._focus_on(next((name for name in later if name.startswith(letter)), name))

    def _use_now(self, name: str) -> None:
        self._note = self.use(name) if name else ""
        if name and not self._note:
            self._view.tell(self.describe_use())
            self._view.leave(self)

    def _change(self, name: str | None) -> None:
        def note(words: str) -> None:
            self._note = words

        def apply() -> None:
            self.use_saved(name)

        setting = self._setting.name
        if name != "":
            change(self._view, setting, name, keep=True, done=note, refused=note, apply=apply)

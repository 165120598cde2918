"""The settings: each with its value, where that comes from and its help; to be changed."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from parsers.places.urls import hide_credentials
from petipy.control.session import Session
from petipy.settings.table import BY_NAME, SETTINGS, Setting
from petipy.state.model import Snapshot
from petipy.state.settings import Settings
from petipy.ui.kit.input import CLEAR, InputField
from petipy.ui.kit.keys import BACK, ENDS, LEAVE, MOVE, Key
from petipy.ui.kit.registration import Navigation, Registration
from petipy.ui.kit.screen import Row, Screen, text_widget
from petipy.ui.line.plain import shorten, to_ascii
from petipy.ui.line.terminal import COLUMNS

_CHANGE = Key(("enter",), footer="{} change")
_SAVE = Key(("enter",), footer="{} save")
_ONLY_NOW = Key(("ctrl n",), footer="{} only now")
_RESET = Key(("ctrl r",), footer="{} take back")
_NAME, _VALUE = 17, 26  # columns
_NONE = "-"


class SettingsScreen(Screen):
    """The list of all settings. What was not understood comes first."""

    def __init__(self, view: Navigation) -> None:
        super().__init__()
        self._view, self._note = view, ""
        self._rows: dict[str, Row] = {}
        self._shown: Settings | None = None
        self.show(view.session.snapshot)
        first = next(iter(self._rows.values()))
        self.walker.set_focus(self.walker.index(first))
        self._aside = True  # show what is above the cursor, too

    @property
    def footer(self) -> Sequence[Key]:
        return _CHANGE, MOVE, ENDS, BACK

    @property
    def note(self) -> str:
        """Return the outcome of the last change, else the help of the setting under the cursor."""
        if self._note:
            return self._note
        name = self._find_name()
        # The rest of the help is on the screen of the setting.
        return shorten(BY_NAME[name].help, COLUMNS - 1) if name else ""

    def _find_name(self) -> str:
        """Return the name of the setting under the cursor; "" if there is none."""
        focused = self.walker[self.walker.focus or 0] if self.walker else None
        return next((name for name, row in self._rows.items() if row is focused), "")

    def show(self, snapshot: Snapshot) -> None:
        settings = snapshot.settings
        if settings is self._shown:
            return
        self._shown, at = settings, self.walker.focus or 0
        before = len(self.walker) - len(self._rows)
        theme = self._view.theme
        shown = [setting for setting in SETTINGS if not setting.internal]
        self._rows = {s.name: Row(describe(s, settings), None, theme) for s in shown}
        wrong = [*_list("Not understood, and without effect", settings.complaints, "error")]
        others = [*_list("Without a meaning here", settings.notes, None)]
        heading = text_widget("heading", f"{'Setting':<{_NAME}} {'Value':<{_VALUE}} Comes from")
        self.walker[:] = [*wrong, heading, *self._rows.values(), *others]
        moved = len(self.walker) - len(self._rows) - before if before else 0
        self.walker.set_focus(max(0, min(at + moved, len(self.walker) - 1)))

    def render(self, size: Any, focus: bool = False) -> Any:
        if self._aside:
            self._aside = False
            self.shift_focus(size, min(self.walker.focus or 0, size[1] // 2))
        return super().render(size, focus)

    def tell(self, words: str) -> None:
        """Show what has come of a change, until the next key."""
        self._note = words

    def keypress(self, size: Any, key: str) -> str | None:
        self._note = ""
        if key not in _CHANGE:
            left = super().keypress(size, key)
            if not isinstance(self.walker[self.walker.focus or 0], Row):  # Home, or End
                rows = [at for at, row in enumerate(self.walker) if isinstance(row, Row)]
                here = self.walker.focus or 0
                self.walker.set_focus(min(rows, key=lambda at: abs(at - here)))
                self._aside = True
            return left
        if name := self._find_name():
            self._view.push(SettingScreen(self._view, name, self.tell))
        return None


def describe(setting: Setting, settings: Settings) -> str:
    """Return one line: name, value, and the place that it comes from."""
    value = shorten(_show_value(setting, settings), _VALUE)
    source = settings.place(setting.name) or "built in"
    return f"{setting.name:<{_NAME - 1}} {value:<{_VALUE}} {to_ascii(source)}"


def _show_value(setting: Setting, settings: Settings) -> str:
    return hide_credentials(to_ascii(setting.show(settings))) or _NONE


def _list(heading: str, lines: Iterable[str], kind: str | None) -> Iterable[Any]:
    texts = [text_widget(kind, to_ascii(line)) for line in lines]
    return [text_widget("heading", heading), *texts, text_widget(None, "")] if texts else []


class SettingScreen(Screen):
    """One setting, with a field for its value. `tell` is given what has come of a change."""

    def __init__(self, view: Navigation, name: str, tell: Callable[[str], None]) -> None:
        super().__init__()
        self._view, self._name, self._tell = view, name, tell
        self._complaint = ""
        self._setting = BY_NAME[name]
        self.title = f"Setting {name}"
        settings = view.session.snapshot.settings
        secret = self._setting.type.secret
        self._field = InputField("" if secret else self._setting.show(settings))
        lines = [text_widget(None, line) for line in explain(self._setting, view.session)]
        heading = text_widget("heading", self._setting.usage)
        self.walker[:] = [heading, self._field, text_widget(None, ""), *lines]
        self.walker.set_focus(1)

    @property
    def footer(self) -> Sequence[Key]:
        return _SAVE, _ONLY_NOW, _RESET, LEAVE, CLEAR

    def show(self, snapshot: Snapshot) -> None:
        """Change nothing: the typed text does not depend on the snapshot."""

    @property
    def note(self) -> str:
        return self._complaint

    def keypress(self, size: Any, key: str) -> str | None:
        self._complaint = ""
        if key in LEAVE:
            self._view.back()
        elif key in _SAVE:
            self._change(self._field.value.strip(), keep=True)
        elif key in _ONLY_NOW:
            self._change(self._field.value.strip(), keep=False)
        elif key in _RESET:
            self._change(None, keep=True)
        else:
            super(Screen, self).keypress(size, key)
        return None  # in a field, no key is a command of the menu

    def _change(self, text: str | None, *, keep: bool) -> None:
        async def change() -> None:
            try:
                outcome = await self._view.session.configure(self._name, text, keep=keep)
            except ValueError as error:
                self._complaint = str(error)
                return
            self._tell(f"{self._name}: {outcome}")
            self._view.leave(self)

        self._view.carry_out("A change of the settings", change)


def explain(setting: Setting, session: Session) -> list[str]:
    """Describe a setting: its help, its value, and where a new one would be kept."""
    settings = session.snapshot.settings
    origin = settings.place(setting.name) or "built in"
    lines = [
        f"{setting.help[:1].upper()}{setting.help[1:]}.",
        "",
        f"Now:      {_show_value(setting, settings)}  ({to_ascii(origin)})",
        f"Built in: {setting.type.write(setting.default) or _NONE}",
        "",
    ]
    kept = session.find_keeping(setting.name)
    if kept.place:
        lines.append(f"{_SAVE.label} saves it in {kept.place}.")
        lines += [f"{kept.remark[:1].upper()}{kept.remark[1:]}."] if kept.remark else []
    else:
        lines.append(f"It cannot be saved: {kept.remark}.")
    if not setting.live:
        lines.append("It counts at the start of Petipy.")
    return lines


SCREEN = Registration(
    title="Settings",
    opener=Key(("S",), "settings: see where each comes from, change and save them"),
    needs="log",
    make=lambda occasion: SettingsScreen(occasion.view),
)

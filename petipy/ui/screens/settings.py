"""The settings: each with its value, where that comes from and its help; to be changed."""

from collections.abc import Iterable, Sequence
from typing import Any

from petipy.settings.table import BY_NAME, SETTINGS, Setting
from petipy.state.model import Snapshot
from petipy.state.settings import Settings
from petipy.ui.kit.keys import BACK, ENDS, MOVE, Key
from petipy.ui.kit.registration import Navigation, Registration
from petipy.ui.kit.screen import Row, Screen, text_widget
from petipy.ui.kit.setting import SettingScreen, show_value
from petipy.ui.line.plain import shorten, to_text
from petipy.ui.line.terminal import COLUMNS
from petipy.ui.translator import Translator

_CHANGE = Key(("enter",), footer="{} change")
_NAME, _VALUE = 17, 26  # columns


class SettingsScreen(Screen):
    """The list of all settings. What was not understood comes first."""

    def __init__(self, view: Navigation) -> None:
        super().__init__()
        self._view, self._note, self._phrase = view, "", view.translator.phrase
        self._language = -1  # version of the one that is shown
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
        return shorten(self._phrase(BY_NAME[name].help), COLUMNS - 1) if name else ""

    def _find_name(self) -> str:
        """Return the name of the setting under the cursor; "" if there is none."""
        focused = self.walker[self.walker.focus or 0] if self.walker else None
        return next((name for name, row in self._rows.items() if row is focused), "")

    def show(self, snapshot: Snapshot) -> None:
        settings, phrase = snapshot.settings, self._phrase
        translator = self._view.translator
        complaints, notes = (
            map(translator.translate, lines) for lines in (settings.complaints, settings.notes)
        )
        version = translator.version
        if settings is self._shown and version == self._language:
            return
        self._language = version
        self._shown, at = settings, self.walker.focus or 0
        before = len(self.walker) - len(self._rows)
        theme = self._view.theme
        shown = [setting for setting in SETTINGS if setting.is_listed(settings)]
        self._rows = {s.name: Row(describe(s, settings, translator), None, theme) for s in shown}
        wrong = [*_list(phrase("Not understood, and without effect"), complaints, "error")]
        others = [*_list(phrase("Without a meaning here"), notes, None)]
        setting, value, place = phrase("Setting"), phrase("Value"), phrase("Comes from")
        heading = text_widget("heading", f"{setting:<{_NAME}} {value:<{_VALUE}} {place}")
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
        name = self._find_name()
        if screen := self._view.keys.find_screen(name):
            self._view.open(screen)
        elif name:
            self._view.push(SettingScreen(self._view, name, self.tell))
        return None


def describe(setting: Setting, settings: Settings, translator: Translator) -> str:
    """Return one line: name, value, and the place that it comes from."""
    value = shorten(show_value(setting, settings), _VALUE)
    place = translator.translate(settings.place(setting.name))
    source = place or translator.phrase("built in")
    return f"{setting.name:<{_NAME - 1}} {value:<{_VALUE}} {to_text(source)}"


def _list(heading: str, lines: Iterable[str], kind: str | None) -> Iterable[Any]:
    texts = [text_widget(kind, to_text(line)) for line in lines]
    return [text_widget("heading", heading), *texts, text_widget(None, "")] if texts else []


SCREEN = Registration(
    title="Settings",
    opener=Key(("S",), "settings: see where each comes from, change and save them"),
    needs="log",
    make=lambda occasion: SettingsScreen(occasion.view),
)

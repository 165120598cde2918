"""The screen of one setting, and the changes that screens make to settings."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from parsers.places.urls import hide_credentials
from petipy.settings.table import BY_NAME, Setting
from petipy.state.settings import Settings
from petipy.ui.kit.field import FieldScreen
from petipy.ui.kit.input import CLEAR
from petipy.ui.kit.keys import LEAVE, Key
from petipy.ui.kit.registration import Navigation
from petipy.ui.kit.screen import text_widget
from petipy.ui.line.plain import to_text

ONLY_NOW = Key(("ctrl n",), footer="{} only now")
RESET = Key(("ctrl r",), footer="{} take back")
_SAVE = Key(("enter",), footer="{} save")
_NONE = "-"


class SettingScreen(FieldScreen):
    """One setting, with a field for its value. `tell` is given what has come of a change."""

    def __init__(self, view: Navigation, name: str, tell: Callable[[str], None]) -> None:
        setting = BY_NAME[name]
        secret = setting.type.secret
        super().__init__(view, "" if secret else setting.show(view.session.snapshot.settings))
        self._name, self._tell = name, tell
        self.show(view.session.snapshot)

    def list_rows(self) -> Sequence[Any]:
        setting = BY_NAME[self._name]
        self.title = self._phrase("Setting {name}", name=self._name)
        lines = ["", *explain(setting, self._view)]
        heading = text_widget("heading", setting.usage)
        return [heading, self._field, *(text_widget(None, line) for line in lines)]

    @property
    def footer(self) -> Sequence[Key]:
        return _SAVE, ONLY_NOW, RESET, LEAVE, CLEAR

    @property
    def acts(self) -> Iterable[tuple[Key, Callable[[], None]]]:
        yield _SAVE, lambda: self._change(self._field.value.strip(), keep=True)
        yield ONLY_NOW, lambda: self._change(self._field.value.strip(), keep=False)
        yield RESET, lambda: self._change(None, keep=True)

    def _change(self, text: str | None, *, keep: bool) -> None:
        def leave(outcome: str) -> None:
            self._tell(outcome)
            self._view.leave(self)

        change(self._view, self._name, text, keep=keep, done=leave, refused=self.complain)


def change(
    view: Navigation,
    name: str,
    text: str | None,
    *,
    keep: bool,
    done: Callable[[str], None],
    refused: Callable[[str], None],
    apply: Callable[[], None] = lambda: None,
) -> None:
    """Change a setting as Session.configure does, and ask for a password if it needs one.

    `done` is given the outcome in words, `refused` the reason why a value is wrong. Before `done`,
    `apply` is called.
    """

    async def carry_out() -> None:
        try:
            outcome = await view.session.configure(name, text, keep=keep)
        except ValueError as error:
            refused(view.translator.translate(str(error)))
        else:
            apply()
            words = outcome.describe(view.translator.phrase, view.translator.translate)
            done(f"{name}: {words}")

    view.carry_out(view.translator.phrase("A change of the settings"), carry_out)


def explain(setting: Setting, view: Navigation) -> list[str]:
    """Describe a setting: its help, its value, and where a new one would be kept."""
    settings, phrase = view.session.snapshot.settings, view.translator.phrase
    place = view.translator.translate(settings.place(setting.name))
    origin = place or phrase("built in")
    rows = {
        phrase("Now:"): f"{show_value(setting, settings)}  ({to_text(origin)})",
        phrase("Built in:"): setting.type.write(setting.default) or _NONE,
    }
    width = max(map(len, rows)) + 1
    facts = [f"{name:<{width}}{value}" for name, value in rows.items()]
    return [
        _to_sentence(phrase(setting.help)),
        "",
        *facts,
        "",
        *explain_keeping(setting, view, _SAVE),
    ]


def explain_keeping(setting: Setting, view: Navigation, save: Key) -> list[str]:
    """Describe where a new value would be kept by the key, and when it counts."""
    phrase, translate = view.translator.phrase, view.translator.translate
    kept = view.session.find_keeping(setting.name)
    place, remark = translate(kept.place), translate(kept.remark)
    if place:
        lines = [phrase("{key} saves it in {place}.", key=save.label(phrase), place=place)]
        lines += [_to_sentence(remark)] if remark else []
    else:
        lines = [phrase("It cannot be saved: {reason}.", reason=remark)]
    if not setting.live:
        lines.append(phrase("It counts at the start of Petipy."))
    return lines


def _to_sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}."


def show_value(setting: Setting, settings: Settings) -> str:
    """Return a value for people, without passwords; never empty."""
    return hide_credentials(to_text(setting.show(settings))) or _NONE

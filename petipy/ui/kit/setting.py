"""The screen of one setting, and the changes that screens make to settings."""

from collections.abc import Callable, Iterable, Sequence

from parsers.places.urls import hide_credentials
from petipy.control.session import Session
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
        self.title = f"Setting {name}"
        lines = [text_widget(None, line) for line in explain(setting, view.session)]
        heading = text_widget("heading", setting.usage)
        self.walker[:] = [heading, self._field, text_widget(None, ""), *lines]
        self.walker.set_focus(1)

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
) -> None:
    """Change a setting as Session.configure does, and ask for a password if it needs one.

    `done` is given the outcome in words, `refused` the reason why a value is wrong.
    """

    async def carry_out() -> None:
        try:
            outcome = await view.session.configure(name, text, keep=keep)
        except ValueError as error:
            refused(str(error))
        else:
            done(f"{name}: {outcome}")

    view.carry_out("A change of the settings", carry_out)


def explain(setting: Setting, session: Session) -> list[str]:
    """Describe a setting: its help, its value, and where a new one would be kept."""
    settings = session.snapshot.settings
    origin = settings.place(setting.name) or "built in"
    lines = [
        f"{setting.help[:1].upper()}{setting.help[1:]}.",
        "",
        f"Now:      {show_value(setting, settings)}  ({to_text(origin)})",
        f"Built in: {setting.type.write(setting.default) or _NONE}",
        "",
    ]
    lines += explain_keeping(setting, session, _SAVE)
    return lines


def explain_keeping(setting: Setting, session: Session, save: Key) -> list[str]:
    """Describe where a new value would be kept by the key, and when it counts."""
    kept = session.find_keeping(setting.name)
    if kept.place:
        lines = [f"{save.label} saves it in {kept.place}."]
        lines += [f"{kept.remark[:1].upper()}{kept.remark[1:]}."] if kept.remark else []
    else:
        lines = [f"It cannot be saved: {kept.remark}."]
    if not setting.live:
        lines.append("It counts at the start of Petipy.")
    return lines


def show_value(setting: Setting, settings: Settings) -> str:
    """Return a value for people, without passwords; never empty."""
    return hide_credentials(to_text(setting.show(settings))) or _NONE

"""The screen that keeps a person's change as an entry with a title of its own."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from petipy.settings.table import BY_NAME
from petipy.state.model import Choice, Edit
from petipy.state.own import LONGEST_TITLE
from petipy.state.settings import OWN
from petipy.ui.kit.field import FieldScreen
from petipy.ui.kit.input import CLEAR
from petipy.ui.kit.keys import LEAVE, Key
from petipy.ui.kit.registration import Navigation
from petipy.ui.kit.screen import text_widget
from petipy.ui.kit.setting import ONLY_NOW, explain_keeping
from petipy.ui.line.plain import entry_title, shorten
from petipy.ui.translator import mark

_SAVE = Key(("enter",), footer="{} save")
_LINES = (
    mark("It is in the menu of its device while the entry that it changes is there."),
    mark(
        "What is not changed follows that entry. If it takes a password to change that "
        "entry, it takes the same to boot this one."
    ),
)


class KeepScreen(FieldScreen):
    """A field for the title. `tell` is given what has come of it."""

    def __init__(
        self, view: Navigation, choice: Choice, edit: Edit, tell: Callable[[str], None]
    ) -> None:
        phrase = view.translator.phrase
        title = entry_title(choice, phrase)
        if not choice.base:
            text = mark("{title} (changed)")
            room = LONGEST_TITLE - len(phrase(text, title=""))
            title = phrase(text, title=shorten(title, room))
        super().__init__(view, title)
        self._choice, self._edit, self._tell = choice, edit, tell
        self.show(view.session.snapshot)

    def list_rows(self) -> Sequence[Any]:
        phrase = self._phrase
        self.title = phrase("Keep as an entry of your own")
        keeping = explain_keeping(BY_NAME[OWN[0]], self._view, _SAVE)
        lines = ["", *map(phrase, _LINES), "", *keeping]
        heading = text_widget("heading", phrase("Title"))
        return [heading, self._field, *(text_widget(None, line) for line in lines)]

    @property
    def footer(self) -> Sequence[Key]:
        return _SAVE, ONLY_NOW, LEAVE, CLEAR

    @property
    def acts(self) -> Iterable[tuple[Key, Callable[[], None]]]:
        yield _SAVE, lambda: self._keep(keep=True)
        yield ONLY_NOW, lambda: self._keep(keep=False)

    def _keep(self, *, keep: bool) -> None:
        title, session = self._field.value.strip(), self._view.session
        translate = self._view.translator.translate

        async def command() -> None:
            try:
                outcome = await session.keep_entry(self._choice.id, self._edit, title, keep=keep)
            except ValueError as error:
                reason = translate(str(error))
                self.complain(self._phrase("It is not kept: {reason}", reason=reason))
                return
            self._tell(f"{title}: {outcome.describe(self._phrase, translate)}")
            self._view.leave(self)

        self._view.carry_out(self._phrase("Keeping an entry"), command)

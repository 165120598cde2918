"""Restart the machine, switch it off, or open its firmware's settings, after a confirmation."""

from collections.abc import Sequence
from typing import Any

from petipy.control.services import Action
from petipy.state.model import Snapshot
from petipy.ui.kit.keys import BACK, MOVE, Key
from petipy.ui.kit.question import Question
from petipy.ui.kit.registration import Navigation, Registration
from petipy.ui.kit.screen import Row, Screen
from petipy.ui.translator import mark

_CHOOSE = Key(("enter",), footer="{} choose")
_NO_SETTINGS = mark("The firmware of this machine opens no settings from here")
_WORDS: dict[Action, tuple[str, str]] = {
    "reboot": (mark("Restart the machine"), mark("Restart the machine now?")),
    "halt": (mark("Switch the machine off"), mark("Switch the machine off now?")),
    "fwsetup": (
        mark("Restart into the settings of the firmware"),
        mark("Restart now, into the settings of the firmware?"),
    ),
}


class PowerScreen(Screen):
    """A list of actions. Enter asks before one."""

    def __init__(self, view: Navigation) -> None:
        super().__init__()
        self._view, self._phrase = view, view.translator.phrase
        able = view.session.list_actions()
        self._actions = [action for action in _WORDS if action in able]
        self._question = Question()
        self.show(view.session.snapshot)
        self.walker.set_focus(0)

    @property
    def footer(self) -> Sequence[Key]:
        return self._question.footer or (_CHOOSE, MOVE, BACK)

    @property
    def note(self) -> str:
        if self._question.words:
            return self._question.words
        return "" if "fwsetup" in self._actions else self._phrase(_NO_SETTINGS)

    def show(self, snapshot: Snapshot) -> None:
        titles = (self._phrase(_WORDS[name][0]) for name in self._actions)
        self.walker[:] = [Row(f" {title}", None, self._view.theme) for title in titles]

    def keypress(self, size: Any, key: str) -> str | None:
        if self._question.answer(key):
            return None
        if key in _CHOOSE:
            action = self._actions[self.walker.focus or 0]
            title, words = _WORDS[action]
            leave = lambda: self._view.session.leave(action)  # noqa: E731
            self._question.ask(
                lambda: self._phrase(words),
                lambda: self._view.carry_out(self._phrase(title), leave),
            )
            return None
        return super().keypress(size, key)


SCREEN = Registration(
    title="Restart or switch off",
    opener=Key(("P",), "power: restart the machine, switch it off, open its firmware's settings"),
    make=lambda occasion: PowerScreen(occasion.view),
)

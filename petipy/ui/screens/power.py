"""Restart the machine, switch it off, or open its firmware's settings, after a confirmation."""

from collections.abc import Sequence
from typing import Any

from petipy.control.commands import Action
from petipy.state.model import Snapshot
from petipy.ui.kit.keys import BACK, MOVE, Key
from petipy.ui.kit.registration import Navigation, Registration
from petipy.ui.kit.screen import Row, Screen

_CHOOSE = Key(("enter",), footer="{} choose")
_YES = Key(("y",), footer="{} yes, do it")
_NO = Key(("n", "esc"), footer="{} no")
_NO_SETTINGS = "The firmware of this machine opens no settings from here"
_WORDS: dict[Action, tuple[str, str]] = {
    "reboot": ("Restart the machine", "Restart the machine now?"),
    "halt": ("Switch the machine off", "Switch the machine off now?"),
    "fwsetup": (
        "Restart into the settings of the firmware",
        "Restart now, into the settings of the firmware?",
    ),
}


class PowerScreen(Screen):
    """A list of actions. Enter asks, and only `y` after it acts: noise on a line has no such pair.

    Each other key takes the question back.
    """

    def __init__(self, view: Navigation) -> None:
        super().__init__()
        self._view = view
        able = view.session.list_actions()
        self._actions = [action for action in _WORDS if action in able]
        self._asked: Action | None = None
        self._rows = [Row(f" {_WORDS[name][0]}", None, view.theme) for name in self._actions]
        self.walker[:] = self._rows
        self.walker.set_focus(0)

    @property
    def footer(self) -> Sequence[Key]:
        return (_YES, _NO) if self._asked else (_CHOOSE, MOVE, BACK)

    @property
    def note(self) -> str:
        if self._asked:
            return _WORDS[self._asked][1]
        return "" if "fwsetup" in self._actions else _NO_SETTINGS

    def show(self, snapshot: Snapshot) -> None:
        """Change nothing: the actions of a machine stay."""

    def keypress(self, size: Any, key: str) -> str | None:
        asked, self._asked = self._asked, None
        if asked:
            if key in _YES:
                session = self._view.session
                self._view.carry_out(_WORDS[asked][0], lambda: session.leave(asked))
            return None
        if key in _CHOOSE:
            self._asked = self._actions[self.walker.focus or 0]
            return None
        return super().keypress(size, key)


SCREEN = Registration(
    title="Restart or switch off",
    opener=Key(("P",), "power: restart the machine, switch it off, open its firmware's settings"),
    make=lambda occasion: PowerScreen(occasion.view),
)

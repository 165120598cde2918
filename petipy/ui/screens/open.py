"""The screen that opens a URL, or a path on a disk: a configuration, a kernel or an ISO file."""

from collections.abc import Sequence
from typing import Any

from petipy.state.model import Snapshot
from petipy.ui.kit.input import CLEAR, InputField
from petipy.ui.kit.keys import LEAVE, Key
from petipy.ui.kit.registration import Navigation, Registration
from petipy.ui.kit.screen import Screen, text_widget

_OPEN = Key(("enter",), footer="{} open")
_EXAMPLES = (
    "A configuration, a kernel or an ISO file, such as",
    "  http://192.0.2.1/boot/grub/grub.cfg",
    "  tftp://192.0.2.1/vmlinux",
    "  (vda2)/boot/vmlinux",
    "What it offers comes into the menu.",
)


class OpenScreen(Screen):
    def __init__(self, view: Navigation) -> None:
        super().__init__()
        self._view, self._complaint = view, ""
        self._field = InputField("")
        lines = [text_widget(None, line) for line in _EXAMPLES]
        heading = text_widget("heading", "URL or path")
        self.walker[:] = [heading, self._field, text_widget(None, ""), *lines]
        self.walker.set_focus(1)

    @property
    def footer(self) -> Sequence[Key]:
        return _OPEN, LEAVE, CLEAR

    def show(self, snapshot: Snapshot) -> None:
        """Change nothing: the typed text does not depend on the snapshot."""

    @property
    def note(self) -> str:
        return self._complaint

    def keypress(self, size: Any, key: str) -> str | None:
        self._complaint = ""
        if key in LEAVE:
            self._view.back()
        elif key in _OPEN:
            self._open(self._field.value.strip())
        else:
            super(Screen, self).keypress(size, key)
        return None  # in a field, no key is a command of the menu

    def _open(self, place: str) -> None:
        if not place:
            return
        try:
            self._view.session.open(place)
        except ValueError as error:
            self._complaint = str(error)
        else:
            self._view.back()


SCREEN = Registration(
    title="Open",
    opener=Key(("O",), "open a URL, or a path on a disk: a configuration, a kernel, an ISO file"),
    needs="open",
    make=lambda occasion: OpenScreen(occasion.view),
)

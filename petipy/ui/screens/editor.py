"""The editor: change an entry's kernel, initrds and command line before it boots."""

from collections.abc import Sequence
from typing import Any

from petipy.state.model import Choice, Edit, Snapshot
from petipy.ui.kit.input import CLEAR, InputField
from petipy.ui.kit.keys import LEAVE, Key
from petipy.ui.kit.registration import Navigation, Occasion, Registration
from petipy.ui.kit.screen import Screen, text_widget
from petipy.ui.line.plain import entry_title

_LABELS = ("Kernel", "Initrds (separated by spaces)", "Command line")
_BOOT = Key(("enter", "ctrl x", "f10"), footer="{} or {} boot")
_NEXT = Key(("tab",), footer="{} next field")
_PREVIOUS = Key(("shift tab",))


class EditorScreen(Screen):
    """The fields of an entry. If something was typed, the first attempt to leave only warns."""

    def __init__(self, view: Navigation, choice: Choice) -> None:
        super().__init__()
        self._view, self._id = view, choice.id
        self._warned = False
        self.title = f"Edit {entry_title(choice)}"
        self._original = as_edit(choice)
        texts = _texts(self._original)
        self._fields = [InputField(text) for text in texts]
        rows: list[Any] = []
        for label, field in zip(_LABELS, self._fields, strict=True):
            rows += [text_widget("heading", label), field, text_widget(None, "")]
        self.walker[:] = rows
        self.walker.set_focus(rows.index(self._fields[-1]))

    @property
    def footer(self) -> Sequence[Key]:
        return _BOOT, LEAVE, _NEXT, CLEAR

    def show(self, snapshot: Snapshot) -> None:
        """Change nothing: the typed text does not depend on the snapshot."""

    @property
    def note(self) -> str:
        text = f"Your changes would be lost: {LEAVE.label} again to leave, any other key to stay"
        return text if self._warned else ""

    def edit(self) -> Edit:
        kernel, initrds, cmdline = (field.value for field in self._fields)
        untouched = initrds == _texts(self._original)[1]  # their names may contain blanks
        return Edit(
            kernel=kernel.strip(),
            initrds=self._original.initrds if untouched else tuple(initrds.split()),
            cmdline=cmdline.strip(),
        )

    def keypress(self, size: Any, key: str) -> str | None:
        warned, self._warned = self._warned, False
        if key in _BOOT:
            self._view.boot(self._id, self.edit())
        elif key in LEAVE:
            if warned or self.edit() == self._original:
                self._view.back()
            else:
                self._warned = True
        elif key in _NEXT:
            self._move_field(1)
        elif key in _PREVIOUS:
            self._move_field(-1)
        else:
            super(Screen, self).keypress(size, key)
        return None  # in a field, no key is a command of the menu

    def _move_field(self, by: int) -> None:
        here = self._fields.index(self.walker[self.walker.focus or 0])
        field = self._fields[(here + by) % len(self._fields)]
        self.walker.set_focus(self.walker.index(field))


def as_edit(choice: Choice) -> Edit:
    """Return the unchanged entry in the form in which a person may type it."""
    kernel = choice.kernel or choice.entry.kernel
    return Edit(
        kernel="" if kernel is None else str(kernel),
        initrds=tuple(map(str, choice.initrds or choice.entry.initrds)),
        cmdline=choice.entry.cmdline.strip(),
    )


def _texts(edit: Edit) -> tuple[str, str, str]:
    return edit.kernel, " ".join(edit.initrds), edit.cmdline


def _make(occasion: Occasion) -> EditorScreen | None:
    choice = occasion.view.session.snapshot.choice(occasion.id)
    return EditorScreen(occasion.view, choice) if choice else None


SCREEN = Registration(
    title="Editing",
    opener=Key(("e",), "change kernel, initrd and command line, then boot", "{} edit"),
    of_entry=True,
    needs="edit",
    make=_make,
)

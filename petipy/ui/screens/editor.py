"""Change an entry before it boots: the kernel, the initrds and the command line."""

import re
from collections.abc import Callable
from typing import Any

from petipy.state.model import Choice, Edit, Snapshot
from petipy.ui.kit.toolkit import Edit as Field
from petipy.ui.kit.toolkit import WrapMode
from petipy.ui.kit.widgets import Page, paragraph
from petipy.ui.line.plain import title

_LABELS = ("Kernel", "Initrds (separated by spaces)", "Command line")
_BOOT = {"enter", "ctrl x", "f10"}
# A control character cannot be shown; its picture (Unicode 2400) is a character like any other.
_PICTURES = {code: 0x2400 + code for code in range(32)} | {127: 0x2421}
_CONTROLS = {picture: code for code, picture in _PICTURES.items()}
_WORD = re.compile(r"\S*\s*\Z")


class Editor(Page):
    """`boot` is called with what was changed. Leaving asks first when something was typed."""

    keys = "Enter or Ctrl-X boot  Esc back  Tab next field  Ctrl-U clear"

    def __init__(
        self, choice: Choice, boot: Callable[[str, Edit], None], leave: Callable[[], None]
    ) -> None:
        super().__init__()
        self._id, self._boot, self._leave = choice.id, boot, leave
        self._sure = False
        self.title = f"Edit {title(choice)}"
        self._original = original(choice)
        texts = _texts(self._original)
        self._fields = [Input(text) for text in texts]
        rows: list[Any] = []
        for label, field in zip(_LABELS, self._fields, strict=True):
            rows += [paragraph("heading", label), field, paragraph(None, "")]
        self.walker[:] = rows
        self.walker.set_focus(rows.index(self._fields[-1]))

    def show(self, snapshot: Snapshot) -> None:
        """What is typed does not depend on what is found."""

    @property
    def note(self) -> str:
        return "Your changes would be lost: Esc again to leave, any other key to stay" * self._sure

    def edit(self) -> Edit:
        kernel, initrds, cmdline = (field.text_typed for field in self._fields)
        untouched = initrds == _texts(self._original)[1]  # there may be blanks in their names
        return Edit(
            kernel=kernel.strip(),
            initrds=self._original.initrds if untouched else tuple(initrds.split()),
            cmdline=cmdline.strip(),
        )

    def keypress(self, size: Any, key: str) -> str | None:
        sure, self._sure = self._sure, False
        if key in _BOOT:
            self._boot(self._id, self.edit())
        elif key == "esc":
            if sure or self.edit() == self._original:
                self._leave()
            else:
                self._sure = True
        elif key in {"tab", "shift tab"}:
            self._next(1 if key == "tab" else -1)
        else:
            super(Page, self).keypress(size, key)
        return None  # no key here is a command of the menu's

    def _next(self, by: int) -> None:
        here = self._fields.index(self.walker[self.walker.focus or 0])
        field = self._fields[(here + by) % len(self._fields)]
        self.walker.set_focus(self.walker.index(field))


class Input(Field):
    """A text over as many lines as it takes, with the keys of a shell's command line."""

    def __init__(self, text: str, mask: str | None = None) -> None:
        super().__init__(edit_text=text.translate(_PICTURES), wrap=WrapMode.ANY, mask=mask)

    @property
    def text_typed(self) -> str:
        typed: str = self.edit_text.translate(_CONTROLS)
        return typed

    def keypress(self, size: Any, key: str) -> str | None:
        text, at = self.edit_text, self.edit_pos
        match key:
            case "ctrl a" | "home":
                self.set_edit_pos(0)
            case "ctrl e" | "end":
                self.set_edit_pos(len(text))
            case "ctrl b":
                self.set_edit_pos(max(0, at - 1))
            case "ctrl f":
                self.set_edit_pos(min(len(text), at + 1))
            case "ctrl k":
                self.set_edit_text(text[:at])
            case "ctrl u":
                self._cut(0, at)
            case "ctrl w":
                self._cut(_WORD.search(text[:at]).start(), at)  # type: ignore[union-attr]
            case "ctrl d":
                self.set_edit_text(text[:at] + text[at + 1 :])
            case _:
                return super().keypress(size, key)
        return None

    def _cut(self, start: int, stop: int) -> None:
        self.set_edit_text(self.edit_text[:start] + self.edit_text[stop:])
        self.set_edit_pos(start)


def original(choice: Choice) -> Edit:
    """The entry as it stands, in the words that a person may type."""
    kernel = choice.kernel or choice.entry.kernel
    return Edit(
        kernel="" if kernel is None else str(kernel),
        initrds=tuple(map(str, choice.initrds or choice.entry.initrds)),
        cmdline=choice.entry.cmdline.strip(),
    )


def _texts(edit: Edit) -> tuple[str, str, str]:
    return edit.kernel, " ".join(edit.initrds), edit.cmdline

"""An input field: text over as many lines as it takes, with the keys of a shell's command line."""

import re
from typing import Any

from petipy.ui.kit.keys import Key
from petipy.ui.kit.toolkit import CellLayout, Edit, WrapMode
from petipy.ui.line.letters import add_fillers, drop_fillers, is_wide
from petipy.ui.line.plain import FILLER

# A control character cannot be shown. Its picture (Unicode 2400) stands for it in the field.
_PICTURES = {code: 0x2400 + code for code in range(32)} | {127: 0x2421}
_CONTROLS = {picture: code for code, picture in _PICTURES.items()}
_LAYOUT = CellLayout()
_LAST_WORD = re.compile(r"\S*\s*\Z")
CLEAR = Key(("ctrl u",), footer="{} clear")
UNDO = Key(("ctrl z",), "in a field: take the last change back", "{} undo")
_MOST_UNDO = 100  # changes


class InputField(Edit):
    """A text to edit. With `mask`, that character is shown for each cell of the text.

    `edit_text` has a character for each cell: petipy.ui.line.letters. `value` is the text itself.
    """

    def __init__(self, text: str, mask: str | None = None) -> None:
        super().__init__(edit_text=_show(text), wrap=WrapMode.ANY, mask=mask, layout=_LAYOUT)
        self._before: list[tuple[str, int]] = []  # texts and cursors, for `take_back`
        self._types = False  # the last key was a letter: a word is undone at once

    @property
    def value(self) -> str:
        return _read(self.edit_text)

    @property
    def value_before_cursor(self) -> str:
        return _read(self.edit_text[: self.edit_pos])

    def put(self, start: int, stop: int, text: str) -> None:
        """Put a text in the place of some cells, and the cursor behind it."""
        self._remember()
        shown = _show(text)
        self.set_edit_text(self.edit_text[:start] + shown + self.edit_text[stop:])
        self.set_edit_pos(start + len(shown))

    def take_back(self) -> None:
        """Take the last change back. Letters that follow each other are one, up to a blank."""
        if self._before:
            text, at = self._before.pop()
            self.set_edit_text(text)
            self.set_edit_pos(at)
        self._types = False

    def _remember(self) -> None:
        self._before = [*self._before[1 - _MOST_UNDO :], (self.edit_text, self.edit_pos)]
        self._types = False

    def keypress(self, size: Any, key: str) -> str | None:
        before, at, typed = self.edit_text, self.edit_pos, self._types
        if key in UNDO:
            self.take_back()
            return None
        left = self._edit(size, key)
        self._keep_letters_whole(before, at)
        if self.edit_text != before:
            letter = len(key) == 1 and key != " "
            if not (letter and typed):
                self._before = [*self._before[1 - _MOST_UNDO :], (before, at)]
            self._types = letter
        elif key:
            self._types = False
        return left

    def _edit(self, size: Any, key: str) -> str | None:
        text, at = self.edit_text, self.edit_pos
        if key in CLEAR:
            self._cut(0, at)
            return None
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
            case "ctrl w":
                self._cut(_LAST_WORD.search(text[:at]).start(), at)  # type: ignore[union-attr]
            case "ctrl d":
                self.set_edit_text(text[:at] + text[at + 1 :])
            case _:
                return super().keypress(size, key)
        return None

    def _keep_letters_whole(self, before: str, at: int) -> None:
        """Let a wide letter come, go and be passed with both of its cells."""
        text, here = self.edit_text, self.edit_pos
        if text.isascii():
            return
        head, tail = text[:here], text[here:]
        if len(text) > len(before):
            head, tail = add_fillers(head), add_fillers(tail)
        elif _is_split(head, tail) and text == before:
            step = 1 if here > at else -1
            head, tail = text[: here + step], text[here + step :]
        elif head and is_wide(head[-1]) and not tail.startswith(FILLER):
            head = head[:-1]
        elif tail.startswith(FILLER) and not _is_split(head, tail):
            tail = tail[1:]
        if head + tail != text:
            self.set_edit_text(head + tail)
        self.set_edit_pos(len(head))

    def _cut(self, start: int, stop: int) -> None:
        self.set_edit_text(self.edit_text[:start] + self.edit_text[stop:])
        self.set_edit_pos(start)


def _show(text: str) -> str:
    """Return a text in cells."""
    return add_fillers(text.translate(_PICTURES))


def _read(cells: str) -> str:
    return drop_fillers(cells).translate(_CONTROLS)


def _is_split(head: str, tail: str) -> bool:
    """Return True if a wide letter is in both parts."""
    return bool(head) and tail.startswith(FILLER) and is_wide(head[-1])

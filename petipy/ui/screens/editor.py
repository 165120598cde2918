"""The editor: change an entry's kernel, initrds and command line before it boots.

Names of files are completed and checked on the device, as far as a confined child sees it. A check
only tells: a person may know better.
"""

import os
from collections.abc import Sequence
from typing import Any

from parsers import machines
from petipy.state.model import Choice, Edit, Snapshot
from petipy.state.typed import as_edit
from petipy.ui.kit.input import CLEAR, UNDO, InputField
from petipy.ui.kit.keep import KeepScreen
from petipy.ui.kit.keys import LEAVE, Key
from petipy.ui.kit.paths import Paths
from petipy.ui.kit.registration import Navigation, Occasion, Registration
from petipy.ui.kit.screen import Screen, text_widget
from petipy.ui.line.plain import entry_title, to_text
from petipy.ui.translator import mark

_LABELS = (mark("Kernel"), mark("Initrds (separated by spaces)"), mark("Command line"))
_BOOT = Key(("enter", "ctrl x", "f10"), footer="{} or {} boot")
_COMPLETE = Key(
    ("tab",), "in the editor: complete the name of a file; else the next field", "{} complete"
)
_NEXT = Key(("tab",), footer="{} next field")
_SHELL = Key(("ctrl c", "f2"))  # as in GRUB's editor
_PREVIOUS = Key(("shift tab",))
_EARLIER = Key(("ctrl p",), "in the editor: an earlier change of this console", "{} earlier")
_LATER = Key(("ctrl n",), "in the editor: a later one")
_KEEP = Key(
    ("ctrl s", "f4"),  # a terminal with XON/XOFF stops at Ctrl-S; Ctrl-O is SysRq on an hvc
    "in the editor: keep it as an entry of your own",
    "{} keep",
)
_MOST_NAMES = 60  # that may follow a path, and are shown
_WHAT = mark("Looking at the files")


class EditorScreen(Screen):
    """The fields of an entry. If something was typed, the first attempt to leave only warns."""

    def __init__(self, view: Navigation, choice: Choice) -> None:
        super().__init__()
        self._view, self._choice, self._phrase = view, choice, view.translator.phrase
        self._warned = False
        self._note = ""
        self._past = 0  # edits back from the present one, whose texts are in the fields
        self._original = as_edit(choice)
        session = view.session
        self._paths = Paths(
            lambda place: session.list_directory(choice.id, place),
            lambda: [device.name for device in session.snapshot.devices if not device.kind.remote],
        )
        texts = _texts(self._original)
        self._present = texts
        self._fields = [InputField(text) for text in texts]
        self._names = text_widget("dim", "")
        rows: list[Any] = []
        self._labels = [text_widget("heading", "") for _ in texts]
        for label, field in zip(self._labels, self._fields, strict=True):
            rows += [label, field, text_widget(None, "")]
        self.walker[:] = [*rows, self._names]
        self.walker.set_focus(rows.index(self._fields[-1]))
        self.show(session.snapshot)

    @property
    def _field(self) -> InputField:
        """Return the field with the cursor."""
        field = self.walker[self.walker.focus or 0]
        return field if isinstance(field, InputField) else self._fields[-1]

    @property
    def _types_path(self) -> bool:
        return self._field is not self._fields[-1]

    @property
    def footer(self) -> Sequence[Key]:
        earlier = [_EARLIER] if self._view.edits else []
        tab = _COMPLETE if self._types_path else _NEXT
        return _BOOT, LEAVE, _KEEP, tab, UNDO, *earlier, CLEAR

    def show(self, snapshot: Snapshot) -> None:
        """Show the labels. The typed text does not depend on the snapshot."""
        self.title = self._phrase("Edit {name}", name=entry_title(self._choice, self._phrase))
        for widget, label in zip(self._labels, _LABELS, strict=True):
            widget.set_text(("heading", self._phrase(label)))

    @property
    def note(self) -> str:
        if self._warned:
            text = mark("Your changes would be lost: {key} again to leave, any other key to stay")
            return self._phrase(text, key=LEAVE.label(self._phrase))
        return self._note or self._check()

    def _check(self) -> str:
        """Return what is wrong with the texts, in words; "" if nothing is known to be."""
        edit, here = self.edit(), os.uname().machine
        limit, length = machines.find(here).cmdline, len(os.fsencode(edit.cmdline))
        if length > limit:
            text = mark("The command line has {length} bytes: kernels of {machine} read {limit}")
            return self._phrase(text, length=length, machine=here, limit=limit)
        original = (self._original.kernel, *self._original.initrds)
        typed = (path for path in (edit.kernel, *edit.initrds) if path and path not in original)
        checks = (self._paths.check(path, self._phrase) for path in typed)
        return next(filter(None, checks), "")

    def edit(self) -> Edit:
        kernel, initrds, cmdline = (field.value for field in self._fields)
        untouched = initrds == _texts(self._original)[1]  # their names may contain blanks
        return Edit(
            kernel=kernel.strip(),
            initrds=self._original.initrds if untouched else tuple(initrds.split()),
            cmdline=cmdline.strip(),
        )

    def keypress(self, size: Any, key: str) -> str | None:
        warned, self._warned, self._note = self._warned, False, ""
        self._names.set_text("")
        if key in _SHELL:
            return key
        if key in _BOOT:
            self._view.boot(self._choice.id, self.edit())
        elif key in LEAVE:
            if warned or self.edit() == self._original:
                self._view.back()
            else:
                self._warned = True
        elif key in _KEEP:
            self._view.push(KeepScreen(self._view, self._choice, self.edit(), self._take_note))
        elif key in _COMPLETE and self._types_path:
            self._complete()
        elif key in _NEXT:
            self._move_field(1)
        elif key in _PREVIOUS:
            self._move_field(-1)
        elif key in _EARLIER or key in _LATER:
            self._recall(1 if key in _EARLIER else -1)
        else:
            super(Screen, self).keypress(size, key)
            self._look()
        return None  # in a field, no other key is a command of the menu

    def _take_note(self, outcome: str) -> None:
        """Say what has come of keeping the entry. Its texts are not lost any more."""
        self._note, self._original = outcome, self.edit()

    def _move_field(self, by: int) -> None:
        field = self._fields[(self._fields.index(self._field) + by) % len(self._fields)]
        self.walker.set_focus(self.walker.index(field))

    # Files

    def _find_path(self) -> str:
        """Return the path before the cursor."""
        text = self._field.value_before_cursor
        return text if self._field is self._fields[0] else text[text.rfind(" ") + 1 :]

    def _look(self, then_complete: InputField | None = None) -> bool:
        """Look at the directory of the path under the cursor; return True if it is known already.

        With `then_complete`, complete the path in that field afterwards.
        """
        if not self._types_path:
            return True
        directory = self._paths.find_unknown(self._find_path())
        if not directory:
            return True

        async def look() -> None:
            await self._paths.look(directory)
            if then_complete is self._field:
                self._complete()

        self._view.carry_out(self._phrase(_WHAT), look)
        return False

    def _complete(self) -> None:
        if self._paths.find_unknown(self._find_path()):
            self._look(then_complete=self._field)
            return
        at, path = self._field.edit_pos, self._find_path()
        more, names = self._paths.complete(path)
        if more:
            self._field.put(at, at, more)
            self._look()
        elif len(names) > 1:
            rest = len(names) - _MOST_NAMES
            more = self._phrase("and {number} more", number=rest) if rest > 0 else ""
            words = [*names[:_MOST_NAMES], *filter(None, [more])]
            self._names.set_text(("dim", to_text("  ".join(words))))
        elif not names:
            self._note = self._paths.check(path, self._phrase)
            self._note = self._note or self._phrase("No name here begins so")

    # History

    def _recall(self, by: int) -> None:
        """Put the texts of an earlier edit of this console into the field, or those of a later one.

        Edits of other entries count, too: the same word is often wanted in several.
        """
        edits = self._view.edits
        past = min(max(self._past + by, 0), len(edits))
        if past == self._past:
            text = mark("No earlier change") if by > 0 else mark("This is the present change")
            self._note = self._phrase(text)
            return
        at = self._fields.index(self._field)
        if not self._past:
            self._present = tuple(field.value for field in self._fields)
        texts = _texts(edits[-past]) if past else self._present
        self._past = past
        self._field.put(0, len(self._field.edit_text), texts[at])


def _texts(edit: Edit) -> tuple[str, ...]:
    return edit.kernel, " ".join(edit.initrds), edit.cmdline


def _make(occasion: Occasion) -> EditorScreen | None:
    choice = occasion.view.session.snapshot.choice(occasion.id)
    return EditorScreen(occasion.view, choice) if choice else None


SCREEN = Registration(
    title="Editing",
    opener=Key(
        ("e",),
        "change kernel, initrd and command line, then boot",
        "{} edit",
        aliases=("tab", "ctrl e"),
    ),
    keys=(_KEEP, _COMPLETE, _EARLIER, _LATER, UNDO),
    of_entry=True,
    needs="edit",
    make=_make,
)

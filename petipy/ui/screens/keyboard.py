"""The keyboard layouts of the image: one is chosen for now, or for good."""

from collections.abc import Sequence
from typing import Any

from petipy.settings.table import BY_NAME
from petipy.state.model import Snapshot
from petipy.ui.kit.keys import LEAVE, MOVE, Key
from petipy.ui.kit.registration import Navigation, Registration
from petipy.ui.kit.screen import Row, Screen, text_widget
from petipy.ui.kit.setting import RESET, change, explain_keeping, show_value
from petipy.ui.layouts import LAYOUTS

_SETTING = BY_NAME["keymap"]
_USE = Key(("enter",), "in the list of keyboard layouts: use it now", "{} use")
_SAVE = Key(("ctrl s",), "in the list of keyboard layouts: use it from now on", "{} save")
_NAME = 18  # columns
_NONE = "This image has no keyboard layouts: initramfs/build --keymaps brings them."


class KeyboardScreen(Screen):
    """The list of layouts, with the cursor on the one in use.

    A letter moves the cursor to the next layout that begins with it. Nobody needs a right to use a
    layout until the next start: without the right one, who could type the password?
    """

    def __init__(self, view: Navigation) -> None:
        super().__init__()
        self._view, self._note, self._aside = view, "", True
        self._layouts = view.layouts or LAYOUTS
        self._rows = {
            name: Row(f" {name:<{_NAME}}{title}", None, view.theme)
            for name, title in self._layouts.titles.items()
        }
        self.show(view.session.snapshot)
        self._focus_on(self._layouts.name)

    @property
    def footer(self) -> Sequence[Key]:
        return (*([_USE] if self._view.layouts else []), _SAVE, RESET, LEAVE, MOVE)

    @property
    def note(self) -> str:
        return self._note

    def show(self, snapshot: Snapshot) -> None:
        at, before = self.walker.focus or 0, len(self.walker)
        settings = snapshot.settings
        lines = [f"In use:  {self._layouts.describe()}"] if self._view.layouts else []
        place = settings.place(_SETTING.name) or "built in"
        lines.append(f"Setting: {show_value(_SETTING, settings)}  ({place})")
        if settings.keymap and not self._layouts.knows(settings.keymap):
            lines.append(f"There is no layout {settings.keymap!r} in this image.")
        lines += explain_keeping(_SETTING, self._view.session, _SAVE)
        self.walker[:] = [
            *(text_widget(None, line) for line in [*lines, ""]),
            text_widget("heading" if self._rows else "error", "Layouts" if self._rows else _NONE),
            *self._rows.values(),
        ]
        if before:
            moved = at + len(self.walker) - before
            self.walker.set_focus(max(0, min(moved, len(self.walker) - 1)))

    def _find_name(self) -> str:
        """Return the name of the layout under the cursor; "" if there is none."""
        focused = self.walker[self.walker.focus or 0]
        return next((name for name, row in self._rows.items() if row is focused), "")

    def _focus_on(self, name: str) -> None:
        if name in self._rows:
            self.walker.set_focus(self.walker.index(self._rows[name]))
            self._aside = True

    def render(self, size: Any, focus: bool = False) -> Any:
        if self._aside:
            self._aside = False
            self.shift_focus(size, min(self.walker.focus or 0, size[1] // 2))
        return super().render(size, focus)

    def keypress(self, size: Any, key: str) -> str | None:
        self._note, name = "", self._find_name()
        if key in LEAVE:
            self._view.back()
        elif key in _USE and self._view.layouts:
            self._use(name)
        elif key in _SAVE:
            self._change(name)
        elif key in RESET:
            self._change(None)
        elif len(key) == 1 and key.isalpha():
            self._find(key.lower(), name)
        elif key in {"home", "end"}:
            self._focus_on(next(iter([*self._rows][0 if key == "home" else -1 :]), ""))
        else:
            return super().keypress(size, key)
        return None

    def _find(self, letter: str, name: str) -> None:
        """Move to the next layout after `name` that begins with a letter."""
        names = [*self._rows]
        start = names.index(name) + 1 if name in names else 0
        later = [*names[start:], *names[:start]]
        self._focus_on(next((name for name in later if name.startswith(letter)), name))

    def _use(self, name: str) -> None:
        self._note = self._layouts.use(name) if name else ""
        if name and not self._note:
            self._view.tell(f"Keyboard: {self._layouts.describe()}")
            self._view.leave(self)

    def _change(self, name: str | None) -> None:
        def note(words: str) -> None:
            self._note = words

        if name != "":
            change(self._view, _SETTING.name, name, keep=True, done=note, refused=note)


SCREEN = Registration(
    title="Keyboard layout",
    opener=Key(("K",), "the layout of the keyboard at the machine's screen"),
    keys=(_USE, _SAVE),
    setting=_SETTING.name,
    make=lambda occasion: KeyboardScreen(occasion.view),
)

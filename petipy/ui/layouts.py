"""The layouts of the keyboard at the machine's screen, and the change to another one."""

from collections.abc import Callable

from petipy.sys import vt
from petipy.ui.keymaps import PLACE, Keymap, Keymaps
from petipy.ui.translator import Phrase, mark

_BUILT_IN = "us"  # the layout that the kernel has by itself
Load = Callable[[str, vt.Tables, vt.Compose], None]


class Layouts:
    """The layouts, and the one in use. All virtual terminals share a keyboard.

    Nothing is read or loaded before somebody is at a virtual terminal.
    """

    def __init__(self, place: str = PLACE, load: Load = vt.load_keymap) -> None:
        self._place, self._load = place, load
        self._keymaps: Keymaps | None = None
        self._current: Keymap | None = None  # None: as the kernel has it
        self._path, self._followed = "", ""

    @property
    def name(self) -> str:
        """The name of the layout in use."""
        return self._current.name if self._current else _BUILT_IN

    @property
    def titles(self) -> dict[str, str]:
        """The titles of the image's layouts, by name."""
        return self._read().titles

    def knows(self, name: str) -> bool:
        """Return True if the image has a layout, by one of its names."""
        return self._read().find(name) is not None

    def describe(self, phrase: Phrase = str.format) -> str:
        """Return the layout in use for people: "de, German"."""
        title = self.titles.get(self.name) or phrase("as the kernel has it")
        return f"{self.name}, {title}"

    def follow(self, setting: str, path: str) -> str:
        """Load the layout of the setting `keymap`, if that has changed. Return what is wrong.

        `path` is a virtual terminal.
        """
        self._path = path
        if setting == self._followed:
            return ""
        self._followed = setting
        wrong = self.use(setting or _BUILT_IN)
        return f"petipy.keymap: {wrong}" if wrong else ""

    def use(self, name: str, phrase: Phrase = str.format) -> str:
        """Load a layout. Return the reason if that fails."""
        keymap = self._read().find(name)
        if keymap is None:
            return phrase("this image has no keyboard layout {name!r}", name=name)
        from petipy.ui import compose  # not at a line

        try:
            self._load(self._path, keymap.tables, compose.make_table())
        except OSError as error:
            text = mark("the layout {name} could not be loaded: {reason}")
            return phrase(text, name=name, reason=error.strerror)
        self._current = keymap
        return ""

    def to_latin(self, character: str) -> str:
        """Return the ASCII character of the key that types another one; "" if there is none."""
        return self._current.to_latin(character) if self._current else ""

    def _read(self) -> Keymaps:
        if self._keymaps is None:
            try:
                with open(self._place, "rb") as file:
                    self._keymaps = Keymaps(file.read())
            except OSError:  # an image without layouts
                self._keymaps = Keymaps(b"")
        return self._keymaps


LAYOUTS = Layouts()

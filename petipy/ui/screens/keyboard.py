"""The keyboard layouts of the image: one is chosen for now, or for good.

Without the right layout, who could type a password? So no right is needed for it.
"""

from collections.abc import Mapping

from petipy.settings.table import BY_NAME
from petipy.state.settings import Settings
from petipy.ui.kit.keys import Key
from petipy.ui.kit.registration import Navigation, Registration
from petipy.ui.kit.selection import SelectionScreen
from petipy.ui.layouts import LAYOUTS
from petipy.ui.translator import mark

_SETTING = BY_NAME["keymap"]
_USE = Key(("enter",), "in the list of keyboard layouts: use it now", "{} use")
_SAVE = Key(("ctrl s",), "in the list of keyboard layouts: use it from now on", "{} save")


class KeyboardScreen(SelectionScreen):
    heading = mark("Layouts")
    none = mark("This image has no keyboard layouts: initramfs/build --keymaps brings them.")

    def __init__(self, view: Navigation) -> None:
        self._layouts = view.layouts or LAYOUTS
        self.can_use = view.layouts is not None
        super().__init__(view, _SETTING, _USE, _SAVE)

    def list_titles(self) -> Mapping[str, str]:
        return self._layouts.titles

    def name_current(self) -> str:
        return self._layouts.name

    def describe_current(self) -> str:
        return self._layouts.describe(self._phrase) if self.can_use else ""

    def complain(self, settings: Settings) -> str:
        if not settings.keymap or self._layouts.knows(settings.keymap):
            return ""
        return self._phrase("There is no layout {name!r} in this image.", name=settings.keymap)

    def use(self, name: str) -> str:
        return self._layouts.use(name, self._phrase)

    def describe_use(self) -> str:
        return self._phrase("Keyboard: {layout}", layout=self.describe_current())


SCREEN = Registration(
    title="Keyboard layout",
    opener=Key(("K",), "the layout of the keyboard at the machine's screen"),
    keys=(_USE, _SAVE),
    setting=_SETTING.name,
    make=lambda occasion: KeyboardScreen(occasion.view),
)

"""The screen that opens a URL, or a path on a disk: a configuration, a kernel or an ISO file.

The places that are open are listed there, and can be closed.
"""

from collections.abc import Callable, Iterable, Sequence

from petipy.control.commands import Denied
from petipy.state.model import Snapshot
from petipy.ui.kit.field import FieldScreen
from petipy.ui.kit.input import CLEAR
from petipy.ui.kit.keys import LEAVE, Key
from petipy.ui.kit.registration import Navigation, Registration
from petipy.ui.kit.screen import Row, text_widget
from petipy.ui.line.plain import source_title, to_text
from petipy.ui.translator import mark

_OPEN = Key(("enter",), footer="{} open")
_CLOSE = Key(("delete", "ctrl d"), "in the list of places that are open: close one", "{} close")
_LIST = Key(("down",), footer="{} places that are open")
_EXAMPLES = (
    mark("A configuration, a kernel or an ISO file, such as"),
    "  http://192.0.2.1/boot/grub/grub.cfg",
    "  tftp://192.0.2.1/vmlinux",
    "  (vda2)/boot/vmlinux",
    mark("What it offers comes into the menu."),
)


class OpenScreen(FieldScreen):
    def __init__(self, view: Navigation) -> None:
        super().__init__(view, "")
        self._language = -1  # version of the one that is shown
        self._places: Sequence[tuple[str, str]] = ()  # name and title of each that is open
        self._rows: list[Row] = []
        self.walker[:] = [text_widget(None, ""), self._field]
        self.walker.set_focus(1)
        self.show(view.session.snapshot)

    @property
    def footer(self) -> Sequence[Key]:
        if self._find_place():
            return _CLOSE, LEAVE
        return (_OPEN, LEAVE, CLEAR, *([_LIST] if self._rows else []))

    def show(self, snapshot: Snapshot) -> None:
        """List the places that are open. The typed text stays."""
        places = [(s.name, source_title(s, s.name)) for s in snapshot.sources if s.opened]
        language = self._view.translator.version
        if (places, language) == (self._places, self._language):
            return
        focus = self.walker.focus or 0
        self._places, self._language = places, language
        lines = [text_widget(None, self._phrase(line)) for line in _EXAMPLES]
        heading = text_widget("heading", self._phrase("URL or path"))
        above = [heading, self._field, text_widget(None, ""), *lines]
        self._rows = [Row(f" {to_text(title)}", None, self._view.theme) for _, title in places]
        opened = text_widget("heading", self._phrase("Open now"))
        below = [text_widget(None, ""), opened] if places else []
        self.walker[:] = [*above, *below, *self._rows]
        last = len(self.walker) - 1
        self.walker.set_focus(min(focus, last) if self._rows and focus > 1 else 1)

    @property
    def acts(self) -> Iterable[tuple[Key, Callable[[], None]]]:
        if place := self._find_place():
            yield _CLOSE, lambda: self._close(place)
        else:
            yield _OPEN, lambda: self._open(self._field.value.strip())

    def _find_place(self) -> str:
        """Return the name of the place under the cursor; "" if it is in the field."""
        row = self.walker.get_focus()[0]
        return self._places[self._rows.index(row)][0] if row in self._rows else ""

    def _close(self, place: str) -> None:
        try:
            self._view.session.close(place)
        except (Denied, ValueError) as error:
            self.complain(self._view.translator.translate(str(error)))

    def _open(self, place: str) -> None:
        if not place:
            return
        try:
            self._view.session.open(place)
        except ValueError as error:
            self.complain(self._view.translator.translate(str(error)))
        else:
            self._view.back()


SCREEN = Registration(
    title="Open",
    opener=Key(("O",), "open a URL, or a path on a disk: a configuration, a kernel, an ISO file"),
    keys=(_CLOSE,),
    needs="open",
    make=lambda occasion: OpenScreen(occasion.view),
)

"""The boot menu: what can be booted, device by device. A submenu is the same, one level down."""

from collections.abc import Callable
from typing import Any, Protocol

from petipy.model import Snapshot
from petipy.ui.outline import Item, Place, default_item, outline
from petipy.ui.plain import plain
from petipy.ui.theme import Theme
from petipy.ui.toolkit import Text
from petipy.ui.widgets import Page, Row, paragraph


class Opener(Protocol):
    """What a menu asks of the view around it."""

    def boot(self, id: str) -> None: ...
    def details(self, id: str) -> None: ...
    def edit(self, id: str) -> None: ...
    def submenu(self, place: Place) -> None: ...


class Menu(Page):
    keys = "Enter boot   e edit   i info   l log   x shell   h help"

    def __init__(self, view: Opener, theme: Theme, snapshot: Snapshot, place: Place) -> None:
        super().__init__()
        self._view, self._theme, self._place = view, theme, place
        self._snapshot = snapshot
        self._items: list[Item] = []
        self._moved = False  # by a person; until then the cursor follows the default
        self._needle: str | None = None
        self.title = plain(place.trail[-1]) if place.trail else "Boot menu"
        if place.trail:
            self.keys = "Enter boot   e edit   i info   Esc back   h help"
        self.show(snapshot)

    @property
    def item(self) -> Item | None:
        """Under the cursor."""
        return self._items[self.walker.focus or 0] if self._items else None

    def show(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        items = outline(snapshot, self._place, self._needle or "")
        if items == self._items and self.walker:
            return
        kept = self.item
        self._items = items
        self.walker[:] = [self._row(item) for item in items] or [paragraph(None, self._nothing())]
        self.walker.set_focus(self._focus(kept))

    def _focus(self, kept: Item | None) -> int:
        """The cursor stays on its row; if that has gone, near to where it was."""
        ids = [item.id for item in self._items]
        if kept and (self._moved or kept.default) and kept.id in ids:
            return ids.index(kept.id)
        return default_item(self._snapshot, self._items)

    def _row(self, item: Item) -> Row | Text:
        if item.kind == "heading":
            return Row(item.text, "heading", self._theme, selectable=False)
        mark = "*" if item.default else "!" if item.obstacle else " "
        text = f" {mark} {item.text}"
        if item.kind == "submenu":
            text += " ->"
        if item.obstacle:
            text += f" ({item.obstacle})"
        kind = "dim" if item.obstacle else "default" if item.default else None
        return Row(text, kind, self._theme)

    def _nothing(self) -> str:
        if self._needle:
            return f"No entry has {self._needle!r} in its title or command line."
        if self._snapshot.scanning:
            return "Nothing to boot has been found yet; still looking."
        if self._snapshot.devices:
            return "Nothing to boot was found. The log (l) says what was looked at."
        return "There is no disk yet. One that is plugged in appears here."

    def keypress(self, size: Any, key: str) -> str | None:
        if self._needle is not None and self._typed(key):
            return None
        item = self.item
        if item is not None and (act := self._action(key, item)):
            act()
            return None
        if key == "/":
            self._search("")
            return None
        self._moved = True
        return super().keypress(size, key)

    def _action(self, key: str, item: Item) -> Callable[[], None] | None:
        if item.kind == "submenu":
            return (lambda: self._view.submenu(item.place)) if key in {"enter", "right"} else None
        if item.kind != "entry":
            return None
        if key == "enter":
            return lambda: (
                self._view.details(item.choice) if item.obstacle else self._view.boot(item.choice)
            )
        verbs = {"e": self._view.edit, "i": self._view.details}
        return (lambda: verbs[key](item.choice)) if key in verbs else None

    # The search: letters narrow the menu down, Enter keeps what is left, Esc shows all again.

    def _search(self, needle: str | None) -> None:
        self._needle = needle
        self.show(self._snapshot)

    @property
    def prompt(self) -> str:
        """What is being searched for, while it is."""
        return "" if self._needle is None else f"Find: {self._needle}_"

    def _typed(self, key: str) -> bool:
        needle = self._needle or ""
        if key == "esc" or (key == "backspace" and not needle):
            self._search(None)
        elif key == "backspace":
            self._search(needle[:-1])
        elif len(key) == 1:
            self._search(needle + key)
        else:
            return False
        return True

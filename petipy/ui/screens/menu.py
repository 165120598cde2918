"""The boot menu: what can be booted, device by device. A submenu is the same, one level down."""

from collections.abc import Callable
from typing import Any, Protocol

from petipy.state.model import Snapshot
from petipy.ui.kit.theme import Theme
from petipy.ui.kit.toolkit import Text
from petipy.ui.kit.widgets import OWN_KEYS, Opens, Page, Row, motion, paragraph
from petipy.ui.line.plain import plain
from petipy.ui.outline import Item, Place, default_item, hotkeys, outline


class Opener(Opens, Protocol):
    def details(self, id: str) -> None: ...
    def submenu(self, place: Place) -> None: ...


_KEYS = "Enter boot  e edit  h help  i info  l log  r rescan  x shell  / find"
_KEYS_WITHIN = "Enter boot  Esc back  e edit  h help  i info  l log  x shell"
_KEYS_OF_SEARCH = "Enter boot  Up Down move  Esc all entries"  # letters are what is looked for


class Menu(Page):
    def __init__(self, view: Opener, theme: Theme, snapshot: Snapshot, place: Place) -> None:
        super().__init__()
        self._view, self._theme, self._place = view, theme, place
        self._snapshot = snapshot
        self._items: list[Item] = []
        self._rows: list[int] = []  # of each item, its place in the list
        self._fresh = True  # what is above the cursor is to be seen
        self._airy = False  # there is room for blank lines
        self._needle: str | None = None  # of a search that is going on
        self.title = plain(place.trail[-1]) if place.trail else "Boot menu"
        self._search(None)

    @property
    def item(self) -> Item | None:
        """Under the cursor."""
        row = self.walker.focus
        return self._items[self._rows.index(row)] if row in self._rows else None

    def show(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        items = outline(snapshot, self._place, self._needle or "")
        if items and items == self._items:
            return
        kept = self.item
        self._items = items
        self._lay_out()
        self._set_item(self._focus(kept))

    def _lay_out(self) -> None:
        rows: list[Row | Text] = []
        self._rows = []
        for item in self._items:
            if self._airy and rows and item.kind == "heading":
                rows.append(self._blank())
            self._rows.append(len(rows))
            rows.append(self._row(item))
        self.walker[:] = rows or [paragraph(None, self._nothing())]

    def _set_item(self, index: int) -> None:
        if self._rows:
            self.walker.set_focus(self._rows[index])

    def _blank(self) -> Row:
        return Row("", None, self._theme, selectable=False)

    def render(self, size: Any, focus: bool = False) -> Any:
        """Blank lines between the devices, if all can still be seen."""
        headings = sum(item.kind == "heading" for item in self._items)
        airy = len(self._items) + headings - 1 <= size[1]
        if airy != self._airy and self._items:
            self._airy = airy
            index = self._items.index(self.item) if self.item else 0
            self._lay_out()
            self._set_item(index)
        if self._fresh and self._rows:
            # At the start, or the first entry: its device, and what else there is room for.
            self._fresh = False
            self.shift_focus(size, min(self.walker.focus or 0, size[1] // 2))
        return super().render(size, focus)

    def _focus(self, kept: Item | None) -> int:
        """The cursor stays on its row, even if another is the default now: a person may be about
        to press Enter. At the start, and when the row has gone, it is on the default."""
        ids = [item.id for item in self._items]
        if kept and kept.id in ids:
            return ids.index(kept.id)
        return default_item(self._items)

    def _row(self, item: Item) -> Row | Text:
        if item.kind == "heading":
            return Row(item.text, "heading", self._theme, selectable=False)
        mark = "*" if item.default else "!" if item.obstacle else " "
        text = f" {mark} {item.text}"
        if item.kind == "submenu":
            text += " ->"
        if item.key:
            taken = "!" if item.key in OWN_KEYS else ""  # never silently: see the help screen
            text += f" [{plain(item.key)}{taken}]"
        if item.obstacle:
            text += f" ({item.obstacle})"
        kind = "dim" if item.obstacle else "default" if item.default else None
        return Row(text, kind, self._theme)

    def _nothing(self) -> str:
        if self._needle:
            return f"No entry has {self._needle!r} in its title or command line."
        if self._snapshot.scanning:
            return "Nothing to boot has been found yet; still looking."
        if self._snapshot.sources:
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
        if motion(key) == "home":  # to the first that can be chosen, not to its device
            self._set_item(next((n for n, item in enumerate(self._items) if item.selectable), 0))
            self._fresh = True
            return None
        if key not in OWN_KEYS and (meant := hotkeys(self._snapshot, self._place).get(key)):
            if isinstance(meant, Place):
                self._view.submenu(meant)
            else:
                self._lead_to(meant)
            return None
        return super().keypress(size, key)

    def _action(self, key: str, item: Item) -> Callable[[], None] | None:
        if item.kind == "submenu":
            return (lambda: self._view.submenu(item.place)) if key in {"enter", "right"} else None
        if item.kind != "entry":
            return None
        if key == "enter":
            return lambda: self._choose(item.choice)
        verbs = {"e": self._view.edit, "i": self._view.details}
        return (lambda: verbs[key](item.choice)) if key in verbs else None

    def _lead_to(self, id: str) -> None:
        """By its hotkey: as the menu does that the configuration was written for."""
        choice = self._snapshot.choice(id)
        rows = [index for index, item in enumerate(self._items) if item.choice == id]
        if choice and choice.hotkey_selects and rows:
            self._set_item(rows[0])
        else:
            self._choose(id)

    def _choose(self, id: str) -> None:
        choice = self._snapshot.choice(id)
        if choice and choice.obstacle:
            self._view.details(id)
        else:
            self._view.boot(id)

    # The search: letters narrow the menu down, Esc shows all again, Enter boots as ever.

    def _search(self, needle: str | None) -> None:
        self._needle = needle
        usual = _KEYS_WITHIN if self._place.trail else _KEYS
        self.keys = usual if needle is None else _KEYS_OF_SEARCH
        self.show(self._snapshot)

    @property
    def note(self) -> str:
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

"""The boot menu: the entries of each device. A submenu is the same one level down."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from petipy.state.model import Snapshot
from petipy.ui.kit.keys import BACK, BOOT, ENDS, MOVE, PAGE, Key, to_motion
from petipy.ui.kit.registration import Navigation, Registration
from petipy.ui.kit.screen import Row, Screen, text_widget
from petipy.ui.kit.search import END_SEARCH, FIND, Search
from petipy.ui.kit.toolkit import Text
from petipy.ui.line.plain import to_ascii
from petipy.ui.outline import MenuPath, MenuRow, build_rows, find_hotkeys, first_focus

_OPEN = Key(("right",), "open a submenu")
_PREFER = Key(("D",), "make it the default of the machine, and boot it")
_SEARCH_FOOTER = (BOOT, replace(MOVE, footer="{} {} move"), END_SEARCH)  # letters are text here


class MenuScreen(Screen):
    shows_problems = True

    def __init__(self, view: Navigation, path: MenuPath) -> None:
        super().__init__()
        self._view, self._theme, self._path = view, view.theme, path
        self._snapshot = view.session.snapshot
        self._items: list[MenuRow] = []
        self._rows: list[int] = []  # the index of each item in the list
        self._scroll_up = True  # make the rows above the cursor visible
        self._waits = False  # the cursor is to go to the default, which is not known yet
        self._spaced = False  # there is room for blank lines
        self._search = Search()
        self._note = ""  # about a wish, until the next key
        self.title = to_ascii(path.trail[-1]) if path.trail else ""
        self.show(self._snapshot)

    @property
    def item(self) -> MenuRow | None:
        """Return the row under the cursor."""
        row = self.walker.focus
        return self._items[self._rows.index(row)] if row in self._rows else None

    @property
    def entry(self) -> str:
        return self.item.choice if self.item else ""

    def show(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        items = build_rows(snapshot, self._path, self._search.needle or "")
        if items and items == self._items:
            return
        kept = self.item
        self._items = items
        self._lay_out()
        self._set_item(self._focus(kept))

    def _lay_out(self) -> None:
        rows: list[Row | Text] = []
        self._rows = []
        if not any(item.selectable for item in self._items):
            rows.append(text_widget(None, self._empty_text()))
        for item in self._items:
            if self._spaced and rows and item.kind == "heading":
                rows.append(self._blank())
            self._rows.append(len(rows))
            rows.append(self._row(item))
        self.walker[:] = rows

    def _set_item(self, index: int) -> None:
        if self._rows:
            self.walker.set_focus(self._rows[index])

    def _blank(self) -> Row:
        return Row("", None, self._theme, selectable=False)

    def render(self, size: Any, focus: bool = False) -> Any:
        """Put blank lines between the devices, if all rows stay visible."""
        headings = sum(item.kind == "heading" for item in self._items)
        spaced = len(self._items) + headings - 1 <= size[1]
        if spaced != self._spaced and self._items:
            self._spaced = spaced
            index = self._items.index(self.item) if self.item else 0
            self._lay_out()
            self._set_item(index)
        if self._scroll_up and self._rows:
            # At the start, and at the first entry, its device is visible, too.
            self._scroll_up = False
            self.shift_focus(size, min(self.walker.focus or 0, size[1] // 2))
        return super().render(size, focus)

    def _focus(self, kept: MenuRow | None) -> int:
        """Return the index of the row that gets the cursor.

        The cursor stays on its row, even if another row is the default now: a person may be about
        to press Enter. At the start, and when the row is gone, the cursor is on the default. If it
        is not decided yet, the cursor goes there later, unless a key comes first.
        """
        ids = [item.id for item in self._items]
        known = any(item.default for item in self._items)
        selectable = kept is not None and kept.selectable  # a heading may have no entries yet
        if kept and selectable and kept.id in ids and not (self._waits and known):
            return ids.index(kept.id)
        self._waits = not known
        return first_focus(self._items)

    def _row(self, item: MenuRow) -> Row | Text:
        if item.kind == "heading":
            return Row(item.text, "heading", self._theme, selectable=False)
        mark = "*" if item.default else "!" if item.obstacle else " "
        text = f" {mark} {item.text}"
        if item.kind == "submenu":
            text += " ->"
        if item.key:
            # The help screen explains the sign.
            taken = "!" if item.key in self._view.keys.reserved else ""
            text += f" [{to_ascii(item.key)}{taken}]"
        if words := item.obstacle or item.note:
            text += f" ({words})"
        kind = "dim" if words else "default" if item.default else None
        return Row(text, kind, self._theme)

    def _empty_text(self) -> str:
        if self._search.needle:
            return f"No entry has {self._search.needle!r} in its title or command line."
        if self._snapshot.scanning:
            return "Nothing to boot has been found yet; still looking."
        if self._snapshot.sources:
            key = self._view.keys.opener("log").label
            return f"Nothing to boot was found. The log ({key}) says what was looked at."
        return "There is no disk and no network yet. What is plugged in appears here."

    def keypress(self, size: Any, key: str) -> str | None:
        self._waits, self._note = False, ""
        if self._search.is_open and self._search.type(key):
            self.show(self._snapshot)
            return None
        item = self.item
        if item is not None and (act := self._action(key, item)):
            act()
            return None
        if key in FIND:
            self._search.open()
            self.show(self._snapshot)
            return None
        if to_motion(key) == "home":  # the first row to choose, not its device
            self._set_item(next((n for n, item in enumerate(self._items) if item.selectable), 0))
            self._scroll_up = True
            return None
        if key not in self._view.keys.reserved and self._use_hotkey(key):
            return None
        return super().keypress(size, key)

    def _action(self, key: str, item: MenuRow) -> Callable[[], None] | None:
        if item.kind == "submenu":
            return (lambda: self._open(item.path)) if key in BOOT or key in _OPEN else None
        if item.kind == "entry" and key in BOOT:
            return lambda: self._choose(item.choice)
        if item.kind == "entry" and key in _PREFER:
            return lambda: self._prefer(item.choice, item.text)
        return None

    def _open(self, path: MenuPath) -> None:
        self._view.push(MenuScreen(self._view, path))

    def _use_hotkey(self, key: str) -> bool:
        """Do as the boot loader of the configuration that has the key; return True if one has."""
        target = find_hotkeys(self._snapshot, self._path).get(key)
        if isinstance(target, MenuPath):
            self._open(target)
        elif target:
            self._choose_or_move_to(target)
        return bool(target)

    def _choose_or_move_to(self, id: str) -> None:
        choice = self._snapshot.choice(id)
        rows = [index for index, item in enumerate(self._items) if item.choice == id]
        if choice and choice.hotkey_selects and rows:
            self._set_item(rows[0])
        else:
            self._choose(id)

    def _choose(self, id: str) -> None:
        choice = self._snapshot.choice(id)
        if choice and choice.obstacle:
            self._view.open("details", id)
        else:
            self._view.boot(id)

    def _prefer(self, id: str, title: str) -> None:
        """Make an entry the default and boot it. Do not boot it if the machine keeps no wish."""

        async def command() -> None:
            try:
                outcome = await self._view.session.prefer(id)
            except ValueError as error:
                self._note = str(error)
                return
            if outcome.place:
                self._choose(id)
            else:
                self._note = f"It is the default until the next start alone: {outcome.remark}"

        self._view.carry_out(f"A default: {title}", command)

    @property
    def footer(self) -> Sequence[Key]:
        if self._search.is_open:
            return _SEARCH_FOOTER
        inner = bool(self._path.trail)
        keys = [BOOT, *([BACK] if inner else []), *self._view.keys.everywhere, FIND]
        return [key for key in keys if key.in_submenus or not inner]

    @property
    def note(self) -> str:
        return self._search.note or self._note


SCREEN = Registration(
    title="Boot menu",
    keys=(MOVE, ENDS, PAGE, BOOT, _OPEN, _PREFER, FIND),
    make=lambda occasion: MenuScreen(occasion.view, MenuPath()),
)

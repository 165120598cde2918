"""The rows of a menu, computed from a snapshot. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from petipy.state.model import Choice, Snapshot
from petipy.ui.line.plain import device_title, entry_title, to_ascii


@dataclass(frozen=True, slots=True)
class MenuPath:
    """A submenu's configuration and the titles that lead to it. The empty path is the main menu."""

    device: str = ""
    config: str = ""
    trail: tuple[str, ...] = ()

    def contains(self, choice: Choice) -> bool:
        if not self.trail:
            return True
        depth = len(self.trail)
        here = (choice.device, choice.entry.config, choice.entry.trail[:depth])
        return here == (self.device, self.config, self.trail)


@dataclass(frozen=True, slots=True)
class MenuRow:
    """A row. Its `id` is the same in every snapshot, so that the cursor stays on the row."""

    kind: Literal["heading", "entry", "submenu"]
    id: tuple[str, ...]
    text: str
    choice: str = ""  # an entry's id
    path: MenuPath = MenuPath()  # of a submenu
    default: bool = False  # it is the default, or a submenu with the default
    obstacle: str = ""
    key: str = ""  # the configuration's key for it, if that key works in this menu

    @property
    def selectable(self) -> bool:
        return self.kind != "heading"


def build_rows(snapshot: Snapshot, path: MenuPath = MenuPath(), needle: str = "") -> list[MenuRow]:
    """Return the rows of a menu, with the devices as headings.

    With a needle, return the entries of this menu and its submenus whose title or command line
    contains it. Hidden entries are left out, except for the default and in a search.
    """
    rows: list[MenuRow] = []
    seen: set[tuple[str, ...]] = set()
    keys = {} if needle else find_hotkeys(snapshot, path)
    device = None
    for choice in filter(path.contains, snapshot.choices):
        if needle and not _matches(choice, needle):
            continue
        if choice.entry.hidden and not needle and choice.id != snapshot.default:
            continue
        if choice.device != device:
            device = choice.device
            rows.append(_heading(snapshot, device, path))
        row = _entry_row(snapshot, choice) if needle else _row(snapshot, choice, path)
        key = _hotkey(choice, path)
        if key and keys.get(key) == (row.choice or row.path):
            row = replace(row, key=key)
        if row.id not in seen:
            seen.add(row.id)
            rows.append(row)
    return rows


def find_hotkeys(snapshot: Snapshot, path: MenuPath) -> dict[str, str | MenuPath]:
    """Return the keys that the configurations give to the rows of this menu.

    An entry's key leads to its id, even if the entry is hidden. A submenu's key leads to its path.
    If two rows have the same key, the first row gets it, as in GRUB.
    """
    keys = dict[str, str | MenuPath]()
    for choice in filter(path.contains, snapshot.choices):
        if key := _hotkey(choice, path):
            direct = len(choice.entry.trail) == len(path.trail)
            keys.setdefault(key, choice.id if direct else _submenu(choice, path))
    return keys


def _hotkey(choice: Choice, path: MenuPath) -> str:
    """Return the key of the row that shows an entry in a menu: the entry's or its submenu's."""
    depth = len(path.trail)
    if len(choice.entry.trail) == depth:
        return choice.entry.hotkey
    return choice.entry.trail_keys[depth] if choice.entry.trail_keys else ""


def _submenu(choice: Choice, path: MenuPath) -> MenuPath:
    """Return the submenu of a menu that leads to the entry."""
    trail = choice.entry.trail[: len(path.trail) + 1]
    return MenuPath(choice.device, choice.entry.config, trail)


def first_focus(rows: list[MenuRow]) -> int:
    """Return the index of the row where the cursor starts: the default, or the first to choose."""
    marked = [index for index, row in enumerate(rows) if row.default]
    selectable = [index for index, row in enumerate(rows) if row.selectable]
    return next(iter(marked + selectable), 0)


def _choices_in(snapshot: Snapshot, path: MenuPath) -> Iterator[Choice]:
    return filter(path.contains, snapshot.choices)


def _heading(snapshot: Snapshot, device: str, path: MenuPath) -> MenuRow:
    words = " / ".join([device_title(snapshot, device), *map(to_ascii, path.trail)])
    return MenuRow("heading", ("device", device), words)


def _row(snapshot: Snapshot, choice: Choice, path: MenuPath) -> MenuRow:
    if len(choice.entry.trail) == len(path.trail):
        return _entry_row(snapshot, choice)
    inner = _submenu(choice, path)
    default = any(c.id == snapshot.default for c in _choices_in(snapshot, inner))
    text = to_ascii(inner.trail[-1]).strip() or "(no title)"
    id = ("submenu", inner.device, inner.config, *inner.trail)
    return MenuRow("submenu", id, text, path=inner, default=default)


def _entry_row(snapshot: Snapshot, choice: Choice) -> MenuRow:
    default = choice.id == snapshot.default
    obstacle = to_ascii(choice.obstacle)
    text = entry_title(choice)
    return MenuRow("entry", (choice.id,), text, choice.id, MenuPath(), default, obstacle)


def _matches(choice: Choice, needle: str) -> bool:
    text = f"{entry_title(choice)} {to_ascii(choice.entry.cmdline)} {choice.device}"
    return needle.lower() in text.lower()

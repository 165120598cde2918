"""The menu's rows, from what is known. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from petipy.state.model import Choice, Snapshot
from petipy.ui.line.plain import device_title, plain, title


@dataclass(frozen=True, slots=True)
class Place:
    """A submenu: its configuration and the titles on the way to it. The empty one is the menu."""

    device: str = ""
    config: str = ""
    trail: tuple[str, ...] = ()

    def holds(self, choice: Choice) -> bool:
        if not self.trail:
            return True
        depth = len(self.trail)
        here = (choice.device, choice.entry.config, choice.entry.trail[:depth])
        return here == (self.device, self.config, self.trail)


@dataclass(frozen=True, slots=True)
class Item:
    """A row. `id` says what it is, from snapshot to snapshot: the cursor stays on it."""

    kind: Literal["heading", "entry", "submenu"]
    id: tuple[str, ...]
    text: str
    choice: str = ""  # id of the entry
    place: Place = Place()  # of the submenu
    default: bool = False  # it is the default, or holds it
    obstacle: str = ""
    key: str = ""  # that boots or opens it, in this menu, as the configuration has it

    @property
    def selectable(self) -> bool:
        return self.kind != "heading"


def outline(snapshot: Snapshot, place: Place = Place(), needle: str = "") -> list[Item]:
    """The rows of a menu, devices as headings. With a needle: the entries, of all submenus below,
    that have it in their titles or command lines. A hidden entry is there as the default only, or
    when it is looked for."""
    rows: list[Item] = []
    seen: set[tuple[str, ...]] = set()
    keys = {} if needle else hotkeys(snapshot, place)
    device = None
    for choice in filter(place.holds, snapshot.choices):
        if needle and not _matches(choice, needle):
            continue
        if choice.entry.hidden and not needle and choice.id != snapshot.default:
            continue
        if choice.device != device:
            device = choice.device
            rows.append(_heading(snapshot, device, place))
        item = _entry(snapshot, choice) if needle else _row(snapshot, choice, place)
        key = _key(choice, place)
        if key and keys.get(key) == (item.choice or item.place):
            item = replace(item, key=key)
        if item.id not in seen:
            seen.add(item.id)
            rows.append(item)
    return rows


def hotkeys(snapshot: Snapshot, place: Place) -> dict[str, str | Place]:
    """The keys of this very menu: of its entries, hidden ones too, to their ids, and of its
    submenus. Of two with the same key it is the first one's, as in GRUB."""
    keys = dict[str, str | Place]()
    for choice in filter(place.holds, snapshot.choices):
        if key := _key(choice, place):
            mine = len(choice.entry.trail) == len(place.trail)
            keys.setdefault(key, choice.id if mine else _inner(choice, place))
    return keys


def _key(choice: Choice, place: Place) -> str:
    """Of the row that an entry has in a menu: its own, or its submenu's."""
    depth = len(place.trail)
    if len(choice.entry.trail) == depth:
        return choice.entry.hotkey
    return choice.entry.trail_keys[depth] if choice.entry.trail_keys else ""


def _inner(choice: Choice, place: Place) -> Place:
    """The submenu of a menu that leads to the entry."""
    trail = choice.entry.trail[: len(place.trail) + 1]
    return Place(choice.device, choice.entry.config, trail)


def default_item(rows: list[Item]) -> int:
    """The row where the cursor starts."""
    marked = [index for index, item in enumerate(rows) if item.default]
    selectable = [index for index, item in enumerate(rows) if item.selectable]
    return next(iter(marked + selectable), 0)


def within(snapshot: Snapshot, place: Place) -> Iterator[Choice]:
    return filter(place.holds, snapshot.choices)


def _heading(snapshot: Snapshot, device: str, place: Place) -> Item:
    words = " / ".join([device_title(snapshot, device), *map(plain, place.trail)])
    return Item("heading", ("device", device), words)


def _row(snapshot: Snapshot, choice: Choice, place: Place) -> Item:
    if len(choice.entry.trail) == len(place.trail):
        return _entry(snapshot, choice)
    inner = _inner(choice, place)
    default = any(c.id == snapshot.default for c in within(snapshot, inner))
    text = plain(inner.trail[-1]).strip() or "(no title)"
    id = ("submenu", inner.device, inner.config, *inner.trail)
    return Item("submenu", id, text, place=inner, default=default)


def _entry(snapshot: Snapshot, choice: Choice) -> Item:
    default = choice.id == snapshot.default
    obstacle = plain(choice.obstacle)
    return Item("entry", (choice.id,), title(choice), choice.id, Place(), default, obstacle)


def _matches(choice: Choice, needle: str) -> bool:
    text = f"{title(choice)} {plain(choice.entry.cmdline)} {choice.device}"
    return needle.lower() in text.lower()

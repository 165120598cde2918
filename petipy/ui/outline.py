"""The rows of a menu, computed from a snapshot. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from petipy.state import itself, unchecked
from petipy.state.model import Choice, Snapshot, Source
from petipy.ui.line.plain import describe_network, entry_title, source_title, to_ascii


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
    note: str = ""  # the reason why it does not boot by itself
    key: str = ""  # the configuration's key for it, if that key works in this menu

    @property
    def selectable(self) -> bool:
        return self.kind != "heading"


def build_rows(snapshot: Snapshot, path: MenuPath = MenuPath(), needle: str = "") -> list[MenuRow]:
    """Return the rows of a menu, with the devices as headings.

    With a needle, return the entries of this menu and its submenus whose title or command line
    contains it. Hidden entries are left out, except for the default and in a search. A network
    without an entry is a heading that says what is going on there.
    """
    rows: list[MenuRow] = []
    places: dict[tuple[str, ...], int] = {}  # of the rows, by their ids
    titles = {source.name: source for source in snapshot.sources}
    keys = {} if needle else find_hotkeys(snapshot, path)
    device = None
    for choice in filter(path.contains, itself.put_last(snapshot)):
        if needle and not _matches(choice, needle):
            continue
        if choice.entry.hidden and not needle and choice.id != snapshot.default:
            continue
        if choice.device != device:
            device = choice.device
            rows.append(_heading(device, titles.get(device), path))
        row = _row(snapshot, choice, path, deep=bool(needle))
        if (place := places.get(row.id)) is not None:  # another entry of the same submenu
            if row.default:
                rows[place] = replace(rows[place], default=True)
            continue
        key = _hotkey(choice, path)
        if key and keys.get(key) == (row.choice or row.path):
            row = replace(row, key=key)
        places[row.id] = len(rows)
        rows.append(row)
    if not path.trail and not needle:
        shown = {choice.device for choice in snapshot.choices}
        empty = (source for source in _networks(snapshot) if source.name not in shown)
        rows += [_heading(source.name, source, path, empty=True) for source in empty]
    return rows


def _networks(snapshot: Snapshot) -> Iterator[Source]:
    return (source for source in snapshot.sources if source.kind.remote)


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


def _heading(device: str, source: Source | None, path: MenuPath, *, empty: bool = False) -> MenuRow:
    title = source_title(source, device)
    state = describe_network(source) if source and source.kind.remote else ""
    if empty and not state:
        state = "nothing to boot, see the log"
    if source and state:
        # The network screen has the rest: this one fits into a line.
        title = f"{to_ascii(source.name) if source.link else title}: {state}"
    words = " / ".join([title, *map(to_ascii, path.trail)])
    return MenuRow("heading", ("device", device), words)


def _row(snapshot: Snapshot, choice: Choice, path: MenuPath, *, deep: bool) -> MenuRow:
    """Return the row that shows an entry: its own or, unless `deep`, that of its submenu."""
    default = choice.id == snapshot.default
    if deep or len(choice.entry.trail) == len(path.trail):
        obstacle = to_ascii(choice.obstacle)
        text = entry_title(choice)
        note = itself.explain(snapshot, choice) or unchecked.explain(snapshot, choice)
        return MenuRow("entry", (choice.id,), text, choice.id, MenuPath(), default, obstacle, note)
    inner = _submenu(choice, path)
    text = to_ascii(inner.trail[-1]).strip() or "(no title)"
    id = ("submenu", inner.device, inner.config, *inner.trail)
    return MenuRow("submenu", id, text, path=inner, default=default)


def _matches(choice: Choice, needle: str) -> bool:
    text = f"{entry_title(choice)} {to_ascii(choice.entry.cmdline)} {choice.device}"
    return needle.lower() in text.lower()

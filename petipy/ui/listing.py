"""The parts of a menu, a row for each: devices, entries, submenus. Pure.

A menu may have ten thousand entries, of which a screen shows twenty. So all of this is generators:
a row costs something when somebody asks for it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter

from petipy.state.model import Choice, Snapshot, Source

_DEVICE = attrgetter("device")


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


MAIN = MenuPath()  # the main menu
RowId = str | tuple[str, ...]  # an entry's id; what stands for a heading or a submenu
Part = str | Choice  # a device's name; an entry, or the first of a submenu


def identify(choice: Choice, path: MenuPath) -> RowId:
    """Return the id of the row that shows an entry in a menu: the entry's or its submenu's."""
    entry, depth = choice.entry, len(path.trail)
    if len(entry.trail) == depth:
        return choice.id
    return ("submenu", choice.device, entry.config, *entry.trail[: depth + 1])


def list_parts(
    choices: Iterable[Choice], path: MenuPath, default: str, *, deep: bool
) -> Iterator[tuple[RowId, Part]]:
    """Yield the rows with entries, each with its id, below the headings of their devices.

    With `deep` there are no submenus. Hidden entries are left out, except for the default; with
    `deep` they are there.
    """
    depth, device = len(path.trail), None
    submenus = set[RowId]()
    for choice in choices:
        entry = choice.entry
        if depth and not path.contains(choice):
            continue
        id: RowId = choice.id
        if not deep:
            if entry.hidden and id != default:
                continue
            if len(entry.trail) != depth:
                id = identify(choice, path)
                if id in submenus:
                    continue
                submenus.add(id)
        if choice.device != device:
            device = choice.device
            yield ("device", device), device
        yield id, choice


def merge_empty(
    parts: Iterable[tuple[RowId, Part]], empty: Sequence[Source], sources: Mapping[str, Source]
) -> Iterator[tuple[RowId, Part]]:
    """Yield the rows, with headings of devices without an entry where the menu order has them."""
    left = [*reversed(empty)]
    for id, part in parts:
        if left and isinstance(part, str):
            order = (sources.get(part) or Source(name=part)).order
            while left and left[-1].order < order:
                name = left.pop().name
                yield ("device", name), name
        yield id, part
    for source in reversed(left):
        yield ("device", source.name), source.name


def list_empty(snapshot: Snapshot) -> list[Source]:
    """Return the sources that a person should know of though they have no entry."""
    told = {"failed", "locked"}
    empty = [s for s in snapshot.sources if s.kind.remote or s.state in told]
    # Only then are the entries looked at: all of them, but no further than their devices.
    shown = {*map(_DEVICE, snapshot.choices)} if empty else set[str]()
    return [source for source in empty if source.name not in shown]


def list_hotkeys(snapshot: Snapshot, path: MenuPath) -> Iterator[tuple[str, str | MenuPath]]:
    """Yield the keys that the configurations give to the rows of a menu, with their targets.

    An entry's key leads to its id, even if the entry is hidden. A submenu's key leads to its path.
    """
    for choice in snapshot.choices:
        entry = choice.entry
        if not (entry.hotkey or entry.trail_keys) or not path.contains(choice):
            continue
        if key := find_own_key(choice, path):
            direct = len(entry.trail) == len(path.trail)
            yield key, choice.id if direct else find_submenu(choice, path)


def find_own_key(choice: Choice, path: MenuPath) -> str:
    """Return the key of the row that shows an entry in a menu: the entry's or its submenu's."""
    depth = len(path.trail)
    if len(choice.entry.trail) == depth:
        return choice.entry.hotkey
    return choice.entry.trail_keys[depth] if choice.entry.trail_keys else ""


def find_submenu(choice: Choice, path: MenuPath) -> MenuPath:
    """Return the submenu of a menu that leads to the entry."""
    trail = choice.entry.trail[: len(path.trail) + 1]
    return MenuPath(choice.device, choice.entry.config, trail)

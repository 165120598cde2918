"""The rows of a menu, computed from a snapshot. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from petipy.state import itself, unchecked
from petipy.state.model import Choice, Order, Snapshot, Source
from petipy.ui.finding import Finder
from petipy.ui.kit.states import STATES
from petipy.ui.line.plain import describe_network, entry_title, source_title, to_text
from petipy.ui.translator import ENGLISH, Translator


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


RowId = str | tuple[str, ...]  # an entry's id; what stands for a heading or a submenu


@dataclass(frozen=True, slots=True)
class MenuRow:
    """A row. Its `id` is the same in every snapshot, so that the cursor stays on the row."""

    kind: Literal["heading", "entry", "submenu"]
    id: RowId
    text: str
    choice: str = ""  # an entry's id
    path: MenuPath = MenuPath()  # of a submenu
    default: bool = False  # it is the default, or a submenu with the default
    obstacle: str = ""
    note: str = ""  # why it does not boot by itself; of a heading, what is wrong there
    key: str = ""  # the configuration's key for it, if that key works in this menu
    own: bool = False  # a person has made it of another entry

    @property
    def selectable(self) -> bool:
        return self.kind != "heading"


class Outline:
    """The rows of a menu, with the devices as headings. A row is made when it is asked for.

    With `found`, the entries of a search, there are these alone, without submenus. Hidden entries
    are left out, except for the default and in a search. The main menu has a heading, too, for a
    network without an entry, which says what is going on there, and for a device that cannot be
    read or is locked.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        path: MenuPath = MenuPath(),
        found: Sequence[Choice] | None = None,
        translator: Translator = ENGLISH,
    ) -> None:
        self._translator = translator
        self._snapshot, self._path, self._deep = snapshot, path, found is not None
        self.ids: list[RowId] = []
        self._parts: list[str | Choice] = []  # a device's name; an entry, or the first of a submenu
        self.default = self.first = -1  # rows: with the default, and the first to choose
        self.headings = 0
        self._sources = {source.name: source for source in snapshot.sources}
        self._empty: set[str] = set()  # devices without an entry
        self._fill(itself.put_last(snapshot) if found is None else found)

    def _fill(self, choices: Iterable[Choice]) -> None:
        """Note the parts of the rows. This runs for each entry: it calls as little as it can."""
        path, default, device = self._path, self._snapshot.default, None
        depth, ids, parts = len(path.trail), self.ids, self._parts
        submenus: dict[RowId, int] = {}
        empty = self._list_empty() if not depth and not self._deep else []
        for choice in choices:
            entry = choice.entry
            if depth and not path.contains(choice):
                continue
            if entry.hidden and not self._deep and choice.id != default:
                continue
            id: RowId = choice.id
            if choice.device != device:
                device = choice.device
                while empty and empty[-1].order < self._find_order(device):
                    self._add_heading(empty.pop().name, empty=True)
                self._add_heading(device)
            if len(entry.trail) != depth and not self._deep:
                id = ("submenu", device, entry.config, *entry.trail[: depth + 1])
                if (place := submenus.setdefault(id, len(ids))) != len(ids):
                    if choice.id == default:
                        self.default = place
                    continue
            if choice.id == default:
                self.default = len(ids)
            if self.first < 0:
                self.first = len(ids)
            ids.append(id)
            parts.append(choice)
        while empty:
            self._add_heading(empty.pop().name, empty=True)

    def _add_heading(self, device: str, *, empty: bool = False) -> None:
        self.ids.append(("device", device))
        self._parts.append(device)
        self.headings += 1
        if empty:
            self._empty.add(device)

    def _find_order(self, device: str) -> Order:
        source = self._sources.get(device)
        return source.order if source else Source(name=device).order

    def _list_empty(self) -> list[Source]:
        """Return the sources that a person should know of though they have no entry, reversed."""
        shown = {choice.device for choice in self._snapshot.choices}
        told = {"failed", "locked"}
        return [
            source
            for source in reversed(self._snapshot.sources)
            if source.name not in shown and (source.kind.remote or source.state in told)
        ]

    def __len__(self) -> int:
        return len(self.ids)

    def find(self, id: RowId) -> int:
        """Return the row with an id; -1 without one."""
        return self.ids.index(id) if id in self.ids else -1

    def get_entry(self, at: int) -> str:
        """Return the id of the entry in a row; "" for any other row."""
        id = self.ids[at]
        return id if isinstance(id, str) else ""

    def get_choice(self, at: int) -> Choice | None:
        """Return the entry in a row, or the first of a submenu; None for a heading."""
        part = self._parts[at]
        return part if isinstance(part, Choice) else None

    def is_heading(self, at: int) -> bool:
        return isinstance(self._parts[at], str)

    def row(self, at: int) -> MenuRow:
        """Return a row."""
        part = self._parts[at]
        if isinstance(part, str):
            return self._make_heading(part)
        row = _row(self._snapshot, part, self._path, self._translator, deep=self._deep)
        key = "" if self._deep else _hotkey(part, self._path)
        if key and self._hotkeys.get(key) == (row.choice or row.path):
            row = replace(row, key=key)
        return replace(row, default=at == self.default) if row.kind == "submenu" else row

    @cached_property
    def _hotkeys(self) -> dict[str, str | MenuPath]:
        return find_hotkeys(self._snapshot, self._path)

    @cached_property
    def _problems(self) -> Mapping[str, int]:
        return Counter(name for name, _ in self._snapshot.problems)

    def _make_heading(self, device: str) -> MenuRow:
        source = self._sources.get(device)
        remote = source is not None and source.kind.remote
        title = source_title(source, device)
        phrase, translate = self._translator.phrase, self._translator.translate
        state = describe_network(source, phrase, translate) if source and remote else ""
        if device in self._empty and remote and not state:
            state = phrase("nothing to boot, see the log")
        if source and state:
            # The network screen has the rest: this one fits into a line.
            title = f"{to_text(source.name) if source.link else title}: {state}"
        words = " / ".join([title, *map(to_text, self._path.trail)])
        return MenuRow("heading", ("device", device), words, note=self._explain(source, device))

    def _explain(self, source: Source | None, device: str) -> str:
        """Return what is wrong with a device, in words; "" if nothing is."""
        if source and not source.kind.remote and source.state in ("failed", "locked"):
            reason = to_text(self._translator.translate(source.reason))
            state = self._translator.phrase(STATES[source.state])
            return f"{state}: {reason}" if reason else state
        count = self._problems.get(device, 0)
        if not count:
            return ""
        return self._translator.plural(count, "{number} problem", "{number} problems")


def build_rows(snapshot: Snapshot, path: MenuPath = MenuPath(), needle: str = "") -> list[MenuRow]:
    """Return all rows of a menu at once; with a needle, those of the entries that it finds."""
    found = None
    if needle:
        finder = make_finder(snapshot, path)
        found = [finder.choices[at] for at in finder.find(needle)]
    outline = Outline(snapshot, path, found)
    return [outline.row(at) for at in range(len(outline))]


def make_finder(snapshot: Snapshot, path: MenuPath) -> Finder:
    """Return the search over the entries of a menu and its submenus."""
    choices = itself.put_last(snapshot)
    if path.trail:
        choices = tuple(filter(path.contains, choices))
    return Finder(choices, {source.name: source.title for source in snapshot.sources})


def find_hotkeys(snapshot: Snapshot, path: MenuPath) -> dict[str, str | MenuPath]:
    """Return the keys that the configurations give to the rows of this menu.

    An entry's key leads to its id, even if the entry is hidden. A submenu's key leads to its path.
    If two rows have the same key, the first row gets it, as in GRUB.
    """
    keys = dict[str, str | MenuPath]()
    for choice in snapshot.choices:
        entry = choice.entry
        if not (entry.hotkey or entry.trail_keys) or not path.contains(choice):
            continue
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


def _row(
    snapshot: Snapshot, choice: Choice, path: MenuPath, translator: Translator, *, deep: bool
) -> MenuRow:
    """Return the row that shows an entry: its own or, unless `deep`, that of its submenu."""
    default = choice.id == snapshot.default
    if deep or len(choice.entry.trail) == len(path.trail):
        obstacle = to_text(translator.translate(choice.obstacle))
        text = entry_title(choice, translator.phrase)
        why = itself.explain(snapshot, choice) or unchecked.explain(snapshot, choice)
        note = to_text(translator.translate(why))
        own = bool(choice.base)
        row = MenuRow("entry", choice.id, text, choice.id, MenuPath(), default, obstacle, note)
        return replace(row, own=own) if own else row
    inner = _submenu(choice, path)
    text = to_text(inner.trail[-1]).strip() or translator.phrase("(no title)")
    id = ("submenu", inner.device, inner.config, *inner.trail)
    return MenuRow("submenu", id, text, path=inner, default=default)

"""The rows of a menu, computed from a snapshot. Pure."""

import sys
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice, takewhile
from operator import attrgetter, itemgetter
from typing import Literal

from petipy.state import itself, unchecked
from petipy.state.model import Choice, Snapshot, Source
from petipy.state.places import find_place
from petipy.ui.finding import Finder
from petipy.ui.kit.states import STATES
from petipy.ui.line.plain import describe_network, entry_title, source_title, to_text
from petipy.ui.listing import (
    MAIN,
    MenuPath,
    Part,
    RowId,
    find_own_key,
    find_submenu,
    identify,
    list_empty,
    list_hotkeys,
    list_parts,
    merge_empty,
)
from petipy.ui.translator import ENGLISH, Translator

_NAME = attrgetter("name")
_AT_ONCE = 20  # rows that are listed in search of an id
_MOST_INNER = 100  # entries of a submenu that are listed beside it


@dataclass(frozen=True, slots=True)
class MenuRow:
    """A row. Its `id` is the same in every snapshot, so that the cursor stays on the row."""

    kind: Literal["heading", "entry", "submenu"]
    id: RowId
    text: str
    choice: str = ""  # an entry's id
    path: MenuPath = MAIN  # of a submenu
    default: bool = False  # it is the default, or a submenu with the default
    obstacle: str = ""
    note: str = ""  # why it does not boot by itself; of a heading, what is wrong there
    key: str = ""  # the configuration's key for it, if that key works in this menu
    own: bool = False  # a person has made it of another entry

    @property
    def selectable(self) -> bool:
        return self.kind != "heading"


class Outline:
    """The rows of a menu, with the devices as headings.

    Rows are listed from the first one as far as somebody asks for them, and made one by one.

    With `found`, the entries of a search, there are these alone, without submenus. Hidden entries
    are left out, except for the default and in a search. The main menu has a heading, too, for a
    network without an entry, which says what is going on there, and for a device that cannot be
    read or is locked.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        path: MenuPath = MAIN,
        found: Iterable[Choice] | None = None,
        translator: Translator = ENGLISH,
    ) -> None:
        self._translator = translator
        self._snapshot, self._path, self._deep = snapshot, path, found is not None
        self._ids: list[RowId] = []  # of the rows that are listed so far
        self._parts: list[Part] = []
        self._places: dict[RowId, int] = {}
        self._before: list[int] = []  # of each heading among them: the rows to choose above it
        self._sources = dict(zip(map(_NAME, snapshot.sources), snapshot.sources, strict=True))
        empty = [] if path.trail or self._deep else list_empty(snapshot)
        self._empty = {source.name for source in empty}
        choices = itself.put_last(snapshot) if found is None else found
        parts = list_parts(choices, path, snapshot.default, deep=self._deep)
        self._coming = merge_empty(parts, empty, self._sources)
        self._hotkeys: dict[str, str | MenuPath] = {}  # that are known so far
        self._coming_hotkeys = list_hotkeys(snapshot, path)

    def reach(self, count: int = sys.maxsize) -> int:
        """List rows until there are so many, or no more. Return how many are listed now."""
        ids, parts, places = self._ids, self._parts, self._places
        if len(ids) < count:
            for id, part in self._coming:
                places.setdefault(id, len(ids))
                if part.__class__ is str:
                    self._before.append(len(ids) - len(self._before))
                ids.append(id)
                parts.append(part)
                if len(ids) >= count:
                    break
        return len(ids)

    @property
    def headings(self) -> int:
        """The number of headings among the rows that are listed."""
        return len(self._before)

    def find_number(self, number: int) -> int:
        """Return the row to choose with a number, counted from 1; -1 without one."""
        self.reach(number)
        row = -1
        while (found := number - 1 + bisect_right(self._before, number - 1)) != row:
            row = found
            if self.reach(row + 1) <= row:
                return -1
        return row

    def find(self, id: RowId) -> int:
        """Return the row with an id; -1 without one."""
        if isinstance(id, str) and not self._shows(id):
            return -1  # without a look at every row
        while id not in self._places:
            listed = len(self._ids)
            if self.reach(listed + _AT_ONCE) == listed:
                return -1
        return self._places[id]

    def _shows(self, id: str) -> bool:
        """Return True if the entry is here, and neither hidden nor in a submenu."""
        choice = self._snapshot.choice(id)
        if choice is None or self._deep:
            return choice is not None
        visible = not choice.entry.hidden or id == self._snapshot.default
        return visible and self._path.contains(choice) and identify(choice, self._path) == id

    @cached_property
    def default(self) -> int:
        """The row with the default, perhaps a submenu; -1 without one."""
        return -1 if self._default_id is None else self.find(self._default_id)

    @cached_property
    def _default_id(self) -> RowId | None:
        choice = self._snapshot.choice(self._snapshot.default)
        if choice is None or not self._path.contains(choice):
            return None
        return choice.id if self._deep else identify(choice, self._path)

    @cached_property
    def first(self) -> int:
        """The first row to choose; -1 without one."""
        at = 0
        while at < self.reach(at + 1):
            if not self.is_heading(at):
                return at
            at += 1
        return -1

    # A row that is listed

    def get_id(self, at: int) -> RowId:
        return self._ids[at]

    def get_entry(self, at: int) -> str:
        """Return the id of the entry in a row; "" for any other row."""
        id = self._ids[at]
        return id if isinstance(id, str) else ""

    def get_choice(self, at: int) -> Choice | None:
        """Return the entry in a row, or the first of a submenu; None for a heading."""
        part = self._parts[at]
        return part if isinstance(part, Choice) else None

    def is_heading(self, at: int) -> bool:
        return isinstance(self._parts[at], str)

    def list_inner(self, at: int) -> Iterator[Choice]:
        """Yield the first entries of the submenu in a row, as far as they follow each other."""
        choices, part = self._snapshot.choices, self._parts[at]
        if isinstance(part, Choice):
            inner = islice(choices, find_place(choices, part.id), None)
            contains = find_submenu(part, self._path).contains
            yield from islice(takewhile(contains, inner), _MOST_INNER)

    def row(self, at: int) -> MenuRow:
        """Return a row."""
        self.reach(at + 1)
        part = self._parts[at]
        if isinstance(part, str):
            return self._make_heading(part)
        row = _row(self._snapshot, part, self._path, self._translator, deep=self._deep)
        key = "" if self._deep else find_own_key(part, self._path)
        if key and self.find_hotkey(key) == (row.choice or row.path):
            row = replace(row, key=key)
        return replace(row, default=row.id == self._default_id) if row.kind == "submenu" else row

    def find_hotkey(self, key: str) -> str | MenuPath | None:
        """Return the target of a key of the configurations in this menu: list_hotkeys.

        If two rows have the same key, the first row gets it, as in GRUB.
        """
        if key not in self._hotkeys:
            for other, target in self._coming_hotkeys:
                self._hotkeys.setdefault(other, target)
                if other == key:
                    break
        return self._hotkeys.get(key)

    @cached_property
    def _problems(self) -> Mapping[str, int]:
        return Counter(map(itemgetter(0), self._snapshot.problems))

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


def build_rows(snapshot: Snapshot, path: MenuPath = MAIN, needle: str = "") -> list[MenuRow]:
    """Return all rows of a menu at once; with a needle, those of the entries that it finds."""
    found = None
    if needle:
        finder = make_finder(snapshot, path)
        found = finder.list_choices(finder.find(needle))
    outline = Outline(snapshot, path, found)
    return [outline.row(at) for at in range(outline.reach())]


def make_finder(snapshot: Snapshot, path: MenuPath) -> Finder:
    """Return the search over the entries of a menu and its submenus."""
    choices = filter(path.contains, itself.put_last(snapshot))
    return Finder(choices, dict(map(attrgetter("name", "title"), snapshot.sources)))


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
        row = MenuRow("entry", choice.id, text, choice.id, MAIN, default, obstacle, note)
        return replace(row, own=own) if own else row
    inner = find_submenu(choice, path)
    text = to_text(inner.trail[-1]).strip() or translator.phrase("(no title)")
    id = ("submenu", inner.device, inner.config, *inner.trail)
    return MenuRow("submenu", id, text, path=inner, default=default)

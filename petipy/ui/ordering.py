"""The rows of the screen of the order, and the order in words. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from petipy.state import order
from petipy.state.model import Snapshot, Source
from petipy.state.order import ANY, KINDS
from petipy.state.settings import OrderItem
from petipy.state.wishes import find_entries
from petipy.ui.line.plain import entry_title, source_title, to_text
from petipy.ui.translator import Phrase, mark

# Without the setting, the menu's order counts. The last item lets nothing be left out.
START = order.parse("disk,usb,optical,network,any")
_OFFERED = ("disk", "usb", "optical", "image", "network", ANY)
_KINDS = {
    "disk": mark("disks"),
    "usb": mark("USB devices"),
    "optical": mark("optical discs"),
    "image": mark("image files"),
    "network": mark("networks"),
    "directory": mark("directories"),
    ANY: mark("everything else"),
}


@dataclass(frozen=True, slots=True)
class OrderRow:
    """A row of the screen: one item, in the order or to be added to it."""

    item: OrderItem
    text: str


class Ordering:
    """An order, described with the sources and entries of a machine."""

    def __init__(
        self, items: Sequence[OrderItem], snapshot: Snapshot, phrase: Phrase = str.format
    ) -> None:
        self._phrase = phrase
        self._items, self._choices = items, snapshot.choices
        # A place that a person has opened is not there at the next start.
        self._sources = [source for source in snapshot.sources if not source.opened]
        self._names = {source.name: frozenset(order.list_names(source)) for source in self._sources}
        self._count = Counter(name for names in self._names.values() for name in names)
        self._first: list[list[Source]] = [[] for _ in items]  # for which each is the first item
        for source in self._sources:
            if (number := self._find(source)) is not None:
                self._first[number].append(source)

    def list_chosen(self) -> list[OrderRow]:
        """Return the rows of the order, in turn."""
        rows = []
        for number, item in enumerate(self._items):
            wait = ""
            if item.patience is not None:
                wait = self._phrase(", waits {seconds:.0f} s", seconds=item.patience)
            if self._is_idle(number):
                turns = self._list_turns(number)
                wait = self._phrase(", which {numbers} has already", numbers=turns)
            rows.append(OrderRow(item, f"{number + 1} {self._describe(number)}{wait}"))
        return rows

    def list_others(self) -> list[OrderRow]:
        """Return the rows of what the order does not name: kinds, then devices and networks."""
        chosen = {item.name.lower() for item in self._items}
        named = (n for n, item in enumerate(self._items) if item.name.lower() not in KINDS)
        meant = map(self._list_meant, named)
        alone = {found[0].name for found in meant if len(found) == 1}
        rows = [
            OrderRow(OrderItem(name=name), _capitalize(self._phrase(_KINDS[name])))
            for name in _OFFERED
            if name not in chosen
        ]
        for source in self._sources:
            name = self._identify(source)
            if name and source.name not in alone and not source.kind.inner:
                rows.append(OrderRow(OrderItem(name=name), source_title(source, source.name)))
        return rows

    def find_place(self, item: OrderItem) -> int:
        """Return the number that a new item gets.

        It comes before the items that mean the same source, since the first one counts, and before
        a last "any". Else it is the last.
        """
        name, turns = item.name.lower(), range(len(self._items))
        same = (
            number
            for number in turns
            if name not in KINDS and any(self._means(name, s) for s in self._list_meant(number))
        )
        last = len(self._items)
        if last and self._items[-1].name.lower() == ANY:
            last -= 1
        return next(same, last)

    def to_words(self) -> str:
        """Return the meaning of the order: "Disks, then eth0 for 60 s, everything else"."""
        if not self._items:
            words = self._join(self._phrase(_KINDS[item.name]) for item in START)
            return self._phrase("Without an order: {turns}", turns=words)
        turns = [number for number in range(len(self._items)) if not self._is_idle(number)]
        words = self._join(f"{self._shorten(n)}{self._wait(n)}" for n in turns)
        if any(item.name.lower() == ANY for item in self._items):
            return _capitalize(words)
        return self._phrase("Only {turns}; nothing else boots by itself", turns=words)

    def _is_idle(self, number: int) -> bool:
        """Return True if every source that an item names is an earlier item's."""
        kind = self._items[number].name.lower() in KINDS
        return not kind and bool(self._list_meant(number)) and not self._first[number]

    def _list_turns(self, number: int) -> str:
        """Return the numbers of the items that have the sources of another one, for a person."""
        meant = self._list_meant(number)
        turns = [n + 1 for n, first in enumerate(self._first) if any(s in first for s in meant)]
        return ", ".join(map(str, turns))

    def _find(self, source: Source) -> int | None:
        """Return the number of the item that a source boots by; None if no item means it."""
        numbers = range(len(self._items))
        found = (n for n in numbers if self._means(self._items[n].name, source))
        others = (n for n in numbers if self._items[n].name.lower() == ANY)
        return next(found, next(others, None))

    def _means(self, name: str, source: Source) -> bool:
        return name.lower() in self._names[source.name] or order.is_path_of(name, source)

    def _identify(self, source: Source) -> str:
        """Return the name by which the source alone is known at each start; "" without one."""
        for name in _list_stable_names(source):
            item = OrderItem(name=name)
            try:
                same = order.parse(str(item)) == (item,)
            except ValueError:
                continue
            if same and self._count[name.lower()] == 1:
                return name
        return ""

    def _describe(self, number: int) -> str:
        """Return the title of an item, with the sources that it stands for now."""
        name = self._items[number].name
        meant = self._list_meant(number)
        if words := _KINDS.get(name.lower()):
            now = ", ".join(to_text(source.name) for source in self._first[number])
            title = self._phrase(words)
            return _capitalize(f"{title}: {now}" if now else title)
        if len(meant) == 1:
            return source_title(meant[0], meant[0].name)
        if meant:
            return f"{to_text(name)}: {', '.join(to_text(source.name) for source in meant)}"
        if title := self._find_entry(name):
            return self._phrase("entry: {title}", title=title)
        return self._phrase("{name} (not here)", name=to_text(name))

    def _shorten(self, number: int) -> str:
        """Return the shortest words for an item."""
        name = self._items[number].name
        meant = self._list_meant(number)
        if words := _KINDS.get(name.lower()):
            return self._phrase(words)
        return to_text(meant[0].name if len(meant) == 1 else self._find_entry(name) or name)

    def _list_meant(self, number: int) -> list[Source]:
        """Return the sources that an item names; for a kind, all of that kind."""
        name = self._items[number].name
        return [source for source in self._sources if self._means(name, source)]

    def _find_entry(self, name: str) -> str:
        """Return the title of the entry that a name means; "" without one."""
        found = find_entries(name, self._choices)
        return entry_title(found[0], self._phrase) if found else ""

    def _wait(self, number: int) -> str:
        """Return the words for the time that later items wait: " for 60 s"."""
        seconds = self._items[number].patience
        if seconds is None:
            networks = [source for source in self._list_meant(number) if source.kind.remote]
            waits = (order.find_default_patience(source) for source in networks)
            seconds = max(waits, default=0.0)
        last = number == len(self._items) - 1
        if last or seconds <= 0:
            return ""
        return self._phrase(" for {seconds:.0f} s", seconds=seconds)

    def _join(self, words: Iterable[str]) -> str:
        """Return a list in words, short enough for two lines of a small terminal."""
        first, *rest = words
        if not rest:
            return first
        return self._phrase("{first}, then {rest}", first=first, rest=", ".join(rest))


def move(items: Sequence[OrderItem], at: int, to: int) -> tuple[OrderItem, ...]:
    """Return the items with one of them at another place."""
    rest = [*items[:at], *items[at + 1 :]]
    return *rest[:to], items[at], *rest[to:]


def set_patience(
    items: Sequence[OrderItem], at: int, seconds: float | None
) -> tuple[OrderItem, ...]:
    """Return the items, one of them with another patience in seconds; None is the usual one."""
    return *items[:at], replace(items[at], patience=seconds), *items[at + 1 :]


def _list_stable_names(source: Source) -> Iterator[str]:
    """Yield the names that stay the same from start to start, the best first."""
    if source.link:
        yield source.link.mac
    if source.device:
        volume = source.device.volume
        yield from (volume.uuid, volume.partuuid)
        for link in volume.udev_links.split():
            if wwn := order.find_wwn(link):
                yield wwn
        yield from (volume.lvm, volume.md, volume.label)
    yield source.name


def _capitalize(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"

"""The order in which sources boot by themselves: the setting `petipy.order`. Pure.

    order  = item, { ",", item } ;
    item   = ( kind | "any" | device | entry ), [ ":", seconds, "s" ] ;
    kind   = "disk" | "usb" | "optical" | "image" | "network" | "directory" ;
    device = a name, as "vda2", "vda", "eth0"; a UUID, LABEL, PARTUUID or PARTLABEL; a MAC address;
             a name of the device mapper, LVM or MD; a WWN; a link of udev's, as "disk/by-path/…";
             Open Firmware's path, which begins with a slash ;
    entry  = an id or a title, as petipy.state.wishes takes them ;

Upper and lower case are the same. "/dev/", "UUID=" and the like may stand before a device. The "s"
may be absent after a kind. "\\," is a comma within an item.

If several items name a device or an entry, the first one counts. Without an order the sources boot
in the order of the menu: disks first, networks last. With an order, a source that no item names
does not boot by itself, unless "any" is among the items.

The seconds say how long the boot of a later item waits for this item. Without seconds, it waits
for networks, and a while for an entry that is not there.
"""

import math
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from operator import is_
from typing import NamedTuple

from petipy.state.model import (
    DIRECTORY,
    DISK,
    IMAGE,
    NETWORK,
    OPTICAL,
    USB,
    Choice,
    Snapshot,
    Source,
)
from petipy.state.settings import OrderItem

NETWORK_PATIENCE = 60.0  # seconds: a switch may keep a port shut for 50
CABLE_PATIENCE = 10.0  # seconds for a carrier: most ports have one after 2 to 5
ENTRY_PATIENCE = 30.0  # seconds for an entry that is not there, while something may still come
ANY = "any"
_OF_THIS_START = {"command line", "now"}  # layers that are stronger than the host's wishes
KINDS = {ANY, *(kind.name for kind in (DISK, USB, OPTICAL, IMAGE, NETWORK, DIRECTORY))}
_TAGS = ("/dev/mapper/", "/dev/", "uuid=", "label=", "partuuid=", "partlabel=", "wwn=")
_COMMA = re.compile(r"(?<!\\),")
_WWN = re.compile(r"disk/by-id/wwn-(\w+?)(?:-part\d+)?")
_ENTRY = re.compile(r"[ >#*]")  # in a name: no device has these
_ITEM = re.compile(r"(?P<name>.+?)(?::(?P<seconds>[0-9]{1,6})[sS])?")


def parse(text: str) -> tuple[OrderItem, ...]:
    """Parse the setting.

    Raise ValueError for an empty item, a character that no name has, or a kind with anything but
    seconds behind it.
    """
    return tuple(map(_parse_item, _COMMA.split(text))) if text else ()


def _parse_item(text: str) -> OrderItem:
    item = text.strip().replace("\\,", ",")
    kind, colon, rest = item.partition(":")
    if colon and kind.lower() in KINDS:  # no name of a device begins so
        seconds = rest.lower().removesuffix("s")
        if not (seconds.isascii() and seconds.isdecimal() and len(seconds) < 7):
            raise ValueError(text)
        item = f"{kind}:{seconds}s"
    tag = next((tag for tag in _TAGS if item.lower().startswith(tag)), "")
    found = _ITEM.fullmatch(item[len(tag) :])
    if not found or not found["name"].isprintable():
        raise ValueError(text)
    seconds = found["seconds"]
    return OrderItem(name=found["name"], patience=None if seconds is None else float(seconds))


def list_items(snapshot: Snapshot) -> tuple[OrderItem, ...]:
    """Return the whole order: a wish for one start, those of this start, the host's, those kept.

    Without any wish and order it is empty: the order of the menu counts.
    """
    settings = snapshot.settings
    if not (settings.next or settings.entry or snapshot.host):
        return settings.order
    now = {name for name in ("entry", "order") if settings.layer(name) in _OF_THIS_START}
    wished = [OrderItem(name=settings.next, entry=True)] if settings.next else []
    entry = [OrderItem(name=settings.entry, entry=True)] if settings.entry else []
    if "order" in now:
        rest = list(settings.order)
        if "entry" not in now:  # the entry is among what this order leaves open
            names = [item.name.lower() for item in rest]
            place = names.index(ANY) if ANY in names else len(rest)
            rest, entry = [*rest[:place], *entry, *rest[place:]], []
        return (*wished, *entry, *rest)
    host = [OrderItem(name=name) for name in snapshot.host]
    first = [*wished, *entry, *host] if "entry" in now else [*wished, *host, *entry]
    return (*first, *(settings.order or (OrderItem(name=ANY),)))


class _Names(NamedTuple):
    """The names in an order, in lower case, each with the number of the first item that has it."""

    named: tuple[bool, ...]  # of each item: it names a kind
    kinds: dict[str, int]
    devices: dict[str, int]  # and entries that no setting calls so
    paths: tuple[tuple[str, int], ...]  # Open Firmware's, as they are written


@lru_cache(maxsize=2)  # the order stays the same for most of the time
def _index(items: tuple[OrderItem, ...]) -> _Names:
    words = [item.name.lower() for item in items]
    named = tuple(n in KINDS and not i.entry for n, i in zip(words, items, strict=True))
    kinds, devices = dict[str, int](), dict[str, int]()
    for number, item in enumerate(items):
        if not item.entry:
            (kinds if named[number] else devices).setdefault(words[number], number)
    paths = ((item.name, n) for n, item in enumerate(items) if not item.entry)
    return _Names(named, kinds, devices, tuple(p for p in paths if p[0].startswith("/")))


Place = tuple[int, int]  # the number of an item, then the place within it
_Found = dict[str, tuple[Source, int | None]]  # by a source's name: the item that means it


class Ranking:
    """The places of the choices of a snapshot in the order that its settings and wishes make."""

    def __init__(self, snapshot: Snapshot, before: "Ranking | None" = None) -> None:
        """Find the places. `before` is a ranking of the same machine: most is as it was there."""
        self._wishes: tuple[object, ...] = snapshot.settings, snapshot.host
        if before and not all(map(is_, before._wishes, self._wishes)):
            before = None
        found: _Found = before._found if before else {}
        self._items: tuple[OrderItem, ...] = before._items if before else list_items(snapshot)
        self._names: _Names = before._names if before else _index(self._items)
        self._sources, self._settled = snapshot.sources, snapshot.settled
        self._of_items: list[list[Source]] = [[] for _ in self._items]
        self._found: _Found = {}
        self._places: dict[str, Place] = {}  # of sources, by name
        self._entries: dict[str, Place] = {}  # of choices that an item names, by id
        self._named = list(self._names.named)
        if self._items:
            self._find_sources(found)
            self._find_entries(snapshot.choices)
        else:
            self._places = {source.name: (0, n) for n, source in enumerate(self._sources)}

    def place(self, choice: Choice) -> Place | None:
        """Return the place of a choice, to sort by; None if it does not boot by itself."""
        device, entry = self.place_device(choice), self._entries.get(choice.id)
        return device if entry is None or (device and device < entry) else entry

    def place_device(self, choice: Choice) -> Place | None:
        """Return the place of a choice's device; None if no item means that."""
        device = self._places.get(choice.device)
        if device is None and (not self._items or ANY in self._names.kinds):
            device = len(self._items), 0  # a choice without a source: one that is just leaving
        return device

    def names(self, choice: Choice) -> bool:
        """Return True if an item names the choice itself, and not only its device."""
        return choice.id in self._entries and self.place(choice) == self._entries[choice.id]

    def list_absent(self) -> list[OrderItem]:
        """Return the items that mean one device or entry, which is not there.

        They may be misspelt.
        """
        known = {name for source in self._sources for name in list_names(source)}
        return [
            item
            for item, named in zip(self._items, self._named, strict=True)
            if not named and (item.entry or item.name.lower() not in known)
        ]

    def find_wait(self, choice: Choice, since: float) -> tuple[float, str]:
        """Return the time until which the boot of a choice waits for an item before it, and which.

        `since` is the time when there was first a candidate. The time is -inf if nothing is
        waited for. A server that wants something else to boot has answered for all of its item.
        """
        place = self.place(choice)
        waits = [
            (since + self._patience(number, found), self._items[number].name)
            for number, found in enumerate(self._of_items[: place[0] if place else 0])
            if not any(source.elsewhere for source in found)
        ]
        return max(waits, default=(-math.inf, ""))

    def _find_sources(self, found: _Found) -> None:
        """Find the places of the sources; what was found for the same one still counts."""
        for number, source in enumerate(self._sources):
            last = found.get(source.name)
            item = last[1] if last and last[0] is source else self._find(source)
            self._found[source.name] = source, item
            if item is not None:
                self._places[source.name] = item, number
                self._of_items[item].append(source)
                self._named[item] = True

    def _find(self, source: Source) -> int | None:
        """Return the number of the first item that means a source; None if none does."""
        names = self._names
        found = [names.kinds[source.kind.name]] if source.kind.name in names.kinds else []
        if names.devices:  # to list a source's names takes longer than all the rest
            found += (names.devices[n] for n in list_names(source) if n in names.devices)
            if names.paths:
                found += (n for path, n in names.paths if is_path_of(path, source))
        return min(found) if found else names.kinds.get(ANY)

    def _find_entries(self, choices: Sequence[Choice]) -> None:
        """Find the entries that items name. No item that names a device is looked for."""
        rest = [number for number, named in enumerate(self._named) if not named]
        rest = [number for number in rest if not self._items[number].name.startswith("/")]
        if not rest:
            return
        from petipy.state.wishes import find_entries  # few machines have a wish

        for number in rest:
            item = self._items[number]
            for place, choice in enumerate(find_entries(item.name, choices)):
                self._entries.setdefault(choice.id, (number, place))
                # Without a kernel it may still come: its files are on another device.
                self._named[number] |= choice.bootable

    def _patience(self, number: int, sources: Sequence[Source]) -> float:
        """Return the seconds for an item, given its sources; -inf if none of them may still come.

        An item without a source is waited for only if it says how long, or names an entry.
        """
        item = self._items[number]
        coming = [source for source in sources if _may_come(source)]
        if self._named[number] and not sources and (item.entry or item.name.lower() not in KINDS):
            return -math.inf  # the entry is there
        if item.patience is not None:
            return item.patience if coming or not sources else -math.inf
        if not self._named[number] and (item.entry or _ENTRY.search(item.name)):
            busy = not self._settled or any(map(_may_come, self._sources))
            return ENTRY_PATIENCE if busy else -math.inf
        return max(map(find_default_patience, coming), default=-math.inf)


def is_path_of(name: str, source: Source) -> bool:
    """Return True if Open Firmware's path is that of the source, its disk, or a part of these."""
    volume = source.device and source.device.volume
    path = volume.firmware_path if volume else ""
    path = source.link.firmware_path if source.link else path
    if not path or not name.startswith("/"):
        return False
    return f"{name}/".startswith(f"{path}/") or f"{path}/".startswith(f"{name}/")


def _may_come(source: Source) -> bool:
    failed = source.state == "failed" and not source.given_up
    return failed or source.state in {"waiting", "scanning"}


def find_default_patience(source: Source) -> float:
    """Return the seconds that later items wait for a source; -inf for none."""
    if not source.kind.remote:
        return -math.inf  # a disk that is being read has the policy's patience
    return NETWORK_PATIENCE if source.link is None or source.link.carrier else CABLE_PATIENCE


def list_names(source: Source) -> Iterator[str]:
    """Yield, in lower case, every name by which an item may mean the source.

    A kind's name means nothing else: a stick with the label NETWORK is not to boot as a network.
    """
    yield source.kind.name
    yield from (name for name in map(str.lower, _list_own_names(source)) if name not in KINDS)


def _list_own_names(source: Source) -> Iterator[str]:
    yield source.name
    if source.link:
        yield from (mac := source.link.mac, mac.replace(":", "-"))
    if source.device:
        volume = source.device.volume
        known = (volume.uuid, volume.label, volume.partuuid, volume.partlabel, volume.disk)
        yield from filter(None, (*known, volume.mapped, volume.lvm, volume.md))
        for link in volume.udev_links.split():
            yield link
            if number := find_wwn(link):
                yield from (number, f"wwn-{number}")


def find_wwn(link: str) -> str:
    """Return the WWN in a link of udev's, or in that of a partition; "" without one."""
    match = _WWN.fullmatch(link)
    return match[1] if match else ""

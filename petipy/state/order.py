"""The order in which sources boot by themselves: the setting `petipy.order`. Pure.

    order  = item, { ",", item } ;
    item   = ( kind | "any" | device ), [ ":", seconds, "s" ] ;
    kind   = "disk" | "usb" | "optical" | "image" | "network" | "directory" ;
    device = a name, as "vda2", "vda", "eth0"; a UUID, LABEL, PARTUUID or PARTLABEL; a MAC address;
             a name of the device mapper, LVM or MD ;

Upper and lower case are the same. "/dev/", "UUID=" and the like may stand before a device. The "s"
may be absent after a kind.

If several items name a device, the first one counts. Without an order the sources boot in the order
of the menu: disks first, networks last. With an order, a source that no item names does not boot by
itself, unless "any" is among the items.

The seconds say how long the boot of a later item waits for this item. Without seconds, it waits
for networks alone.
"""

import math
import re
from collections.abc import Iterator, Sequence

from petipy.state.model import DIRECTORY, DISK, IMAGE, NETWORK, OPTICAL, USB, Source
from petipy.state.settings import OrderItem

NETWORK_PATIENCE = 60.0  # seconds: a switch may keep a port shut for 50
CABLE_PATIENCE = 10.0  # seconds for a carrier: most ports have one after 2 to 5
ANY = "any"
_KINDS = {ANY, *(kind.name for kind in (DISK, USB, OPTICAL, IMAGE, NETWORK, DIRECTORY))}
_TAGS = ("/dev/mapper/", "/dev/", "uuid=", "label=", "partuuid=", "partlabel=")
_ITEM = re.compile(r"(?P<name>.+?)(?::(?P<seconds>[0-9]{1,6})[sS])?")


def parse(text: str) -> tuple[OrderItem, ...]:
    """Parse the setting.

    Raise ValueError for an empty item, a character that no name has, or a kind with anything but
    seconds behind it.
    """
    return tuple(map(_parse_item, text.split(","))) if text else ()


def _parse_item(text: str) -> OrderItem:
    item = text.strip()
    kind, colon, rest = item.partition(":")
    if colon and kind.lower() in _KINDS:  # no name of a device begins so
        seconds = rest.lower().removesuffix("s")
        if not (seconds.isascii() and seconds.isdecimal() and len(seconds) < 7):
            raise ValueError(text)
        item = f"{kind}:{seconds}s"
    tag = next((tag for tag in _TAGS if item.lower().startswith(tag)), "")
    found = _ITEM.fullmatch(item[len(tag) :])
    if not found or not found["name"].isprintable() or " " in found["name"]:
        raise ValueError(text)
    seconds = found["seconds"]
    return OrderItem(name=found["name"], patience=None if seconds is None else float(seconds))


class Ranking:
    """The places of the sources in an order. `items` may be empty."""

    def __init__(self, items: Sequence[OrderItem], sources: Sequence[Source]) -> None:
        self._items, self._sources = items, sources
        self._of_items: list[list[Source]] = [[] for _ in items]
        self._places: dict[str, tuple[int, int]] = {}
        for number, source in enumerate(sources):
            item = self._find(source) if items else 0
            if item is None:
                continue
            self._places[source.name] = item, number
            if items:
                self._of_items[item].append(source)

    def place(self, name: str) -> tuple[int, int] | None:
        """Return the place of a source, to sort by; None if it does not boot by itself."""
        if name in self._places:
            return self._places[name]
        # A choice without a source: one that is just leaving.
        return (len(self._items), 0) if not self._items or self._has_any else None

    def list_absent(self) -> list[str]:
        """Return the items that mean one device, which is not there. They may be misspelt."""
        known = {name for source in self._sources for name in _names(source)} | _KINDS
        return [item.name for item in self._items if item.name.lower() not in known]

    def find_wait(self, name: str, since: float) -> tuple[float, str]:
        """Return the time until which the boot of a source waits for an item before it, and which.

        `since` is the time when there was first a candidate. The time is -inf if nothing is
        waited for. A server that wants something else to boot has answered for all of its item.
        """
        place = self.place(name)
        before = self._items[: place[0]] if place else ()
        waits = [
            (since + self._patience(item, found), item.name)
            for item, found in zip(before, self._of_items, strict=False)
            if not any(source.elsewhere for source in found)
        ]
        return max(waits, default=(-math.inf, ""))

    @property
    def _has_any(self) -> bool:
        return any(item.name.lower() == ANY for item in self._items)

    def _find(self, source: Source) -> int | None:
        names = frozenset(_names(source))
        found = (number for number, item in enumerate(self._items) if item.name.lower() in names)
        others = (number for number, item in enumerate(self._items) if item.name.lower() == ANY)
        return next(found, next(others, None))

    def _patience(self, item: OrderItem, sources: Sequence[Source]) -> float:
        """Return the seconds for an item, given its sources; -inf if none of them may still come.

        An item without a source is waited for only if it says how long.
        """
        coming = [source for source in sources if _may_come(source)]
        if item.patience is not None:
            return item.patience if coming or not sources else -math.inf
        return max(map(_default_patience, coming), default=-math.inf)


def _may_come(source: Source) -> bool:
    failed = source.state == "failed" and not source.given_up
    return failed or source.state in {"waiting", "scanning"}


def _default_patience(source: Source) -> float:
    if not source.kind.remote:
        return -math.inf  # a disk that is being read has the policy's patience
    return NETWORK_PATIENCE if source.link is None or source.link.carrier else CABLE_PATIENCE


def _names(source: Source) -> Iterator[str]:
    """Yield, in lower case, every name by which an item may mean the source."""
    yield source.kind.name
    yield source.name.lower()
    if source.link:
        yield source.link.mac.lower()
    if source.device:
        volume = source.device.volume
        known = (volume.uuid, volume.label, volume.partuuid, volume.partlabel, volume.disk)
        more = (volume.mapped, volume.lvm, volume.md)
        yield from (name.lower() for name in (*known, *more) if name)

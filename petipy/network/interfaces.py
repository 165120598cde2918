"""The table of the machine's interfaces, from the kernel's messages and from sysfs."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from petipy.sources.volume import find_firmware_path
from petipy.state.network import Link
from petipy.sys.netlink import (
    ETHERNET,
    INFINIBAND,
    AddressNews,
    LinkNews,
    News,
    RouteNews,
)

_N = TypeVar("_N", AddressNews, RouteNews)
# Virtual links that a machine may boot from; "" is a network card. veth is that of a container.
_KINDS = {"", "vlan", "bond", "team", "bridge", "macvlan", "ipvlan", "veth"}
_ABOVE = {"vlan", "macvlan", "ipvlan"}  # of these, LinkNews.parent is the link below


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """A link that a machine may boot from, as the kernel has it now."""

    link: Link
    up: bool = False  # it is switched on (IFF_UP)
    duplicate: str = ""  # its address that another machine has, too

    @property
    def usable(self) -> bool:
        """True if something can be fetched over it."""
        return self.link.carrier and bool(self.link.addresses)


@dataclass(slots=True)
class _Row:
    news: LinkNews
    speed: int = 0
    driver: str = ""
    firmware_path: str = ""
    addresses: dict[str, AddressNews] = field(default_factory=dict)
    routes: dict[str, RouteNews] = field(default_factory=dict)


class Interfaces:
    """The links by their index. `sysfs` is /sys."""

    def __init__(self, sysfs: str = "/sys") -> None:
        self._sysfs = sysfs
        self._rows: dict[int, _Row] = {}

    def restart(self, dump: Iterable[News]) -> None:
        """Forget everything, and take a dump."""
        self._rows.clear()
        self.take(dump)

    def take(self, news: Iterable[News]) -> None:
        for item in news:
            if isinstance(item, LinkNews):
                self._take_link(item)
            elif row := self._rows.get(item.index):
                if isinstance(item, AddressNews):
                    _enter(row.addresses, item.address, item)
                else:
                    _enter(row.routes, item.gateway, item)

    def _take_link(self, news: LinkNews) -> None:
        if not news.present:
            self._rows.pop(news.index, None)
            return
        row = self._rows.setdefault(news.index, _Row(news))
        fresh = row.news is news or row.news.name != news.name
        changed = fresh or row.news.carrier != news.carrier
        row.news = news
        if not news.up:  # its routes are gone, but the kernel sends no messages for them
            row.routes.clear()
        if fresh:
            row.driver = _read_driver(self._sysfs, news.name)
            place = os.path.realpath(f"{self._sysfs}/class/net/{news.name}")
            path = place.removeprefix(os.path.realpath(self._sysfs))
            row.firmware_path = find_firmware_path(path, self._sysfs)
        if changed:
            row.speed = _read_speed(self._sysfs, news.name) if news.carrier else 0

    def list(self) -> list[Interface]:
        """Return the links that are sources, in the order of their indices.

        Not among them: members of a bond or a bridge, and a link that only carries VLANs.
        """
        below = {row.news.parent for row in self._rows.values() if row.news.kind in _ABOVE} - {0}
        return [
            _describe(row)
            for _, row in sorted(self._rows.items())
            if _is_source(row.news) and not (row.news.index in below and not _has_address(row))
        ]


def _enter(table: dict[str, _N], key: str, news: _N) -> None:
    if news.present:
        table[key] = news
    else:
        table.pop(key, None)


def _is_source(news: LinkNews) -> bool:
    return (
        news.type in {ETHERNET, INFINIBAND}
        and not news.loopback
        and not news.master
        and news.kind in _KINDS
    )


def _has_address(row: _Row) -> bool:
    return any(news.usable and not news.local for news in row.addresses.values())


def _describe(row: _Row) -> Interface:
    news, addresses = row.news, row.addresses.values()
    routes = sorted(row.routes.values(), key=lambda route: not route.default)
    link = Link(
        index=news.index,
        name=news.name,
        mac=news.mac,
        kind=news.kind,
        driver=row.driver,
        firmware_path=row.firmware_path,
        carrier=news.carrier,
        speed=row.speed,
        mtu=news.mtu,
        addresses=tuple(a.address for a in addresses if a.usable and not a.local),
        gateways=tuple(dict.fromkeys(route.gateway for route in routes)),
        routed=tuple(
            dict.fromkeys("v6" if ":" in r.gateway else "v4" for r in routes if r.default)
        ),
    )
    duplicate = next((a.address for a in addresses if a.duplicate and not a.local), "")
    return Interface(link=link, up=news.up, duplicate=duplicate.partition("/")[0])


def _read_speed(sysfs: str, name: str) -> int:
    """Return Mbit/s; 0 if the driver does not say."""
    try:
        with open(f"{sysfs}/class/net/{name}/speed") as file:
            return max(0, int(file.read()))
    except (OSError, ValueError):
        return 0


def _read_driver(sysfs: str, name: str) -> str:
    try:
        target = os.readlink(f"{sysfs}/class/net/{name}/device/driver")  # noqa: PTH115
    except OSError:
        return ""
    return target.rpartition("/")[2]

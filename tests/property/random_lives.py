"""Random lives of machines, each by its seed."""

import math
import random
from collections.abc import Iterator, Sequence
from typing import Any

from tests.property.lives import Event, Item, Life, id_of

Device = tuple[str, str, tuple[Item, ...]]  # its name, kind and menu
_DAY = 86_400.0  # seconds
_NOW = 1_790_000_000.0
# Most machines have none.
_ORDERS = (
    *("", "", "", "network,any", "disk", "usb,any", "network:20s,any", "eth0,vda"),
    *("optical:9s,any", "vdb,disk", "disk,network", "vdz:40s,any", "network:5s,usb:30s,disk"),
)
_NAMES = {
    "disk": ("vda", "vdb", "vdc"),
    "usb": ("sda", "sdb"),
    "optical": ("sr0",),
    "network": ("eth0", "eth1"),
    "image": ("vda:/a.iso",),
}


def make_life(seed: int) -> Life:
    """Return a random life."""
    chance = random.Random(seed)
    devices = tuple(_make_devices(chance))
    events = [(chance.choice((0.5, 2.0, 15.0, 70.0)), "settled", "", "")]
    for name, kind, _ in devices:
        events += _make_device_events(chance, name, kind)
    for _ in range(chance.choice((0, 0, 0, 1, 2, 5))):
        client, at = chance.choice(("hvc0", "ttyS0")), round(chance.uniform(0, 900), 1)
        events.append((at, "key", client, ""))
        if chance.random() < 0.3:
            events.append((round(at + chance.choice((0.5, 90)), 1), "noise", client, ""))
    if chance.random() < 0.2:
        events += _make_clock_events(chance)
    if chance.random() < 0.15:
        name, _, items = chance.choice(devices)
        if items:
            target = id_of(name, chance.choice(items).name)
            knows = chance.choice(("", "password"))
            events.append((round(chance.uniform(0, 300), 1), "choose", target, knows))
    targets = [id_of(name, item.name) for name, _, items in devices for item in items] or [""]
    return Life(
        entry=chance.choice((*[""] * 4, chance.choice(targets), "nothing/e0")),
        next=chance.choice((*[""] * 5, chance.choice(targets))),
        host=chance.choice(((), (), (), ("vdb",), ("network",), ("eth0", "vda"))),
        devices=devices,
        events=tuple(sorted(events)),
        order=chance.choice(_ORDERS),
        timeout=chance.choice((None, None, None, 0.0, 5.0, 30.0, math.inf)),
        resume=chance.choice((300.0, 300.0, 300.0, 20.0, 3 * _DAY, math.inf)),
        on_failure=chance.choice(("retry", "retry", "menu", "reboot", "poweroff")),
        own=chance.choice((None, None, 0.0, 3.0, 8.0)),
        **_make_locks(chance, devices),
        **_make_history(chance, targets),
    )


def _make_locks(chance: random.Random, devices: Sequence[Device]) -> dict[str, Any]:
    """Return superusers of some machines, on one device or on several."""
    if chance.random() < 0.6:
        return {}
    names = [name for name, *_ in devices]
    return {
        "superusers": frozenset(chance.choices(names, k=chance.choice((1, 1, 2, 3)))),
        "lock": chance.choice(("machine", "machine", "own")),
        "boot_restricted": chance.random() < 0.15,
    }


def _make_history(chance: random.Random, targets: Sequence[str]) -> dict[str, Any]:
    """Return a clock, and for some machines earlier boots: many of one entry, within days."""
    clock = chance.choice((_NOW, _NOW, _NOW, 0.0, _NOW - 400 * _DAY, _NOW + 4000 * _DAY))
    if chance.random() < 0.7:
        return {"clock": clock}
    often = chance.choice(targets)
    ids = [chance.choice((often, often, chance.choice(targets))) for _ in range(8)]
    span = chance.choice((600.0, _DAY, 10 * _DAY))
    ages = sorted((round(chance.uniform(-span / 8, span)) for _ in ids), reverse=True)
    flap = chance.choice((2, 3, 5)), chance.choice((600.0, _DAY, 10 * _DAY))
    boots = tuple((id, _NOW - age) for id, age in zip(ids, ages, strict=True))
    return {"clock": clock, "flap": flap, "boots": boots}


def _make_clock_events(chance: random.Random) -> Iterator[Event]:
    for _ in range(chance.choice((1, 1, 3))):
        days = chance.choice((-4000, -400, -2, -1, 1, 2, 400, 20_717.6))
        yield round(chance.uniform(0, 400), 1), "clock", "", f"{days * _DAY:g}"


def _make_devices(chance: random.Random) -> Iterator[Device]:
    for kind, names in _NAMES.items():
        for name in names[: chance.choice((0, 0, 1, 1, len(names)))] if kind != "disk" else names:
            if kind == "disk" and chance.random() < 0.5 and name != "vda":
                continue
            count = chance.choice((0, 1, 1, 2, 3))
            yield name, kind, tuple(_make_item(chance, number) for number in range(count))


def _make_item(chance: random.Random, number: int) -> Item:
    return Item(
        name=f"e{number}",
        failures=chance.choice((0, 0, 1, 2, math.inf, math.inf)),
        takes=chance.choice((0.5, 2.0, 40.0)),
        default=number == 0 and chance.random() < 0.8,
        recovery=chance.random() < 0.15,
        guess=chance.random() < 0.1,
        waits=chance.random() < 0.1,
        locked=chance.random() < 0.4,
    )


def _make_device_events(chance: random.Random, name: str, kind: str) -> Iterator[Event]:
    at = round(chance.choice((0.0, 1.0, 3.0, 12.0, 90.0)) + chance.random(), 1)
    for _ in range(chance.choice((1, 1, 1, 2, 6))):
        if kind == "network":
            yield at, "state", name, chance.choice(("waiting", "waiting no carrier"))
            at = round(at + chance.choice((2, 9, 45, 200)), 1)
        yield at, "state", name, "scanning"
        at = round(at + chance.choice((0.2, 1.0, 8.0, 60.0)), 1)
        yield at, "state", name, chance.choice(("ready", "ready", "ready", "failed"))
        at = round(at + chance.choice((0.5, 4.0, 30.0)), 1)
        if chance.random() < 0.25:
            yield at, "gone", name, ""
            at = round(at + chance.choice((0.5, 5.0, 100.0)), 1)
        elif chance.random() < 0.7:
            return

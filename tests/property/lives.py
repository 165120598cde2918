"""Lives of machines: what happens to one, as plain values, and what the policy makes of it.

A life is a list of events that its repr writes down as Python, so that a life which breaks a rule
can be replayed, and cut down to the events that matter.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal

from petipy.state import flapping, order
from petipy.state.model import DISK, IMAGE, NETWORK, OPTICAL, USB
from petipy.state.policy import Decision
from petipy.state.settings import Settings

END = 20_000.0  # seconds of a life, after the last key and the time that it counts for
KINDS = {kind.name: kind for kind in (DISK, USB, OPTICAL, IMAGE, NETWORK)}


@dataclass(frozen=True)
class Item:
    """An entry of a device's menu. A boot of it fails `failures` times."""

    name: str
    failures: float = 0  # inf: it never boots
    takes: float = 1.0  # seconds until it fails, or boots
    default: bool = False
    recovery: bool = False
    guess: bool = False
    waits: bool = False  # for a device that never comes
    locked: bool = False  # if its configuration has superusers, it is for them


# (time, "state", device's name, state), (time, "gone", name, ""), (time, "settled", "", "")
# (time, "key", client, ""), (time, "noise", client, "")
# (time, "choose", id, "" or "password"), (time, "clock", "", seconds by which it is set forward)
Event = tuple[float, str, str, str]


@dataclass(frozen=True)
class Life:
    """A machine, its settings, and the events of its life, in the order of time."""

    devices: tuple[tuple[str, str, tuple[Item, ...]], ...]  # name, kind, menu
    events: tuple[Event, ...]
    order: str = ""
    timeout: float | None = None
    resume: float = 300.0
    on_failure: Literal["retry", "menu", "reboot", "poweroff"] = "retry"
    own: float | None = None  # the time-out of every configuration
    entry: str = ""
    next: str = ""
    host: tuple[str, ...] = ()  # names of devices
    superusers: frozenset[str] = frozenset()  # names of devices whose configuration has some
    lock: Literal["machine", "own"] = "machine"
    boot_restricted: bool = False
    clock: float = 1_790_000_000.0  # seconds since 1970, by the machine's clock
    flap: tuple[int, float] | None = None
    boots: tuple[tuple[str, float], ...] = ()  # earlier ones: an id, and the clock then

    def kind(self, device: str) -> str:
        return next(kind for name, kind, _ in self.devices if name == device)

    def is_locked(self, id: str) -> bool:
        """Return True if the entry's own configuration lets only superusers boot it."""
        name, _, title = id.rpartition("/")
        items = (item for device, _, items in self.devices for item in items if device == name)
        item = next(item for item in items if item.name == title)
        return name in self.superusers and (item.locked or item.guess)

    def find_clock(self, at: float) -> float:
        """Return the time of the start by the clock as it is set at a time."""
        changes = (float(e[3]) for e in self.events if e[1] == "clock" and e[0] <= at)
        return self.clock + sum(changes)

    @property
    def end(self) -> float:
        """The time at which the life ends at the latest."""
        keys = [at for at, what, *_ in self.events if what in {"key", "choose"}]
        return END + (max(keys) + self.resume if keys and self.resume < math.inf else 0)

    @property
    def settings(self) -> Settings:
        boots: tuple[flapping.Boot, ...] = ()
        for id, at in self.boots:
            boots = flapping.add(boots, id, at)
        return Settings(
            timeout=self.timeout,
            order=parse_order(self.order),
            resume=self.resume,
            on_failure=self.on_failure,
            entry=self.entry,
            next=self.next,
            lock=self.lock,
            boot_restricted=self.boot_restricted,
            flap=self.flap,
            boots=boots,
        )


parse_order = cache(order.parse)


def id_of(device: str, item: str) -> str:
    return f"{device}/{item}"


@dataclass(frozen=True)
class View:
    """The entries at one moment."""

    at: float
    candidates: tuple[str, ...] = ()  # the ids that could boot, in order; passwords do not count
    guards: tuple[str, ...] = ()  # names of the machine's own disks that have superusers
    failed: frozenset[str] = frozenset()


@dataclass
class Boot:
    """An attempt."""

    at: float
    id: str
    by_person: bool
    view: View
    ended: float = math.inf
    booted: bool = False


@dataclass
class Course:
    """The course of a life: what was decided."""

    boots: list[Boot] = field(default_factory=list)
    left: tuple[float, str] | None = None  # the machine restarted, or went off
    restarts: list[float] = field(default_factory=list)  # when all was tried again
    shown: list[tuple[float, Decision]] = field(default_factory=list)  # each changed decision
    locked: list[View] = field(default_factory=list)  # when it came to wait for a password
    faults: list[str] = field(default_factory=list)

    @property
    def booted(self) -> Boot | None:
        return next((boot for boot in self.boots if boot.booted), None)


def cut_down(life: Life, breaks: Callable[[Life], bool]) -> Life:
    """Return the life without the events and devices that do not matter. `breaks` tells."""
    smaller = True
    while smaller:
        smaller = False
        for number in range(len(life.events)):
            less = replace(life, events=life.events[:number] + life.events[number + 1 :])
            if breaks(less):
                life, smaller = less, True
                break
        for number in range(len(life.devices)):
            name = life.devices[number][0]
            events = (e for e in life.events if name not in {e[2], e[2].rpartition("/")[0]})
            less = replace(
                life,
                devices=life.devices[:number] + life.devices[number + 1 :],
                events=tuple(events),
                superusers=life.superusers - {name},
            )
            if less.devices and breaks(less):
                life, smaller = less, True
                break
    return life


def write_script(life: Life, why: str) -> str:
    """Return a Python script that lives the life again and prints its course."""
    return (
        f"# {why}\n"
        "from math import inf\n\n"
        "from tests.property.lives import Item, Life\n"
        "from tests.property.machine import Machine\n\n"
        f"life = {life!r}\n"
        "for at, decision in (course := Machine(life).live()).shown:\n"
        '    print(f"{at:8.1f} {decision}")\n'
        "print(course.boots, course.left, course.faults)\n"
    )

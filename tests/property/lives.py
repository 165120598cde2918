"""Lives of machines: what happens to one, as plain values, and what the policy makes of it.

A life is a list of events that its repr writes down as Python, so that a life which breaks a rule
can be replayed, and cut down to the events that matter.
"""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Literal

from petipy.state import order
from petipy.state.candidates import list_candidates
from petipy.state.model import (
    DISK,
    IMAGE,
    NETWORK,
    OPTICAL,
    ORDINARY,
    USB,
    Choice,
    Order,
    Snapshot,
    Source,
)
from petipy.state.network import Link
from petipy.state.policy import Decision
from petipy.state.record import Record
from petipy.state.settings import Settings
from tests.samples import choice, device, entry

END = 20_000.0  # seconds of a life
_MOST_DECISIONS = 5_000
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


# (time, "state", device's name, state), (time, "gone", name, ""), (time, "settled", "", "")
# (time, "key", client, ""), (time, "noise", client, ""), (time, "choose", id, "")
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

    @property
    def settings(self) -> Settings:
        return Settings(
            timeout=self.timeout,
            order=order.parse(self.order),
            resume=self.resume,
            on_failure=self.on_failure,
            entry=self.entry,
            next=self.next,
        )


def id_of(device: str, item: str) -> str:
    return f"{device}/{item}"


@dataclass
class Boot:
    """An attempt. `candidates` are the ids that could have booted, in order."""

    at: float
    id: str
    by_person: bool
    candidates: tuple[str, ...]
    ended: float = math.inf
    booted: bool = False


@dataclass
class Course:
    """The course of a life: what was decided."""

    boots: list[Boot] = field(default_factory=list)
    left: tuple[float, str] | None = None  # the machine restarted, or went off
    restarts: list[float] = field(default_factory=list)  # when all was tried again
    shown: list[tuple[float, Decision]] = field(default_factory=list)  # each changed decision
    faults: list[str] = field(default_factory=list)

    @property
    def booted(self) -> Boot | None:
        return next((boot for boot in self.boots if boot.booted), None)


class Machine:
    """The machine of a life. It is what petipy.boot.attempt.Booter is to the policy."""

    fatal: frozenset[str] = frozenset()
    last_look = -math.inf
    forgets = False  # a fault for the test of the tests: no failure is remembered

    def __init__(self, life: Life) -> None:
        self.life, self.now = life, 0.0
        self.failed: frozenset[str] = frozenset()
        self.last_failure = -math.inf
        self.course = Course()
        self._events = list(life.events)
        self._states: dict[str, str] = {}
        self._settled = False
        self._failures = {
            id_of(name, item.name): item.failures
            for name, _, items in life.devices
            for item in items
        }
        self._takes = {
            id_of(name, item.name): item.takes for name, _, items in life.devices for item in items
        }
        self._booting: Boot | None = None
        self._record = Record()
        self._settings = life.settings
        self._choices = {name: _choices(life, name, kind, m) for name, kind, m in life.devices}
        self._snapshot: Snapshot | None = None

    def live(self) -> Course:
        """Live until something boots, the machine leaves, or the end."""
        for _ in range(_MOST_DECISIONS):
            self._happen()
            decision = self._decide()
            if decision.leave:
                self.course.left = self.now, decision.leave
                return self.course
            if decision.forget_failures:
                self.failed = frozenset()
                self.course.restarts.append(self.now)
                continue
            if decision.boot:
                self._boot(decision.boot, by_person=False)
                continue
            times = [decision.again, *(event[0] for event in self._events[:1])]
            if self._booting:
                times.append(self._booting.ended)
            if min(times) <= self.now:
                self.course.faults.append(f"{self.now:g}: it would be asked again at once")
                return self.course
            self.now = min(times)
            if self.now > END:
                return self.course
            if self._booting and self.now >= self._booting.ended and self._end_boot():
                return self.course
        self.course.faults.append("it decides for ever")
        return self.course

    @property
    def snapshot(self) -> Snapshot:
        if self._snapshot is None:
            self._snapshot = self._make_snapshot()
        return self._snapshot

    def _make_snapshot(self) -> Snapshot:
        found = [
            _source(name, kind, self._states[name])
            for name, kind, _ in self.life.devices
            if name in self._states
        ]
        found.sort(key=lambda source: _find_order(source.name, source.kind.name))
        return Snapshot(
            settings=self._settings,
            host=self.life.host,
            settled=self._settled,
            sources=tuple(found),
            choices=tuple(
                c for s in found if s.state in {"ready", "failed"} for c in self._choices[s.name]
            ),
            booting=self._booting.id if self._booting else "",
        )

    def _decide(self) -> Decision:
        decision = self._record.decide(self.snapshot, self, self.now)
        if not self.course.shown or self.course.shown[-1][1] != decision:
            self.course.shown.append((self.now, decision))
        return decision

    def _happen(self) -> None:
        while self._events and self._events[0][0] <= self.now:
            _, what, name, value = self._events.pop(0)
            match what:
                case "state":
                    self._states[name] = value
                case "gone":
                    self._states.pop(name, None)
                case "settled":
                    self._settled = True
                case "key":
                    self._record.note_key(name, self.now)
                case "noise":
                    self._record.note_absence(name, self.now)
                case "choose":
                    self._record.note_key("hvc0", self.now)
                    if not self._booting and self.snapshot.choice(name):
                        self._boot(name, by_person=True)
            self._snapshot = None

    def _boot(self, id: str, *, by_person: bool) -> None:
        candidates = tuple(c.id for c in list_candidates(self.snapshot))
        takes = self.now + self._takes[id]
        self._booting = Boot(self.now, id, by_person, candidates, ended=takes)
        self.course.boots.append(self._booting)
        self._snapshot = None

    def _end_boot(self) -> bool:
        assert self._booting
        boot, self._booting, self._snapshot = self._booting, None, None
        if self._failures[boot.id] <= 0 and self.snapshot.choice(boot.id):
            boot.booted = True
            return True
        self._failures[boot.id] -= 1
        self.failed |= frozenset() if self.forgets else {boot.id}
        self.last_failure = self.now
        return False


def _choices(life: Life, name: str, kind: str, items: Iterable[Item]) -> tuple[Choice, ...]:
    return tuple(
        choice(
            id_of(name, item.name),
            device=name,
            turn=0 if item.default else ORDINARY,
            timeout=life.own,
            own=KINDS[kind].reach == "machine",
            waits_for="UUID=1" if item.waits else "",
            entry=entry(
                item.name,
                cmdline="single" if item.recovery else "quiet",
                guess=item.guess,
                default=item.default,
            ),
        )
        for item in items
    )


@cache
def _find_order(name: str, kind: str) -> Order:
    return Source(name=name, kind=KINDS[kind]).order


@cache
def _source(name: str, kind: str, state: str) -> Source:
    source = Source.of(device(name, kind=KINDS[kind]), state.removesuffix(" no carrier"))  # type: ignore[arg-type]
    if not source.kind.remote:
        return source
    link = Link(index=2, name=name, carrier=not state.endswith(" no carrier"))
    return replace(source, link=link)


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
            events = tuple(e for e in life.events if e[2].partition("/")[0] != name)
            devices = life.devices[:number] + life.devices[number + 1 :]
            if devices and breaks(less := replace(life, devices=devices, events=events)):
                life, smaller = less, True
                break
    return life


def write_script(life: Life, why: str) -> str:
    """Return a Python script that lives the life again and prints its course."""
    return (
        f"# {why}\n"
        "from math import inf\n\n"
        "from tests.property.lives import Item, Life, Machine\n\n"
        f"life = {life!r}\n"
        "for at, decision in (course := Machine(life).live()).shown:\n"
        '    print(f"{at:8.1f} {decision}")\n'
        "print(course.boots, course.left, course.faults)\n"
    )

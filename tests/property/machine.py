"""The machine that a life happens to: petipy.boot.attempt and the catalog, without a disk."""

import math
from dataclasses import replace
from functools import cache

from parsers.api import Password, Preferences
from petipy.state import flapping
from petipy.state.access import find_boot_locks
from petipy.state.candidates import list_candidates
from petipy.state.model import ORDINARY, Choice, Order, Scan, Snapshot, Source
from petipy.state.network import Link
from petipy.state.policy import Decision
from petipy.state.record import Record
from petipy.state.register import Register
from tests.property.lives import KINDS, Boot, Course, Item, Life, View, id_of
from tests.samples import CONFIG, choice, device, entry

_MOST_DECISIONS = 5_000
_SHOWN = {"ready", "failed"}  # states in which a device has a menu
_OWNERS = ("root",)


class Machine:
    """The machine of a life. It is what petipy.boot.attempt.Booter is to the policy."""

    last_look = -math.inf
    forgets = False  # a fault for the test of the tests: no failure is remembered

    def __init__(self, life: Life) -> None:
        self.life, self.now = life, 0.0
        self.failed: frozenset[str] = frozenset()
        self.last_failure = -math.inf
        self.course = Course()
        self._events, self._end = list(life.events), life.end
        self._states: dict[str, str] = {}
        self._settled = False
        self._started = life.clock  # the time of the start, by the clock as it is now
        items = [
            (id_of(name, item.name), item) for name, _, items in life.devices for item in items
        ]
        self._failures = {id: item.failures for id, item in items}
        self._takes = {id: item.takes for id, item in items}
        self._booting: Boot | None = None
        self._record, self._register = Record(), Register()
        self._settings = life.settings
        self._kinds = {name: kind for name, kind, _ in life.devices}
        self._choices = {
            name: tuple(
                _choice(name, kind, item, life.own, name in life.superusers) for item in items
            )
            for name, kind, items in life.devices
        }
        self._snapshot: Snapshot | None = None
        self._found: tuple[tuple[Source, ...], tuple[Choice, ...]] | None = None
        self._candidates: tuple[str, ...] | None = None  # of what was found

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
            if self.now > self._end:
                return self.course
            if self._booting and self.now >= self._booting.ended and self._end_boot():
                return self.course
        self.course.faults.append("it decides for ever")
        return self.course

    @property
    def fatal(self) -> set[str]:
        """The entries that have had their turn."""
        if not self._settings.flap:
            return set()
        ids = (choice.id for choice in self.snapshot.choices)
        return flapping.find(self._settings.boots, self._settings.flap, self._started, ids)

    @property
    def snapshot(self) -> Snapshot:
        if self._snapshot is None:
            self._snapshot = self._make_snapshot()
        return self._snapshot

    def _make_snapshot(self) -> Snapshot:
        if self._found is None:
            self._found, self._candidates = self._find(), None
        sources, choices = self._found
        return Snapshot(
            settings=self._settings,
            host=self.life.host,
            settled=self._settled,
            sources=sources,
            choices=choices,
            guards=self._register.guards,
            unread=self._register.unread,
            booting=self._booting.id if self._booting else "",
        )

    def _find(self) -> tuple[tuple[Source, ...], tuple[Choice, ...]]:
        found = [_source(name, self._kinds[name], state) for name, state in self._states.items()]
        found.sort(key=lambda source: _find_order(source.name, source.kind.name))
        known = (source.name for source in found if source.state in _SHOWN)
        return tuple(found), tuple(choice for name in known for choice in self._choices[name])

    def _decide(self) -> Decision:
        decision = self._record.decide(self.snapshot, self, self.now)
        if not self.course.shown or self.course.shown[-1][1] != decision:
            self.course.shown.append((self.now, decision))
            if decision.locked:
                self.course.locked.append(self._view())
        return decision

    def _happen(self) -> None:
        while self._events and self._events[0][0] <= self.now:
            _, what, name, value = self._events.pop(0)
            match what:
                case "state":
                    self._change(name, value)
                case "gone":
                    self._states.pop(name, None)
                    self._register.remove(name)
                    self._snapshot = self._found = None
                case "settled":
                    self._settled, self._snapshot = True, None
                case "key":
                    self._record.note_key(name, self.now)
                case "noise":
                    self._record.note_absence(name, self.now)
                case "choose":
                    self._record.note_key("hvc0", self.now)
                    self._choose(name, knows=bool(value))
                case "clock":
                    self._started += float(value)

    def _change(self, name: str, state: str) -> None:
        """Put a device into a state, and take its guards from a scan that has ended."""
        self._states[name] = state
        source = _source(name, self._kinds[name], state)
        self._register.put(source)
        if source.state in _SHOWN:
            self._register.take(name, _scan(source.state, name in self.life.superusers))
        self._snapshot = self._found = None

    def _choose(self, id: str, *, knows: bool) -> None:
        """Boot what a person chooses, who may know all passwords."""
        choice = self.snapshot.choice(id)
        if choice and not self._booting and (knows or not find_boot_locks(choice, self.snapshot)):
            self._boot(id, by_person=True)

    def _view(self) -> View:
        snapshot = self.snapshot
        if self._candidates is None:
            self._candidates = tuple(c.id for c in list_candidates(snapshot))
        guards = tuple(guard.device for reach, guard in snapshot.guards if reach == "machine")
        return View(self.now, self._candidates, guards, self.failed)

    def _boot(self, id: str, *, by_person: bool) -> None:
        takes = self.now + self._takes[id]
        self._booting = Boot(self.now, id, by_person, self._view(), ended=takes)
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


def _key(device: str) -> Password:
    return Password(user=_OWNERS[0], secret=device)


@cache
def _choice(device: str, kind: str, item: Item, own: float | None, guarded: bool) -> Choice:
    return choice(
        id_of(device, item.name),
        device=device,
        turn=0 if item.default else ORDINARY,
        timeout=own,
        own=KINDS[kind].reach == "machine",
        waits_for="UUID=1" if item.waits else "",
        superusers=_OWNERS if guarded else None,
        passwords=(_key(device),) if guarded else (),
        entry=entry(
            item.name,
            cmdline="single" if item.recovery else "quiet",
            guess=item.guess,
            default=item.default,
            users=() if item.locked and guarded else None,
        ),
    )


@cache
def _scan(state: str, guarded: bool) -> Scan:
    wish = Preferences(superusers=_OWNERS if guarded else None, passwords=(_key("a disk"),))
    return Scan(
        preferences=((CONFIG, wish),), stopped="Input/output error" if state == "failed" else ""
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

"""Random lives of machines: the policy strands none, and keeps its order."""

import math
import os
import random
from collections.abc import Collection, Iterable, Iterator
from itertools import pairwise

import pytest

from petipy.state import order, policy
from tests.property.lives import (
    KINDS,
    Course,
    Life,
    View,
    cut_down,
    id_of,
    parse_order,
    write_script,
)
from tests.property.machine import Machine
from tests.property.random_lives import make_life

LIVES, PARTS = 10_000, 8
FIRST = random.randrange(1 << 32) if os.environ.get("PETIPY_SEED") == "random" else 0


def find_faults(life: Life) -> list[tuple[str, str]]:
    """Return each rule that the policy breaks in a life, and how."""
    course = Machine(life).live()
    rules = (
        *(_check_the_end, _check_people, _check_order, _check_turns, _check_leaving),
        *(_check_locks, _check_waits_for_passwords, _check_flapping),
    )
    broken = [(rule.__doc__ or "", fault) for rule in rules for fault in rule(life, course)]
    return [*(("It goes on.", fault) for fault in course.faults), *broken]


def _last_key(life: Life, before: float = math.inf) -> float:
    keys = (at for at, what, *_ in life.events if what in {"key", "choose"} and at <= before)
    return max(keys, default=-math.inf)


def _find_good(life: Life, course: Course) -> Iterator[tuple[float, str]]:
    """Yield what must boot in the end: the time since when it is there, and its id."""
    guards = [name for name in life.superusers if KINDS[life.kind(name)].reach == "machine"]
    for name, kind, items in life.devices:
        changes = [event for event in life.events if event[2] == name]
        if not changes or changes[-1][3] != "ready":
            continue
        if kind == "image" or (life.order and not _is_named(life, name, kind)):
            continue
        installs = kind == "network"
        for item in items:
            id = id_of(name, item.name)
            if item.waits or item.failures or (installs and not item.default):
                continue
            if life.boot_restricted or not (life.is_locked(id) or _is_covered(life, id, guards)):
                yield changes[-1][0], id


def _is_named(life: Life, name: str, kind: str) -> bool:
    items = [*life.host, *(item.name for item in parse_order(life.order))]
    return any(item in {name, kind, "any"} for item in items)


def _check_the_end(life: Life, course: Course) -> Iterator[str]:
    """A machine with a good entry boots in time, unless a person or a setting wants otherwise."""
    if course.left or course.faults or life.timeout == math.inf:
        return
    booted = course.booted.at if course.booted else math.inf
    failed = {boot.id for boot in course.boots if not boot.booted}
    attempts = sum(len(items) for _, _, items in life.devices) + 1
    patience = [item.patience or 0 for item in parse_order(life.order)]
    if course.shown[-1][1].locked:
        return  # _check_waits_for_passwords asks why
    ready = max([_last_key(life) + life.resume, *_settled(life), *_find_unlocked(life, course)])
    for since, id in _find_good(life, course):
        if id in failed:  # its device was taken away meanwhile
            continue
        begin = max(since, ready)
        wait = max(life.timeout or 10.0, order.NETWORK_PATIENCE, order.ENTRY_PATIENCE, *patience)
        late = policy.LEAST * len(life.devices)  # each device may take the default over once
        bound = begin + wait + late + policy.PATIENCE + attempts * (policy.PAUSE + 40.0)
        if booted > bound:
            yield f"{id} was there from {since:g} s, but at {bound:g} s nothing had booted"


def _settled(life: Life) -> Iterator[float]:
    return (at for at, what, *_ in life.events if what == "settled")


def _find_unlocked(life: Life, course: Course) -> Iterator[float]:
    """Yield the times at which a password was no longer wanted, or the last disk was read."""
    for (_, before), (at, decision) in pairwise(course.shown):
        if before.locked and not decision.locked:
            yield at
    yield from (
        e[0] for e in life.events if e[1] == "state" and KINDS[life.kind(e[2])].reach == "machine"
    )


def _check_people(life: Life, course: Course) -> Iterator[str]:
    """Nothing boots by itself while somebody may be there, nor without three seconds before."""
    visits = [event for event in life.events if event[1] == "noise"]
    for boot in course.boots:
        if boot.by_person:
            continue
        if life.timeout == math.inf:
            yield f"{boot.at:g}: something boots although petipy.timeout=never"
        last = _last_key(life, boot.at)
        if not visits and boot.at < last + life.resume:
            yield f"{boot.at:g}: {boot.id} boots {boot.at - last:g} s after a key"
        again = [name for at, _, name, _ in visits if at < boot.at]
        if life.timeout == 0 or any(at == boot.at and name in again for at, _, name, _ in visits):
            continue  # the second time that a console's keys were nobody's
        shown = next(
            (at for at, d in reversed(course.shown) if at < boot.at and not d.countdown), 0.0
        )
        begin = next((at for at, d in course.shown if at > shown or d.countdown), boot.at)
        if boot.at - begin < 2.99:
            yield f"{boot.at:g}: {boot.id} boots after a countdown of {boot.at - begin:g} s"


def _check_order(life: Life, course: Course) -> Iterator[str]:
    """The first boot is that of the first device in order that has something."""
    boot = next(iter(course.boots), None)
    if boot is None or boot.by_person:
        return
    flapped = _find_flapped(life, boot.at)
    ranks = {id: _rank(life, id) for id in _list_turns(life, boot.view)}
    # After the first one, a locked entry is passed over.
    first = min(ranks, key=lambda id: ranks[id], default="")
    locked = set() if life.boot_restricted else {id for id in ranks if life.is_locked(id)}
    free = {id: (id in flapped, rank) for id, rank in ranks.items() if id not in locked}
    best = min(free, key=lambda id: free[id], default="")
    if first in locked or not best or free.get(boot.id) != free[best]:
        yield f"{boot.at:g}: {boot.id} boots; first is {first}, the best is {best}"


def _rank(life: Life, id: str) -> tuple[object, ...]:
    """Return the place that the wishes, the order, the kinds and the menu give to an entry."""
    for wish, rank in (life.next, 0), (life.entry, 2 + len(life.host)):
        if life.is_locked(id) and not life.boot_restricted:
            continue
        if wish == id and not any(_is_hosts(life, id, n) and n < rank for n in range(rank)):
            return (False, False, rank)
    for name, kind, items in life.devices:
        for item in items:
            if id_of(name, item.name) == id:
                named = [i.name for i in parse_order(life.order)] or ["any"]
                exact = [n for n, word in enumerate([*life.host, *named]) if word in {name, kind}]
                others = [n for n, word in enumerate(named, len(life.host)) if word == "any"]
                place = (exact or others or [999])[0]  # a locked wish is a candidate all the same
                place += 1 if place < len(life.host) else 3
                last = item.recovery and not item.default
                return item.guess, last, place, KINDS[kind].rank, name, not item.default
    raise AssertionError(id)


def _is_hosts(life: Life, id: str, number: int) -> bool:
    """Return True if the host's wish of that rank names the entry's device."""
    name = id.partition("/e")[0]
    return 1 <= number <= len(life.host) and life.host[number - 1] in {name, life.kind(name)}


def _list_turns(life: Life, view: View) -> list[str]:
    """Return the candidates whose turn it may be: no other configuration locks them.

    A locked entry is among them if it is its configuration's default, or if all are locked.
    """
    if life.boot_restricted:
        return list(view.candidates)
    turns = [id for id in view.candidates if not _is_covered(life, id, view.guards)]
    defaults = {id_of(name, i.name) for name, _, items in life.devices for i in items if i.default}
    return [id for id in turns if id in defaults or not life.is_locked(id)] or turns


def _is_covered(life: Life, id: str, guards: Collection[str]) -> bool:
    """Return True if another configuration locks the entry: that of a disk of the machine."""
    name = id.rpartition("/")[0]
    own = KINDS[life.kind(name)].reach == "machine"
    if life.lock == "own" or not guards or (own and name in life.superusers):
        return False
    return not own or name > min(guards)


def _check_locks(life: Life, course: Course) -> Iterator[str]:
    """Nothing boots that somebody has locked, without a person who has the password."""
    for boot in course.boots:
        if boot.by_person or life.boot_restricted:
            continue
        if life.is_locked(boot.id) or _is_covered(life, boot.id, boot.view.guards):
            yield f"{boot.at:g}: {boot.id} boots, which is locked"


def _check_waits_for_passwords(life: Life, course: Course) -> Iterator[str]:
    """A machine waits for a password only where the first entry has a lock of its own.

    It waits, too, where all entries are locked.
    """
    for view in course.locked:
        ranks = {id: _rank(life, id) for id in _list_turns(life, view)}
        first = min(ranks, key=lambda id: ranks[id], default="")
        if first and (life.boot_restricted or not life.is_locked(first)):
            yield f"{view.at:g}: a password is wanted, but {first} has no lock"


def _find_flapped(life: Life, at: float) -> set[str]:
    """Return the entries that had their turn before this start, by the clock as it is set."""
    began = life.find_clock(at)
    if life.flap is None or began < 1_500_000_000:
        return set()
    count, seconds = life.flap
    recent = [id for id, then in life.boots if 0 <= int(began - then) <= seconds]
    return {id for id in recent if recent.count(id) >= count}


def _check_flapping(life: Life, course: Course) -> Iterator[str]:
    """An entry that was booted often and came back has its turn after all others."""
    for boot in course.boots:
        flapped = _find_flapped(life, boot.at)
        if boot.by_person or boot.id not in flapped:
            continue
        turns = _list_turns(life, boot.view)
        free = {id for id in turns if life.boot_restricted or not life.is_locked(id)}
        if rest := free - flapped - boot.view.failed:
            yield f"{boot.at:g}: {boot.id} boots before {rest}, although it had its turn"


def _check_turns(life: Life, course: Course) -> Iterator[str]:
    """Nothing is tried twice before all that was there has been tried once."""
    tried: dict[str, float] = {}
    events = [(boot.at, boot) for boot in course.boots]
    restarts = list(course.restarts)
    for at, boot in events:
        while restarts and restarts[0] <= at:
            restarts.pop(0)
            tried.clear()
        rest = set(_list_turns(life, boot.view)) - tried.keys()
        if not life.boot_restricted:
            rest = {id for id in rest if not life.is_locked(id)}
        if not boot.by_person and boot.id in tried and rest:
            yield f"{at:g}: {boot.id} is tried again before {rest}"
        tried[boot.id] = at
    for at in course.restarts:
        before = [boot for boot in course.boots if boot.at < at]
        if not before:
            yield f"{at:g}: all is tried again before anything was tried"


def _check_leaving(life: Life, course: Course) -> Iterator[str]:
    """The machine restarts or goes off only if a setting says so, and nobody is there."""
    if course.left is None:
        return
    at, how = course.left
    if {"reboot": "reboot", "halt": "poweroff"}[how] != life.on_failure:
        yield f"{at:g}: {how} although petipy.on_failure={life.on_failure}"
    noise = any(event[1] == "noise" for event in life.events)
    if not noise and at < _last_key(life, at) + life.resume:
        yield f"{at:g}: {how} while somebody may be there"
    if life.timeout == math.inf:
        yield f"{at:g}: {how} although petipy.timeout=never"
    rounds = len([r for r in course.restarts if r > _last_key(life, at)])
    empty = not course.shown[-2][1].default
    if not empty and rounds + 1 < policy.ROUNDS:
        yield f"{at:g}: {how} after {rounds + 1} rounds"


def find_life(seeds: Iterable[int]) -> str:
    """Return the script of the first life that breaks a rule, cut down; "" if none does."""
    for seed in seeds:
        life = make_life(seed)
        if faults := find_faults(life):
            broken = faults[0][0]

            def breaks(less: Life, broken: str = broken) -> bool:
                return any(rule == broken for rule, _ in find_faults(less))

            small = cut_down(life, breaks)
            return write_script(small, f"{broken} Life {seed}: {find_faults(small)[0][1]}")
    return ""


@pytest.mark.parametrize("part", range(PARTS))
def test_no_life_breaks_a_rule(part: int) -> None:
    if script := find_life(range(FIRST + part, FIRST + LIVES, PARTS)):
        pytest.fail(script, pytrace=False)


def test_a_record_that_keeps_candidates_decides_as_one_that_finds_them_anew(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lives = [make_life(seed) for seed in range(FIRST, FIRST + 300)]
    kept = [Machine(life).live().shown for life in lives]
    find = policy.find_turns
    monkeypatch.setattr(policy, "have_same_turns", lambda *_: False)
    monkeypatch.setattr(policy, "find_turns", lambda snapshot, _: find(snapshot))
    assert [Machine(life).live().shown for life in lives] == kept


def test_a_life_that_breaks_a_rule_is_found_and_its_script_lives_it_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A program that forgets failures tries one entry again and again."""
    monkeypatch.setattr(Machine, "forgets", True)
    script = find_life(range(1000))
    assert script.startswith("# Nothing is tried twice")
    assert len(script) < 2000
    exec(compile(script, "life.py", "exec"), {})
    assert "Boot(" in capsys.readouterr().out

"""The automatic boot. Pure: (snapshot, hints, now) → a decision.

A headless machine must never be stranded: whatever hangs or fails, some decision leads to a boot,
unless a person is there or has set the machine to wait.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass, fields, replace
from operator import attrgetter, is_
from typing import Literal

from petipy.state.access import find_boot_locks
from petipy.state.boots import Countdown
from petipy.state.candidates import list_candidates, list_uncovered
from petipy.state.model import ORDINARY, Choice, Snapshot
from petipy.state.order import Ranking
from petipy.state.settings import Settings

TIMEOUT = 10.0  # seconds, if neither the user nor the boot configuration has a time-out
PAUSE = 3.0  # before the next candidate: time to read why the last one failed
LEAST = 3.0  # a configuration's time-out may be 0, but then nobody could ever stop it
PATIENCE = 20.0  # seconds after the countdown for devices that are still busy
UNLOCKED = 600.0  # seconds more, for a disk that may have a lock on what boots
RETRY = 60.0  # seconds until all are tried again, if every candidate has failed
SLOWEST = 960.0  # seconds: each such pause is twice as long as the last one, up to this
_DOUBLINGS = 10  # of RETRY: more than it takes to SLOWEST
ROUNDS = 3  # through all candidates, before the setting on_failure counts
EMPTY = 300.0  # seconds without a candidate, before the setting on_failure counts


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """Facts that the snapshot does not show. Times are seconds of the clock that gives `now`."""

    failed: frozenset[str] = frozenset()  # ids of choices that did not boot
    fatal: Collection[str] = ()  # ids of choices with whose boot an earlier program ended
    last_failure: float = -math.inf
    last_look: float = -math.inf  # the time when a choice was last sent back to be scanned again
    last_key: float = -math.inf  # the time when a person last touched a console
    since: float = math.inf  # the time when there was first a candidate; inf: it is now
    # The time when the default last went to a device that came late, or keys proved to be nobody's.
    moved: float = -math.inf
    rounds: int = 0  # the number of times that all candidates had failed and were tried again
    empty: float = math.inf  # the time since when there has been no candidate; inf: it is now


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The thing to do now. `again` is the time to ask again if nothing changes before."""

    default: str = ""  # the id to mark
    locked: bool = False  # it wants a password
    countdown: Countdown | None = None
    boot: str = ""  # the id to boot now
    forget_failures: bool = False  # try all again, from the first
    exhausted: bool = False  # every candidate has failed
    leave: Literal["", "reboot", "halt"] = ""  # the machine is to restart, or to go off, now
    again: float = math.inf


@dataclass(frozen=True, slots=True, kw_only=True)
class Turns:
    """The candidates of a snapshot: all that looks at each of its choices.

    It is the same for a snapshot with other values in the fields `PASSING`.
    """

    ranking: Ranking
    order: list[Choice]  # those whose turn it may be
    free: list[Choice]  # those of them that need no password


PASSING = frozenset(
    {*("version", "default", "locked", "countdown", "status"), *("booting", "progress", "ssh")}
    | {"attempts", "hold"}
)
_get_lasting = attrgetter(*(f.name for f in fields(Snapshot) if f.name not in PASSING))


def find_turns(snapshot: Snapshot, before: Turns | None = None) -> Turns:
    """Find the candidates of a snapshot. `before` are those of an earlier one, which saves work.

    An entry that its own configuration locks has a turn, in vain, if it is a default or a fallback.
    No owner asks for a person by the lock of any other entry: it is left out, unless all are such.
    """
    ranking = Ranking(snapshot, before.ranking if before else None)
    order = free = list_candidates(snapshot, ranking)
    if order and not snapshot.settings.boot_restricted:
        uncovered = list_uncovered(order, snapshot)
        free = [choice for choice in uncovered if choice.users is None]
        wanted = [c for c in uncovered if c.users is None or c.turn < ORDINARY]
        order = (wanted if free else uncovered) or order
    return Turns(ranking=ranking, order=order, free=free)


def have_same_turns(one: Snapshot, other: Snapshot) -> bool:
    """Return True if `find_turns` gives the same for both. It may be the same for others, too."""
    return all(map(is_, _get_lasting(one), _get_lasting(other)))


def decide(snapshot: Snapshot, hints: Hints, now: float, turns: Turns | None = None) -> Decision:
    """Return the thing to do now. `turns` are the snapshot's, if the caller has them.

    The caller asks at every change, and at the time `again` of the last decision.
    """
    turns = turns or find_turns(snapshot)
    order, free, settings = turns.order, turns.free, snapshot.settings
    attended = find_return(settings, hints.last_key)
    if not order:
        if snapshot.hold:
            return Decision()
        return _decide_without_candidate(settings, hints, attended, now)
    if not free or free[0] is not order[0]:
        # An owner who sets superusers and does not write --unrestricted wants a person at every
        # boot: GRUB, too, asks for the password when the time is over. Another entry or disk is
        # not what the owner asked for, and may be an installer.
        return Decision(default=order[0].id, locked=True)
    if hints.since > now:
        hints = replace(hints, since=now)
    untried = [choice for choice in free if choice.id not in hints.failed]
    untried.sort(key=lambda choice: choice.id in hints.fatal)  # the rest of the order stays
    default = (untried or free)[0]
    if snapshot.hold:
        return Decision(default=default.id)
    seconds = _seconds(default, settings)
    waits = seconds == math.inf or now < attended  # for a person, who is there or is to come
    end = _find_end(default, settings, hints)
    if snapshot.booting or (waits and now < end):
        again = attended if now < attended else math.inf
        if snapshot.booting or end == math.inf:
            return Decision(default=default.id, again=again)
        countdown = Countdown(choice=default.id, until=end, fixed=True)
        return Decision(default=default.id, countdown=countdown, again=min(end, again))
    if not untried:
        return _decide_after_all(default, settings, hints, attended, now)
    until = min(end, _until(seconds, settings, hints, attended))
    least = hints.moved + min(LEAST, seconds)
    return _count_down(default, snapshot, turns.ranking, hints, until, least, now)


def _count_down(
    default: Choice,
    snapshot: Snapshot,
    ranking: Ranking,
    hints: Hints,
    until: float,
    least: float,
    now: float,
) -> Decision:
    """Decide when nobody is there: wait until a time, perhaps longer for devices, then boot.

    It is `least` at least: a person has time to see that a late device has taken the default over,
    or that the countdown goes on.
    """
    wait, awaited = ranking.find_wait(default, hints.since)
    if wait <= until:
        awaited = ""
    until = max(until, wait, least)

    def wait_until(again: float) -> Decision:
        longer = again > until
        countdown = Countdown(choice=default.id, until=until, awaits=awaited, waiting=longer)
        return Decision(default=default.id, countdown=countdown, again=again)

    if now < until:
        return wait_until(until)
    busy = snapshot.scanning - _list_unawaited(snapshot) or not snapshot.settled
    changes = default.device in snapshot.scanning
    last = max(until, hints.last_look if changes else until) + PATIENCE
    if (changes or (busy and not hints.failed)) and now < last:
        # A scan may yet find an entry that comes before this one, or another one in its place.
        return wait_until(last)
    last += UNLOCKED
    if not default.own and now < last and _may_be_locked(default, snapshot):
        # A disk of the machine that is still being looked at may have a lock on it. One that comes
        # and goes is looked at for ever.
        return wait_until(last)
    return Decision(default=default.id, boot=default.id)


def _may_be_locked(choice: Choice, snapshot: Snapshot) -> bool:
    """Return True if there may be locks on booting the choice that nobody knows yet."""
    return any(lock.waits for lock in find_boot_locks(choice, snapshot))


def _list_unawaited(snapshot: Snapshot) -> set[str]:
    """Return the names of sources that hold nothing up, but for the setting `order`.

    An image comes after its disk. A network may be slow for ever, and comes last.
    """
    return {s.name for s in snapshot.sources if s.kind.inner or s.kind.remote}


def find_return(settings: Settings, last_key: float) -> float:
    """Return the time at which nobody is there any more; -inf if nobody ever was."""
    return -math.inf if last_key == -math.inf else last_key + settings.resume


def _seconds(default: Choice, settings: Settings) -> float:
    if settings.menu is not None:
        return settings.menu
    if settings.timeout is not None:
        return settings.timeout
    return TIMEOUT if default.timeout is None else max(LEAST, default.timeout)


def _find_end(default: Choice, settings: Settings, hints: Hints) -> float:
    """Return the time at which the default boots whether a person is there or not."""
    asked = settings.timeout is not None or settings.menu is not None
    if default.total is None or asked or hints.failed:
        return math.inf
    return hints.since + max(LEAST, default.total)


def _until(seconds: float, settings: Settings, hints: Hints, attended: float) -> float:
    if attended > max(hints.since, hints.last_failure):
        # After a person has gone away, the countdown starts anew. Another one may be there.
        return attended + max(seconds, LEAST)
    if hints.failed and hints.since <= hints.last_failure:
        return hints.last_failure + (0 if settings.timeout == 0 else PAUSE)
    return hints.since + seconds


def _decide_after_all(
    default: Choice, settings: Settings, hints: Hints, attended: float, now: float
) -> Decision:
    """Decide when every candidate has failed and nobody is there."""
    if attended > hints.last_failure:  # a person was there since: all begins anew
        return Decision(default=default.id, forget_failures=True, again=now)
    # A machine may go on for years: no power of a number of rounds.
    pause = RETRY * 2.0 ** min(hints.rounds, _DOUBLINGS)
    again = hints.last_failure + min(pause, SLOWEST)
    countdown = Countdown(choice=default.id, until=again)
    if settings.on_failure == "retry" or hints.rounds + 1 < ROUNDS:
        return Decision(
            default=default.id,
            countdown=countdown,
            forget_failures=now >= again,
            exhausted=True,
            again=again,
        )
    if settings.on_failure == "menu":
        return Decision(default=default.id, exhausted=True)
    # The reason of the last failure stays on the consoles for a while.
    again = hints.last_failure + RETRY
    leave = _find_leave(settings)
    if now >= again:
        return Decision(default=default.id, exhausted=True, leave=leave)
    countdown = replace(countdown, until=again, leave=leave)
    return Decision(default=default.id, countdown=countdown, exhausted=True, again=again)


def _decide_without_candidate(
    settings: Settings, hints: Hints, attended: float, now: float
) -> Decision:
    """Decide where there is nothing that may boot by itself."""
    leave = _find_leave(settings)
    if not leave or math.inf in (settings.timeout, settings.menu):
        return Decision()
    end = max(min(hints.empty, now) + EMPTY, attended + LEAST)
    if now < attended:
        return Decision(again=attended)
    if now >= end:
        return Decision(leave=leave)
    return Decision(countdown=Countdown(choice="", until=end, leave=leave), again=end)


def _find_leave(settings: Settings) -> Literal["", "reboot", "halt"]:
    match settings.on_failure:
        case "reboot":
            return "reboot"
        case "poweroff":
            return "halt"
        case _:
            return ""

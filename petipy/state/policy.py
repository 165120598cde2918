"""The automatic boot. Pure: (snapshot, hints, now) → a decision.

A headless machine must never be stranded: whatever hangs or fails, some decision leads to a boot,
unless a person is there or has set the machine to wait.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

from petipy.state.access import find_boot_locks
from petipy.state.candidates import list_candidates, list_uncovered
from petipy.state.model import Choice, Countdown, Snapshot
from petipy.state.order import Ranking
from petipy.state.settings import Settings

TIMEOUT = 10.0  # seconds, if neither the user nor the boot configuration has a time-out
PAUSE = 3.0  # before the next candidate: time to read why the last one failed
LEAST = 3.0  # a configuration's time-out may be 0, but then nobody could ever stop it
PATIENCE = 20.0  # seconds after the countdown for devices that are still busy
ABSENCE = 600.0  # seconds without a key after which nobody is there any more
RETRY = 60.0  # seconds after which all are tried again, if every candidate has failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """Facts that the snapshot does not show. Times are seconds of the clock that gives `now`."""

    failed: frozenset[str] = frozenset()  # ids of choices that did not boot
    fatal: Collection[str] = ()  # ids of choices with whose boot an earlier program ended
    last_failure: float = -math.inf
    last_look: float = -math.inf  # the time when a choice was last sent back to be scanned again
    last_key: float = -math.inf  # the time when a person last touched a console
    since: float = math.inf  # the time when there was first something to boot
    moved: float = -math.inf  # the time when the default last went to a device that came late


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The thing to do now. `again` is the time to ask again if nothing changes before."""

    default: str = ""  # the id to mark
    locked: bool = False  # it wants a password
    countdown: Countdown | None = None
    boot: str = ""  # the id to boot now
    forget_failures: bool = False  # try all again, from the first
    again: float = math.inf


def decide(snapshot: Snapshot, hints: Hints, now: float) -> Decision:
    """Return the thing to do now.

    The caller asks at every change, and at the time `again` of the last decision.
    """
    order, settings = list_candidates(snapshot), snapshot.settings
    if not order:
        return Decision()
    free = order
    if not settings.boot_restricted:
        uncovered = list_uncovered(order, snapshot)
        order = uncovered or order
        free = [choice for choice in uncovered if choice.users is None]
    if not free or free[0] is not order[0]:
        # An owner who sets superusers and does not write --unrestricted wants a person at every
        # boot: GRUB, too, asks for the password when the time is over. Another entry or disk is
        # not what the owner asked for, and may be an installer.
        return Decision(default=order[0].id, locked=True)
    untried = [choice for choice in free if choice.id not in hints.failed]
    untried.sort(key=lambda choice: choice.id in hints.fatal)  # the rest of the order stays
    default = (untried or free)[0]
    attended = hints.last_key + ABSENCE
    seconds = _seconds(default, settings)
    if snapshot.booting or seconds == math.inf or now < attended:
        return Decision(default=default.id, again=attended if now < attended else math.inf)
    if not untried:
        again = hints.last_failure + RETRY
        countdown = Countdown(choice=default.id, until=again)
        return Decision(
            default=default.id, countdown=countdown, forget_failures=now >= again, again=again
        )
    until = _until(seconds, settings, hints, attended)
    countdown = Countdown(choice=default.id, until=until)
    ranking = Ranking(settings.order, snapshot.sources)
    wait, awaited = ranking.find_wait(default.device, hints.since)
    if wait > until:
        until, countdown = wait, replace(countdown, until=wait, awaits=awaited)
    # A person has time to see that a device which came late has taken the default over.
    if (least := hints.moved + min(LEAST, seconds)) > until:
        until, countdown = least, replace(countdown, until=least)
    if now < until:
        return Decision(default=default.id, countdown=countdown, again=until)
    busy = snapshot.scanning - _list_unawaited(snapshot) or not snapshot.settled
    changes = default.device in snapshot.scanning
    last = max(until, hints.last_look if changes else until) + PATIENCE
    if (changes or (busy and not hints.failed)) and now < last:
        # A scan may yet find an entry that comes before this one, or another one in its place.
        longer = replace(countdown, waiting=True)
        return Decision(default=default.id, countdown=longer, again=last)
    last += ABSENCE
    if not default.own and now < last and _may_be_locked(default, snapshot):
        # A disk of the machine that is still being looked at may have a lock on it. One that comes
        # and goes is looked at for ever.
        return Decision(default=default.id, countdown=replace(countdown, waiting=True), again=last)
    return Decision(default=default.id, boot=default.id)


def _may_be_locked(choice: Choice, snapshot: Snapshot) -> bool:
    """Return True if there may be locks on booting the choice that nobody knows yet."""
    return any(lock.waits for lock in find_boot_locks(choice, snapshot))


def _list_unawaited(snapshot: Snapshot) -> set[str]:
    """Return the names of sources that hold nothing up, but for the setting `order`.

    An image comes after its disk. A network may be slow for ever, and comes last.
    """
    return {s.name for s in snapshot.sources if s.kind.inner or s.kind.remote}


def _seconds(default: Choice, settings: Settings) -> float:
    if settings.timeout is not None:
        return settings.timeout
    return TIMEOUT if default.timeout is None else max(LEAST, default.timeout)


def _until(seconds: float, settings: Settings, hints: Hints, attended: float) -> float:
    if hints.failed:
        return hints.last_failure + (0 if settings.timeout == 0 else PAUSE)
    # After a person has gone away, the countdown starts anew.
    return max(hints.since, attended) + seconds

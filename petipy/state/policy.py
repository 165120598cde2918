"""The automatic boot. Pure: (snapshot, hints, now) → a decision.

A headless machine must never be stranded: whatever hangs or fails, some decision leads to a boot,
unless a person is there or has set the machine to wait.
"""

import math
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from itertools import takewhile

from petipy.state import itself
from petipy.state.access import find_boot_locks, find_cover_locks
from petipy.state.model import ORDINARY, Change, Choice, Countdown, Snapshot
from petipy.state.order import Ranking
from petipy.state.settings import Settings

TIMEOUT = 10.0  # seconds, if neither the user nor the boot configuration has a time-out
PAUSE = 3.0  # before the next candidate: time to read why the last one failed
LEAST = 3.0  # a configuration's time-out may be 0, but then nobody could ever stop it
PATIENCE = 20.0  # seconds after the countdown for devices that are still busy
ABSENCE = 600.0  # seconds without a key after which nobody is there any more
RETRY = 60.0  # seconds after which all are tried again, if every candidate has failed

_MEDIA = ("iso9660", "udf")  # file systems that are written once, as a whole

_RECOVERY = re.compile(
    r"(?:^|\s)(?:single|recovery|emergency|rescue|s|S|1|init=\S+"
    r"|systemd\.unit=(?:rescue|emergency)\S*|rd\.break\S*)(?:\s|$)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """Facts that the snapshot does not show. Times are seconds of the clock that gives `now`."""

    failed: frozenset[str] = frozenset()  # ids of choices that did not boot
    fatal: Collection[str] = ()  # ids of choices with whose boot an earlier program ended
    last_failure: float = -math.inf
    last_look: float = -math.inf  # the time when a choice was last sent back to be scanned again
    last_key: float = -math.inf  # the time when a person last touched a console
    since: float = math.inf  # the time when there was first something to boot


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


def list_uncovered(order: Iterable[Choice], snapshot: Snapshot) -> list[Choice]:
    """Leave out the choices that need a password of another configuration.

    Their own configuration did not ask for a person at every boot, so the next candidate follows.
    A lock that waits leaves nothing out. Nor does one of a configuration that comes later in the
    menu: a used disk, or a file on a partition for data, is not to take the boot over.
    """
    spared = _list_before_guards(snapshot)
    covered: dict[tuple[bool, bool], bool] = {}  # by all of a choice that its lock depends on

    def is_covered(choice: Choice) -> bool:
        key = choice.own, choice.guarded
        if key not in covered:
            locks = find_cover_locks(choice, snapshot)
            covered[key] = any(not lock.waits for lock in locks)
        return covered[key]

    return [choice for choice in order if choice.id in spared or not is_covered(choice)]


def _list_before_guards(snapshot: Snapshot) -> set[str]:
    """Return the ids of the machine's own choices that precede every configuration with a lock.

    The place of a configuration without a choice is that of its device.
    """
    devices = {guard.device for reach, guard in snapshot.guards if reach == "machine"}
    shown = {choice.device for choice in snapshot.choices if choice.guarded}
    place = {source.name: number for number, source in enumerate(snapshot.sources)}
    end = min((place.get(device, -1) for device in devices - shown), default=len(place))
    before = takewhile(lambda choice: not (choice.own and choice.guarded), snapshot.choices)
    return {c.id for c in before if c.own and place.get(c.device, end) < end}


def list_candidates(snapshot: Snapshot) -> list[Choice]:
    """Return the choices that can boot without a person, in the order in which to try them.

    Passwords do not count here. The order is:

    1. Device by device, as in the menu or in the setting `order`: the default, the fallbacks, the
       others. If configurations of a device want different defaults, that of the better format
       (parsers.api.Format.rank) comes first.
    2. Entries that only a person can use, such as recovery.
    3. Kernels that no configuration offers.

    Left out is Petipy itself, and what wants a check that cannot be made. Left out, too, since they
    may install a system over the one that is there:

    - all choices of a configuration that wants the local disk to boot;
    - those of a device that the setting `order` leaves out;
    - from the network or a medium, all but the default and the fallbacks;
    - those in image files, unless there is nothing else that could boot, even in vain.
    """
    images, media = _images(snapshot), _media(snapshot)
    bootable = [
        choice
        for choice in snapshot.choices
        if choice.bootable and not (itself.explain(snapshot, choice) or choice.entry.unchecked)
    ]
    ours = [choice for choice in bootable if choice.device not in images] or bootable
    harmless = (
        c for c in ours if not c.elsewhere and (c.turn < ORDINARY or not _installs(c, media))
    )
    ranking = Ranking(snapshot.settings.order, snapshot.sources)
    ranked = (choice for choice in harmless if ranking.place(choice.device))
    return sorted(ranked, key=_make_order(ranking))


Key = tuple[bool, bool, tuple[int, int], bool, int, int]


def _make_order(ranking: Ranking) -> Callable[[Choice], Key]:
    """Return the key by which list_candidates sorts."""

    def key(choice: Choice) -> Key:
        return (
            choice.entry.guess,
            _needs_a_person(choice),
            ranking.place(choice.device) or (0, 0),
            choice.turn >= ORDINARY,
            choice.rank,
            choice.turn,
        )

    return key


def _media(snapshot: Snapshot) -> set[str]:
    """Return the names of the sources that offer installers: networks, discs and their images."""
    return {
        source.name
        for source in snapshot.sources
        if source.kind.remote or (source.device and source.device.volume.fs in _MEDIA)
    }


def _installs(choice: Choice, media: set[str]) -> bool:
    """Return True if a menu's entry may be there to install a system.

    A script on a disk may fetch such a kernel, too.
    """
    file = choice.kernel
    return not choice.entry.guess and (choice.device in media or bool(file and file.url))


def _list_unawaited(snapshot: Snapshot) -> set[str]:
    """Return the names of sources that hold nothing up, but for the setting `order`.

    An image comes after its disk. A network may be slow for ever, and comes last.
    """
    return {s.name for s in snapshot.sources if s.kind.inner or s.kind.remote}


def _images(snapshot: Snapshot) -> set[str]:
    return {source.name for source in snapshot.sources if source.kind.inner}


def explain_order(snapshot: Snapshot) -> list[str]:
    """Return in words what the setting `order` asks for in vain."""
    ranking = Ranking(snapshot.settings.order, snapshot.sources)
    words = [f"petipy.order: nothing here is called {name}" for name in ranking.list_absent()]
    named = any(ranking.place(choice.device) for choice in snapshot.choices if choice.bootable)
    if snapshot.settings.order and not named:
        words.append("petipy.order names nothing that can boot yet: nothing boots by itself")
    return words


def list_passed_over(snapshot: Snapshot, boots: Choice) -> list[Choice]:
    """Return the defaults that would boot before a choice, but are no candidates."""
    ranking = Ranking(snapshot.settings.order, snapshot.sources)
    key = _make_order(ranking)
    defaults = (c for c in snapshot.choices if c.turn == 0 and not c.elsewhere)
    before = (choice for choice in defaults if key(choice) < key(boots))
    return [c for c in before if not c.bootable or itself.explain(snapshot, c)]


def list_changes(snapshot: Snapshot, choice: Choice, failed: Collection[str]) -> list[Change]:
    """Return the changes that booting the choice makes.

    A wish for one boot, such as GRUB's next_entry, is used up when the default boots. It is used
    up, too, when the default has failed and something else of its configuration boots: GRUB, too,
    tries it once. It stays when a person boots something else, or when the default is nothing that
    kexec can start: another boot loader may still carry it out.
    """
    if not any(change.once for change in choice.changes):
        return list(choice.changes)
    tried = {
        (change.file, value)
        for other in snapshot.choices
        if other.id in failed and other.entry.default and other.device == choice.device
        for change in other.changes
        for value in change.values
    }
    return [
        change
        for change in choice.changes
        if not change.once or tried.issuperset((change.file, value) for value in change.values)
    ]


def find_next(snapshot: Snapshot, device: str) -> Choice | None:
    """Return the choice that boots after a device's menu has been left.

    With GRUB's `exit` the firmware goes on to the next device.
    """
    order = (c for c in list_candidates(snapshot) if c.device != device)
    return next((c for c in order if not find_boot_locks(c, snapshot)), None)


def _needs_a_person(choice: Choice) -> bool:
    return choice.turn >= ORDINARY and bool(_RECOVERY.search(choice.entry.cmdline))


def _seconds(default: Choice, settings: Settings) -> float:
    if settings.timeout is not None:
        return settings.timeout
    return TIMEOUT if default.timeout is None else max(LEAST, default.timeout)


def _until(seconds: float, settings: Settings, hints: Hints, attended: float) -> float:
    if hints.failed:
        return hints.last_failure + (0 if settings.timeout == 0 else PAUSE)
    # After a person has gone away, the countdown starts anew.
    return max(hints.since, attended) + seconds

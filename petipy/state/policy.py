"""What boots by itself, and when. Pure: (snapshot, hints, now) → a decision.

Never strand a headless machine: whatever hangs or fails, some decision leads to a boot, unless a
person is there, or has said that the machine shall wait.
"""

import math
import re
from dataclasses import dataclass, replace

from petipy.state.model import ORDINARY, Choice, Countdown, Settings, Snapshot

TIMEOUT = 10.0  # seconds, when neither the user nor the boot configuration says
PAUSE = 3.0  # before the next candidate: time to read why the last one failed
LEAST = 3.0  # a configuration's own timeout may be 0, but then nobody could ever stop it
PATIENCE = 20.0  # how much longer than the countdown to wait for devices that are still busy
ABSENCE = 600.0  # a console that nobody touches for so long is not attended any more
RETRY = 60.0  # after every candidate has failed, all are tried again

_MEDIA = ("iso9660", "udf")  # file systems that are written once, as a whole

_RECOVERY = re.compile(
    r"(?:^|\s)(?:single|recovery|emergency|rescue|s|S|1|init=\S+"
    r"|systemd\.unit=(?:rescue|emergency)\S*|rd\.break\S*)(?:\s|$)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What the snapshot does not show. Times are those of the clock that gives `now`."""

    failed: frozenset[str] = frozenset()  # ids of choices that have been tried in vain
    last_failure: float = -math.inf
    last_key: float = -math.inf  # when a person was last seen at a console
    since: float = math.inf  # when there was first something to boot


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do at this moment. `again` is when to ask anew if nothing changes before."""

    default: str = ""  # the id to mark
    countdown: Countdown | None = None
    boot: str = ""  # boot this one now
    forget_failures: bool = False  # all have failed: start again from the first
    again: float = math.inf


def decide(snapshot: Snapshot, hints: Hints, now: float) -> Decision:
    """To be asked at every change, and when the last answer's `again` has come. Times are seconds
    by the clock of `now`."""
    order, settings = candidates(snapshot), snapshot.settings
    if not order:
        return Decision()
    free = [choice for choice in order if choice.users is None or settings.boot_restricted]
    if order[0] not in free:
        # Whoever set superusers, and did not write --unrestricted, wants a person at every boot:
        # GRUB asks for the password, too, when the time is over. To boot another entry or disk
        # instead would be neither what was asked for nor, with an installer there, harmless.
        return Decision(default=order[0].id)
    untried = [choice for choice in free if choice.id not in hints.failed]
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
    if now < until:
        return Decision(default=default.id, countdown=countdown, again=until)
    busy = snapshot.scanning - _images(snapshot) or not snapshot.settled
    if busy and not hints.failed and now < until + PATIENCE:
        # Something that ought to boot before this one may yet be found.
        longer = replace(countdown, waiting=True)
        return Decision(default=default.id, countdown=longer, again=until + PATIENCE)
    return Decision(default=default.id, boot=default.id)


def candidates(snapshot: Snapshot) -> list[Choice]:
    """What can boot without a person's hand, whatever password it may want, in the order in which
    to try: device by device, as the menu has them, of each its default, its fallbacks, the rest;
    then what only a person can use; last the kernels that no configuration offers. Where a
    device's configurations want different defaults, that of the better format
    (parsers.api.Format.rank) comes first. Never those whose configuration wants the local disk to
    boot: the next one may install a system. Of what comes over the network or from a medium, only
    what its configuration has chosen, for the same reason. And those in image files only where
    nothing else could boot, be it in vain: most of them install, too."""
    place = {source.name: number for number, source in enumerate(snapshot.sources)}

    def turn(choice: Choice) -> tuple[bool, bool, int, bool, int, int]:
        return (
            choice.entry.guess,
            _needs_a_person(choice),
            place.get(choice.device, len(place)),
            choice.turn >= ORDINARY,
            choice.rank,
            choice.turn,
        )

    images, media = _images(snapshot), _media(snapshot)
    bootable = [choice for choice in snapshot.choices if choice.bootable]
    ours = [choice for choice in bootable if choice.device not in images] or bootable
    harmless = (
        c for c in ours if not c.elsewhere and (c.turn < ORDINARY or not _installs(c, media))
    )
    return sorted(harmless, key=turn)


def _media(snapshot: Snapshot) -> set[str]:
    """Return the names of the sources that offer installers: networks, discs and their images."""
    return {
        source.name
        for source in snapshot.sources
        if source.kind.remote or (source.device and source.device.volume.fs in _MEDIA)
    }


def _installs(choice: Choice, media: set[str]) -> bool:
    """Whether a menu's entry, if nobody has chosen it, may well be there to install a system.

    A script on a disk, too, may fetch what it starts.
    """
    file = choice.kernel
    return not choice.entry.guess and (choice.device in media or bool(file and file.url))


def _images(snapshot: Snapshot) -> set[str]:
    return {source.name for source in snapshot.sources if source.kind.inner}


def beyond(snapshot: Snapshot, device: str) -> Choice | None:
    """What boots next for who leaves the menu of a device, as GRUB's `exit` lets the firmware go
    on to the next one."""
    order = (c for c in candidates(snapshot) if c.device != device and c.users is None)
    return next(order, None)


def _needs_a_person(choice: Choice) -> bool:
    return choice.turn >= ORDINARY and bool(_RECOVERY.search(choice.entry.cmdline))


def _seconds(default: Choice, settings: Settings) -> float:
    if settings.timeout is not None:
        return settings.timeout
    return TIMEOUT if default.timeout is None else max(LEAST, default.timeout)


def _until(seconds: float, settings: Settings, hints: Hints, attended: float) -> float:
    if hints.failed:
        return hints.last_failure + (0 if settings.timeout == 0 else PAUSE)
    # When a person was there and has gone away, the countdown starts anew.
    return max(hints.since, attended) + seconds

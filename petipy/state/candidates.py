"""The choices that may boot without a person, and their order. Pure."""

import re
from collections.abc import Callable, Collection, Iterable
from itertools import takewhile

from petipy.state import itself, unchecked
from petipy.state.access import describe_users, find_boot_locks, find_cover_locks
from petipy.state.model import ORDINARY, Change, Choice, Snapshot
from petipy.state.order import Ranking

_MEDIA = ("iso9660", "udf")  # file systems that are written once, as a whole

_RECOVERY = re.compile(
    r"(?:^|\s)(?:single|recovery|emergency|rescue|s|S|1|init=\S+"
    r"|systemd\.unit=(?:rescue|emergency)\S*|rd\.break\S*)(?:\s|$)"
)


def list_uncovered(order: Iterable[Choice], snapshot: Snapshot) -> list[Choice]:
    """Leave out the choices that need a password of another configuration.

    Their own configuration did not ask for a person at every boot, so the next candidate follows.
    A lock that waits leaves nothing out. Nor does one of a configuration that comes later in the
    menu: a used disk, or a file on a partition for data, is not to take the boot over.
    """
    covered: dict[tuple[bool, bool], bool] = {}  # by all of a choice that its lock depends on
    known = list(order)

    def is_covered(choice: Choice) -> bool:
        key = choice.own, choice.guarded
        if key not in covered:
            locks = find_cover_locks(choice, snapshot)
            covered[key] = any(not lock.waits for lock in locks)
        return covered[key]

    uncovered = [choice for choice in known if not is_covered(choice)]
    if len(uncovered) == len(known):  # few machines have locks
        return uncovered
    spared = _list_before_guards(snapshot)
    return [choice for choice in known if choice.id in spared or not is_covered(choice)]


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


def explain(snapshot: Snapshot, choice: Choice) -> str:
    """Return in words why a choice that can boot does not boot by itself; "" if it may."""
    own = itself.explain(snapshot, choice)
    return f"it is {own}" if own else unchecked.explain(snapshot, choice)


def list_candidates(snapshot: Snapshot, ranking: Ranking | None = None) -> list[Choice]:
    """Return the choices that can boot without a person, in the order in which to try them.

    `ranking` is the snapshot's, if the caller has it. Passwords do not count here. The order is:

    0. Entries that a wish or the setting `order` names, in their place in it. One that its own
       configuration locks stays where it is without that: nobody may be there for its password.
    1. Device by device, as in the menu or in the setting `order`: the default, the fallbacks, the
       others. If configurations of a device want different defaults, that of the better format
       (parsers.api.Format.rank) comes first.
    2. Entries that only a person can use, such as recovery.
    3. Kernels that no configuration offers.

    Left out is Petipy itself, and what wants a check that cannot be made. Left out, too, unless
    named, since they may install a system over the one that is there:

    - all choices of a configuration that wants the local disk to boot;
    - those of a device that the setting `order` leaves out;
    - from the network or a medium, all but the default and the fallbacks;
    - those in image files, unless there is nothing else that could boot, even in vain.
    """
    images, media = _images(snapshot), _media(snapshot)
    bootable = [
        choice for choice in snapshot.choices if choice.bootable and not explain(snapshot, choice)
    ]
    ours = [choice for choice in bootable if choice.device not in images] or bootable
    harmless = {
        c.id for c in ours if not c.elsewhere and (c.turn < ORDINARY or not _installs(c, media))
    }
    ranking = ranking or Ranking(snapshot)
    ranked = (c for c in bootable if c.id in harmless or ranking.names(c))
    key = _make_order(ranking, heed_locks=not snapshot.settings.boot_restricted)
    return sorted(filter(ranking.place, ranked), key=key)


Key = tuple[bool, bool, tuple[int, int], bool, int, int]
_LAST = 1 << 30, 0  # a place after all others


def _make_order(ranking: Ranking, *, heed_locks: bool) -> Callable[[Choice], Key]:
    """Return the key by which list_candidates sorts."""

    def key(choice: Choice) -> Key:
        named, place = ranking.names(choice), ranking.place(choice) or (0, 0)
        if named and heed_locks and choice.users is not None:
            named, place = False, ranking.place_device(choice) or _LAST
        return (
            choice.entry.guess and not named,
            _needs_a_person(choice) and not named,
            place,
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


def _images(snapshot: Snapshot) -> set[str]:
    return {source.name for source in snapshot.sources if source.kind.inner}


def explain_order(snapshot: Snapshot) -> list[str]:
    """Return in words what the order and the wishes ask for in vain."""
    ranking = Ranking(snapshot)
    words = []
    for item in ranking.list_absent():
        if item.entry:
            setting = "next" if item.name == snapshot.settings.next else "entry"
            words.append(f"petipy.{setting}: no entry here is {item.name}")
        elif item.name in snapshot.host:
            words.append(f"the host wants {item.name} to boot first, which is not here")
        else:
            words.append(f"petipy.order: nothing here is called {item.name}")
    named = any(ranking.place(choice) for choice in snapshot.choices if choice.bootable)
    if snapshot.settings.order and not named:
        words.append("petipy.order names nothing that can boot yet: nothing boots by itself")
    return words


def list_passed_over(snapshot: Snapshot, boots: Choice) -> list[Choice]:
    """Return the defaults and wishes that would boot before a choice, but are no candidates."""
    ranking = Ranking(snapshot)
    key = _make_order(ranking, heed_locks=False)
    wanted = (c for c in snapshot.choices if (c.turn == 0 and not c.elsewhere) or ranking.names(c))
    before = (choice for choice in wanted if key(choice) < key(boots))
    return [c for c in before if explain_pass(snapshot, c)]


def explain_pass(snapshot: Snapshot, choice: Choice) -> str:
    """Return in words why a choice is not booted by itself before others; "" if it may be."""
    if words := choice.obstacle or choice.entry.unbootable or explain(snapshot, choice):
        return words
    if not choice.bootable:
        return "it starts no kernel"
    if snapshot.settings.boot_restricted:
        return ""
    if choice.users is None and list_uncovered([choice], snapshot):
        return ""
    return f"it is for {describe_users(choice, snapshot)}"


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

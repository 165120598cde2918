"""Locks: the passwords that open an entry, its editor and the shell. Pure.

The rules are GRUB's (its manual, "Authentication and authorisation") for one configuration. If it
names superusers, only they may change its entries and use the command line, which is a shell here;
and it says who boots its entries. A machine has more than one configuration:

- The superusers of each disk that is the machine's own (Kind.reach) guard everything that no such
  configuration speaks for: its disk's entries in other formats, other disks, sticks, discs, files,
  the network, the editor and the shell. With two such disks, both passwords are needed. With the
  setting lock=own, they guard their own entries, the editor and the shell.
- The automatic boot passes the lock of a configuration that comes later in the menu (policy).
- A disk's entries obey their own configuration alone. So a disk with another owner does not keep
  the machine's default from booting, and the default's owner opens nothing there. An entry that
  needs a file of a stick is none of them: the stick may only pass for a disk.
- A stick's superusers guard the stick's entries. They guard the editor and the shell, too, while no
  disk of the machine has superusers. They open nothing else.
- The image's password (a setting) guards the editor, the shell and the entries that are not on the
  machine's own disks, and opens every lock.
- A password that the machine keeps (a setting) guards the editor and the shell, besides all of the
  above. It opens no other lock: every installed system can write it. The image's password opens it.
- An entry of a person's own changes another one, and every installed system can write it. It has
  that one's locks, and to boot it takes what it takes to change that one.
- No knowledge means no password: while a source is unread, everything that its superusers might
  guard stays shut. Once a scan of it has failed, entries may be booted. Once it has been given up,
  the editor and the shell need a password of a disk of the machine, the image's password, or the
  setting shell=unscanned.
"""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace

from parsers.api import Password
from petipy.state.guards import Reach, describe_keys
from petipy.state.model import Choice, Snapshot, Source

_MACHINE: tuple[Reach, ...] = ("machine",)
_SHELL: tuple[Reach, ...] = ("machine", "shell")


@dataclass(frozen=True, slots=True)
class Lock:
    """The passwords that open something. A lock without any password stays shut."""

    keys: tuple[Password, ...]
    reason: str = ""  # in words, of a lock that no password opens
    waits: bool = False  # it goes by itself, or becomes another one
    # It is another configuration's: the choice's own lets anybody boot it.
    covers: bool = field(default=False, compare=False)

    def is_open(self, known: Collection[Password]) -> bool:
        """Return True if somebody has given one of the passwords."""
        return any(key in known for key in self.keys)

    @property
    def named(self) -> bool:
        """True if users have names. Some configurations only have passwords."""
        return not all(key.nameless for key in self.keys)

    @property
    def allowed(self) -> str:
        """The users whom it lets in, in words."""
        return self.reason or describe_keys(self.keys)

    def of(self, user: str) -> tuple[Password, ...]:
        """Return the passwords of a user. Each of them opens the lock."""
        return tuple(key for key in self.keys if key.nameless or key.user == user)


Locks = tuple[Lock, ...]  # all must be opened


def find_boot_locks(choice: Choice, snapshot: Snapshot) -> Locks:
    """Return the locks on booting the choice; none if anybody may boot it."""
    own = _unique(_own_locks(choice.users, choice, snapshot))
    locks = (*(lock for lock in find_cover_locks(choice, snapshot) if lock not in own), *own)
    return _unique((*locks, *find_edit_locks(choice, snapshot))) if choice.base else locks


def find_cover_locks(choice: Choice, snapshot: Snapshot) -> Locks:
    """Return the locks on booting that do not come from the choice's own configuration."""
    if snapshot.settings.lock == "own" or (choice.own and choice.guarded):
        return ()
    image = _image_key(snapshot)
    if image and not choice.own:
        return (Lock(image),)
    # A first scan takes seconds. A disk that does not answer is not to keep a person from booting.
    busy = (s for s in snapshot.unread if s.state == "scanning" and s.kind.reach in _MACHINE)
    guards = (replace(lock, covers=True) for lock in _guard_locks(snapshot, _MACHINE))
    return _unique((*guards, *_wait_for(busy, snapshot)))


def describe_users(choice: Choice, snapshot: Snapshot) -> str:
    """Return the users who may boot the choice, in words; "" is anybody."""
    locks = find_boot_locks if choice.base else find_cover_locks
    others = (lock.allowed for lock in locks(choice, snapshot))
    return " and ".join(dict.fromkeys(filter(None, (choice.allowed, *others))))


def find_edit_locks(choice: Choice, snapshot: Snapshot) -> Locks:
    """Return the locks on changing the choice: its superusers', and the shell's.

    A person may type any kernel and any command line there.
    """
    own = _own_locks(choice.superusers, choice, snapshot)
    return _unique((*own, *find_shell_locks(snapshot)))


def find_shell_locks(snapshot: Snapshot) -> Locks:
    """Return the locks on the shell."""
    if image := _image_key(snapshot):
        return (Lock(image),)
    reaches = _MACHINE
    if not (locks := _guard_locks(snapshot, reaches)):
        reaches = _SHELL
        locks = _guard_locks(snapshot, reaches)
    unread = [source for source in snapshot.unread if source.kind.reach in reaches]
    locks = (*locks, *_machine_locks(snapshot))
    locks = (*locks, *_wait_for((s for s in unread if not s.given_up), snapshot))
    lost = [source for source in unread if source.given_up]
    if lost and reaches == _SHELL and snapshot.settings.shell != "unscanned":
        locks = (*locks, Lock((), _describe_lost(lost)))
    return locks


def _own_locks(users: Collection[str] | None, choice: Choice, snapshot: Snapshot) -> Iterator[Lock]:
    if users is not None:
        allowed = {*users, *(choice.superusers or ())}
        keys = tuple(key for key in choice.passwords if key.user in allowed)
        yield Lock((*keys, *_image_key(snapshot)))


def _guard_locks(snapshot: Snapshot, reaches: Collection[Reach]) -> Locks:
    guards = (guard for reach, guard in snapshot.guards if reach in reaches)
    return _unique(Lock((*guard.keys, *_image_key(snapshot))) for guard in guards)


def _wait_for(sources: Iterable[Source], snapshot: Snapshot) -> Iterator[Lock]:
    """Yield a lock as long as these sources, or others yet to come, may bring more guards."""
    if names := ", ".join(_describe_source(source) for source in sources):
        yield Lock((), f"{names}: still being looked at. It may want a password.", waits=True)
    elif not snapshot.settled:
        yield Lock((), "Not all disks are there yet. One may want a password.", waits=True)


def _describe_source(source: Source) -> str:
    """Return the name, with the reason of the last failure if the scan is only repeated."""
    failed = source.state == "failed" and source.reason
    return f"{source.name} ({source.reason})" if failed else source.name


def _describe_lost(sources: Iterable[Source]) -> str:
    first, *others = sources
    more = f", and {len(others)} more" if others else ""
    return (
        f"{first.name}{more}: {first.reason or 'not read'}. It may want a password. The shell and"
        " the editor open with petipy.password or petipy.shell=unscanned on the image's command"
        " line."
    )


def _image_key(snapshot: Snapshot) -> tuple[Password, ...]:
    return _make_key(snapshot.settings.password)


def _machine_locks(snapshot: Snapshot) -> Locks:
    key = _make_key(snapshot.settings.machine_password)
    return (Lock(key),) if key else ()


def _make_key(secret: str) -> tuple[Password, ...]:
    return (Password(user="", secret=secret, hashed=True, nameless=True),) if secret else ()


def _unique(locks: Iterable[Lock]) -> Locks:
    return tuple(dict.fromkeys(locks))

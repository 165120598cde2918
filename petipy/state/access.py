"""Locks: the passwords that open an entry, its editor and the shell. Pure.

The rules are GRUB's (its manual, "Authentication and authorisation"). If a configuration names
superusers, only they may change its entries and use the command line, which is a shell here. GRUB
knows one configuration. Here the first device in the menu whose configuration names superusers
speaks for the machine: a stick that somebody plugs in must not open the shell that the disk locks.
"""

from collections.abc import Collection
from dataclasses import dataclass

from parsers.api import Password
from petipy.state.model import Choice, Snapshot


@dataclass(frozen=True, slots=True)
class Lock:
    """The passwords that open something. A lock without any password stays shut."""

    keys: tuple[Password, ...]

    def is_open(self, known: Collection[Password]) -> bool:
        """Return True if somebody has given one of the passwords."""
        return any(key in known for key in self.keys)

    @property
    def named(self) -> bool:
        """True if users have names. Some configurations only have passwords."""
        return not all(key.nameless for key in self.keys)

    def of(self, user: str) -> tuple[Password, ...]:
        """Return the passwords of a user. Each of them opens the lock."""
        return tuple(key for key in self.keys if key.nameless or key.user == user)


def find_boot_lock(choice: Choice) -> Lock | None:
    """Return the lock on booting the choice; None if anybody may boot it."""
    return _lock(choice.users, choice)


def find_edit_lock(choice: Choice, snapshot: Snapshot) -> Lock | None:
    """Return the lock on changing the choice.

    Without superusers of its own it is the shell's, since a person may type any kernel and any
    command line there.
    """
    if choice.superusers is not None:
        return _lock(choice.superusers, choice)
    return find_shell_lock(snapshot)


def find_shell_lock(snapshot: Snapshot) -> Lock | None:
    """Return the lock on the shell: that of the first device in the menu that has superusers."""
    first = next((c for c in snapshot.choices if c.superusers is not None), None)
    return _lock(first.superusers, first) if first else None


def _lock(users: Collection[str] | None, choice: Choice) -> Lock | None:
    if users is None:
        return None
    allowed = {*users, *(choice.superusers or ())}
    return Lock(tuple(key for key in choice.passwords if key.user in allowed))

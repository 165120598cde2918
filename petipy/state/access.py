"""Who may do what: the passwords that a configuration's superusers and users are asked for. Pure.

As GRUB has it (its manual, "Authentication and authorisation"): where a configuration names
superusers, they alone may change its entries and use the command line, which is a shell here.
GRUB knows one configuration only; here that of the first device in the menu that names superusers
speaks for the machine, so that a stick which is plugged in cannot open what the disk has closed.
"""

from collections.abc import Collection
from dataclasses import dataclass

from parsers.api import Password
from petipy.state.model import Choice, Snapshot


@dataclass(frozen=True, slots=True)
class Lock:
    """`keys` are the passwords of those who may; without one nobody can."""

    keys: tuple[Password, ...]

    def is_open(self, known: Collection[Password]) -> bool:
        """To somebody who has given these passwords."""
        return any(key in known for key in self.keys)

    @property
    def named(self) -> bool:
        """Whether users have names; some configurations have passwords alone."""
        return not all(key.nameless for key in self.keys)

    def of(self, user: str) -> tuple[Password, ...]:
        """The passwords of which a user may give any."""
        return tuple(key for key in self.keys if key.nameless or key.user == user)


def of_booting(choice: Choice) -> Lock | None:
    """What keeps a choice from being booted; None: nothing."""
    return _lock(choice.users, choice)


def of_editing(choice: Choice, snapshot: Snapshot) -> Lock | None:
    """Of changing it: with a shell's rights, since any kernel and any command line may be typed."""
    if choice.superusers is not None:
        return _lock(choice.superusers, choice)
    return of_shell(snapshot)


def of_shell(snapshot: Snapshot) -> Lock | None:
    """Of a shell: that of the first device in the menu that has superusers."""
    first = next((c for c in snapshot.choices if c.superusers is not None), None)
    return _lock(first.superusers, first) if first else None


def _lock(users: Collection[str] | None, choice: Choice) -> Lock | None:
    if users is None:
        return None
    allowed = {*users, *(choice.superusers or ())}
    return Lock(tuple(key for key in choice.passwords if key.user in allowed))

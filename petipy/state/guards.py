"""Guards: the superusers of configurations, and words for those who have passwords. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from parsers.api import Password, Preferences

# How far the lock of a configuration reaches besides its own entries:
# - machine: over everything that no configuration of the machine's own disks lets anybody boot
# - shell: over the shell and the editor, if no disk of the machine has a lock
# - itself: no further
Reach = Literal["machine", "shell", "itself"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """The superusers of one configuration, and the passwords of its users."""

    device: str  # Volume.name of the configuration's own device
    config: str  # the path of the configuration
    superusers: tuple[str, ...]
    passwords: tuple[Password, ...] = ()

    @property
    def keys(self) -> tuple[Password, ...]:
        """The passwords of the superusers."""
        return tuple(select_keys(self.passwords, self.superusers))


Guards = tuple[tuple[Reach, Guard], ...]  # the first of each source, and its reach


def find_guards(device: str, preferences: Iterable[tuple[str, Preferences]]) -> tuple[Guard, ...]:
    """Return the guards of a source: one for each configuration that names superusers."""
    return tuple(
        Guard(device=device, config=path, superusers=wish.superusers, passwords=wish.passwords)
        for path, wish in preferences
        if wish.superusers is not None
    )


def merge_guards(known: Iterable[Guard], found: Iterable[Guard]) -> tuple[Guard, ...]:
    """Return the known guards and those of a scan that is only a part.

    A configuration that was read has its new guard. The others keep theirs.
    """
    merged = {guard.config: guard for guard in known}
    return tuple((merged | {guard.config: guard for guard in found}).values())


def select_keys(passwords: Iterable[Password], users: Iterable[str]) -> Iterator[Password]:
    """Yield the users' passwords, in the order of the users."""
    by_user: dict[str, list[Password]] = {}
    for key in passwords:
        by_user.setdefault(key.user, []).append(key)
    for user in users:
        yield from by_user.get(user, ())


def describe_keys(keys: Iterable[Password]) -> str:
    """Name the users whom the passwords let in. A user without a password cannot get in."""
    known = tuple(keys)
    if names := dict.fromkeys(key.user for key in known if not key.nameless):
        return f"{', '.join(names)}, with a password"
    return "who has the password" if known else "nobody"

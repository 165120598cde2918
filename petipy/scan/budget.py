"""The budgets of a scan. Whatever is beyond one is left out and reported; the rest stays.

The answer to a scan request has at most petipy.sandbox.packets.MOST bytes. Entries, problems,
preferences and images each have a part of it.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from parsers.api import MOST_USERS, Entry, Preferences, Problem
from petipy.state.model import Image
from petipy.state.seen import Seen

MOST_ENTRIES = 2000  # of a configuration
MOST_PROBLEMS = 200  # of a configuration
CONFIGURATION = 4 << 20  # bytes of a configuration's entries
_ENTRIES = 5 << 20  # bytes of all entries
_HEAVIEST = 1 << 18  # bytes of one entry
_PROBLEMS = 1 << 19  # bytes of all problems
_PREFERENCES = 1 << 18  # bytes of all preferences
_IMAGES = 1 << 18  # bytes of all images
REQUESTS = 1 << 18  # bytes of the requests of a network, which has no images
_SEEN = 1 << 17  # bytes of the files that are compared when an entry boots; as much of the texts


def weigh(*values: object) -> int:
    """Return at least the number of bytes that the values take as JSON.

    A value's repr is made in C, and its JSON has a little more for each field and escape.
    """
    text = repr(values).encode("ascii", "backslashreplace")
    return len(text) + (len(text) >> 2) + text.count(b'"') + 2 * text.count(b"\\")


class EntryBudget:
    """The budget of all entries of a scan."""

    def __init__(self) -> None:
        self._left = _ENTRIES

    def begin(self) -> "ConfigurationBudget":
        """Return the budget of the next configuration."""
        return ConfigurationBudget(self, min(CONFIGURATION, self._left))

    def spend(self, weight: int) -> None:
        self._left -= weight


class ConfigurationBudget:
    """The budget of one configuration's entries and problems, which are counted apart."""

    def __init__(self, whole: EntryBudget, left: int) -> None:
        self._whole, self._left = whole, left
        self._entries = self._problems = 0
        self._full = False

    @property
    def is_full(self) -> bool:
        """Return True if no further entry is taken."""
        return self._full

    def take_entry(self, entry: Entry, weight: int) -> Entry | Problem | None:
        """Return the entry if it fits, else the problem to report, or None for a further one."""
        if self._full:
            return None
        if weight > _HEAVIEST:
            words = f"the entry takes more than {_HEAVIEST >> 10} KiB: it is left out"
            return Problem(entry.config, entry.line, words)
        words = ""
        if self._entries == MOST_ENTRIES:
            words = f"more than {MOST_ENTRIES} entries: this and the rest are left out"
        elif weight > self._left:
            words = "the entries take too much memory: this and the rest are left out"
        if words:
            self._full = True
            return Problem(entry.config, entry.line, words)
        self._entries += 1
        self._left -= weight
        self._whole.spend(weight)
        return entry

    def take_problem(self, problem: Problem) -> Problem | None:
        """Return the problem, or the one to report instead of the rest, or None."""
        self._problems += 1
        if self._problems <= MOST_PROBLEMS:
            return problem
        if self._problems > MOST_PROBLEMS + 1:
            return None
        words = f"more than {MOST_PROBLEMS} problems: this and the rest are not listed"
        return Problem(problem.config, problem.line, words)


def cut_problems(problems: Iterable[Problem]) -> Iterator[Problem]:
    """Yield the problems that fit, and a last one if there are more."""
    left = _PROBLEMS
    for problem in problems:
        left -= weigh(problem)
        if left < 0:
            yield Problem("", 0, "there are more problems, which are not listed")
            return
        yield problem


def cut_images(images: Iterable[Image | Problem]) -> Iterator[Image | Problem]:
    """Yield the images that fit, and a problem if there are more."""
    left = _IMAGES
    for image in images:
        left -= weigh(image)
        if left < 0:
            yield Problem("", 0, "the names of its ISO files are too long: some are left out")
            return
        yield image


def cut_seen(files: Iterable[Seen]) -> Iterator[Seen]:
    """Yield the files that fit."""
    left = _SEEN
    for file in files:
        left -= weigh(file)
        if left < 0:
            return
        yield file


class PreferencesBudget:
    """The budget of all preferences. Doubt keeps a lock closed: nobody is a superuser then."""

    def __init__(self) -> None:
        self._left = _PREFERENCES

    def take(self, path: str, wish: Preferences) -> tuple[Preferences, Problem | None]:
        """Return the preferences, cut if they do not fit, and the problem to report then."""
        if max(len(wish.superusers or ()), len(wish.passwords)) > MOST_USERS:
            first = None if wish.superusers is None else wish.superusers[:MOST_USERS]
            cut = replace(wish, superusers=first, passwords=wish.passwords[:MOST_USERS])
            words = f"more than {MOST_USERS} users: the rest is left out"
            kept, problem = self.take(path, cut)
            return kept, problem or Problem(path, 0, words)
        weight = weigh(path, wish)
        if weight <= self._left:
            self._left -= weight
            return wish, None
        locked = None if wish.superusers is None else ()
        small = replace(wish, superusers=locked, passwords=(), fallback=())
        words = "its users and fallbacks take too much memory: they are left out"
        return small, Problem(path, 0, words)

"""The places of choices in their tuple, by id. Pure.

A menu may have ten thousand entries, and a console asks for one at each tick of a countdown. So a
tuple is walked through once, and only as far as the ids that somebody has asked for.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol


class _Named(Protocol):
    @property
    def id(self) -> str: ...


class _Places:
    """The places of one tuple that are known so far."""

    def __init__(self, choices: Iterable[_Named]) -> None:
        self.choices = choices
        self._places: dict[str, int] = {}
        self._coming = enumerate(choices)

    def find(self, id: str) -> int:
        places = self._places
        if id in places:
            return places[id]
        for place, choice in self._coming:
            if places.setdefault(choice.id, place) == place and choice.id == id:
                return place
        return -1


_LAST = [_Places(())]  # consoles share a snapshot: all of them ask for the same tuple


def find_place(choices: Sequence[_Named], id: str) -> int:
    """Return the first place of an id; -1 without one."""
    if _LAST[0].choices is not choices:
        _LAST[0] = _Places(choices)
    return _LAST[0].find(id)

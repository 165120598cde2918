"""A sorted collection that changes often and is read as a whole."""

from bisect import bisect_left
from itertools import chain
from typing import Any, Generic, TypeVar

_T = TypeVar("_T")


class Ordered(Generic[_T]):
    """Values in the order of their keys, which are unique.

    A change costs O(log n) comparisons. `values` is made anew only after a change.
    """

    def __init__(self) -> None:
        self._keys: list[Any] = []
        self._values: list[_T] = []
        self._read: tuple[_T, ...] | None = None

    def put(self, key: Any, value: _T) -> None:
        """Add the value, or replace the one that has the key."""
        at = bisect_left(self._keys, key)
        if at < len(self._keys) and self._keys[at] == key:
            self._values[at] = value
        else:
            self._keys.insert(at, key)
            self._values.insert(at, value)
        self._read = None

    def remove(self, key: Any) -> None:
        """Remove the value that has the key, if there is one."""
        at = bisect_left(self._keys, key)
        if at < len(self._keys) and self._keys[at] == key:
            del self._keys[at], self._values[at]
            self._read = None

    @property
    def values(self) -> tuple[_T, ...]:
        """The values in order, as one tuple until the next change."""
        if self._read is None:
            self._read = tuple(self._values)
        return self._read


class Chained(Ordered[tuple[_T, ...]]):
    """Tuples in the order of their keys, for reading one after the other."""

    def __init__(self) -> None:
        super().__init__()
        self._chained: tuple[tuple[tuple[_T, ...], ...], tuple[_T, ...]] = (), ()

    @property
    def chained(self) -> tuple[_T, ...]:
        """The items of all tuples, as one tuple until the next change."""
        if self.values is not self._chained[0]:
            self._chained = self.values, tuple(chain.from_iterable(self.values))
        return self._chained[1]

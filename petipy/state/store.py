"""The one mutable object: the present snapshot, and everyone who waits for the next."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from petipy.state.model import Snapshot


class Store:
    """Holds the snapshot. A reader gets a whole one, which stays as it is.

    The snapshot is current at once after an update. Those who wait for news are woken at the next
    turn of the event loop, once for all updates of this one. Updates that nobody has read between
    make one new version.
    """

    def __init__(self) -> None:
        self._snapshot = Snapshot()
        self._read = True  # somebody may hold this version
        self._waking = False
        self._waiting: set[asyncio.Future[None]] = set()
        self._listeners: list[Callable[[], None]] = []

    @property
    def snapshot(self) -> Snapshot:
        self._read = True
        return self._snapshot

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` once after the changes of a turn. It must only take note."""
        self._listeners.append(listener)

    def update(self, **changes: Any) -> None:
        """Replace fields of the snapshot. Nothing happens if they are equal to the present ones."""
        old = self._snapshot
        if all(_same(getattr(old, name), value) for name, value in changes.items()):
            return
        self._advance(changes)

    def notify(self) -> None:
        """Wake everyone who waits, though no field has changed: the log has another line."""
        self._advance({})

    def _advance(self, changes: dict[str, Any]) -> None:
        """Make the next version."""
        old = self._snapshot
        version = old.version + self._read
        self._snapshot, self._read = replace(old, **changes, version=version), False
        if not self._waking:
            self._waking = True
            try:
                asyncio.get_running_loop().call_soon(self._wake)
            except RuntimeError:  # no loop runs: nobody waits
                self._wake()

    async def wait_for_change(self, since: int) -> Snapshot:
        """Return the snapshot as soon as its version is greater than `since`."""
        while self._snapshot.version <= since:
            future = asyncio.get_running_loop().create_future()
            self._waiting.add(future)
            try:
                await future
            finally:
                self._waiting.discard(future)
        return self.snapshot

    def _wake(self) -> None:
        self._waking = False
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()
        for listener in self._listeners:
            listener()


def _same(old: object, new: object) -> bool:
    """Compare. A tuple that is the same object is not walked through."""
    return old is new or old == new

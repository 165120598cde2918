"""The one mutable object: the present snapshot, and who waits for the next."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from petipy.state.model import Snapshot


class Store:
    """Whoever reads it gets a whole snapshot, which stays as it is."""

    def __init__(self) -> None:
        self.snapshot = Snapshot()
        self._waiting: set[asyncio.Future[None]] = set()
        self._listeners: list[Callable[[], None]] = []

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after every change, from within it: it must only take note."""
        self._listeners.append(listener)

    def update(self, **changes: Any) -> None:
        """Replace fields of the snapshot; nothing happens when they are equal to what is there."""
        if all(getattr(self.snapshot, name) == value for name, value in changes.items()):
            return
        self.snapshot = replace(self.snapshot, **changes, version=self.snapshot.version + 1)
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()
        for listener in self._listeners:
            listener()

    async def changed(self, since: int) -> Snapshot:
        """The snapshot, as soon as its version is greater than `since`."""
        while self.snapshot.version <= since:
            future = asyncio.get_running_loop().create_future()
            self._waiting.add(future)
            try:
                await future
            finally:
                self._waiting.discard(future)
        return self.snapshot

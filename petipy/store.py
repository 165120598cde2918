"""The one mutable object: the present snapshot, and who waits for the next."""

import asyncio
from dataclasses import replace
from typing import Any

from petipy.model import Snapshot


class Store:
    def __init__(self) -> None:
        self.snapshot = Snapshot()
        self._waiting: set[asyncio.Future[None]] = set()

    def update(self, **changes: Any) -> None:
        """Replace fields of the snapshot; nothing happens when they are equal to what is there."""
        if all(getattr(self.snapshot, name) == value for name, value in changes.items()):
            return
        self.snapshot = replace(self.snapshot, **changes, version=self.snapshot.version + 1)
        for future in self._waiting:
            if not future.done():
                future.set_result(None)
        self._waiting.clear()

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

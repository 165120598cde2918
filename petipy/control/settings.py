"""Settings that have changed while the program runs."""

import asyncio
from typing import Protocol

from petipy.state.store import Store


class Discovery(Protocol):
    """The part of petipy.sources.discover.Discovery that settings have to do with."""

    def rescan(self) -> None: ...
    def resolve(self) -> None: ...


class LiveSettings:
    """Lets the sources be found and offered anew when a setting of theirs changes."""

    def __init__(self, store: Store, discovery: Discovery) -> None:
        self._store, self._discovery = store, discovery
        self._settings = store.snapshot.settings  # those that have taken effect
        self._changed = asyncio.Event()
        store.listen(self._take_note)

    async def run(self) -> None:
        """Follow the settings; return only when cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            before, self._settings = self._settings, self._store.snapshot.settings
            if self._settings.dialect != before.dialect:
                self._discovery.rescan()
            elif self._settings != before:
                self._discovery.resolve()

    def _take_note(self) -> None:
        if self._store.snapshot.settings is not self._settings:
            self._changed.set()

"""Settings that have changed while the program runs."""

import asyncio
from collections.abc import Callable

from petipy.state.store import Store


class LiveSettings:
    """Calls `rescan` or `resolve` when a setting changes that sources or choices depend on."""

    def __init__(
        self, store: Store, *, rescan: Callable[[], None], resolve: Callable[[], None]
    ) -> None:
        self._store, self._rescan, self._resolve = store, rescan, resolve
        self._settings = store.snapshot.settings  # the ones in effect
        self._changed = asyncio.Event()
        store.listen(self._take_note)

    async def run(self) -> None:
        """Follow the settings; return only when cancelled."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            before, self._settings = self._settings, self._store.snapshot.settings
            if self._settings.dialect != before.dialect:
                self._rescan()
            elif self._settings != before:
                self._resolve()

    def _take_note(self) -> None:
        if self._store.snapshot.settings is not self._settings:
            self._changed.set()

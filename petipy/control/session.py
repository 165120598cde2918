"""All that a console can see and do. The screens know nothing else of the program."""

import time
from collections.abc import Callable, Sequence
from typing import Protocol

from parsers.api import Password
from petipy.state.model import Edit, Snapshot, Status

FORGOTTEN = 300.0  # seconds without a key, after which passwords are asked for anew

Told = Callable[[Password | None], None]


class Commands(Protocol):
    """What consoles may ask of the program."""

    def boot(self, id: str, edit: Edit | None = None) -> None: ...
    def stop(self) -> None: ...
    def someone_is_here(self) -> None:
        """A person has pressed a key: no countdown goes on."""
        ...

    def check(self, keys: Sequence[Password], typed: str, told: Told) -> None: ...
    def rescan(self) -> None: ...


class Snapshots(Protocol):
    """The store, read only."""

    @property
    def snapshot(self) -> Snapshot: ...
    async def changed(self, since: int) -> Snapshot: ...


class Session:
    """One console's part of the program."""

    def __init__(
        self,
        name: str,
        commands: Commands,
        store: Snapshots,
        log: Callable[[], Sequence[Status]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = name
        self.clock = clock
        self.last_key = -float("inf")  # by the clock, when a person was last here
        self.known: set[Password] = set()  # those that the person here has given
        self._commands, self._store, self._log = commands, store, log

    @property
    def snapshot(self) -> Snapshot:
        return self._store.snapshot

    async def changed(self, since: int) -> Snapshot:
        """The snapshot, as soon as its version is greater than `since`."""
        return await self._store.changed(since)

    def boot(self, id: str, edit: Edit | None = None) -> None:
        self._commands.boot(id, edit)

    def stop(self) -> None:
        """No longer wait for what is being loaded."""
        self._commands.stop()

    def someone_is_here(self) -> None:
        if self.clock() - self.last_key > FORGOTTEN:
            self.known.clear()  # perhaps it is somebody else now
        self.last_key = self.clock()
        self._commands.someone_is_here()

    def check(self, keys: Sequence[Password], typed: str, told: Told) -> None:
        """Which of the passwords it is, if any: `told` is called after a while."""
        self._commands.check(keys, typed, told)

    def rescan(self) -> None:
        self._commands.rescan()

    def log(self) -> Sequence[Status]:
        """Everything that is kept, oldest first."""
        return self._log()

"""The parts of the machine's services that commands use."""

from collections.abc import Sequence
from typing import Literal, Protocol

from parsers.api import Password
from petipy.state.model import Choice, Edit, Snapshot

Action = Literal["reboot", "halt", "fwsetup"]


class Snapshots(Protocol):
    """The store, to read only."""

    @property
    def snapshot(self) -> Snapshot: ...
    async def wait_for_change(self, since: int) -> Snapshot: ...


class Booter(Protocol):
    """The part of petipy.boot.attempt.Booter that commands use."""

    def start(self, choice: Choice, edit: Edit | None = None, by: str = "") -> None: ...
    def note_failure(self, id: str, why: str) -> None: ...
    def stop(self) -> None: ...
    def list_actions(self) -> tuple[str, ...]: ...
    async def leave(self, action: Action, why: str) -> None: ...
    def forget_failures(self) -> None: ...


class Checker(Protocol):
    """The part of petipy.control.checker.Checker that commands use."""

    async def check(
        self,
        keys: Sequence[Password],
        typed: str,
        decoys: Sequence[Password] = (),
        *,
        origin: str,
    ) -> Password | None: ...
    def find_penalty(self, origin: str) -> float: ...

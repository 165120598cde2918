"""The record of a machine's start: facts that the policy needs and that no snapshot shows. Pure."""

import math
from collections.abc import Collection
from typing import Protocol

from petipy.state import policy
from petipy.state.model import Snapshot
from petipy.state.policy import Decision, Hints, Turns

_VISIT = 60.0  # seconds; an echo is recognised long before
_BOOT = "boot"  # the client in whose name a person's own boot counts; no console is called so


class Outcomes(Protocol):
    """The boots so far: petipy.boot.attempt.Booter. Times are by the clock of the record."""

    @property
    def failed(self) -> frozenset[str]: ...
    @property
    def fatal(self) -> Collection[str]: ...
    @property
    def last_failure(self) -> float: ...
    @property
    def last_look(self) -> float: ...


class Record:
    """Notes who has pressed keys when, and what the policy has decided so far."""

    def __init__(self) -> None:
        self._since = math.inf  # the time when there was first a candidate
        self._visits: dict[str, int] = {}  # by client: sessions that people have open
        self._keys: dict[str, tuple[float, float]] = {}  # by client: a person's first and last key
        self._devices: set[str] = set()  # those that have had the default
        self._echoes: set[str] = set()  # clients whose keys were nobody's, after a while
        self._moved = -math.inf  # the time when the countdown was last to be seen anew
        self._empty = math.inf  # the time since when there has been no candidate
        self._rounds = 0  # through all candidates, since a person was last here
        self._loading: bool | None = None  # a boot is under way; True: a person's
        self._turns: tuple[Snapshot, Turns] | None = None  # of the last decision

    def note_key(self, client: str, now: float) -> None:
        """Take note of a person's key."""
        first, _ = self._keys.get(client, (now, now))
        self._keys[client] = first, now
        self._rounds = 0

    def note_absence(self, client: str, now: float) -> None:
        """Take note that nobody is there after all: the countdown goes on as if no key had come.

        After a visit that was too long for that it begins anew. If it was over meanwhile, it is
        seen again before the boot, once for each client: noise must not hold the boot up for ever.
        """
        first, _ = self._keys.pop(client, (now, now))
        if now - first > _VISIT:
            self._since = max(self._since, now)
        elif now - first > policy.LEAST and client not in self._echoes:
            self._echoes.add(client)
            self._moved = now

    def note_visit(self, client: str, begins: bool, now: float) -> None:
        """Take note that a person opens a session, or closes it.

        While one is open nothing boots by itself. After the last one all begins anew.
        """
        self._rounds = 0
        self._visits[client] = self._visits.get(client, 0) + (1 if begins else -1)
        if not self._visits[client]:
            del self._visits[client]
            self._keys.pop(client, None)
            self._since = max(self._since, now)

    def decide(self, snapshot: Snapshot, outcomes: Outcomes, now: float) -> Decision:
        """Return the policy's decision, and keep what later ones need of it."""
        self._look(snapshot, now)
        turns = self._find_turns(snapshot)
        decision = policy.decide(snapshot, self._hints(outcomes), now, turns)
        if self._take_note(snapshot, decision, now):
            decision = policy.decide(snapshot, self._hints(outcomes), now, turns)
        self._rounds += decision.forget_failures
        return decision

    def _find_turns(self, snapshot: Snapshot) -> Turns:
        """Return the candidates: those of the last decision if nothing has changed for them.

        Each decision changes the snapshot, and so asks for another one.
        """
        if self._turns is None or not policy.have_same_turns(self._turns[0], snapshot):
            before = self._turns[1] if self._turns else None
            self._turns = snapshot, policy.find_turns(snapshot, before)
        return self._turns[1]

    def _take_note(self, snapshot: Snapshot, decision: Decision, now: float) -> bool:
        """Take note of when things began; return True if that changes the decision."""
        ready = decision.default and not decision.locked
        self._since = min(self._since, now) if ready else math.inf
        self._empty = math.inf if decision.default else min(self._empty, now)
        if decision.leave:  # if the machine is still here after that, all begins anew
            self._empty, self._rounds = now, 0
        if moved := self._has_moved(snapshot, decision):
            self._moved = now
        return moved

    def _look(self, snapshot: Snapshot, now: float) -> None:
        if not snapshot.booting:
            if self._loading:  # who has chosen something is there until it has failed
                self._keys[_BOOT] = now, now
            self._loading = None
        elif self._loading is None:
            self._loading = policy.find_return(snapshot.settings, self._last_key) > now

    @property
    def _last_key(self) -> float:
        if self._visits:
            return math.inf
        if not self._keys:
            return -math.inf
        return max(last for _, last in self._keys.values())

    def _has_moved(self, snapshot: Snapshot, decision: Decision) -> bool:
        """Return True if the default goes to a device that never had it, from another.

        It is so once for each device: one that comes and goes must not hold the boot up for ever.
        """
        default = snapshot.choice(decision.default)
        if default is None or default.device in self._devices:
            return False
        self._devices.add(default.device)
        return len(self._devices) > 1

    def _hints(self, outcomes: Outcomes) -> Hints:
        return Hints(
            failed=outcomes.failed,
            fatal=outcomes.fatal,
            last_failure=outcomes.last_failure,
            last_look=outcomes.last_look,
            last_key=self._last_key,
            since=self._since,
            moved=self._moved,
            rounds=self._rounds,
            empty=self._empty,
        )

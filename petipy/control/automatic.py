"""The automatic boot: asks the policy at every change, and carries out its decision."""

import asyncio
import math
import time
from collections.abc import Callable

from petipy.boot.attempt import Booter
from petipy.control.commands import Commands, Denied, Right
from petipy.log import Trace
from petipy.state import candidates, itself, policy
from petipy.state.access import Lock
from petipy.state.policy import Hints
from petipy.state.store import Store

_VISIT = 60.0  # seconds; an echo is recognised long before
_REST = 4  # times as long as a decision took, until the next


class AutomaticBoot:
    """The client that boots by itself when nobody is there.

    Its right: it may boot, unchanged, a choice that is not locked, and with the setting
    boot_restricted a locked one, too. It may neither edit nor open a shell. A disk that does not
    answer must not strand the machine: the policy decides how long the boot waits for it. Nor must
    another configuration's lock: the policy decides which choices that one keeps from booting.
    """

    name = "automatic boot"

    def __init__(
        self,
        store: Store,
        booter: Booter,
        trace: Trace,
        tell: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._booter = store, booter
        self._trace, self._tell, self._clock = trace, tell, clock
        self._keys: dict[str, tuple[float, float]] = {}  # by client: a person's first and last key
        self._since = math.inf  # by the clock, when there was first something to boot
        self._devices: set[str] = set()  # those that have had the default
        self._moved = -math.inf  # by the clock, when the default last went to a late one
        self._told: set[str] = set()  # ids of defaults that cannot boot, and other lines
        self._wake = asyncio.Event()
        store.listen(self._wake.set)

    def opens(self, right: Right, lock: Lock) -> bool:
        restricted = self._store.snapshot.settings.boot_restricted
        return right == "boot" and (lock.waits or lock.covers or restricted)

    def note_presence(self, client: str, here: bool) -> None:
        """Take note of a person's key at a client: a countdown that is on stops now.

        If nobody is there after all, it goes on as if it had not stopped. After a visit that was
        too long for that it begins anew.
        """
        now = self._clock()
        if here:
            first, _ = self._keys.get(client, (now, now))
            self._keys[client] = first, now
        else:
            first, _ = self._keys.pop(client, (now, now))
            if now - first > _VISIT:
                self._since = max(self._since, now)
        if not here or self._store.snapshot.countdown is not None:
            self._wake.set()

    async def run(self, commands: Commands) -> None:
        """Decide again and again; return only when cancelled."""
        while True:
            self._wake.clear()
            now = self._clock()
            self._look(now)
            decision = policy.decide(self._store.snapshot, self._hints(), now)
            if self._has_moved(decision):
                self._moved = now
                decision = policy.decide(self._store.snapshot, self._hints(), now)
            self._store.update(
                default=decision.default, locked=decision.locked, countdown=decision.countdown
            )
            spent = self._clock() - now
            if decision.forget_failures:
                self._booter.forget_failures()
                continue
            self._tell_of_order(decision)
            if decision.boot:
                await self._boot(commands, decision.boot)
            # A decision looks at every choice. With thousands of disks it takes long and something
            # changes often: the consoles need the time, too. A set event alone does not yield.
            await asyncio.sleep(_REST * spent)
            seconds = decision.again - now
            try:
                async with asyncio.timeout(None if math.isinf(seconds) else seconds):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _tell_of_order(self, decision: policy.Decision) -> None:
        """Tell of an order that names what is not there, once all is known or something boots."""
        snapshot = self._store.snapshot
        idle = snapshot.settled and not snapshot.scanning and not decision.default
        if snapshot.settings.order and (decision.boot or (idle and self._since < math.inf)):
            for words in candidates.explain_order(snapshot):
                if words not in self._told:
                    self._told.add(words)
                    self._tell(words)

    async def _boot(self, commands: Commands, id: str) -> None:
        self._tell_of_defaults(id)
        try:
            await commands.boot(self, id)
        except Denied:  # the policy never decides so; if it did, the next candidate comes
            self._booter.note_failure(id, f"{id}: it does not boot without a password")

    def _tell_of_defaults(self, id: str) -> None:
        """Tell of defaults that cannot boot, before something else boots."""
        snapshot = self._store.snapshot
        boots = snapshot.choice(id)
        for choice in candidates.list_passed_over(snapshot, boots) if boots else ():
            if choice.id not in self._told:
                self._told.add(choice.id)
                own = itself.explain(snapshot, choice)
                why = choice.obstacle or choice.entry.unbootable or f"it is {own}"
                words = f"{choice.device}: the default {choice.entry.title} does not boot"
                self._tell(f"{words}: {why}")

    def _look(self, now: float) -> None:
        """Take note of facts that change by themselves."""
        snapshot = self._store.snapshot
        anything = any(choice.bootable for choice in snapshot.choices)
        self._since = min(self._since, now) if anything else math.inf
        if snapshot.settled:
            self._trace("udev")
        if anything:
            self._trace("scan-first-entry")

    def _has_moved(self, decision: policy.Decision) -> bool:
        """Return True if the default goes to a device that never had it, from another.

        It is so once for each device: one that comes and goes must not hold the boot up for ever.
        """
        default = self._store.snapshot.choice(decision.default)
        if default is None or default.device in self._devices:
            return False
        self._devices.add(default.device)
        return len(self._devices) > 1

    def _hints(self) -> Hints:
        return Hints(
            failed=self._booter.failed,
            fatal=self._booter.notes.fatal.keys(),
            last_failure=self._booter.last_failure,
            last_look=self._booter.last_look,
            last_key=max((last for _, last in self._keys.values()), default=-math.inf),
            since=self._since,
            moved=self._moved,
        )

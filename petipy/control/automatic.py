"""The automatic boot: asks the policy at every change, and carries out its decision."""

import asyncio
import math
import time
from collections.abc import Callable

from petipy.boot.attempt import ALONE, Booter
from petipy.control.commands import Commands, Denied, Right
from petipy.log import Trace
from petipy.state import candidates
from petipy.state.access import Lock
from petipy.state.model import Snapshot
from petipy.state.order import list_items
from petipy.state.policy import Decision
from petipy.state.record import Record
from petipy.state.store import Store

_AGAIN = 1.0  # seconds after a boot that was not taken
_REST = 4  # times as long as a decision took, until the next


class AutomaticBoot:
    """The client that boots by itself when nobody is there.

    Its right: it may boot, unchanged, a choice that is not locked, and with the setting
    boot_restricted a locked one, too. It may neither edit nor open a shell. A disk that does not
    answer must not strand the machine: the policy decides how long the boot waits for it. Nor must
    another configuration's lock: the policy decides which choices that one keeps from booting.
    """

    name = ALONE

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
        self._record = Record()
        self._exhausted = False  # every candidate has failed, and this has been told
        self._told: set[str] = set()  # ids of defaults that cannot boot, and other lines
        self._wake = asyncio.Event()
        store.listen(self._wake.set)

    def opens(self, right: Right, lock: Lock) -> bool:
        restricted = self._store.snapshot.settings.boot_restricted
        return right == "boot" and (lock.waits or lock.covers or restricted)

    def note_presence(self, client: str, here: bool) -> None:
        """Take note of a person's key at a client, or that nobody is there after all."""
        note = self._record.note_key if here else self._record.note_absence
        note(client, self._clock())
        if not here or self._store.snapshot.countdown is not None:
            self._wake.set()

    def note_visit(self, client: str, begins: bool) -> None:
        """Take note that a person opens or closes a session: it holds the countdown."""
        self._record.note_visit(client, begins, self._clock())
        self._wake.set()

    async def run(self, commands: Commands) -> None:
        """Decide again and again; return only when cancelled."""
        while True:
            self._wake.clear()
            now = self._clock()
            decision = self._record.decide(self._store.snapshot, self._booter, now)
            self._trace_stages()
            self._store.update(
                default=decision.default, locked=decision.locked, countdown=decision.countdown
            )
            spent = self._clock() - now
            if decision.forget_failures:
                self._booter.forget_failures()
                continue
            self._tell_of_absent(decision)
            self._tell_of_failures(decision)
            self._tell_of_flapping()
            if decision.boot:
                await self._boot(commands, decision.boot)
            if decision.leave:
                await self._booter.leave(decision.leave, "Nothing has booted")
                self._wake.set()  # if the machine is still here, all begins anew
            # A decision looks at every choice. With thousands of disks it takes long and something
            # changes often: the consoles need the time, too. A set event alone does not yield.
            await asyncio.sleep(_REST * spent)
            seconds = decision.again - now
            if decision.boot and not self._store.snapshot.booting:
                seconds = _AGAIN  # a restart is under way, which may fail and change nothing
            try:
                async with asyncio.timeout(None if math.isinf(seconds) else seconds):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _tell_of_absent(self, decision: Decision) -> None:
        """Tell of settings that name what is not there, once something boots.

        Where nothing boots by itself, such as before a password, they are told once all is known.
        """
        snapshot, lines = self._store.snapshot, list[str]()
        known = snapshot.settled and not snapshot.scanning
        rests = known and decision.again == math.inf and _has_anything(snapshot)
        if list_items(snapshot) and (decision.boot or rests):
            lines += candidates.explain_order(snapshot)
        if snapshot.settings.own and (decision.boot or known):
            from petipy.state import own  # few machines have any

            lines += own.list_absent(snapshot.settings, snapshot.choices)
        for words in lines:
            if words not in self._told:
                self._told.add(words)
                self._tell(words)

    def _tell_of_failures(self, decision: Decision) -> None:
        """Say once what follows when every candidate has failed."""
        if not decision.exhausted:
            self._exhausted = False
        elif not self._exhausted:
            self._exhausted = True
            countdown = decision.countdown
            seconds = f" in {countdown.until - self._clock():.0f} s" if countdown else ""
            leave = countdown.leave if countdown else ""
            next = "all is tried again" if countdown else "the menu waits for a person"
            words = {"": next, "reboot": "the machine restarts", "halt": "the machine goes off"}
            self._tell(f"Everything that may boot by itself has failed: {words[leave]}{seconds}")

    def _tell_of_flapping(self) -> None:
        """Say once of each entry that it has had its turn."""
        snapshot = self._store.snapshot
        rule = snapshot.settings.flap
        for id in self._booter.fatal if rule else ():
            choice = snapshot.choice(id)
            if rule and choice and id not in self._told and id not in self._booter.notes.fatal:
                self._told.add(id)
                times = f"{rule[0]} times within {rule[1]:g} s"
                words = f"{choice.title} was booted {times} and the machine came back"
                self._tell(f"{words}: all others are tried before")

    def _trace_stages(self) -> None:
        if self._store.snapshot.settled:
            self._trace("udev")
        if _has_anything(self._store.snapshot):
            self._trace("scan-first-entry")

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
                why = candidates.explain_pass(snapshot, choice)
                words = f"{choice.device}: the default {choice.title} does not boot"
                self._tell(f"{words}: {why}")


def _has_anything(snapshot: Snapshot) -> bool:
    return any(choice.bootable for choice in snapshot.choices)

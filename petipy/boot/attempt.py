"""The conductor of boots: one attempt at a time, from the request to the jump or the reason."""

import asyncio
import errno
import math
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Protocol

from parsers.api import Action
from petipy.boot import message, steps
from petipy.boot.notes import Notes
from petipy.boot.opener import Changed, Opener, OpenOnDevices
from petipy.boot.plan import BootError, Plan, forget_stamps, mark, plan
from petipy.boot.steps import ItIsPetipy, Kexec
from petipy.kexec import Message
from petipy.log import Log, Trace, uptime
from petipy.state import candidates, itself
from petipy.state.boots import MOST_ATTEMPTS, Attempt, Progress
from petipy.state.model import Change, Choice, Device, Edit
from petipy.state.network import find_way
from petipy.state.store import Store
from petipy.sys.forked import in_child

if TYPE_CHECKING:
    from petipy.boot.download import Fetch
    from petipy.settings.bmc import Bmc
    from petipy.settings.storage import Storage


ALONE = "automatic boot"  # the client that boots by itself


class Power(Protocol):
    """The part of petipy.sys.power that a boot uses."""

    def list_actions(self) -> tuple[str, ...]: ...
    def prepare(self, action: Action) -> None: ...
    def leave(self, action: Action) -> None: ...


class Consoles(Protocol):
    """The terminals of the machine."""

    async def release(self, lines: Sequence[str]) -> None:
        """Print the last lines and restore each terminal."""

    def resume(self) -> None:
        """Go on: the boot has failed."""


class BootServices(Protocol):
    """The services that a boot needs of the machine."""

    @property
    def open(self) -> OpenOnDevices: ...
    @property
    def fetch(self) -> "Fetch": ...
    @property
    def write(self) -> Callable[[Change, Sequence[Device]], Awaitable[None]]: ...
    @property
    def kexec(self) -> Kexec: ...
    @property
    def power(self) -> Power: ...
    @property
    def quiet(self) -> Callable[[], None]: ...
    @property
    def restore(self) -> Callable[[Log], Awaitable[None]]: ...
    @property
    def before_boot(self) -> Callable[[], None]: ...
    @property
    def bmc(self) -> "Bmc | None": ...
    @property
    def storage(self) -> "Storage | None": ...


class _Stopped(Exception):
    """A person has stopped the loading."""


class _SentBack(Exception):
    """The choice is not what was scanned: it is looked at again."""


class Booter:
    """Carries out boots, one at a time, and remembers which choices have failed."""

    def __init__(
        self,
        machine: BootServices,
        consoles: Consoles,
        store: Store,
        log: Log,
        trace: Trace,
        look_again: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        notes: Notes | None = None,
    ) -> None:
        self.notes = notes or Notes()
        self.failed: frozenset[str] = frozenset()  # ids of choices whose boot has failed
        self.last_failure = self.last_look = -math.inf  # by the clock: Hints
        self._machine, self._consoles, self._store = machine, consoles, store
        self._log, self._trace, self._clock = log, trace, clock
        self._began = clock()
        self._look_again = look_again  # at a source, by its name
        self._sent_back: set[str] = set()  # ids of choices whose source was looked at again
        self._requests: asyncio.Queue[tuple[Choice, Edit | None, str]] = asyncio.Queue()
        self._busy = False  # from the request until the attempt has ended
        self._loading: asyncio.Task[None] | None = None  # the part of it that may be stopped

    async def run(self) -> None:
        """Carry out the requests; return only when cancelled."""
        while True:
            await self._attempt(*await self._requests.get())
            await self._machine.restore(self._log)
            self._busy = False
            self._store.update(booting="")
            self._consoles.resume()

    def start(self, choice: Choice, edit: Edit | None = None, by: str = "") -> None:
        """Request a boot for the client `by`; a warning says so if another one is under way.

        The choice boots as it is now. A later scan may put another one in its place, whose rights
        have not been checked.

        The snapshot's `booting` names the choice from now on. It becomes empty again when the
        attempt has failed; the status says why.
        """
        if self._busy:
            self._log.warning("another boot is under way")
            return
        self._busy = True
        self._store.update(booting=choice.id)
        self._requests.put_nowait((choice, edit, by))

    def stop(self) -> None:
        """Give up the boot that is under way, unless its kernel is loaded already."""
        if self._loading is not None:
            self._loading.cancel()

    def forget_failures(self) -> None:
        """Let choices that have failed be tried again."""
        self.failed = frozenset()

    @property
    def fatal(self) -> Collection[str]:
        """The ids of choices that boot last: earlier boots ended Petipy, or came back here."""
        snapshot = self._store.snapshot
        if not (snapshot.settings.flap and snapshot.settings.boots):
            return self.notes.fatal.keys()
        from petipy.state import flapping  # few machines count boots

        settings, ids = snapshot.settings, (choice.id for choice in snapshot.choices)
        # The network may have set the clock since the start.
        began = time.time() - (self._clock() - self._began)
        found = flapping.find(settings.boots, settings.flap, began, ids)
        return found | self.notes.fatal.keys()

    def note_failure(self, id: str, why: str) -> None:
        """Remember that a choice has failed, and say why."""
        self.failed |= {id}
        self.last_failure = self._clock()
        choice = self._store.snapshot.choice(id)
        title = choice.title if choice else ""
        attempt = Attempt(id=id, title=title, at=uptime(), reason=why)
        attempts = (*self._store.snapshot.attempts, attempt)[-MOST_ATTEMPTS:]
        self._store.update(attempts=attempts)
        self._log.error(why)

    def list_actions(self) -> tuple[str, ...]:
        """Return the actions that `leave` can do on this machine."""
        return self._machine.power.list_actions()

    async def leave(self, action: Action, why: str) -> None:
        """Restart the machine, into its firmware's settings or not, or switch it off.

        Say why on every console. If that fails, all choices get another chance.
        """
        self.stop()
        self._busy = True
        words = f"{why}: the machine {'goes off' if action == 'halt' else 'restarts'}"
        self._log.warning(words)
        try:
            if action == "fwsetup":
                self._machine.power.prepare(action)
            await self._consoles.release([words])
            self._machine.quiet()
            self._machine.power.leave(action)
        except OSError as error:
            self._log.error(f"{words}, but it does not: {error.strerror or error}")
            await self._machine.restore(self._log)
        self._busy = False
        self.forget_failures()
        self._consoles.resume()

    async def _attempt(self, choice: Choice, edit: Edit | None, by: str) -> None:
        id, title = choice.id, choice.title
        choice = self._choose_changes(choice)
        self.notes.begin(id, title)  # stays if this program does not see the end of the attempt
        try:
            if choice.entry.action and not edit:
                await self._act(choice, choice.entry.action, by)
            else:
                await self._boot(choice, edit, by)
        except _Stopped:
            self._log.announce(f"Loading {title} was stopped")
        except _SentBack:
            pass  # it has been told
        except ItIsPetipy as error:
            self._store.update(itself=self._store.snapshot.itself | {id})
            self.note_failure(id, f"{title} did not boot: {error}")
        except BootError as error:
            self.note_failure(id, f"{title} did not boot: {error}")
        except OSError as error:  # of an action
            self.note_failure(id, f"{title}: {error.strerror or error}")
        except Exception as error:  # noqa: BLE001  a fault of the program costs this attempt only
            self.note_failure(id, f"{title} did not boot: {type(error).__name__}: {error}")
        self.notes.end(id)

    def _choose_changes(self, choice: Choice) -> Choice:
        """Return the choice with the changes that its boot makes now."""
        changes = candidates.list_changes(self._store.snapshot, choice, self.failed)
        return replace(choice, changes=tuple(changes))

    async def _boot(self, choice: Choice, edit: Edit | None, by: str) -> None:
        self._log.announce(f"Loading {choice.title}")
        todo = plan(choice, edit)
        if itself.explain(self._store.snapshot, choice):
            todo = mark(todo, choice.id)
        self._trace("load")
        machine, settings, alone = self._machine, self._store.snapshot.settings, by == ALONE
        if settings.panic or settings.watchdog:
            from petipy.boot import handover  # few boots need it

            watched = handover.is_watched(settings)
            todo = handover.add_words(todo, settings, alone=alone, watched=watched)
        await self._load_scanned(todo, choice, partial(self._tell, choice, edit, by))
        complaints = await steps.write(todo.changes, self._write, self._log)
        if settings.next or settings.menu is not None or settings.flap or machine.bmc:
            from petipy.boot import handover

            keep = partial(handover.keep, machine.storage, settings, choice.id, self._log)
            complaints += await keep(alone=alone, bmc=machine.bmc)
        if settings.story and machine.storage:
            steps.prepare(machine.storage, self._log)
        release = self._consoles.release
        await steps.jump(todo, machine.kexec, release, self._leave, self._trace, complaints)

    def _tell(self, choice: Choice, edit: Edit | None, by: str) -> Message:
        """Return the story of this boot for the system that it starts."""
        return message.tell(
            self._store.snapshot,
            choice,
            by=by,
            edited=edit is not None,
            stages=self._trace.stages,
            lines=self._log.lines,
        )

    async def _load_scanned(
        self, todo: Plan, choice: Choice, make_message: Callable[[], Message]
    ) -> None:
        """Load the files that were scanned.

        Raise _SentBack if they are not the same. The second time this is no obstacle: a file that
        changes all the time is not to strand a machine. But it is one (Changed) where something is
        locked: what a person may boot without a password is what was scanned.
        """
        try:
            await self._load(todo, choice, make_message)
        except Changed as change:
            if choice.id not in self._sent_back:
                self._send_back(choice, change)
                raise _SentBack from change
            self._sent_back.discard(choice.id)
            if self._store.snapshot.guards:
                raise
            self._log.warning(f"{change}; it is booted nevertheless")
            await self._load(forget_stamps(todo), choice, make_message)
        else:
            self._sent_back.discard(choice.id)

    async def _load(self, todo: Plan, choice: Choice, make_message: Callable[[], Message]) -> None:
        machine, sources = self._machine, self._store.snapshot.sources
        # The files of a lease are on the servers of its own network.
        link = next((source.link for source in sources if source.name == choice.device), None)
        devices = lambda: self._store.snapshot.devices  # noqa: E731
        opener = Opener(machine.open, devices, machine.fetch, find_way(link))
        kexec, log, snapshot = machine.kexec, self._log, self._store.snapshot
        keys = snapshot.settings.ca, snapshot.keyring
        load = steps.load(todo, kexec, opener, in_child, log, self._show, make_message, *keys)
        await self._stoppable(load)

    def _send_back(self, choice: Choice, change: Changed) -> None:
        """Have the sources of a choice looked at again."""
        self._sent_back.add(choice.id)
        self.last_look = self._clock()
        self._log.warning(f"{choice.title} did not boot: {change}; looking at it again")
        files = (*choice.configs, choice.kernel, *choice.initrds, choice.devicetree)
        files += choice.overlays
        for name in dict.fromkeys((choice.device, *(file.device for file in files if file))):
            self._look_again(name)

    def _leave(self) -> None:
        """Prepare the machine for the jump; the platform's part is no obstacle."""
        self._machine.quiet()
        try:
            self._machine.before_boot()
        except OSError as error:
            self._log.warning(f"before the jump: {error.strerror or error}")
        if seconds := self._store.snapshot.settings.watchdog:
            from petipy.boot import handover

            handover.start_watchdog(seconds, self._log)

    async def _stoppable(self, loading: Coroutine[None, None, None]) -> None:
        self._loading = asyncio.create_task(loading)
        try:
            await self._loading
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task and task.cancelling():  # the whole program ends
                raise
            raise _Stopped from None
        finally:
            self._loading = None

    async def _act(self, choice: Choice, action: Action, by: str) -> None:
        """Carry out an entry that does something else than boot. Raise OSError if it fails."""
        if action == "exit":
            beyond = candidates.find_next(self._store.snapshot, choice.device)
            if beyond is None:
                raise OSError(errno.ENODEV, "no other device has anything to boot")
            await steps.write(choice.changes, self._write, self._log)
            await self._boot(self._choose_changes(beyond), None, by)
            return
        self._machine.power.prepare(action)
        complaints = await steps.write(choice.changes, self._write, self._log)
        words = f"{choice.title}: {choice.entry.unbootable}"
        await self._consoles.release([words, *complaints])
        self._machine.quiet()
        self._machine.power.leave(action)

    def _show(self, progress: Progress | None) -> None:
        self._store.update(progress=progress)

    async def _write(self, change: Change) -> None:
        await self._machine.write(change, self._store.snapshot.devices)

"""The composition root: builds the services and runs them. The only place that knows all."""

import asyncio
import errno
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from parsers.api import Action, Password
from petipy import kexec
from petipy.boot import steps
from petipy.boot.steps import BootError, Kexec, Stopped
from petipy.control.session import Session, Told
from petipy.log import Log, Trace, uptime
from petipy.sandbox.client import Scanner
from petipy.settings import storage
from petipy.sources import disks
from petipy.sources.discover import Discovery, ScanDevice
from petipy.sources.disks import DeviceEvent
from petipy.startup import collector
from petipy.state import access, policy
from petipy.state.model import Change, Choice, Device, Edit, File, Scan, Status
from petipy.state.policy import Hints
from petipy.state.store import Store
from petipy.sys import power
from petipy.ui.console import Console
from petipy.ui.line import ttys

_PENALTY, _LONGEST_PENALTY = 1.0, 64.0  # seconds after a wrong password
_CHECKING = 120.0  # seconds to compute a password's hash


class Power(Protocol):
    """What petipy.sys.power offers."""

    def prepare(self, action: Action) -> None: ...
    def leave(self, action: Action) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What the program needs of the machine; the tests have a machine of their own."""

    scan: ScanDevice
    open: Callable[[Sequence[File], Sequence[Device]], Awaitable[list[int]]]
    write: Callable[[Change, Sequence[Device]], Awaitable[None]]
    events: Callable[[Log], AsyncIterator[DeviceEvent]]
    kexec: Kexec
    power: Power
    quiet: Callable[[], None]  # before the jump: nothing is to touch a device any more
    terminals: Callable[[Sequence[str]], Sequence[str]]  # given Settings.consoles


class App:
    """One running boot manager. Its public methods are the commands of every console."""

    def __init__(self, services: Services, log: Log, store: Store) -> None:
        self._services, self._log, self._store = services, log, store
        self._settings = store.snapshot.settings  # those that have taken effect
        self._trace = Trace(self._settings.trace)
        self._discovery = Discovery(services.scan, self._store, log)
        self._hints = Hints()
        self._wake = asyncio.Event()
        self._penalty, self._one_by_one = _PENALTY, asyncio.Lock()
        self._boot: asyncio.Task[None] | None = None
        self._loading: asyncio.Task[None] | None = None  # the part of it that may be stopped
        self._consoles: list[Console] = []

    async def run(self) -> None:
        """Until another kernel takes over; it returns only when it is cancelled."""
        self._log.tell = self._tell
        for complaint in self._settings.complaints:
            self._log.warning(complaint)
        self._store.listen(self._wake.set)
        extra = self._settings.consoles
        self._consoles = [self._console(path) for path in self._services.terminals(extra)]
        there = {console.name for console in self._consoles}
        for name in extra:
            if ttys.node_name(name) not in there:
                self._log.warning(f"petipy.consoles: there is no terminal behind {name}")
        async with asyncio.TaskGroup() as group:
            self._group = group
            group.create_task(self._discovery.run(self._services.events(self._log)))
            group.create_task(self._decide())
            for console in self._consoles:
                group.create_task(console.serve())

    # Commands

    def boot(self, id: str, edit: Edit | None = None) -> None:
        """Start booting a choice; refused, with a status, while another boot is under way."""
        if self._boot is not None:
            self._log.warning("another boot is under way")
            return
        # Here, not in the task: the policy must know before it is asked again.
        self._store.update(booting=id)
        self._boot = self._group.create_task(self._one_boot(id, edit))

    def stop(self) -> None:
        """Give up the boot that is under way, unless its kernel is loaded already."""
        if self._loading is not None:
            self._loading.cancel()

    def someone_is_here(self) -> None:
        """A person has touched a key: no countdown until there has been none for long."""
        stopped = self._store.snapshot.countdown is not None
        self._hints = replace(self._hints, last_key=time.monotonic())
        if stopped:
            self._wake.set()

    def check(self, keys: Sequence[Password], typed: str, told: Told) -> None:
        """Which of the passwords it is; `told` is called when that is known."""
        self._group.create_task(self._check(keys, typed, told))

    def rescan(self) -> None:
        """Look at every device again, and give what has failed another chance."""
        self._hints = replace(self._hints, failed=frozenset())
        self._discovery.rescan()

    # Deciding

    async def _decide(self) -> None:
        while True:
            self._wake.clear()
            now = time.monotonic()
            self._look(now)
            self._follow_settings()
            decision = policy.decide(self._store.snapshot, self._hints, now)
            self._store.update(default=decision.default, countdown=decision.countdown)
            if decision.forget_failures:
                self._hints = replace(self._hints, failed=frozenset())
                continue
            if decision.boot:
                self.boot(decision.boot)
            await asyncio.sleep(0)  # a set event does not yield, and something may change often
            try:
                async with asyncio.timeout_at(self._loop_time(decision.again, now)):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _look(self, now: float) -> None:
        """Take into the hints what has become true by itself."""
        anything = any(choice.bootable for choice in self._store.snapshot.choices)
        since = min(self._hints.since, now) if anything else float("inf")
        self._hints = replace(self._hints, since=since)
        if self._store.snapshot.settled:
            self._trace("udev")
        if anything:
            self._trace("scan-first-entry")

    def _follow_settings(self) -> None:
        """Find and offer anew what a change of the settings makes different."""
        before, self._settings = self._settings, self._store.snapshot.settings
        if self._settings.dialect != before.dialect:
            self._discovery.rescan()
        elif self._settings != before:
            self._discovery.resolve()

    # Booting

    async def _one_boot(self, id: str, edit: Edit | None) -> None:
        choice = self._store.snapshot.choice(id)
        if choice is None:
            self._failed(id, "what was chosen is not there any more")
            return
        try:
            if choice.entry.action and not edit:
                await self._act(choice)
            else:
                await self._load(choice, edit)
        except Stopped:
            self._say(f"Loading {choice.entry.title} was stopped")
            self._resume()
        except BootError as error:
            self._failed(id, f"{choice.entry.title} did not boot: {error}")
        except OSError as error:  # of an action
            self._failed(id, f"{choice.entry.title}: {error.strerror or error}")

    async def _load(self, choice: Choice, edit: Edit | None) -> None:
        self._say(f"Loading {choice.entry.title}")
        todo = steps.plan(choice, edit)
        self._trace("load")
        kexec, log = self._services.kexec, self._log
        await self._stoppable(steps.load(todo, kexec, self._open, steps.in_child, log))
        complaints = await steps.write(todo.changes, self._write, self._log)
        quiet, trace = self._services.quiet, self._trace
        await steps.leave(todo, kexec, self._farewell, quiet, trace, complaints)

    async def _stoppable(self, loading: Coroutine[None, None, None]) -> None:
        self._loading = asyncio.create_task(loading)
        try:
            await self._loading
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task and task.cancelling():  # the whole program ends
                raise
            raise Stopped from None
        finally:
            self._loading = None

    async def _act(self, choice: Choice) -> None:
        """What an entry does instead of booting; only a person asks for that."""
        action, title = choice.entry.action, choice.entry.title
        if action == "exit":
            beyond = policy.beyond(self._store.snapshot, choice.device)
            if beyond is None:
                raise OSError(errno.ENODEV, "no other device has anything to boot")
            await steps.write(choice.changes, self._write, self._log)
            await self._load(beyond, None)
            return
        self._services.power.prepare(action)
        complaints = await steps.write(choice.changes, self._write, self._log)
        await self._farewell([f"{title}: {choice.entry.unbootable}", *complaints])
        self._services.quiet()
        self._services.power.leave(action)

    def _failed(self, id: str, why: str) -> None:
        now = time.monotonic()
        self._hints = replace(self._hints, failed=self._hints.failed | {id}, last_failure=now)
        self._log.error(why)
        self._resume()

    def _resume(self) -> None:
        """Back to the menu, from a boot that did not happen."""
        self._boot = None
        self._store.update(booting="")
        for console in self._consoles:
            console.resume()

    async def _check(self, keys: Sequence[Password], typed: str, told: Told) -> None:
        # In a child: it takes the processor for long, and the other consoles go on.
        def work() -> str:
            return " ".join(str(n) for n, key in enumerate(keys) if access.fits(key, typed))

        right: Password | None = None
        async with self._one_by_one:
            try:
                fitting = await steps.in_child(work, _CHECKING)
                right = keys[int(fitting.split()[0])] if fitting else None
            except OSError as error:  # TimeoutError is one, without words
                why = str(error) or "it takes too long"
                self._log.error(f"a password could not be checked: {why}")
            if right:
                self._penalty = _PENALTY
            else:
                # As GRUB does: who tries many passwords waits longer for each.
                await asyncio.sleep(self._penalty)
                self._penalty = min(2 * self._penalty, _LONGEST_PENALTY)
        told(right)
        # Every console draws what has become of it, and the others learn that somebody tried.
        if right:
            self._say("access granted")
        else:
            self._log.warning("access denied: a wrong password")

    async def _farewell(self, lines: Sequence[str]) -> None:
        await asyncio.gather(*(console.farewell(lines) for console in self._consoles))

    async def _open(self, files: Sequence[File]) -> list[int]:
        return await self._services.open(files, self._store.snapshot.devices)

    async def _write(self, change: Change) -> None:
        await self._services.write(change, self._store.snapshot.devices)

    def _console(self, path: str) -> Console:
        session = Session(path.removeprefix("/dev/"), self, self._store, lambda: self._log.lines)
        return Console(path, session, trace=self._trace, complain=self._log.error)

    def _tell(self, status: Status) -> None:
        self._store.update(status=status)

    def _say(self, text: str) -> None:
        self._log.info(text)
        self._tell(Status(at=uptime(), level="info", text=text))

    @staticmethod
    def _loop_time(when: float, now: float) -> float | None:
        return None if when == float("inf") else asyncio.get_running_loop().time() + when - now


def main(scanner: Scanner) -> int:
    """`petipy run`: be the boot manager of this machine, until a kernel takes over."""
    store = Store()
    with open("/proc/cmdline", encoding="utf-8", errors="surrogateescape") as file:
        store.update(settings=storage.load(file.read()))
    collector.resume()
    log = Log(debug=lambda: store.snapshot.settings.debug)
    scanner.complain = log.warning
    if (mode := kexec.lockdown()) not in ("", "none"):
        log.warning(f"lockdown={mode}: this kernel takes signed drivers and signed kernels only")
    asyncio.run(App(_services(scanner, store), log, store).run())
    return 0


def _services(scanner: Scanner, store: Store) -> Services:
    machine = os.uname().machine

    async def scan(device: Device, others: Sequence[Device]) -> Scan:
        dialect = store.snapshot.settings.dialect
        return await scanner.scan(device, others, machine, device.kind.patience, dialect)

    async def opening(files: Sequence[File], known: Sequence[Device]) -> list[int]:
        return await scanner.open(files, known, steps.OPENING)

    async def writing(change: Change, known: Sequence[Device]) -> None:
        await scanner.write(change, known, steps.WRITING)

    def quiet() -> None:
        scanner.close()
        steps.quiet()

    return Services(
        scan=scan,
        open=opening,
        write=writing,
        events=disks.watch,
        kexec=kexec,
        power=power,
        quiet=quiet,
        terminals=ttys.find_consoles,
    )

"""The composition root: it builds the boot manager and runs it. With petipy.services it alone
knows all rooms.
"""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from petipy import kexec, platforms
from petipy.boot.attempt import Booter
from petipy.control.automatic import AutomaticBoot
from petipy.control.checker import Checker
from petipy.control.commands import Commands
from petipy.control.session import Session
from petipy.control.settings import LiveSettings
from petipy.log import FaultStream, Log, Trace
from petipy.sandbox.client import Scanner
from petipy.sandbox.process import ScannerProcess
from petipy.services import Services, make_services
from petipy.settings import storage
from petipy.sources.discover import Discovery
from petipy.startup import collector, unlocked
from petipy.state.store import Store
from petipy.sys import limits, tty
from petipy.ui.console import Console
from petipy.ui.consoles import Consoles
from petipy.ui.line import ttys

if TYPE_CHECKING:
    from petipy.settings.configuration import Configuration
    from petipy.settings.storage import Statement
    from petipy.sources.opened import OpenedPlaces
    from petipy.state.inventory import Part

_LISTENS_AFTER = 0.5  # seconds after the first entry, until other clients than consoles may come
_AGAIN = 10.0  # seconds after a fault of a part


class App:
    """One boot manager."""

    def __init__(self, services: Services, log: Log, store: Store, cmdline: str = "") -> None:
        self._services, self._log, self._store, self._cmdline = services, log, store, cmdline
        self._settings = store.snapshot.settings  # as they are at the start
        self._trace = Trace(self._settings.trace)
        self._opened: OpenedPlaces | None = None
        self._kept: Configuration | None = None
        self._consoles = Consoles()
        self._discovery = Discovery(services.scan, store, log)
        self._free = asyncio.Event()  # sources may be looked at
        self._live = LiveSettings(store, rescan=self._rescan, resolve=self._discovery.resolve)
        self._booter = Booter(
            services,
            self._consoles,
            store,
            log,
            self._trace,
            self._discovery.look_again,
            notes=services.notes,
        )
        if services.storage:
            services.storage.listen(self._reload)
        self._automatic = AutomaticBoot(store, self._booter, self._trace, log.warning)
        self.commands = Commands(
            store,
            lambda: log.lines,
            self._booter,
            Checker(log),
            rescan=self._rescan,
            open_place=lambda text: self._places().open(text),
            close_place=lambda name: self._places().close(name),
            configuration=self._configuration,
            note_presence=self._automatic.note_presence,
            note_visit=self._automatic.note_visit,
            describe=self._describe,
            list_directory=services.list_directory,
        )

    async def run(self) -> None:
        """Run until another kernel takes over; return only when cancelled."""
        warnings = storage.list_warnings(self._settings, keeps=bool(self._services.storage))
        for line in (*warnings, *self._booter.notes.lines()):
            self._log.warning(line)
        paths = self._services.terminals(self._settings.consoles)
        for name in self._settings.consoles:
            if ttys.node_name(name) not in {_name(path) for path in paths}:
                self._log.warning(f"petipy.consoles: there is no terminal behind {name}")
        async with asyncio.TaskGroup() as group:
            streams = [find(self._log) for find in self._services.sources]
            if bmc := self._services.bmc:  # without sources nothing boots before it has answered
                streams = [bmc.hold(stream, self._free) for stream in streams]
                group.create_task(bmc.obey(self._store, self._log, self._free, self._override))
            group.create_task(self._discovery.run(*streams))
            group.create_task(self._live.run())
            group.create_task(self._automatic.run(self.commands))
            group.create_task(self._booter.run())
            group.create_task(self._consoles.serve([self._console(path) for path in paths]))
            group.create_task(self._serve_clients())
            if self._settings.syslog:
                group.create_task(self._send_log())

    def _rescan(self) -> None:
        self._free.set()
        self._discovery.rescan()

    async def _send_log(self) -> None:
        """Send the log to a server."""
        from petipy.network.syslog import Syslog  # few machines do

        syslog = Syslog(self._settings.syslog, self._log, self._store)
        self._consoles.add(syslog)
        await self._keep_up("petipy.syslog", syslog.run)

    async def _serve_clients(self) -> None:
        """Let other clients than consoles in, and the kernel's messages, after the first entry.

        A machine that boots at once does not import what that needs.
        """
        snapshot = self._store.snapshot
        while not (snapshot.choices or snapshot.settled):
            snapshot = await self._store.wait_for_change(snapshot.version)
        await asyncio.sleep(_LISTENS_AFTER)
        from petipy.control.listener import Listener

        listener = Listener(self.commands, self._log, self._attach)
        self._consoles.add(listener)
        parts: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        parts.append(("petipy ctl", partial(listener.run, self._services.control)))
        if self._services.ssh:
            from petipy.network import ssh  # few images have it

            server = ssh.SshServer(self._log, self._store, self._services.storage)
            user, only = limits.SSH_USER, frozenset({"attach"})  # its login
            self._consoles.add(server)
            accept = partial(listener.accept, owner=user, name="ssh", may=only)
            parts += [("ssh", server.run), ("ssh", partial(accept, ssh.SOCKET, {user}))]
        if self._services.kmsg:
            parts.append(("kmsg", partial(self._consoles.follow_kernel, self._relay)))
        async with asyncio.TaskGroup() as group:
            for name, part in parts:
                group.create_task(self._keep_up(name, part))

    def _relay(self, severity: int, text: str) -> None:
        """Log a message of the kernel. Consoles show it at once."""
        self._log.relay(severity, text)
        self._store.notify()

    async def _keep_up(self, name: str, part: Callable[[], Awaitable[None]]) -> None:
        """Run a part for ever: a fault of it must not end the program. The log has its name."""
        while True:
            try:
                await part()
            except Exception as error:  # noqa: BLE001
                while isinstance(error, ExceptionGroup):
                    error = error.exceptions[0]
                self._log.error(f"{name}: {type(error).__name__}: {error}")
            await asyncio.sleep(_AGAIN)

    async def _attach(self, fd: int, term: str, session: Session) -> None:
        """Show the menu on somebody's terminal until the person leaves it or it is lost."""
        try:
            tty.check_open_for_both(fd)
            # A descriptor of its own: O_NONBLOCK is shared by all that come from one open().
            path = f"/proc/self/fd/{fd}"
            console = self._make_console(path, session, term)
            with session.visit():
                await self._consoles.attend(console)
        finally:
            os.close(fd)

    def _describe(self) -> "tuple[Part, ...]":
        from petipy import inventory  # few people look

        return inventory.read(self._store.snapshot)

    def _places(self) -> "OpenedPlaces":
        if self._opened is None:
            from petipy.sources.opened import OpenedPlaces  # few people open anything

            add, remove = self._discovery.add, self._discovery.remove
            self._opened = OpenedPlaces(lambda: self._store.snapshot, add, remove)
        return self._opened

    def _configuration(self) -> "Configuration":
        if self._kept is None:
            from petipy.settings.configuration import Configuration  # no headless start needs it

            publish, machine = self._store.update, self._services.storage
            give = lambda settings: publish(settings=settings)  # noqa: E731
            self._kept = Configuration(give, self._cmdline, machine=machine)
        return self._kept

    def _reload(self) -> None:
        """Read the settings again. Warn of what was not wrong at the start."""
        self._configuration().reload(self._settings.complaints, self._log.warning)

    def _override(self, statements: "Sequence[Statement]") -> None:
        """Take settings that the service processor wants at this start."""
        self._configuration().overrides = statements
        self._reload()

    def _console(self, path: str) -> Console:
        return self._make_console(path, Session(_name(path), self.commands), trace=self._trace)

    def _make_console(
        self,
        path: str,
        session: Session,
        term: str = "",
        trace: Callable[[str], None] = lambda _: None,
    ) -> Console:
        return Console(
            path,
            session,
            term=term,
            trace=trace,
            complain=self._log.error,
            warn=self._log.warning,
            before_menu=self._services.before_menu,
        )


def _name(path: str) -> str:
    return path.removeprefix("/dev/")


def main(process: ScannerProcess) -> int:
    """Be the boot manager of this machine (`petipy run`), until another kernel takes over."""
    sys.stderr = FaultStream(sys.stderr)
    store, kept = Store(), platforms.find().open_storage()
    with open("/proc/cmdline", encoding="utf-8", errors="surrogateescape") as file:
        cmdline = file.read()
    host = platforms.find().read_host_order("")
    store.update(settings=storage.load(cmdline, machine=kept), host=host)
    collector.resume()
    unlocked.end()
    limits.set_oom_score(limits.LATE)
    log = Log(
        lambda status: store.update(status=status), debug=lambda: store.snapshot.settings.debug
    )
    for line in platforms.describe():
        log.info(line)
    if (mode := kexec.lockdown()) not in ("", "none"):
        log.warning(f"lockdown={mode}: this kernel takes signed drivers and signed kernels only")
    # petipy.network.ssh_key.PLACE: most images have none, and do not import it.
    has_ssh = os.path.exists("/etc/dropbear")  # noqa: PTH110  no pathlib here
    # petipy.boot.openpgp.KEYRING
    if os.path.exists(keyring := "/etc/petipy/keyring.gpg"):  # noqa: PTH110
        store.update(keyring=keyring)
    services = make_services(Scanner(process, log.warning), store)
    services = replace(services, storage=kept, bmc=platforms.find().open_bmc(), ssh=has_ssh)
    if place := store.snapshot.settings.store:
        from petipy.settings.file import FileStorage  # few machines have one

        in_file = FileStorage(place, kept, services, store)
        services = replace(services, storage=in_file, scan=in_file.before(services.scan))
    asyncio.run(App(services, log, store, cmdline).run())
    return 0

"""The services of the machine: how the boot manager reaches devices, networks and power."""

import errno
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from petipy import kexec, platforms
from petipy.boot import notes, steps
from petipy.boot.attempt import Power
from petipy.boot.notes import Notes
from petipy.boot.opener import OpenOnDevices
from petipy.boot.steps import Kexec
from petipy.log import Log
from petipy.network import finder
from petipy.sandbox.client import Scanner
from petipy.sources import disks
from petipy.sources.discover import Receive, ScanSource
from petipy.sources.source import Find, SourceEvent
from petipy.state.model import Change, Device, File, Scan, Source
from petipy.state.network import Wanted, describe_cards, find_way
from petipy.state.store import Store
from petipy.sys import limits, power
from petipy.ui.line import ttys

if TYPE_CHECKING:
    from petipy.boot.download import Fetch, Report
    from petipy.network.services import NetworkServices
    from petipy.settings.bmc import Bmc
    from petipy.settings.storage import Storage


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """The services of the machine; the tests have a machine of their own."""

    scan: ScanSource
    open: OpenOnDevices
    fetch: "Fetch"
    write: Callable[[Change, Sequence[Device]], Awaitable[None]]
    sources: Sequence[Find]
    kexec: Kexec
    power: Power
    quiet: Callable[[], None]  # nothing may touch a device from now on
    restore: Callable[[Log], Awaitable[None]]  # if it is quiet, the machine goes on
    before_boot: Callable[[], None]  # the platform's part
    terminals: Callable[[Sequence[str]], Sequence[str]]  # given Settings.consoles
    before_menu: Callable[[], None]  # a console is about to show its screens
    list_directory: Callable[[str, str], Awaitable[Sequence[str]]]  # on a device: its name, a path
    notes: Notes | None = None  # of earlier boots
    storage: "Storage | None" = None  # of settings
    bmc: "Bmc | None" = None  # the service processor
    control: str = "/run/petipy/control"  # the socket for `petipy ctl`
    ssh: bool = False  # the image has an ssh server
    kmsg: bool = False  # the consoles are the kernel's, too


def make_services(scanner: Scanner, store: Store) -> Services:
    """Return the services of this machine, without those that main() adds."""
    workers = _Workers(scanner, store)
    networks = [workers.watch_networks] if store.snapshot.settings.network else []
    return Services(
        scan=workers.scan,
        open=workers.open,
        fetch=workers.fetch,
        write=workers.write,
        sources=[disks.watch, *networks],
        kexec=kexec,
        power=power,
        quiet=workers.quiet,
        restore=workers.restore,
        before_boot=platforms.find().before_boot,
        terminals=ttys.find_consoles,
        kmsg=True,
        list_directory=workers.list_directory,
        notes=Notes(notes.PLACE),
        before_menu=limits.shorten_free_lists,
    )


class _Workers:
    """The processes that work for the boot manager: the scanner's, and those of the networks."""

    def __init__(self, scanner: Scanner, store: Store) -> None:
        self._scanner, self._store = scanner, store
        self._machine = os.uname().machine
        self._networks: list[NetworkServices] = []
        self._is_quiet = False

    async def scan(self, source: Source, devices: Sequence[Device], receive: Receive) -> Scan:
        if source.device is None:
            raise OSError(errno.ENODEV, "there is no device to scan")
        others = [device for device in devices if device.name != source.name]
        if source.lease:
            return await self._scan_lease(source, source.device, others, receive)
        dialect, patience = self._store.snapshot.settings.dialect, source.patience
        return await self._scanner.scan(
            source.device, others, self._machine, patience, dialect, receive, source.path
        )

    async def _scan_lease(
        self, source: Source, device: Device, others: Sequence[Device], receive: Receive
    ) -> Scan:
        if any("https://" in value.lower() for _, value in source.lease):
            for network in self._networks:  # a wrong clock would refuse the server's certificate
                await network.wait_for_clock()
        snapshot = self._store.snapshot
        links = (other.link for other in snapshot.sources if other.link)
        return await self._scanner.scan_lease(
            device,
            (*source.lease, ("links", describe_cards(links))),
            others,
            self._machine,
            source.patience,
            snapshot.settings.dialect,
            snapshot.settings.fetching,
            receive,
            find_way(source.link),
        )

    async def open(
        self, files: Sequence[File], known: Sequence[Device], configs: Sequence[File]
    ) -> list[int]:
        return await self._scanner.open(files, known, steps.OPENING, configs)

    async def fetch(self, wanted: Sequence[Wanted], report: "Report") -> list[int]:
        rules = self._store.snapshot.settings.fetching
        return await self._scanner.fetch(wanted, rules, steps.FETCHING, report)

    async def list_directory(self, name: str, path: str) -> Sequence[str]:
        from petipy.sandbox import listing  # few people type a path

        devices = self._store.snapshot.devices
        return await listing.list_directory(self._scanner, name, path, devices)

    async def write(self, change: Change, known: Sequence[Device]) -> None:
        await self._scanner.write(change, known, steps.WRITING)

    def watch_networks(self, log: Log) -> AsyncIterator[SourceEvent]:
        return finder.watch(log, self._follow_networks)

    def _follow_networks(self, log: Log) -> AsyncIterator[SourceEvent]:
        from petipy.network.clock import Clock  # no machine without a card needs these
        from petipy.network.services import NetworkServices

        settings = self._store.snapshot.settings
        network = NetworkServices(settings, platforms.find(), log, Clock(log))
        self._networks.append(network)
        self._scanner.prepare_network()  # beside DHCP, so that no lease waits for it
        return network.watch()

    def quiet(self) -> None:
        self._is_quiet = True
        self._scanner.close()
        for network in self._networks:
            network.stop()
        steps.quiet()

    async def restore(self, log: Log) -> None:
        if not self._is_quiet:
            return
        self._is_quiet = False
        self._scanner.reopen()
        if self._store.snapshot.settings.watchdog:
            from petipy.boot import handover

            handover.stop_watchdog(log)
        await steps.restore(log)

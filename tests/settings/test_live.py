"""A setting that changes while the program runs takes effect at once."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from petipy.control.session import Session
from petipy.log import Log
from petipy.sandbox.client import Scanner
from petipy.services import make_services
from petipy.sources.discover import Receive
from petipy.state.model import Device, Scan, Snapshot, Source
from petipy.state.settings import Settings
from petipy.state.store import Store
from tests.samples import device, entry, scan
from tests.test_app import Jumped, Machine, machine, until

__all__ = ["machine"]  # the fixture
NEVER = Settings(timeout=math.inf)
LOCKED = {"users": ("root",)}


def change(store: Store, **values: Any) -> None:
    store.update(settings=replace(store.snapshot.settings, **values))


def settled(snapshot: Snapshot) -> bool:
    return snapshot.settled and not snapshot.scanning and bool(snapshot.default)


def test_a_new_timeout_boots_a_machine_that_was_to_wait_for_ever(machine: Machine) -> None:
    machine.scans["vda2"] = scan(entry("a", "/good", cmdline="A", default=True))

    async def person(session: Session, store: Store) -> None:
        snapshot = await until(store, settled)
        assert snapshot.countdown is None
        change(store, timeout=0.0)

    machine.run(NEVER, person)
    assert machine.loaded == "A"


def test_a_default_that_wants_a_password_boots_when_that_is_allowed(machine: Machine) -> None:
    machine.scans["vda2"] = scan(entry("a", "/good", cmdline="A", default=True, **LOCKED))

    async def person(session: Session, store: Store) -> None:
        snapshot = await until(store, settled)
        assert snapshot.countdown is None
        change(store, boot_restricted=True)

    machine.run(Settings(timeout=0), person)
    assert machine.loaded == "A"


def test_foreign_systems_come_and_go(machine: Machine) -> None:
    windows = entry("Windows", foreign=True, unbootable="not bootable by kexec")
    machine.scans["vda2"] = scan(entry("a", "/good", default=True), windows)

    async def person(session: Session, store: Store) -> None:
        for show, count in ((True, 2), (False, 1)):
            change(store, show_foreign=show)
            async with asyncio.timeout(10):
                await until(store, lambda s, n=count: len(s.choices) == n)  # type: ignore[misc]
        raise Jumped

    machine.run(NEVER, person)


def test_boot_image_leaves_the_command_lines(machine: Machine) -> None:
    machine.scans["vda2"] = scan(entry("a", "/good", cmdline="BOOT_IMAGE=/k quiet", default=True))

    async def person(session: Session, store: Store) -> None:
        await until(store, settled)
        change(store, boot_image=False)
        async with asyncio.timeout(10):
            await until(store, lambda s: s.choices[0].entry.cmdline == "quiet")
        raise Jumped

    machine.run(NEVER, person)


def test_a_new_dialect_has_every_device_scanned_again(machine: Machine) -> None:
    scanned: asyncio.Queue[str] = asyncio.Queue()

    class Watched(Machine):
        async def scan(self, source: Source, devices: Sequence[Device], receive: Receive) -> Scan:
            scanned.put_nowait(source.name)
            return await Machine.scan(self, source, devices, receive)

    scans = {"vda2": scan(entry("a", "/good", default=True)), "vdb1": scan()}

    async def person(session: Session, store: Store) -> None:
        await until(store, settled)
        assert {await scanned.get(), await scanned.get()} == set(scans)
        change(store, dialect="fedora")
        async with asyncio.timeout(10):
            assert {await scanned.get(), await scanned.get()} == set(scans)
        raise Jumped

    Watched(machine.tree, machine.terminal, scans).run(NEVER, person)


def test_a_scan_asks_in_the_dialect_of_the_moment() -> None:
    asked: list[str] = []

    class Recorder:
        async def scan(self, *arguments: Any) -> Scan:
            asked.append(arguments[4])  # as Scanner.scan names them
            return Scan()

    store = Store()
    services = make_services(cast(Scanner, Recorder()), store)
    for dialect in ("", "debian", "fedora"):
        change(store, dialect=dialect)
        asyncio.run(services.scan(Source.of(device("vda2")), (), list[Scan]().append))  # type: ignore[arg-type]
    assert asked == ["", "debian", "fedora"]


def test_the_log_keeps_more_from_the_moment_that_debug_is_set() -> None:
    store = Store()
    log = Log(files=(), debug=lambda: store.snapshot.settings.debug)
    log.debug("before")
    change(store, debug=True)
    log.debug("now")
    change(store, debug=False)
    log.debug("after")
    assert [line.text for line in log.lines] == ["now"]

"""Turns device events into choices: one task per device, cancelled when the device goes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import nullcontext

from petipy.log import Log
from petipy.report.quote import format_place
from petipy.scan.images import image_device
from petipy.sources.disks import DeviceEvent
from petipy.state import resolve
from petipy.state.model import Device, Image, Scan, Source
from petipy.state.store import Store

ScanDevice = Callable[[Device, Sequence[Device]], Awaitable[Scan]]
TOLD = 3  # problems of a device that are told at once


class Discovery:
    """Keeps the store's devices and choices true to what is plugged in.

    A device that fails or hangs costs its own entries, nothing else. An entry that waits for a
    device is read again when a device comes.
    """

    def __init__(self, scan: ScanDevice, store: Store, log: Log) -> None:
        self._scan, self._store, self._log = scan, store, log
        self._devices: dict[str, Device] = {}
        self._scans: dict[str, Scan] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._failures: dict[str, str] = {}  # of the last scan, in words
        self._group = asyncio.TaskGroup()
        self._one_image = asyncio.Semaphore(1)  # at a time: disks come first

    async def run(self, events: AsyncIterator[DeviceEvent]) -> None:
        """Until `events` ends and every scan has."""
        async with self._group:
            async for event in events:
                if event.device is None and not event.name:
                    self._store.update(settled=True)
                elif event.device is not None and event.present:
                    self._arrive(event.device)
                else:
                    self._leave(event.name)

    def rescan(self) -> None:
        """Look at every device again, as if it had just come."""
        self._log.info("looking at every device again")
        for device in list(self._devices.values()):
            self._start(device)

    def resolve(self) -> None:
        """Make the choices anew from what the scans have found, as the settings are now."""
        self._publish()

    def _arrive(self, device: Device) -> None:
        for image in self._images_on(device.name):  # it may be another disc
            self._leave(image)
        if self._devices.get(device.name) == device:  # such as a stick that has just come
            self._log.debug(f"{device.name} may have new contents: looking again")
        else:
            self._log.info(f"found {device.title or device.name}")
        self._devices[device.name] = device
        self._start(device)
        if device.kind.inner:
            return
        for name, scan in list(self._scans.items()):
            if name != device.name and _waits(scan):
                self._start(self._devices[name])

    def _leave(self, name: str) -> None:
        for image in self._images_on(name):
            self._leave(image)
        if task := self._tasks.pop(name, None):
            task.cancel()
        if self._devices.pop(name, None):
            self._log.info(f"{name} is gone")
        self._scans.pop(name, None)
        self._failures.pop(name, None)
        self._publish()

    def _start(self, device: Device) -> None:
        if task := self._tasks.pop(device.name, None):
            task.cancel()
        self._tasks[device.name] = self._group.create_task(self._one(device))
        self._publish()

    async def _one(self, device: Device) -> None:
        others = self._others(device)
        scan, failure = Scan(), ""
        try:
            async with self._one_image if device.kind.inner else nullcontext():
                scan = await self._scan(device, others)
        except OSError as error:  # TimeoutError is one, and says nothing
            failure = error.strerror or str(error) or "no answer in time"
            self._log.warning(f"{device.name}: {failure}")
        if self._tasks.get(device.name) is asyncio.current_task():
            del self._tasks[device.name]
            self._failures[device.name] = failure
            try:
                self._take(device, scan)
            except Exception as error:  # noqa: BLE001  what is on one disk is not to end the program
                failure = f"{type(error).__name__}: {error}"
                self._log.error(f"{device.name} is left out: {failure}")
                self._failures[device.name] = failure
                self._take(device, Scan())
            else:
                if _waits(scan) and any(d not in others for d in self._others(device)):
                    self._start(device)  # what it waits for may have come meanwhile

    def _others(self, device: Device) -> list[Device]:
        """The devices that it may refer to."""
        return [d for d in self._devices.values() if d is not device and not d.kind.inner]

    def _take(self, device: Device, scan: Scan) -> None:
        self._scans[device.name] = scan
        self._report(device, scan)
        self._look_into(device, scan.images)
        self._publish()

    def _look_into(self, host: Device, images: Sequence[Image]) -> None:
        """Take the images that are on the device for devices, too."""
        found = {device.name: device for device in (image_device(host, i) for i in images)}
        for name in self._images_on(host.name):
            if name not in found:
                self._leave(name)
        for name, device in found.items():
            if self._devices.get(name) != device:
                self._arrive(device)

    def _images_on(self, name: str) -> list[str]:
        devices = self._devices.values()
        return [d.name for d in devices if d.kind.inner and d.volume.disk == name]

    def _report(self, device: Device, scan: Scan) -> None:
        # Consoles show what is logged; a slow line is not to be filled. The log screen has all.
        for number, problem in enumerate(scan.problems):
            tell = self._log.info if number < TOLD else self._log.debug
            tell(f"{format_place(problem, device.name)}: {problem.message}")
        more = len(scan.problems) - TOLD
        rest = f"; {more} more problems are in the log" if more > 0 else ""
        foreign = self._store.snapshot.settings.show_foreign
        hidden = [e for _, e in scan.entries if e.foreign and not foreign]
        for entry in hidden:
            words = f"{entry.title} ({entry.config}) is {entry.unbootable}"
            self._log.info(f"{device.name}: {words}; petipy.show_foreign would list it")
        self._log.info(f"{device.name}: {_count(len(scan.entries) - len(hidden))}{rest}")

    def _publish(self) -> None:
        settings = self._store.snapshot.settings
        order = sorted(self._devices.values(), key=lambda device: Source.of(device).order)
        scans = [(d, self._scans[d.name]) for d in order if d.name in self._scans]
        self._store.update(
            sources=tuple(map(self._source, order)),
            choices=resolve.choices(
                scans,
                [d.volume for d in order],
                foreign=settings.show_foreign,
                boot_image=settings.boot_image,
            ),
            problems=tuple((d.name, problem) for d, scan in scans for problem in scan.problems),
        )

    def _source(self, device: Device) -> Source:
        if device.name in self._tasks:
            return Source.of(device)
        reason = self._failures.get(device.name, "")
        return Source.of(device, "failed" if reason else "ready", reason)


def _waits(scan: Scan) -> bool:
    """Whether another device could make it find something else."""
    return any(e.waits_for for _, e in scan.entries) or any(p.waits for p in scan.problems)


def _count(entries: int) -> str:
    return {0: "nothing to boot", 1: "1 entry"}.get(entries, f"{entries} entries")

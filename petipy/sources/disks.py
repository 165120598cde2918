"""The volumes of the machine, from udev: first the present ones, then each change."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field

from petipy.log import Log
from petipy.sources.settle import Settling
from petipy.sources.source import Arrived, Left, Settled, SourceEvent
from petipy.sources.volume import (
    Properties,
    describe_unreadable,
    has_failed,
    is_handled,
    make_device,
    read_name,
)
from petipy.state.model import Device, Source


async def watch(log: Log, sysfs: str = "/sys") -> AsyncIterator[SourceEvent]:
    """Yield every volume, Settled once udev has handled all devices, then each change."""
    from petipy.sources.udev import Udev

    udev, known, settling = Udev(), Known(sysfs, log.info), Settling()
    _poll_for_media(sysfs)
    wake = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(udev.fileno(), wake.set)
    settled = False
    try:
        for event in known.compare(udev.devices()):
            yield event
        while True:
            await _wait(wake, None if settled else settling.pause())
            # Look before reading the events: every volume that is there by then precedes Settled.
            quiet = settled or settling.quiet(known.awaited)
            try:
                changes = [
                    change for action, p in udev.events() for change in known.take(action, p)
                ]
            except OSError as error:  # ENOBUFS: more came than fitted
                log.warning(
                    f"device events were lost ({error.strerror}): looking at all devices again"
                )
                changes = list(known.compare(udev.devices()))
            for event in changes:
                yield event
            if quiet and not settled:
                settled = True
                if settling.overdue:
                    log.warning("udev is still busy: waited long enough for all devices")
                for event in known.give_up():
                    yield event
                yield Settled()
    finally:
        loop.remove_reader(udev.fileno())


async def _wait(wake: asyncio.Event, seconds: float | None) -> None:
    try:
        async with asyncio.timeout(seconds):
            await wake.wait()
    except TimeoutError:
        return
    wake.clear()


def _poll_for_media(sysfs: str) -> None:
    """Have the kernel look for discs put in or taken out, as udev's 60-block.rules does."""
    try:
        with open(f"{sysfs}/module/block/parameters/events_dfl_poll_msecs", "r+") as file:
            if file.read().strip() == "0":
                file.write("2000")
    except OSError:  # the kernel is built without it, or we are not root
        return


@dataclass
class Known:
    """The devices that events have reported. Turns udev's events into those of sources."""

    sysfs: str = "/sys"
    log: Callable[[str], None] = lambda _: None
    devices: dict[str, Device] = field(default_factory=dict)
    awaited: set[str] = field(default_factory=set)  # the kernel has them, udev not yet
    lost: set[str] = field(default_factory=set)  # reported without a device: udev has failed
    told: set[str] = field(default_factory=set)  # lines of the log about disks of no use

    def compare(self, listed: Iterator[Properties]) -> Iterator[SourceEvent]:
        """Yield the events that make the known devices those of a complete list."""
        present = set()
        for properties in listed:
            present.add(read_name(properties))
            yield from self.take("add", properties)
        for name in sorted((self.devices.keys() | self.lost) - present):
            yield from self._leave(name)
        self.awaited &= present

    def take(self, action: str, properties: Properties) -> Iterator[SourceEvent]:
        """Yield the events that follow from one of udev's. A `change` may mean new contents."""
        name = read_name(properties)
        if not name:  # no node: the kernel adds it just now, or removes it, or hides it (NVMe)
            return
        self.awaited.discard(name)
        if action == "remove":
            yield from self._leave(name)
            return
        if not is_handled(properties):
            self.awaited.add(name)
            return
        device = make_device(properties, self.sysfs)
        if device is None and has_failed(properties):
            yield from self._lose(name)
        elif device is None:
            self._tell(describe_unreadable(properties, self.sysfs))
            yield from self._leave(name)
        elif action == "change" or self.devices.get(name) != device:
            self.lost.discard(name)
            self.devices[name] = device
            yield Arrived(Source.of(device))

    def give_up(self) -> Iterator[SourceEvent]:
        """Yield the events for the devices that are awaited no longer."""
        for name in sorted(self.awaited):
            yield from self._lose(name)

    def _lose(self, name: str) -> Iterator[SourceEvent]:
        """Report a device whose contents udev does not know: they may have a lock."""
        if device := self.devices.get(name):
            yield Arrived(Source.of(device))  # what it was, and perhaps still is
        elif name not in self.lost:
            self.lost.add(name)
            reason = "udev does not say what is on it"
            yield Arrived(Source(name=name, state="failed", reason=reason, given_up=True))

    def _tell(self, words: str) -> None:
        if words and words not in self.told:
            self.told.add(words)
            self.log(words)

    def _leave(self, name: str) -> Iterator[SourceEvent]:
        if self.devices.pop(name, None) or name in self.lost:
            self.lost.discard(name)
            yield Left(name)

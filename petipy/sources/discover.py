"""Turns events of sources into choices: one task per source, cancelled when the source goes."""

import asyncio
import errno
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

from petipy.log import Log
from petipy.scan.images import MOST, image_device
from petipy.sources.repeats import Repeats
from petipy.sources.results import is_silence, report_departure, report_scan
from petipy.sources.source import Arrived, Left, SourceEvent, Updated
from petipy.state.catalog import Catalog
from petipy.state.model import Choice, Contents, Device, Image, Scan, Source, State
from petipy.state.store import Store

# Scan a source. Its configurations may refer to the devices, which include its own. If it takes a
# while, the function gets the result so far. Raise OSError if there is none in the end.
Receive = Callable[[Scan], None]
ScanSource = Callable[[Source, Sequence[Device], Receive], Awaitable[Scan]]
# An update costs the store and its readers some milliseconds for each thousand sources. With more
# than MANY sources, an update waits for PAUSE seconds and takes all changes until then with it.
MANY, PAUSE = 200, 0.05
RESTARTS = 5  # of a scan, by changes of its source, until one is let end


class Discovery:
    """Keeps the sources and choices of the store up to date.

    A source that fails or hangs costs its own entries, nothing else. Its scan is repeated, and what
    is known of it stays until then. A scan that wants a volume starts again when that volume comes.
    The store is updated once per turn of the event loop.
    """

    def __init__(
        self,
        scan: ScanSource,
        store: Store,
        log: Log,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._scan, self._store, self._log = scan, store, log
        self._catalog = Catalog()
        self._group = asyncio.TaskGroup()
        self._repeats = Repeats(self._group, log, sleep)
        self._known: dict[str, Contents] = {}  # as it was when the catalog took its scan
        self._remarks: dict[str, str] = {}  # by source: what its finder says of it now
        self._tasks: dict[str, asyncio.Task[None]] = {}  # of the scans that run, by source
        self._restarts: dict[str, int] = {}  # since a scan of the source has ended
        self._next: dict[str, Source] = {}  # to be scanned when the scan that runs has ended
        self._images: dict[str, list[str]] = {}  # by the source that they lie on
        # Arrivals are counted, so that a scan can tell which came after its start.
        self._arrivals = 0
        self._arrived: dict[str, int] = {}
        self._settled = False
        self._update_at: asyncio.TimerHandle | asyncio.Handle | None = None
        self._one_image = asyncio.Semaphore(1)  # at a time: disks come first

    async def run(self, *streams: AsyncIterator[SourceEvent]) -> None:
        """Follow the streams until all have ended and every scan has.

        The store is settled as soon as all streams are. Nothing is repeated after their end.
        """
        unsettled = followed = len(streams)

        async def follow(stream: AsyncIterator[SourceEvent]) -> None:
            nonlocal unsettled, followed
            async for event in stream:
                if isinstance(event, Arrived):
                    self._arrive(event.source)
                elif isinstance(event, Updated):
                    self._describe(event.source)
                elif isinstance(event, Left):
                    self.remove(event.name)
                else:
                    unsettled -= 1
                    self._settled = unsettled == 0
                    self._publish()
            followed -= 1
            if followed == 0:
                self._repeats.end()

        async with self._group:
            for stream in streams:
                self._group.create_task(follow(stream))
        if self._update_at:
            self._update_at.cancel()
            self._update()

    def add(self, source: Source) -> None:
        """Take a source that no stream tells of, such as a place that a person opens."""
        self._arrive(source)

    def rescan(self) -> None:
        """Look at every source again, as if it had just come."""
        self._log.info("looking at every device again")
        for source in self._catalog.sources:
            if source.name in self._arrived:
                self._repeats.forget(source.name)
                self._start(source)

    def look_again(self, name: str) -> None:
        """Look at a source again, if it is there: it is not what it was."""
        source = self._catalog.source(name)
        if source and name in self._arrived:
            self._repeats.forget(name)
            self._start(source)
            # At once: a boot that is decided before must not take the old entry again.
            if self._update_at:
                self._update_at.cancel()
            self._update()

    def resolve(self) -> None:
        """Make the choices anew from the results of the scans, as the settings are now."""
        self._publish()

    def _arrive(self, source: Source) -> None:
        name, known = source.name, self._catalog.source(source.name)
        self._remarks[name] = source.reason
        for image in self._images.get(name, [])[:]:  # it may be another disc
            self.remove(image)
        if known and known.contents == source.contents:  # such as a stick that has just come
            # Its failures still count: one that changes again and again is given up, too.
            self._log.debug(f"{name} may have new contents: looking again")
        else:
            self._repeats.forget(name)
            # Log a network once: its finder logs the later changes.
            if not (known and source.kind.remote):
                self._log.info(f"found {source.title or name}")
        if source.given_up:
            self._log.warning(f"{name}: {source.reason}")
        if source.state != "scanning":
            self._show(source)
            return
        if not source.kind.inner:
            self._arrivals += 1
        self._arrived[name] = self._arrivals
        self._start(source)
        if not source.kind.inner:
            for other in map(self._catalog.source, self._catalog.find_wanting(name)):
                if other:
                    self._start(other)

    def _show(self, source: Source) -> None:
        """Take a source that cannot be scanned yet."""
        self._stop(source.name)
        self._arrived.pop(source.name, None)
        self._catalog.remove(source.name)
        self._catalog.put(source)
        self._publish()

    def _describe(self, source: Source) -> None:
        """Take a new title, link or reason. A scan of the source goes on, or its result stays."""
        name, known = source.name, self._catalog.source(source.name)
        if known is None:
            return
        self._remarks[name] = source.reason
        if name in self._arrived:
            reason = source.reason if known.state == "ready" else known.reason
            source = replace(known, title=source.title, link=source.link, reason=reason)
        self._catalog.put(source)
        self._publish()

    def remove(self, name: str) -> None:
        """Take away a source, and the images that lie on it."""
        for image in self._images.pop(name, []):
            self.remove(image)
        self._stop(name)
        self._arrived.pop(name, None)
        self._repeats.forget(name)
        self._known.pop(name, None)
        self._remarks.pop(name, None)
        if source := self._catalog.source(name):
            self._catalog.remove(name)
            report_departure(self._log, name, self._store.snapshot)
            if source.device and name in self._images.get(source.device.volume.disk, []):
                self._images[source.device.volume.disk].remove(name)
        self._publish()

    def _start(self, source: Source, *, quiet: bool = False) -> None:
        """Begin a scan. A quiet one changes nothing of the source until it finds something."""
        name = source.name
        self._repeats.cancel(name)
        # A source that has been given up stays so until its scan has ended.
        silent = quiet or self._repeats.is_given_up(name)
        if not silent:
            source = replace(source, state="scanning", reason="", given_up=False)
        if name in self._tasks:
            self._restarts[name] = restarts = self._restarts.get(name, 0) + 1
            if restarts > RESTARTS:  # it changes all the time: what it has is to be known some day
                reason = "it does not stay the same"
                self._catalog.put(replace(source, state="failed", reason=reason, given_up=True))
                self._next[name] = source
                self._publish()
                return
            self._cancel(name)
        if not silent:
            self._catalog.put(source)
        self._tasks[name] = self._group.create_task(self._one(source))
        self._publish()

    def _cancel(self, name: str) -> None:
        if task := self._tasks.pop(name, None):
            task.cancel()

    def _stop(self, name: str) -> None:
        self._cancel(name)
        self._repeats.cancel(name)
        self._restarts.pop(name, None)
        self._next.pop(name, None)

    async def _one(self, source: Source) -> None:
        name, devices, start = source.name, self._catalog.devices, self._arrivals
        task, scan, failure, hopeless = asyncio.current_task(), None, "", False

        def receive(part: Scan) -> None:
            # A part says less than an earlier scan.
            if self._tasks.get(name) is task and self._catalog.scan(name) is None:
                self._put(source, part)
                self._keep(source, part)
                self._publish()

        try:
            async with self._one_image if source.kind.inner else nullcontext():
                scan = await self._scan(source, devices, receive)
                failure = scan.stopped
        except OSError as error:  # TimeoutError is one, and says nothing
            failure = error.strerror or str(error) or "no answer in time"
            hopeless = error.errno == errno.ENOPKG
        except Exception as error:  # noqa: BLE001  one source is not to end the program
            failure = f"{type(error).__name__}: {error}"
            self._log.error(f"{name} is left out: {failure}")
        if self._tasks.get(name) is not task:
            return  # a newer scan counts
        del self._tasks[name]
        self._take(source, scan, failure, hopeless=hopeless)
        if newer := self._next.pop(name, None):
            self._start(newer)
            return
        self._restarts.pop(name, None)
        if self._arrivals > start and self._came_since(start, name):
            self._start(source)
        elif failure and not hopeless:
            again = lambda: self._start(self._catalog.source(name) or source)  # noqa: E731
            self._repeats.begin(name, failure, again, remote=source.kind.remote)
        elif failure:
            self._log.warning(f"{name}: {failure}")
        elif source.lease and scan and not scan.entries and not scan.preferences:
            # An administrator may tell the server at any time to boot this machine.
            ask = lambda: self._start(self._catalog.source(name) or source, quiet=True)  # noqa: E731
            self._repeats.ask_again(name, ask)

    def _came_since(self, start: int, name: str) -> bool:
        """Return True if a volume that the scan wants came after its start."""
        return any(self._arrived.get(other, 0) > start for other in self._catalog.list_wanted(name))

    def _take(
        self, source: Source, scan: Scan | None, failure: str, *, hopeless: bool = False
    ) -> None:
        """Take the result of a scan. Without one, keep what is known of the same device.

        `hopeless`: nobody can read it here, in a shell neither.
        """
        name = source.name
        failures = self._repeats.count(name, failed=bool(failure), hopeless=hopeless)
        given_up = self._repeats.is_given_up(name)
        state: State = "failed" if failure else "ready"
        times = f" ({failures} times)" if failures > 1 and given_up else ""
        reason = failure + times or self._remarks.get(name, "")
        away = scan is not None and any(wish.elsewhere for _, wish in scan.preferences)
        self._put(source, scan, state=state, reason=reason, given_up=given_up, elsewhere=away)
        if scan and source.kind.remote and is_silence(scan) and name in self._known:
            scan = None  # what its servers said before stays
        if scan is None and self._known.get(name, source.contents) != source.contents:
            scan = Scan(stopped=failure)  # another disc is in the drive, or there is another lease
        if hopeless:
            scan = Scan()
        if scan is not None:
            if failures < 2:
                report_scan(self._log, source, scan, self._catalog.scan(name), self._store.snapshot)
            self._keep(source, scan)
            if source.device and not source.kind.inner:  # an image has no images
                self._look_into(source.device, scan.images[:MOST], whole=not failure)
        self._publish()

    def _put(self, source: Source, scan: Scan | None, **changes: Any) -> None:
        """Enter the state of a scan. Title and link are those that the finder told meanwhile."""
        known = self._catalog.source(source.name) or source
        requests = scan.requests if scan else known.requests
        source = replace(source, title=known.title, link=known.link, requests=requests)
        self._catalog.put(replace(source, **changes))

    def _keep(self, source: Source, scan: Scan) -> None:
        self._known[source.name] = source.contents
        self._catalog.take(source.name, scan)

    def _look_into(self, host: Device, images: Sequence[Image], *, whole: bool) -> None:
        """Take the image files on the device for sources, too. `whole`: there are no others."""
        found = {device.name: device for device in (image_device(host, i) for i in images)}
        for name in self._images.get(host.name, [])[:]:
            if whole and name not in found:
                self.remove(name)
        for name, device in found.items():
            known = self._catalog.source(name)
            if known is None:
                self._images.setdefault(host.name, []).append(name)
            if known is None or known.device != device:
                self._arrive(Source.of(device))

    def _publish(self) -> None:
        """Have the store updated at the next turn of the loop, or soon after it."""
        if self._update_at is None:
            loop, many = asyncio.get_running_loop(), len(self._catalog.sources) > MANY
            later = loop.call_later(PAUSE, self._update) if many else loop.call_soon(self._update)
            self._update_at = later

    def _update(self) -> None:
        self._update_at = None
        choices = self._choices()
        self._store.update(
            sources=self._catalog.sources,
            settled=self._settled,
            choices=choices,
            problems=self._catalog.problems,
            guards=self._catalog.register.guards,
            unread=self._catalog.register.unread,
        )

    def _choices(self) -> tuple[Choice, ...]:
        """Return all choices. A source that costs an exception is left without any."""
        settings, catalog = self._store.snapshot.settings, self._catalog
        foreign, boot_image = settings.show_foreign, settings.boot_image
        choices = catalog.choices(foreign=foreign, boot_image=boot_image)
        while catalog.failures:
            name, error = catalog.failures.pop()
            reason = f"{type(error).__name__}: {error}"
            self._log.error(f"{name} is left out: {reason}")
            if source := catalog.source(name):
                catalog.put(replace(source, state="failed", reason=reason, given_up=True))
                catalog.take(name, Scan(stopped=reason))
            choices = catalog.choices(foreign=foreign, boot_image=boot_image)
        if settings.own:
            from petipy.state import own  # few machines have one

            choices = own.add(choices, settings, catalog.sources)
        return choices

"""The links of the machine as sources: their state in words, and their leases to be scanned.

The kernel tells of links and addresses, a confined child of DHCP's answers. systemd-networkd
assigns the addresses.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from parsers.api import Volume
from petipy.log import Log
from petipy.network.hearing import Hearing
from petipy.network.interfaces import Interface, Interfaces
from petipy.network.states import SILENT, Answers, describe, find_next_change
from petipy.sources.source import Arrived, Left, SourceEvent, Updated
from petipy.state.model import NETWORK, Device, Source
from petipy.state.network import Lease
from petipy.sys.netlink import Monitor, News

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds before a service that ended starts again
_MINUTE, _MOST_LINES = 60.0, 4  # seconds; lines of a link in the log in that time
_HEALTHY = 60.0  # seconds; a service that ran for longer works


class Kernel(Protocol):
    """The part of sys.netlink.Monitor that is used here."""

    def fileno(self) -> int: ...
    def close(self) -> None: ...
    def read(self) -> list[News]: ...
    def dump(self) -> list[News]: ...


@dataclass(frozen=True, slots=True)
class Service:
    """A part that runs beside the links, such as systemd-networkd. `name` is for the log.

    `run` runs until it is cancelled. If it ends, it is started again after a pause.
    """

    name: str
    run: Callable[[], Awaitable[None]]


@dataclass(slots=True)
class _Followed:
    """A link, and the last report about it."""

    interface: Interface
    since: float  # the time when the carrier came, or the address went
    shown: Source | None = None
    silent: bool = False  # the log says that no server answers
    returned: bool = False  # the carrier or the address was away, and is back
    told: tuple[str, ...] = ()  # the facts that the log has
    conflict: str = ""  # the other machine with the address that the log has
    refused: str = ""  # the parts of answers that the log calls left out
    lines: list[float] = field(default_factory=list)  # times of its lines in the last minute

    def take(self, interface: Interface, now: float) -> None:
        """Take the interface as it is now, and note what has come or gone."""
        before, self.interface = self.interface, interface
        if before.link.carrier != interface.link.carrier or before.usable > interface.usable:
            self.since, self.silent = now, False
        self.returned |= interface.usable and not before.usable


async def watch(
    log: Log,
    hearing: Hearing,
    services: Sequence[Service] = (),
    *,
    wake: asyncio.Event | None = None,
    changed: Callable[[Sequence[Interface]], None] = lambda _: None,
    open_kernel: Callable[[], Kernel] = Monitor,
    sysfs: str = "/sys",
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[SourceEvent]:
    """Yield the links and their changes. The services run meanwhile.

    Set `wake` after a message of a DHCP server. `changed` gets the interfaces before a change is
    yielded.
    """
    kernel, wake = open_kernel(), wake or asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(kernel.fileno(), wake.set)
    links = Links(log, hearing, sysfs)
    running = asyncio.create_task(_run_all(services, log))
    try:
        links.interfaces.restart(kernel.dump())
        while True:
            events = [*links.compare(clock())]
            if events:
                changed(links.interfaces.list())
            for event in events:
                yield event
            await _wait(wake, links.next_change(clock()))
            try:
                links.interfaces.take(kernel.read())
            except OSError as error:  # ENOBUFS: more came than fitted
                log.debug(
                    f"messages about links were lost ({error.strerror}): listing all links again"
                )
                links.interfaces.restart(kernel.dump())
    finally:
        loop.remove_reader(kernel.fileno())
        kernel.close()
        running.cancel()
        await asyncio.wait([running])


async def _wait(wake: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(None if seconds == math.inf else seconds):
            await wake.wait()
    except TimeoutError:
        return
    wake.clear()


async def _run_all(services: Sequence[Service], log: Log) -> None:
    async with asyncio.TaskGroup() as group:
        for service in services:
            group.create_task(_keep_running(service, log))


async def _keep_running(service: Service, log: Log) -> None:
    """Run a service for ever. A fault stops this service alone, until it is started again."""
    pause, loop = _FIRST_PAUSE, asyncio.get_running_loop()
    while True:
        began = loop.time()
        try:
            await service.run()
            words = "it ended"
        except OSError as error:
            words = error.strerror or str(error)
        except Exception as error:  # noqa: BLE001  a fault must not end the program
            words = f"{type(error).__name__}: {error}"
        if loop.time() - began > _HEALTHY:
            pause = _FIRST_PAUSE
        tell = log.warning if pause == _FIRST_PAUSE else log.debug
        tell(f"{service.name}: {words}; restarting it")
        await asyncio.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)


@dataclass
class Links:
    """The links that are sources. `compare` turns their changes into events."""

    log: Log
    hearing: Hearing
    sysfs: str = "/sys"
    interfaces: Interfaces = field(init=False)
    _followed: dict[int, _Followed] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.interfaces = Interfaces(self.sysfs)

    def next_change(self, now: float) -> float:
        """Return the seconds until time alone changes the words of a link; inf for never."""
        pauses = [
            find_next_change(now - link.since) - (now - link.since)
            for link in self._followed.values()
            if link.shown and link.shown.reason and link.interface.link.carrier
        ]
        return min(pauses, default=math.inf)

    def compare(self, now: float) -> Iterator[SourceEvent]:
        """Yield the events since the last call."""
        present = {i.link.index: i for i in self.interfaces.list()}
        for index, link in [*self._followed.items()]:
            name = present[index].link.name if index in present else ""
            if link.shown and name != link.shown.name:  # gone, or it has another name
                yield Left(link.shown.name)
                del self._followed[index]
            if index not in present:
                self.hearing.forget(index)
        for interface in present.values():
            yield from self._compare_one(interface, now)

    def _compare_one(self, interface: Interface, now: float) -> Iterator[SourceEvent]:
        """Yield the event of one link, if there is one."""
        link = self._followed.setdefault(interface.link.index, _Followed(interface, now))
        link.take(interface, now)
        answers, old = self.hearing.update(interface), link.shown
        source = link.shown = _describe_link(link, answers, now)
        self._tell(link, source, answers, now)
        again = link.returned and interface.usable
        if old is None or (source.state == "scanning" and (old.lease != source.lease or again)):
            link.returned = False
            yield Arrived(source)
        elif source.state != old.state:
            yield Arrived(source)
        elif source != old:
            yield Updated(source)

    def _tell(self, link: _Followed, source: Source, answers: Answers, now: float) -> None:
        """Log what has changed; never a number of seconds."""
        state = link.interface
        lease = dict(answers.lease)
        # Addresses go with the carrier: their loss is no news of its own.
        with_carrier = (*state.link.addresses, lease.get("serverid", ""))
        said = (str(state.link.carrier), *(with_carrier if state.link.carrier else ()))
        if not state.up:
            return
        if not state.link.carrier and said != link.told:
            self._log(link, f"{source.name}: {source.reason}", now)
        elif state.link.addresses and said != link.told:
            words = [f"DHCP server {lease['serverid']}"] if lease.get("serverid") else []
            if said[:-1] != link.told[:-1] or not words:
                words = [*state.link.addresses, *words]
            other = self._find_duplicate(state)
            also = f"; {other} has this address, too (ip= can name the card)" if other else ""
            text = f"{source.name}: {', '.join(words)}{also}"
            if link.silent:  # whoever was told of the silence is told of its end
                link.silent = False
                self.log.announce(text)
            else:
                self._log(link, text, now)
        elif state.link.carrier and not state.usable and now - link.since >= SILENT:
            if not link.silent and source.reason:
                self.log.announce(f"{source.name}: {source.reason}")
            link.silent = True
        link.told = said
        if answers.conflict not in ("", link.conflict):
            self._log(link, f"{source.name}: {answers.conflict}", now)
        # A renewed lease is checked again: the same answer is no news.
        link.conflict = answers.conflict or link.conflict
        if answers.refused not in ("", link.refused):
            self._log(link, f"{source.name}: left out of an answer: {answers.refused}", now)
        link.refused = answers.refused or link.refused

    def _find_duplicate(self, state: Interface) -> str:
        """Return the name of another link that has one of the addresses: `ip=` named no card."""
        own = set(state.link.addresses)
        links = (followed.interface.link for followed in self._followed.values())
        names = (link.name for link in links if link.carrier and own & {*link.addresses})
        return next((name for name in names if name != state.link.name), "")

    def _log(self, link: _Followed, text: str, now: float) -> None:
        """Log a line, at most a few a minute: a bad cable must not fill a slow console."""
        link.lines = [at for at in link.lines if now - at < _MINUTE]
        if len(link.lines) > _MOST_LINES:
            self.log.debug(text)
            return
        link.lines.append(now)
        last = "; it comes and goes" if len(link.lines) > _MOST_LINES else ""
        self.log.info(f"{text}{last}")


def _describe_link(link: _Followed, answers: Answers, now: float) -> Source:
    """Return the source that a link is now. One that was scanned keeps its lease."""
    interface, old = link.interface, link.shown
    kept = bool(old and old.lease and answers.lease in ((), old.lease))
    state, reason = describe(interface, answers, now - link.since, had_lease=kept)
    lease = old.lease if kept and old else answers.lease if state == "scanning" else ()
    source = _make_source(interface, lease, answers.lease or lease)
    return replace(source, state=state, reason=reason)


def _make_source(interface: Interface, lease: Lease, told: Lease) -> Source:
    """Return the source that a link is. With a lease it has a device: something to scan.

    `told` is the lease of the servers, even if it names nothing to boot.
    """
    link, name = interface.link, interface.link.name
    kind = f"network, {link.kind}" if link.kind not in {"", "veth"} else "network"
    device = None
    if lease:
        # The address is in the source's title alone: it must not change the device's identity.
        title = f"{name}: {kind}, {link.mac}"
        device = Device(volume=Volume(name=name), node="", kind=NETWORK, title=title)
    speed = f"{link.speed} Mbit/s" if link.speed else ""
    words = [kind, *link.own_addresses, link.mac, link.driver, speed]
    title = f"{name}: {', '.join(word for word in words if word)}"
    known = dict(told)
    servers, clocks, logs = (
        tuple(known.get(word, "").split()) for word in ("dns", "ntpsrv", "logsrv")
    )
    link = replace(link, nameservers=servers, timeservers=clocks, log_servers=logs)
    return Source(name=name, title=title, kind=NETWORK, device=device, link=link, lease=lease)

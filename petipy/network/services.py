"""The network of the machine: its links, and the parts that run beside them."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import aclosing, suppress

from petipy.log import Log
from petipy.network import links, listener, resolver
from petipy.network.clock import Clock
from petipy.network.heard import Conflict
from petipy.network.hearing import Hearing
from petipy.network.interfaces import Interface
from petipy.network.netif import read_nameservers
from petipy.network.networkd import Networkd
from petipy.network.options import format_uuid
from petipy.network.resolver import Resolver, read_lease
from petipy.platforms import Platform
from petipy.sources.source import SourceEvent
from petipy.state.settings import Settings

_LOOKS = 0.5, 3.0  # seconds after a change, until systemd-networkd has written its files
# Seconds until time servers that do not answer are asked again: the way to them may be new.
_CLOCK_PAUSES = 1.0, 5.0, 30.0, 120.0
_CLOCK_PATIENCE = 5.0  # seconds for the first answer of a time server


class NetworkServices:
    """The links and their services, with the settings of the start."""

    def __init__(
        self,
        settings: Settings,
        platform: Platform,
        log: Log,
        clock: Clock,
        resolv_conf: str = resolver.PLACE,
    ) -> None:
        self._log, self._clock = log, clock
        self._networkd = Networkd(settings, platform, log)
        self._hearing = Hearing(format_uuid(platform.read_uuid("")), settings.interfaces)
        self._heard = asyncio.Event()
        self._resolver = Resolver(resolv_conf)
        self._interfaces: tuple[tuple[int, bool, tuple[str, ...], tuple[str, ...]], ...] = ()
        self._changed = asyncio.Event()  # an address or a gateway
        self._told: tuple[str, ...] = ()  # name servers that systemd-networkd knows
        self._settings = settings
        self._timeservers: Sequence[str] = settings.ntp
        self._reachable = False  # time servers are known, and this machine has an address
        self._reached = asyncio.Event()  # _reachable became true, or the servers changed
        self._asked = asyncio.Event()  # the time servers were asked at least once

    def watch(self) -> AsyncIterator[SourceEvent]:
        """Yield the links and their changes, for ever."""
        # The listener comes first: it learns from the client's own packets.
        services = (
            links.Service("the DHCP listener", self._listen),
            links.Service("systemd-networkd", self._networkd.run),
            links.Service("the name servers", self._follow_networkd),
            links.Service("the clock", self._keep_time),
        )
        return links.watch(
            self._log, self._hearing, services, wake=self._heard, changed=self._note_change
        )

    def stop(self) -> None:
        """Leave the network: another kernel takes over."""
        self._networkd.release(self._hearing.leases)

    async def _listen(self) -> None:
        def take(conflict: Conflict) -> None:
            self._hearing.take_conflict(conflict)
            self._heard.set()

        async with aclosing(listener.listen(self._log, tell_conflict=take)) as stream:
            async for heard in stream:
                self._hearing.take(heard)
                self._heard.set()

    def _note_change(self, interfaces: Sequence[Interface]) -> None:
        """Write the name servers of the leases at once, before a link is scanned."""
        now = tuple(
            (i.link.index, i.link.carrier, i.link.addresses, i.link.gateways) for i in interfaces
        )
        if now != self._interfaces:
            self._interfaces = now
            self._changed.set()
        self._resolve()

    async def _follow_networkd(self) -> None:
        """Read networkd's name servers after each change of a link: it announces none itself."""
        while True:
            await self._changed.wait()
            self._changed.clear()
            for pause in _LOOKS:
                await asyncio.sleep(pause)
                self._told = await read_nameservers(index for index, *_ in self._interfaces)
                self._resolve()

    async def _keep_time(self) -> None:
        """Set the clock by time servers, at once: the next scan may check a certificate."""
        self._clock.begin()
        while True:
            await self._reached.wait()
            self._reached.clear()
            for pause in _CLOCK_PAUSES:
                right = await self._clock.ask(self._timeservers)
                self._asked.set()
                if right:
                    return
                with suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._reached.wait()

    async def wait_for_clock(self) -> None:
        """Wait until the time servers that are known have been asked, if there are any."""
        if self._reachable:
            with suppress(TimeoutError):
                async with asyncio.timeout(_CLOCK_PATIENCE):
                    await self._asked.wait()

    def _note_timeservers(self) -> None:
        leases = [dict(lease).get("ntpsrv", "").split() for lease in self._hearing.leases]
        servers = _join([self._settings.ntp, *leases])
        addresses = any(addresses for _, _, addresses, _ in self._interfaces)
        if servers and addresses and (servers != self._timeservers or not self._reachable):
            self._timeservers, self._reachable = servers, True
            self._reached.set()

    def _resolve(self) -> None:
        self._note_timeservers()
        asked = self._settings.interfaces
        told = [read_lease(lease) for lease in self._hearing.leases] if asked.server_names else []
        fixed = [asked.nameservers, *(setup.nameservers for setup in asked.interfaces)]
        servers = _join([*fixed, *(part[0] for part in told), self._told])
        domains = _join(part[1] for part in told)
        try:
            self._resolver.update(servers, domains)
        except OSError as error:
            self._log.warning(f"the name servers cannot be written: {error}")


def _join(parts: Iterable[Sequence[str]]) -> Sequence[str]:
    return tuple(dict.fromkeys(word for part in parts for word in part))

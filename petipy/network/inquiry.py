"""Ask DHCP servers what they would offer, and take nothing: no address is requested or assigned.

This is for a machine that runs: its interfaces, addresses and leases stay as they are.
"""

import asyncio
import os
import socket
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import aclosing, suppress

from petipy.log import Log
from petipy.network import dhcp4, dhcp6, frames
from petipy.network.frames import Datagram
from petipy.network.heard import Heard
from petipy.network.listener import listen
from petipy.network.offers import remember
from petipy.network.units import Identity
from petipy.state.network import Link

_PAUSES = (1.0, 2.0, 4.0)  # seconds between questions; the last one again and again
_QUIET = 2.0  # seconds for other servers after the first offer
_TICK = 0.1  # seconds
_EVERYBODY6 = bytes.fromhex("333300010002")  # Ethernet's address of dhcp6.SERVERS
_LINK_SCOPE, _NOT_USABLE = 0x20, 0x48  # of /proc/net/if_inet6: not checked yet, or a duplicate
_ETHERNET, _INFINIBAND = 1, 32
_UNKNOWN_PC = 0  # the processor type of a machine that has none


async def inquire(
    log: Log, links: Sequence[Link], identity: Identity, user_class: str, wait: float
) -> Mapping[int, tuple[Heard, ...]]:
    """Return what servers say on each link, by its index, within `wait` seconds.

    They see a client of this identity and user class, such as iPXE.
    The answer comes early if each link has had an offer and time for others. OSError without the
    right to see packets (CAP_NET_RAW).
    """
    inquiry = _Inquiry(links, identity, user_class)
    hearing = asyncio.create_task(_hear(log, links, inquiry.take))
    try:
        await asyncio.sleep(0)  # now the tap is open
        with suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await _until_ended(hearing, inquiry.run())
    finally:
        hearing.cancel()
        with suppress(asyncio.CancelledError):
            await hearing
    return inquiry.heard


async def _until_ended(hearing: asyncio.Task[None], asking: Awaitable[None]) -> None:
    """Run `asking` to its end; raise the error with which `hearing` ends before."""
    task = asyncio.ensure_future(asking)
    try:
        await asyncio.wait({hearing, task}, return_when=asyncio.FIRST_COMPLETED)
        if hearing.done():
            hearing.result()
        await task
    finally:
        task.cancel()


async def _hear(log: Log, links: Sequence[Link], take: Callable[[Heard], None]) -> None:
    addresses = {link.index: address for link in links if (address := find_address(link))}
    async with aclosing(listen(log, addresses)) as stream:
        async for heard in stream:
            take(heard)


def find_address(link: Link) -> str:
    """Return an IPv4 address of the link, or ""."""
    return next((address for address in link.own_addresses if ":" not in address), "")


class _Inquiry:
    def __init__(self, links: Sequence[Link], identity: Identity, user_class: str) -> None:
        self._links, self._user_class, self._uuid = links, user_class, identity.uuid
        known = identity.architecture
        self._architecture = _UNKNOWN_PC if known is None else known
        self.heard: dict[int, tuple[Heard, ...]] = {link.index: () for link in links}
        self._offered: dict[int, float] = {}  # the time of the first offer
        self._xids = {link.index: int.from_bytes(os.urandom(4), "big") for link in links}

    def take(self, heard: Heard) -> None:
        if heard.link in self.heard:
            self.heard[heard.link] = remember(self.heard[heard.link], heard)
            if heard.kind in ("offer", "advertise", "ack"):
                self._offered.setdefault(heard.link, time.monotonic())

    async def run(self) -> None:
        """Ask until each link has had an offer, and other servers their time."""
        began = time.monotonic()
        nexts = {link.index: (began, 0) for link in self._links}
        while not self._is_done():
            now = time.monotonic()
            for link in self._links:
                due, count = nexts[link.index]
                if now >= due:
                    self._ask(link, int(now - began))
                    pause = _PAUSES[min(count, len(_PAUSES) - 1)]
                    nexts[link.index] = (now + pause, count + 1)
            await asyncio.sleep(_TICK)

    def _is_done(self) -> bool:
        now = time.monotonic()
        ended = [now - self._offered.get(link.index, now) >= _QUIET for link in self._links]
        return all(ended)

    def _ask(self, link: Link, seconds: int) -> None:
        families = {h.family for h in self.heard[link.index]}
        mac, xid = bytes.fromhex(link.mac.replace(":", "")), self._xids[link.index]
        kind = _INFINIBAND if len(mac) == 20 else _ETHERNET
        architecture, user_class = self._architecture, self._user_class
        options = dhcp4.describe_client(architecture, self._uuid, user_class)
        packet = dhcp4.make_discover(mac, xid, kind, options, seconds)
        if "v4" not in families:
            _send(link.name, dhcp4.write(packet), "0.0.0.0", "255.255.255.255", b"\xff" * len(mac))
        if "v6" in families or not (own := find_link_local(link.index)):
            return
        for question, number in ((dhcp6.SOLICIT, xid), (dhcp6.INFORMATION, xid + 1)):
            packet6 = dhcp6.make_question(
                question, mac, number & 0xFFFFFF, kind, architecture, user_class
            )
            _send(link.name, dhcp6.write(packet6), own, dhcp6.SERVERS, _EVERYBODY6)


def _send(interface: str, data: bytes, source: str, target: str, hardware: bytes) -> None:
    """Send a question. A failure is like a lost packet: the next one may go."""
    six = ":" in source
    ports = (
        (dhcp6.CLIENT_PORT, dhcp6.SERVER_PORT) if six else (dhcp4.CLIENT_PORT, dhcp4.SERVER_PORT)
    )
    datagram = Datagram(
        source=source, target=target, source_port=ports[0], target_port=ports[1], data=data
    )
    kind = frames.IPV6 if six else frames.IPV4
    with suppress(OSError), socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as line:
        line.sendto(frames.write(datagram), (interface, kind, 0, 0, hardware))


def find_link_local(index: int, path: str = "/proc/net/if_inet6") -> str:
    """Return the link's own IPv6 address, fe80::…, once it is usable; or ""."""
    try:
        with open(path) as file:
            lines = [line.split() for line in file]
    except OSError:  # a kernel without IPv6
        return ""
    for address, number, _, scope, flags, *_ in lines:
        if int(number, 16) == index and int(scope, 16) == _LINK_SCOPE:
            usable = not int(flags, 16) & _NOT_USABLE
            return socket.inet_ntop(socket.AF_INET6, bytes.fromhex(address)) if usable else ""
    return ""

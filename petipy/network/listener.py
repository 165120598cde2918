"""A confined child process that listens to DHCP on all links, and asks PXE's servers.

The machine's DHCP client reports no boot files, second offers or proxyDHCP offers. So this process
reads the same packets. It gets its sockets from its parent, has no rights, and sends typed
messages: the process that owns the machine sees no packet.

A flood costs the child alone. It reads a limited number of packets per second, and reports a
limited number per sender and transaction. It drops and counts the others. It never drops the
answer that the client takes.
"""

import asyncio
import errno
import os
import select
import socket
import struct
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import ExitStack, aclosing, suppress
from typing import TypeVar

from petipy.log import Log
from petipy.network import dhcp4, pxe
from petipy.network.conflicts import EVERYBODY, Conflicts
from petipy.network.conversations import Ask, Conversations
from petipy.network.frames import ARP, FILTER, NOTHING, Datagram, read
from petipy.network.heard import MESSAGES, Conflict, Heard, Lost
from petipy.sys import confined, packet
from petipy.sys.forked import Parent, stream

_LONGEST = 4096  # bytes of a packet: DHCP's come in one frame
_MESSAGE = 1 << 17  # bytes of a message to the parent
_PACKETS = 4000  # read per second, on all links: a whole site may be starting
# Answers to known transactions that are read per second: of a sender, and of all.
_ANSWERS, _ALL_ANSWERS = 200, 400
# Reports per second of a kind on a transaction of a link: of a sender, and of all.
_REPORTS, _ALL_REPORTS = 20, 60
_TURN = 64  # packets to read before requests and reports get their turn
_TELL_LOST, _LONGEST_TELL = 5.0, 600.0  # seconds between two reports on lost packets; they grow
_PROCESSOR = 3600  # seconds of processor time, then another child takes over
_MEMORY = 64 << 20  # bytes more than at the start
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0  # seconds before another child starts
_Key = TypeVar("_Key")
_IP_PKTINFO = 8  # of <linux/in.h>; Python 3.12 names it


async def listen(
    log: Log,
    addresses: Mapping[int, str] | None = None,
    pause: float = _FIRST_PAUSE,
    tell_conflict: Callable[[Conflict], None] | None = None,
) -> AsyncGenerator[Heard, None]:
    """Yield what DHCP servers tell this machine's client, on all links, for ever.

    Begin before the client does: the child learns transactions from the client's own packets.
    Bonded interfaces hear what the bond does. `addresses` are IPv4 addresses that interfaces have
    without DHCP, by index: PXE's servers are asked from them at once. With `tell_conflict`, the
    link is asked who else has an address that a server gives.

    Close the generator (contextlib.aclosing), which ends the child. If the child dies, another
    starts after a pause, at first of `pause` seconds. OSError without CAP_NET_RAW.
    """
    MESSAGES.build()
    with ExitStack() as sockets:
        # The sockets stay open when a child dies: packets wait for the next child.
        tap = sockets.enter_context(packet.open_tap(FILTER))
        sender = packet.open_sender(dhcp4.CLIENT_PORT, NOTHING)
        if sender is None:
            log.info("another program has UDP port 68: PXE's servers are not asked")
        else:
            sockets.enter_context(sender)
        first, complained = pause, False
        while True:
            began = time.monotonic()
            work = _Work(tap, sender, addresses or {}, probes=tell_conflict is not None)
            try:
                async with aclosing(stream(work.run, _MESSAGE)) as reports:
                    async for report in reports:
                        message = MESSAGES.decode(report)
                        if isinstance(message, Heard):
                            yield message
                        elif isinstance(message, Conflict):
                            if tell_conflict:
                                tell_conflict(message)
                        else:
                            log.info(f"DHCP: {message.count} packets dropped: too many at once")
                reason = "it ended"
            except OSError as error:
                reason = error.strerror or str(error)
            except ValueError as error:
                reason = f"invalid message: {error}"
            if not complained:
                log.warning(f"restarting the process that listens to DHCP: {reason}")
                complained = True
            if time.monotonic() - began > _LONGEST_PAUSE:
                pause = first
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)


class _Work:
    """The work of the child."""

    def __init__(
        self,
        tap: socket.socket,
        sender: socket.socket | None,
        addresses: Mapping[int, str],
        *,
        probes: bool,
    ) -> None:
        self._tap, self._sender = tap, sender
        self._receiver = packet.Receiver(tap, _LONGEST)
        self._conversations = Conversations(_draw, addresses)
        self._conflicts = Conflicts() if probes else None
        self._second = 0.0  # the start of the second that the counts are for
        self._packets = 0
        # Counts of this second, by sender, link, transaction and kind; the sender "" is all.
        # Offers must not hide an ack, nor the noise of a machine another one's offers.
        self._answers: dict[str, int] = {}
        self._reports: dict[tuple[str, int, int, str], int] = {}
        self._lost: dict[int, int] = {}  # by link
        self._flooded = False  # reading paused: the kernel may drop packets
        self._tell, self._pause = 0.0, _TELL_LOST  # when lost packets may be reported again

    def run(self, parent: Parent) -> str:
        keep = [parent.fileno(), self._tap.fileno()]
        keep += [self._sender.fileno()] if self._sender else []
        confined.confine("hear", keep, _PROCESSOR, _MEMORY, polled=1)
        poll = select.poll()
        poll.register(self._tap, select.POLLIN)
        while True:
            now = time.monotonic()
            self._report_lost(parent, now)
            self._send(now)
            self._probe(now)
            due = self._conversations.next_due() if self._sender else None
            if self._conflicts and (probe := self._conflicts.next_due()) is not None:
                due = probe if due is None else min(due, probe)
            if self._lost or self._flooded:
                due = self._tell if due is None else min(due, self._tell)
            wait = None if due is None else max(0.0, due - now) * 1000
            if poll.poll(wait):
                self._receive(parent)

    def _receive(self, parent: Parent) -> None:
        """Read the packets that wait, and report their contents."""
        for _ in range(_TURN):
            now = time.monotonic()
            if now - self._second >= 1:
                self._second, self._packets = now, 0
                self._answers.clear()
                self._reports.clear()
            if self._packets >= _PACKETS:
                time.sleep(max(0.0, self._second + 1 - now))  # the kernel drops what is too much
                self._flooded = True
                return
            try:
                found = self._receiver.receive()
            except BlockingIOError:
                return
            except OSError as error:  # an interface that goes down leaves its error here
                if error.errno in (errno.ENETDOWN, errno.ENODEV, errno.ENXIO):
                    return
                raise
            self._packets += 1
            datagram, link = read(found.data, found.summed), found.link
            if isinstance(datagram, str):
                conflict = self._conflicts and self._conflicts.take_answer(link, found.data, now)
                if conflict:
                    parent.report(MESSAGES.encode(conflict).decode())
                continue
            if found.outgoing:
                if self._conflicts and not datagram.six:
                    self._conflicts.learn(link, datagram.data)
                messages = self._conversations.take_question(link, datagram)
            elif not self._conversations.expects(link, datagram):
                continue
            elif self._may_read(link, datagram):
                messages = self._conversations.take_answer(link, datagram, now)
            else:
                self._lose(link)
                continue
            for message in messages:
                self._report(parent, message)
                if self._conflicts and (message.kind, message.family) == ("ack", "v4"):
                    self._conflicts.begin(link, message.address, now)

    def _may_read(self, link: int, datagram: Datagram) -> bool:
        """Count an answer. Return True if it is within the limits, or needed anyhow."""
        counts = self._answers
        if _count(counts, datagram.source, _ANSWERS) and _count(counts, "", _ALL_ANSWERS):
            return True
        return self._conversations.needs(link, datagram)

    def _report(self, parent: Parent, message: Heard) -> None:
        """Send a message to the parent, up to the limits per second."""
        of = message.link, message.transaction, message.kind
        counts, sender = self._reports, message.source
        within = _count(counts, (sender, *of), _REPORTS) and _count(counts, ("", *of), _ALL_REPORTS)
        if not within and not message.expected:  # the client asks seldom
            self._lose(message.link)
            return
        parent.report(MESSAGES.encode(message).decode())

    def _lose(self, link: int) -> None:
        self._lost[link] = self._lost.get(link, 0) + 1

    def _report_lost(self, parent: Parent, now: float) -> None:
        if now < self._tell:
            return
        if self._flooded and (dropped := packet.count_dropped(self._tap)):
            self._lost[0] = dropped
        self._flooded = False
        if not self._lost:
            return
        for link, count in self._lost.items():
            parent.report(MESSAGES.encode(Lost(link=link, count=count)).decode())
        self._lost.clear()
        self._tell, self._pause = now + self._pause, min(self._pause * 2, _LONGEST_TELL)

    def _send(self, now: float) -> None:
        for ask in self._conversations.due(now) if self._sender else ():
            try:
                self._send_one(ask)
            except OSError:
                # The interface lacks the address: the client still checks it for conflicts.
                self._conversations.put_off(ask, now)

    def _probe(self, now: float) -> None:
        for link, data in self._conflicts.due(now) if self._conflicts else ():
            with suppress(OSError):  # the link is down
                packet.send(self._tap, link, ARP, EVERYBODY, data)

    def _send_one(self, ask: Ask) -> None:
        """Send a request from the interface and its address."""
        assert self._sender is not None
        place = struct.pack("=I4s4s", ask.link, socket.inet_aton(ask.source), b"\0" * 4)
        ancillary = [(socket.IPPROTO_IP, _IP_PKTINFO, place)]
        self._sender.sendmsg([ask.data], ancillary, 0, (ask.target, pxe.PORT))


def _count(counts: dict[_Key, int], key: _Key, limit: int) -> bool:
    """Count one more. Return True if it is within the limit."""
    count = counts[key] = counts.get(key, 0) + 1
    return count <= limit


def _draw() -> int:
    return int.from_bytes(os.urandom(4), "big")

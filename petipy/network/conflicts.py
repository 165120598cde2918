"""Addresses that another machine on the link has, too: RFC 826, with the probe of RFC 5227. Pure.

systemd-networkd would check an address before it uses it (SendDecline=). Each network boot would
take 6.5 to 7 s more (measured, 252 and 257), and a machine for which the server keeps one address
would never get it. So the address is used at once, and the probes go out beside it: a person learns
why files come slowly or not at all.
"""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

from petipy.network.heard import Conflict

EVERYBODY = b"\xff" * 6
_HEAD = struct.pack(">HHBB", 1, 0x0800, 6, 4)  # Ethernet, IPv4, and the sizes of their addresses
_REQUEST, _REPLY = 1, 2
_PACKET = struct.Struct(">6sH6s4s6s4s")  # head, operation, sender's two addresses, target's two
_PAUSES = 0.0, 1.0, 3.0  # seconds from the server's answer to each probe: one may get lost
_PATIENCE = 10.0  # seconds for which an answer counts


@dataclass(slots=True)
class _Check:
    """An address that is being asked for."""

    address: bytes
    began: float
    sent: int = 0  # probes
    told: bool = False  # somebody has it


class Conflicts:
    """The checks by link. The clock is the caller's, in seconds."""

    def __init__(self) -> None:
        self._own: dict[int, bytes] = {}  # hardware address by link
        self._checks: dict[int, _Check] = {}

    def learn(self, link: int, message: bytes) -> None:
        """Take the hardware address of the link from a message of its DHCP client (RFC 2131)."""
        if len(message) >= 34 and message[1:3] == b"\x01\x06":
            self._own[link] = message[28:34]

    def begin(self, link: int, address: str, now: float) -> None:
        """Check an IPv4 address that a server has given."""
        if link in self._own and address:
            self._checks[link] = _Check(socket.inet_aton(address), now)

    def next_due(self) -> float | None:
        """Return the time of the next probe; None if there is none."""
        return min(map(_find_due, self._waiting().values()), default=None)

    def due(self, now: float) -> Iterator[tuple[int, bytes]]:
        """Yield the link and the packet of each probe that is due."""
        for link, check in self._waiting().items():
            if _find_due(check) <= now:
                check.sent += 1
                own, nobody = self._own[link], bytes(6)
                fields = own, bytes(4), nobody, check.address
                yield link, _PACKET.pack(_HEAD, _REQUEST, *fields)

    def take_answer(self, link: int, packet: bytes, now: float) -> Conflict | None:
        """Return the conflict that an ARP packet shows, once for each check."""
        check = self._checks.get(link)
        if check is None or check.told or now - check.began > _PATIENCE:
            return None
        if len(packet) < _PACKET.size:
            return None
        head, operation, owner, address, _, _ = _PACKET.unpack_from(packet)
        if head != _HEAD or operation != _REPLY or address != check.address:
            return None
        if owner in self._own.values():  # another link of this machine answers
            return None
        check.told = True
        return Conflict(link=link, address=socket.inet_ntoa(address), mac=owner.hex(":"))

    def _waiting(self) -> dict[int, _Check]:
        return {n: c for n, c in self._checks.items() if not c.told and c.sent < len(_PAUSES)}


def _find_due(check: _Check) -> float:
    return check.began + _PAUSES[check.sent]

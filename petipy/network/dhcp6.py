"""DHCP for IPv6: packets → values, and values → packets. Pure.

RFC 8415; 5970 for the boot file's URL, 3646 for name servers, 4075 and 5908 for time servers.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from petipy.network import pxe
from petipy.network.options import (
    LONGEST,
    Read,
    Values,
    read_addresses6,
    read_domains,
    read_text,
    split_options,
)

SERVER_PORT, CLIENT_PORT = 547, 546
SERVERS = "ff02::1:2"  # All_DHCP_Relay_Agents_and_Servers
SOLICIT, ADVERTISE, REQUEST, _, RENEW, REBIND, REPLY, RELEASE, DECLINE = range(1, 10)
INFORMATION = 11
_CLIENT, _SERVER, _IA_NA, _IA_TA, _ADDRESS, _ASKED, _ELAPSED, _STATUS = 1, 2, 3, 4, 5, 6, 8, 13
_USER_CLASS, _VENDOR_CLASS = 15, 16
_NTP, _SNTP, _URL, _PARAMETERS, _ARCHITECTURE, _NIC = 56, 31, 59, 60, 61, 62
_MOST_ADDRESSES = 16
_MOST_OPTIONS = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """A DHCPv6 message between a client and a server."""

    kind: int
    xid: int  # 24 bits
    options: tuple[tuple[int, bytes], ...] = ()
    reasons: tuple[str, ...] = ()  # why a part of the options is not there

    def find(self, number: int) -> bytes | None:
        """Return the first option of a number."""
        return next((value for known, value in self.options if known == number), None)

    @property
    def client(self) -> bytes:
        """The client's DUID."""
        return self.find(_CLIENT) or b""

    @property
    def server(self) -> bytes:
        """The server's DUID."""
        return self.find(_SERVER) or b""

    @property
    def status(self) -> int:
        """The status code (RFC 8415, section 21.13): 0 is success."""
        data = self.find(_STATUS) or b""
        return int.from_bytes(data[:2], "big")

    @property
    def addresses(self) -> tuple[tuple[str, int], ...]:
        """The addresses with their valid lifetimes in seconds."""
        return tuple(self._addresses())[:_MOST_ADDRESSES]

    @property
    def asks_for_address(self) -> bool:
        return any(number in (_IA_NA, _IA_TA) for number, _ in self.options)

    def _addresses(self) -> Iterator[tuple[str, int]]:
        for number, value in self.options:
            head = {_IA_NA: 12, _IA_TA: 4}.get(number)
            try:
                inner = [] if head is None else [*split_options(value[head:], wide=True)]
            except ValueError:
                continue
            for known, data in inner:
                if known == _ADDRESS and len(data) >= 24:
                    yield read_addresses6(data[:16]), int.from_bytes(data[20:24], "big")


def read(data: bytes) -> Packet | str:
    """Return a packet, or the reason why the bytes are none."""
    if len(data) < 4:
        return f"{len(data)} bytes are too few"
    options: list[tuple[int, bytes]] = []
    reasons = []
    try:
        for option in split_options(data[4:], wide=True):
            options.append(option)
            if len(options) == _MOST_OPTIONS:
                raise ValueError(f"more than {_MOST_OPTIONS} options")
    except ValueError as error:
        reasons.append(str(error))
    xid = int.from_bytes(data[1:4], "big")
    return Packet(kind=data[0], xid=xid, options=tuple(options), reasons=tuple(reasons))


def read_words(packet: Packet) -> Values:
    """Return the words for a lease."""
    values = Values()
    values.reasons += packet.reasons[:1]
    # Each word is read from the first option of its number that has one.
    found: dict[int, bytes] = {}
    for number, value in packet.options:
        found.setdefault(number, value)
    values.read_all(_WORDS, found)
    return values


def _read_parameters(data: bytes) -> str:
    """Return the parameters of the boot file with spaces between (RFC 5970: a size before each)."""
    parts, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 2], "big")
        part = data[at + 2 : at + 2 + size]
        if len(data) < at + 2 or len(part) < size:
            raise ValueError("malformed parameters")
        parts.append(read_text(part))
        at += 2 + size
    text = " ".join(part for part in parts if part)
    if len(text) > LONGEST:
        raise ValueError(f"more than {LONGEST} characters")
    return text


def _read_time_servers(data: bytes) -> str:
    """Return time servers (RFC 5908): addresses and names, but no multicast groups."""
    found = []
    for number, value in split_options(data, wide=True):
        if number == 1:
            found.append(read_addresses6(value[:16]))
        elif number == 3:
            found.append(read_domains(value))
    text = " ".join(dict.fromkeys(item for item in found if item))
    if len(text) > LONGEST:
        raise ValueError(f"more than {LONGEST} characters")
    return text


def _read_status(data: bytes) -> str:
    return read_text(data[2:])


# Number → word of a lease and way to read it. Of two with one word, the later one counts. 209 and
# 210 are PXELINUX's, in the encoding of DHCPv4.
_WORDS: Mapping[int, tuple[str, Read]] = {
    _STATUS: ("message", _read_status),
    23: ("dns", read_addresses6),
    24: ("search", read_domains),
    _SNTP: ("ntpsrv", read_addresses6),
    _NTP: ("ntpsrv", _read_time_servers),
    _URL: ("bootfile_url", read_text),
    _PARAMETERS: ("bootfile_param", _read_parameters),
    209: ("pxeconffile", read_text),
    210: ("pxepathprefix", read_text),
}
ASKED = (23, 24, _SNTP, _NTP, _URL, _PARAMETERS, 209, 210)


def write(packet: Packet) -> bytes:
    """Return the bytes of a packet."""
    head = bytes([packet.kind]) + packet.xid.to_bytes(3, "big")
    parts = (struct.pack(">HH", number, len(value)) + value for number, value in packet.options)
    return head + b"".join(parts)


def make_question(
    kind: int, mac: bytes, xid: int, hardware: int, architecture: int, user_class: str = ""
) -> Packet:
    """Return a SOLICIT or an INFORMATION-REQUEST of a client for PXE (RFC 5970)."""
    duid = struct.pack(">HH", 3, hardware) + mac  # DUID-LL
    name = pxe.write_class(pxe.CLASS.decode(), architecture).encode()
    options = [
        (_CLIENT, duid),
        (_ELAPSED, b"\0\0"),
        (_ASKED, b"".join(struct.pack(">H", number) for number in ASKED)),
        (_VENDOR_CLASS, struct.pack(">IH", pxe.ENTERPRISE, len(name)) + name),
        (_ARCHITECTURE, struct.pack(">H", architecture)),
        (_NIC, pxe.UNDI),
    ]
    if user_class:
        text = user_class.encode()
        options.append((_USER_CLASS, struct.pack(">H", len(text)) + text))
    if kind == SOLICIT:
        options.append((_IA_NA, mac[-4:].rjust(4, b"\0") + b"\0" * 8))
    return Packet(kind=kind, xid=xid, options=tuple(options))

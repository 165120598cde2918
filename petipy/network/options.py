"""Values of DHCP's options: bytes → texts for a lease. Pure.

A malformed value raises ValueError with the reason in words. The bytes come from the network: no
text with a control character comes out, and no value is longer than a packet.
"""

import socket
import struct
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import TypeVar

Read = Callable[[bytes], str]
_Key = TypeVar("_Key")

LONGEST = 1024  # characters of a value
_MOST_DOMAINS = 32
_MOST_LABELS = 128  # of a domain: its 255 bytes have no room for more
_MOST_ROUTES = 64
_LEAST_MTU = 68  # bytes: RFC 2132


def read_text(data: bytes) -> str:
    """Return a text without the NUL or the line end that some servers put behind it."""
    try:
        text = data.rstrip(b"\0\r\n ").decode()
    except UnicodeDecodeError:
        raise ValueError("not UTF-8") from None
    if not text.isprintable():
        raise ValueError("a control character")
    if len(text) > LONGEST:
        raise ValueError(f"more than {LONGEST} characters")
    return text


def read_name(data: bytes) -> str:
    """Return the name of a host or domain: a text without spaces."""
    text = read_text(data)
    if " " in text:
        raise ValueError("a space in a name")
    return text


def read_field(data: bytes) -> str:
    """Return the text of a field of fixed size, which ends at its first NUL."""
    return read_text(data.partition(b"\0")[0])


def read_address(data: bytes) -> str:
    """Return the first IPv4 address; a server may send several where one counts."""
    if len(data) < 4 or len(data) % 4:
        raise ValueError(f"not an IPv4 address ({_bytes(len(data))})")
    return socket.inet_ntop(socket.AF_INET, data[:4])


def read_addresses(data: bytes) -> str:
    """Return IPv4 addresses, separated by spaces."""
    return _join_addresses(data, socket.AF_INET, 4)


def read_addresses6(data: bytes) -> str:
    """Return IPv6 addresses, separated by spaces."""
    return _join_addresses(data, socket.AF_INET6, 16)


def _join_addresses(data: bytes, family: int, size: int) -> str:
    if not data or len(data) % size:
        raise ValueError(f"not a list of addresses ({_bytes(len(data))})")
    parts = (data[at : at + size] for at in range(0, len(data), size))
    found = (socket.inet_ntop(family, part) for part in parts if any(part))
    return " ".join([*dict.fromkeys(found)][: LONGEST // 46])


def read_number(data: bytes) -> str:
    """Return a number of one, two or four bytes."""
    if len(data) not in (1, 2, 4):
        raise ValueError(f"not a number ({_bytes(len(data))})")
    return str(int.from_bytes(data, "big"))


def read_mtu(data: bytes) -> str:
    """Return the MTU in bytes (RFC 2132: 68 at least)."""
    if len(data) != 2 or int.from_bytes(data, "big") < _LEAST_MTU:
        raise ValueError("not an MTU")
    return str(int.from_bytes(data, "big"))


def read_vlan(data: bytes) -> str:
    """Return the number of a VLAN. Option 132 is for private use: some servers send digits."""
    text = data.rstrip(b"\0").decode("ascii", "replace")
    decimal = text.isascii() and text.isdecimal()  # a number below 4095 has no digit in byte one
    number = int(text[:9]) if decimal else int(read_number(data))
    if not 0 < number < 4095:
        raise ValueError(f"not a VLAN number: {number}")
    return str(number)


def read_uuid(data: bytes) -> str:
    """Return a client's UUID (RFC 4578: a zero byte, then 16 bytes as they are)."""
    if len(data) != 17 or data[0]:
        raise ValueError("not a UUID")
    return format_uuid(data[1:])


def format_uuid(uuid: bytes) -> str:
    """Return a UUID as PXELINUX writes it: its bytes in the order in which they are sent."""
    digits = uuid.hex()
    ends = (0, 8, 12, 16, 20, 32)
    return "-".join(digits[a:b] for a, b in pairwise(ends)) if uuid else ""


def read_hex(data: bytes) -> str:
    """Return the bytes in hexadecimal, as udhcpc does for an option that it does not know."""
    if len(data) * 2 > LONGEST:
        raise ValueError(f"more than {LONGEST // 2} bytes")
    return data.hex()


def read_domains(data: bytes) -> str:
    """Return domains, separated by spaces (RFC 1035, and RFC 3397 with its pointers)."""
    found: dict[str, None] = {}
    at = 0
    while at < len(data):
        labels, at = _read_domain(data, at)
        if labels:
            found[".".join(labels)] = None
        if len(found) > _MOST_DOMAINS:
            raise ValueError(f"more than {_MOST_DOMAINS} domains")
    text = " ".join(found)
    if len(text) > LONGEST:
        raise ValueError(f"more than {LONGEST} characters")
    return text


def _read_domain(data: bytes, at: int) -> tuple[list[str], int]:
    """Return the labels of the domain at a place, and the place after it."""
    labels: list[str] = []
    after = -1
    for _ in range(2 * _MOST_LABELS):
        if at >= len(data):
            raise ValueError("a domain without an end")
        size = data[at]
        if size == 0:
            return labels, at + 1 if after < 0 else after
        if size >= 0xC0:
            if at + 1 >= len(data):
                raise ValueError("a domain without an end")
            target = (size & 0x3F) << 8 | data[at + 1]
            if target >= at:  # a pointer may only lead back
                raise ValueError("a pointer of a domain that leads forward")
            after = at + 2 if after < 0 else after
            at = target
            continue
        label = data[at + 1 : at + 1 + size]
        if size > 63 or len(label) < size or len(labels) > _MOST_LABELS:
            raise ValueError("a malformed domain")
        text = read_name(label)
        if "." in text or len(text) != size:
            raise ValueError("a malformed label")
        labels.append(text)
        at += 1 + size
    raise ValueError("a domain without an end")


def read_routes(data: bytes) -> list[tuple[str, str]]:
    """Return (network/bits, gateway) for each route of RFC 3442."""
    routes = []
    at = 0
    while at < len(data):
        bits = data[at]
        size = (bits + 7) // 8
        rest = data[at + 1 : at + 1 + size + 4]
        if bits > 32 or len(rest) < size + 4:
            raise ValueError("malformed routes")
        network = socket.inet_ntop(socket.AF_INET, rest[:size].ljust(4, b"\0"))
        gateway = socket.inet_ntop(socket.AF_INET, rest[size:])
        routes.append((f"{network}/{bits}", gateway))
        at += 1 + size + 4
        if len(routes) > _MOST_ROUTES:
            raise ValueError(f"more than {_MOST_ROUTES} routes")
    return routes


def read_old_routes(data: bytes) -> list[tuple[str, str]]:
    """Return (network/bits, gateway) of RFC 2132's option 33, whose networks have classes."""
    if not data or len(data) % 8 or len(data) > 8 * _MOST_ROUTES:
        raise ValueError("malformed routes")
    routes = []
    for network, gateway in struct.iter_unpack(">4s4s", data):
        text = socket.inet_ntop(socket.AF_INET, network)
        routes.append((f"{text}/{_classful(network)}", socket.inet_ntop(socket.AF_INET, gateway)))
    return [route for route in routes if not route[0].startswith("0.0.0.0/")]


def _classful(network: bytes) -> int:
    bits = 8 if network[0] < 128 else 16 if network[0] < 192 else 24
    return 32 if any(network[bits // 8 :]) else bits


def split_options(data: bytes, wide: bool = False) -> Iterator[tuple[int, bytes]]:
    """Yield number and value of each option; ValueError at one that does not fit.

    DHCPv6 has `wide` numbers and sizes, of two bytes. In DHCPv4 a 0 is a filling byte, and 255 the
    end.
    """
    head, at = 4 if wide else 2, 0
    while at < len(data):
        if not wide and data[at] in (0, 255):
            if data[at] == 255:
                return
            at += 1
            continue
        if at + head > len(data):
            raise ValueError("options without an end")
        number, size = struct.unpack_from(">HH" if wide else "BB", data, at)
        value = data[at + head : at + head + size]
        if len(value) < size:
            raise ValueError(f"option {number}: {len(value)} of {size} bytes are there")
        yield number, value
        at += head + size


class Values:
    """The words that were read, and the reasons why others were refused."""

    def __init__(self) -> None:
        self.words: dict[str, str] = {}
        self.reasons: list[str] = []

    def read(self, word: str, where: str, read: Read, data: bytes) -> None:
        """Keep a value, if it is one and not empty."""
        try:
            if text := read(data):
                self.words[word] = text
        except ValueError as error:
            self.refuse(where, str(error))

    def read_all(self, table: Mapping[int, tuple[str, Read]], found: Mapping[int, bytes]) -> None:
        """Read each option of the table that was found."""
        for number, (word, read) in table.items():
            if number in found:
                self.read(word, f"option {number}", read, found[number])

    def refuse(self, where: str, why: str) -> None:
        self.reasons.append(f"{where}: {why}")


def _bytes(count: int) -> str:
    return "1 byte" if count == 1 else f"{count} bytes"

"""UDP in IP: packets as a packet socket gives them, from the IP header on. Pure.

RFC 791, 8200 and 768. FILTER runs in the kernel and passes nothing but DHCP and replies of ARP.
"""

import socket
import struct
from dataclasses import dataclass

_UDP = 17
_HOPS = 64
IPV4, IPV6, ARP = 0x0800, 0x86DD, 0x0806  # Ethernet's types
OUTGOING = 4  # PACKET_OUTGOING: a packet that this machine sends


@dataclass(frozen=True, slots=True, kw_only=True)
class Datagram:
    """A UDP datagram."""

    source: str
    target: str
    source_port: int
    target_port: int
    data: bytes

    @property
    def six(self) -> bool:
        return ":" in self.source


def read(packet: bytes, checked: bool = True) -> Datagram | str:
    """Return the datagram in a packet, or the reason why there is none.

    `checked` is False if the checksums are not set: a virtual network card leaves that to others.
    """
    version = packet[0] >> 4 if packet else 0
    if version == 4 and len(packet) >= 20:
        head, total = (packet[0] & 15) * 4, int.from_bytes(packet[2:4], "big")
        wrong = head < 20 or packet[9] != _UDP or int.from_bytes(packet[6:8], "big") & 0x3FFF
        family, source, target = socket.AF_INET, packet[12:16], packet[16:20]
    elif version == 6 and len(packet) >= 40:
        head, total = 40, 40 + int.from_bytes(packet[4:6], "big")
        wrong = packet[6] != _UDP
        family, source, target = socket.AF_INET6, packet[8:24], packet[24:40]
    else:
        return "not an IP packet"
    if wrong or not head + 8 <= total <= len(packet):
        return "no whole UDP packet"
    ports = struct.unpack_from(">HHHH", packet, head)
    size, total_sum = ports[2], ports[3]
    if not 8 <= size <= total - head:
        return "no whole UDP packet"
    body = packet[head : head + size]
    # A sum of zero stands for none, in IPv4 alone.
    if checked and (total_sum or version == 6):
        pseudo = source + target + struct.pack(">II", size, _UDP)
        if sum_up(pseudo + body):
            return "a wrong checksum"
    return Datagram(
        source=socket.inet_ntop(family, source),
        target=socket.inet_ntop(family, target),
        source_port=ports[0],
        target_port=ports[1],
        data=body[8:],
    )


def write(datagram: Datagram) -> bytes:
    """Return the packet with a datagram, from the IP header on."""
    family = socket.AF_INET6 if datagram.six else socket.AF_INET
    source = socket.inet_pton(family, datagram.source)
    target = socket.inet_pton(family, datagram.target)
    size = 8 + len(datagram.data)
    ports = (datagram.source_port, datagram.target_port, size)
    pseudo = source + target + struct.pack(">II", size, _UDP)
    total = sum_up(pseudo + struct.pack(">HHHH", *ports, 0) + datagram.data) or 0xFFFF
    body = struct.pack(">HHHH", *ports, total) + datagram.data
    if datagram.six:
        return struct.pack(">IHBB", 6 << 28, size, _UDP, 1) + source + target + body
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + size, 0, 0, _HOPS, _UDP, 0) + source + target
    return head[:10] + struct.pack(">H", sum_up(head)) + head[12:] + body


def sum_up(data: bytes) -> int:
    """Return the Internet checksum (RFC 1071); 0 over data with its right sum in it."""
    total: int = sum(struct.unpack(f">{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


# Classic BPF: load, jump, return. Offsets count from the IP header.
_HALF, _BYTE, _WORD, _HALF_AFTER, _HEADER = 0x28, 0x30, 0x20, 0x48, 0xB1
_EQUAL, _ANY_BIT, _RETURN = 0x15, 0x45, 0x06
_ANCILLARY = 0xFFFFF000  # SKF_AD_OFF: facts of the packet besides its bytes
_PROTOCOL, _TYPE, _TAG = _ANCILLARY, _ANCILLARY + 4, _ANCILLARY + 44
_WHOLE = 0xFFFF

# Answers to a client that come in, and questions of a client that go out. A packet of a VLAN counts
# on the VLAN's own interface.
_PROGRAM: tuple[tuple[int, str, str, int], ...] = (
    (_WORD, "", "", _TAG),
    (_ANY_BIT, "drop", "", 0xFFF),
    (_HALF, "", "", _PROTOCOL),
    (_EQUAL, "six", "", IPV6),
    (_EQUAL, "arp", "", ARP),
    (_EQUAL, "", "drop", IPV4),
    (_BYTE, "", "", 9),
    (_EQUAL, "", "drop", _UDP),
    (_HALF, "", "", 6),
    (_ANY_BIT, "drop", "", 0x3FFF),  # a fragment
    (_HEADER, "", "", 0),
    (_HALF_AFTER, "", "", 2),
    (_EQUAL, "in", "", 68),
    (_EQUAL, "out", "drop", 67),
    (_BYTE, "six:", "", 6),
    (_EQUAL, "", "drop", _UDP),
    (_HALF, "", "", 42),
    (_EQUAL, "in", "", 546),
    (_EQUAL, "out", "drop", 547),
    (_HALF, "arp:", "", 6),
    (_EQUAL, "in", "drop", 2),  # a reply
    (_WORD, "in:", "", _TYPE),
    (_EQUAL, "drop", "take", OUTGOING),
    (_WORD, "out:", "", _TYPE),
    (_EQUAL, "take", "drop", OUTGOING),
    (_RETURN, "take:", "", _WHOLE),
    (_RETURN, "drop:", "", 0),
)


def _assemble() -> bytes:
    """Return the program as an array of struct sock_filter, in this machine's byte order."""
    places = {yes[:-1]: at for at, (_, yes, _, _) in enumerate(_PROGRAM) if yes.endswith(":")}

    def jump(label: str, at: int) -> int:
        return places[label] - at - 1 if label in places else 0

    return b"".join(
        struct.pack("=HBBI", code, jump(yes, at), jump(no, at), value)
        for at, (code, yes, no, value) in enumerate(_PROGRAM)
    )


FILTER = _assemble()
NOTHING = struct.pack("=HBBI", _RETURN, 0, 0, 0)  # a filter that takes no packet

"""DHCP for IPv4: packets → values, and values → packets. Pure.

RFC 2131 and 2132; 3396 for options in several parts, 3442 and 3397 for routes and domains, 4578 for
PXE, 5071 for PXELINUX's options, 5859 for option 150.
"""

import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from petipy.network import pxe
from petipy.network.heard import MOST_REASONS, MOST_WORDS
from petipy.network.options import (
    Read,
    Values,
    read_address,
    read_addresses,
    read_domains,
    read_field,
    read_hex,
    read_mtu,
    read_name,
    read_number,
    read_old_routes,
    read_routes,
    read_text,
    read_uuid,
    read_vlan,
    split_options,
)

SERVER_PORT, CLIENT_PORT = 67, 68
DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)
REQUEST_OP, REPLY_OP = 1, 2
COOKIE = b"\x63\x82\x53\x63"
# op, htype, hlen, hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr, chaddr, sname, file
_HEAD = struct.Struct(">BBBBIHH4s4s4s4s16s64s128s")
_LEAST = _HEAD.size + len(COOKIE)
_LEAST_SENT = 300  # bytes: BOOTP relays drop a shorter packet (RFC 951)
_BROADCAST = 0x8000
_INFINIBAND = 32  # a hardware type without room for its addresses (RFC 4390)
_OVERLOAD, _KIND, _SERVER, _LEASE, _REQUESTED = 52, 53, 54, 51, 50
_VENDOR, _CLASS, _CLIENT = 43, 60, 61
_ROUTES, _ROUTES_MICROSOFT, _ROUTES_OLD, _ROUTER = 121, 249, 33, 3

# Number → word of a lease and way to read it.
_WORDS: Mapping[int, tuple[str, Read]] = {
    1: ("subnet", read_address),
    6: ("dns", read_addresses),
    7: ("logsrv", read_addresses),
    12: ("hostname", read_name),
    15: ("domain", read_name),
    17: ("rootpath", read_text),
    26: ("mtu", read_mtu),
    42: ("ntpsrv", read_addresses),
    56: ("message", read_text),
    60: ("vendorclass", read_text),
    66: ("tftp", read_name),
    67: ("bootfile", read_text),
    97: ("clientuuid", read_uuid),
    119: ("search", read_domains),
    132: ("vlanid", read_vlan),
    133: ("vlanpriority", read_number),
    150: ("tftpservers", read_addresses),
    209: ("pxeconffile", read_text),
    210: ("pxepathprefix", read_text),
    211: ("reboottime", read_number),
}
# Options above 127 that have no use for a reader: PXELINUX's magic number, WPAD, a status code.
_DULL = {151, 152, 153, 154, 155, 156, 157, 208, 220, 221, 249, 252, 255}
# The parameter request list (option 55). RFC 3442 wants 121 before 3.
ASKED = bytes(
    (
        *(1, 121, 3, 6, 7, 12, 15, 17, 26, 33, 42, 43, 51, 54, 60, 66, 67, 97),
        *(119, 132, 133, 150, 208, 209, 210, 211, 249),
    )
)
_DESCRIPTION = {55, 57, 60, 61, 77, 93, 94, 97, 175}  # options by which a client describes itself
# The features of iPXE (its option 175) that this program has, too: HTTP, HTTPS, TFTP, DNS,
# kernels as bzImage, ELF and EFI images, menus, NFS.
_IPXE_FEATURES = (0x13, 0x14, 0x15, 0x17, 0x18, 0x22, 0x24, 0x27, 0x29)


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """A DHCP or BOOTP packet, with its options put together."""

    op: int
    xid: int
    hardware: int = 1  # ARP's type: 1 is Ethernet
    mac: bytes = b""
    seconds: int = 0  # since the client began
    broadcast: bool = False  # the answer is to go to everybody
    client: str = "0.0.0.0"  # the address that the client has
    address: str = "0.0.0.0"  # the address for it
    next_server: str = "0.0.0.0"
    name: bytes = b""  # sname
    file: bytes = b""
    options: Mapping[int, bytes] = field(default_factory=dict)
    reasons: tuple[str, ...] = ()  # why a part of the options is not there

    @property
    def kind(self) -> int:
        """The type of the message (option 53); 0 is BOOTP."""
        kind = self.options.get(_KIND, b"")
        return kind[0] if kind else 0

    @property
    def server(self) -> str:
        """The server's identifier, or ""."""
        return self._find_address(_SERVER)

    @property
    def requested(self) -> str:
        """The address that a client asks for before it has one, or ""."""
        return self._find_address(_REQUESTED)

    def _find_address(self, number: int) -> str:
        data = self.options.get(number, b"")
        return socket.inet_ntop(socket.AF_INET, data[:4]) if len(data) >= 4 and any(data) else ""

    @property
    def lease_seconds(self) -> int:
        data = self.options.get(_LEASE, b"")
        return int.from_bytes(data, "big") if len(data) == 4 else 0

    @property
    def is_for_pxe(self) -> bool:
        """True if the server has answered as one for PXE."""
        return self.options.get(_CLASS, b"").startswith(pxe.CLASS)


def peek_address(data: bytes) -> str:
    """Return the address that a packet has for the client, without reading the rest."""
    return socket.inet_ntop(socket.AF_INET, data[16:20].ljust(4, b"\0"))


def read(data: bytes) -> Packet | str:
    """Return a packet, or the reason why the bytes are none."""
    if len(data) < _HEAD.size:
        return f"{len(data)} bytes are too few"
    op, hardware, size, _, xid, seconds, flags, *rest = _HEAD.unpack_from(data)
    client, address, server, _, mac, name, file = rest
    if op not in (REQUEST_OP, REPLY_OP):
        return f"no operation: {op}"
    if size > len(mac):
        return f"a hardware address of {size} bytes"
    options: dict[int, bytes] = {}
    reasons: list[str] = []
    if data[_HEAD.size : _LEAST] == COOKIE:
        _collect(data[_LEAST:], options, reasons)
        # RFC 3396: the parts of an option are put together in this order.
        overload = options.get(_OVERLOAD, b"\0")[:1]
        if overload in (b"\x01", b"\x03"):
            _collect(file, options, reasons)
            file = b""
        if overload in (b"\x02", b"\x03"):
            _collect(name, options, reasons)
            name = b""
    return Packet(
        op=op,
        xid=xid,
        hardware=hardware,
        mac=mac[:size],
        seconds=seconds,
        broadcast=bool(flags & _BROADCAST),
        client=socket.inet_ntop(socket.AF_INET, client),
        address=socket.inet_ntop(socket.AF_INET, address),
        next_server=socket.inet_ntop(socket.AF_INET, server),
        name=name,
        file=file,
        options=options,
        reasons=tuple(reasons),
    )


def _collect(data: bytes, options: dict[int, bytes], reasons: list[str]) -> None:
    """Add the options of a field. One that does not fit costs those behind it."""
    try:
        for number, value in split_options(data):
            options[number] = options.get(number, b"") + value
    except ValueError as error:
        reasons.append(str(error))


def read_words(packet: Packet) -> tuple[Values, pxe.BootServers | None]:
    """Return the words for a lease, and PXE's boot servers if the packet has any."""
    values = Values()
    values.reasons += packet.reasons
    options = packet.options
    if packet.next_server != "0.0.0.0":
        values.words["siaddr"] = packet.next_server
    values.read("sname", "the server's name", read_field, packet.name)
    values.read("boot_file", "the boot file", read_field, packet.file)
    values.read_all(_WORDS, options)
    _read_ways(options, values)
    for number in sorted(options):
        if number >= 128 and number not in _WORDS and number not in _DULL:
            values.read(f"opt{number}", f"option {number}", read_hex, options[number])
    servers = None
    if vendor := options.get(_VENDOR):
        servers = pxe.read_vendor(vendor, values, certain=packet.is_for_pxe)
    values.words = dict([*values.words.items()][:MOST_WORDS])
    del values.reasons[MOST_REASONS:]
    return values, servers


def _read_ways(options: Mapping[int, bytes], values: Values) -> None:
    """Read routers and routes. RFC 3442: option 121 replaces 3 and 33 altogether."""
    number = next((n for n in (_ROUTES, _ROUTES_MICROSOFT) if options.get(n)), _ROUTES_OLD)
    routes: list[tuple[str, str]] = []
    try:
        if data := options.get(number):
            routes = (read_old_routes if number == _ROUTES_OLD else read_routes)(data)
    except ValueError as error:
        values.refuse(f"option {number}", str(error))
        number = _ROUTES_OLD
    if number == _ROUTES_OLD and _ROUTER in options:
        values.read("router", f"option {_ROUTER}", read_addresses, options[_ROUTER])
    gateways = [gateway for network, gateway in routes if network.endswith("/0")]
    if gateways:
        values.words["router"] = " ".join(dict.fromkeys(gateways))
    others = [f"{network} {gateway}" for network, gateway in routes if not network.endswith("/0")]
    if others:
        values.read("staticroutes", f"option {number}", read_text, " ".join(others).encode())


def write(packet: Packet) -> bytes:
    """Return the bytes of a packet. A value of more than 255 bytes comes in parts (RFC 3396)."""
    infiniband = packet.hardware == _INFINIBAND
    mac = b"" if infiniband else packet.mac
    head = _HEAD.pack(
        packet.op,
        packet.hardware,
        len(mac),
        0,
        packet.xid,
        packet.seconds,
        _BROADCAST if packet.broadcast or infiniband else 0,
        socket.inet_aton(packet.client),
        socket.inet_aton(packet.address),
        socket.inet_aton(packet.next_server),
        b"\0" * 4,
        mac,
        packet.name,
        packet.file,
    )
    options = b"".join(
        bytes([number, len(part)]) + part
        for number, value in packet.options.items()
        for part in _cut(value)
    )
    return (head + COOKIE + options + b"\xff").ljust(_LEAST_SENT, b"\0")


def _cut(value: bytes) -> list[bytes]:
    return [value[at : at + 255] for at in range(0, len(value), 255)] or [b""]


def describe_client(architecture: int, uuid: bytes, user_class: str = "") -> dict[int, bytes]:
    """Return the options by which servers recognize a client for PXE (RFC 4578).

    `architecture` is a processor type of IANA's list, `uuid` the machine's 16 bytes or nothing.
    """
    found = {
        57: struct.pack(">H", 1472),  # bytes of the largest packet
        60: pxe.write_class(pxe.CLASS.decode(), architecture).encode(),
        93: struct.pack(">H", architecture),
        94: pxe.UNDI,
    }
    if len(uuid) == 16:
        found[97] = b"\0" + uuid
    return found | describe_user_class(user_class)


def describe_user_class(user_class: str) -> dict[int, bytes]:
    """Return the options of a user class as iPXE sends them; none for "".

    RFC 3004 has a length before each class. iPXE sends none, and servers compare the whole option
    with its text. Ironic, Neutron and others know iPXE by its option 175 instead, and some look
    there for the features that they need.
    """
    found = {77: user_class.encode()} if user_class else {}
    if user_class == "iPXE":
        found[175] = b"".join(bytes((feature, 1, 1)) for feature in _IPXE_FEATURES)
    return found


def make_discover(
    mac: bytes, xid: int, hardware: int, options: Mapping[int, bytes], seconds: int = 0
) -> Packet:
    """Return a DISCOVER whose answers come to everybody: this machine has no address."""
    client = bytes([hardware & 255]) + mac
    return Packet(
        op=REQUEST_OP,
        xid=xid,
        hardware=hardware,
        mac=mac,
        seconds=seconds,
        broadcast=True,
        options={_KIND: bytes([DISCOVER]), _CLIENT: client, 55: ASKED, **options},
    )


def make_release(mac: bytes, xid: int, address: str, server: str) -> Packet:
    """Return the packet that gives an address back (RFC 2131, 4.4.6)."""
    return Packet(
        op=REQUEST_OP,
        xid=xid,
        mac=mac,
        client=address,
        options={
            _KIND: bytes([RELEASE]),
            _SERVER: socket.inet_aton(server),
            _CLIENT: b"\x01" + mac,
        },
    )


def make_boot_request(
    question: Packet, xid: int, address: str, item: int | None, server: str
) -> Packet:
    """Return a REQUEST to a proxyDHCP or boot server, which is sent to its port 4011.

    The client describes itself as in its own `question`. It has the address already.
    """
    kept = {n: value for n, value in question.options.items() if n in _DESCRIPTION}
    options = {_KIND: bytes([REQUEST]), _SERVER: socket.inet_aton(server), **kept}
    if item is not None:
        options[_VENDOR] = pxe.write_item(item)
    return Packet(
        op=REQUEST_OP,
        xid=xid,
        hardware=question.hardware,
        mac=question.mac,
        client=address,
        options=options,
    )

"""DHCP packets, byte by byte, as servers write them."""

import socket
import struct
from collections.abc import Mapping

MAC = bytes.fromhex("525400123456")
COOKIE = bytes.fromhex("63825363")
Options = Mapping[int, bytes]


def bootp(
    options: bytes = b"",
    *,
    op: int = 2,
    xid: int = 0x11223344,
    mac: bytes = MAC,
    address: str = "0.0.0.0",
    client: str = "0.0.0.0",
    next_server: str = "0.0.0.0",
    name: bytes = b"",
    file: bytes = b"",
) -> bytes:
    """Return a packet with the bytes of its options, the cookie included, as they are."""
    head = struct.pack(">BBBBIHH", op, 1, len(mac), 0, xid, 0, 0)
    head += b"".join(map(socket.inet_aton, (client, address, next_server, "0.0.0.0")))
    return head + mac.ljust(16, b"\0") + name.ljust(64, b"\0") + file.ljust(128, b"\0") + options


def encode(options: Options) -> bytes:
    return b"".join(bytes([number, len(value)]) + value for number, value in options.items())


def dhcp(
    kind: int, options: Options | None = None, *, server: str = "192.0.2.1", **fields: object
) -> bytes:
    """Return a packet of a kind (option 53) from a server (option 54)."""
    own = {53: bytes([kind])} | ({54: socket.inet_aton(server)} if server else {})
    body = COOKIE + encode(own | dict(options or {})) + b"\xff"
    return bootp(body, **fields)  # type: ignore[arg-type]


def addresses(*texts: str) -> bytes:
    return b"".join(map(socket.inet_aton, texts))


def domains(*names: str) -> bytes:
    labels = (name.split(".") for name in names)
    return b"".join(b"".join(bytes([len(x)]) + x.encode() for x in n) + b"\0" for n in labels)


def encode6(*options: tuple[int, bytes]) -> bytes:
    return b"".join(struct.pack(">HH", number, len(value)) + value for number, value in options)


def dhcp6(kind: int, *options: tuple[int, bytes], xid: int = 0xABCDEF) -> bytes:
    return bytes([kind]) + xid.to_bytes(3, "big") + encode6(*options)


def granted(address: str, seconds: int = 3600) -> tuple[int, bytes]:
    """Return an IA_NA with one address."""
    data = socket.inet_pton(socket.AF_INET6, address) + struct.pack(">II", seconds, seconds)
    return 3, struct.pack(">III", 1, 0, 0) + encode6((5, data))


def vendor(options: Options) -> bytes:
    """Return PXE's option 43."""
    return encode(options) + b"\xff"


def udp4(
    data: bytes, *, source: str, target: str, ports: tuple[int, int], checksum: int = 0
) -> bytes:
    """Return an IPv4 packet. A checksum of 0 is none."""
    body = struct.pack(">HHHH", *ports, 8 + len(data), checksum) + data
    head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(body), 7, 0, 64, 17, 0)
    return head + socket.inet_aton(source) + socket.inet_aton(target) + body

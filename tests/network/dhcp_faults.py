"""A DHCP server that misbehaves: it offers and never acknowledges, or refuses what it offered.

Its packets may be crowded, too: with options in the fields of file and name, and in parts.
"""

import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.network.namespace import Namespace

DISCOVER, OFFER, REQUEST, ACK, NAK = 1, 2, 3, 5, 6  # RFC 2132, 9.6
_COOKIE = b"\x63\x82\x53\x63"
_SO_BINDTODEVICE = 25


@dataclass
class FaultyServer:
    """A server at 192.0.2.1 whose answers a test chooses. An absent answer is silence."""

    answers: dict[int, int] = field(default_factory=dict)  # message type → type of the answer
    seen: list[int] = field(default_factory=list)  # message types, in order
    address: str = "192.0.2.77"
    options: bytes = b""  # more of an OFFER and an ACK
    name: bytes = b""  # the field for the server's name: options, if option 52 says so
    file: bytes = b""  # the field for the boot file: the same
    noise: Callable[[bytes], Iterable[bytes]] = lambda _: ()  # packets before the answer to one
    asked: bytes = b""  # the last packet of a client
    line: socket.socket | None = None  # while it runs

    def shout(self, packet: bytes) -> None:
        """Send a packet to all clients."""
        assert self.line
        self.line.sendto(packet, ("255.255.255.255", 68))

    def answer(self, packet: bytes) -> bytes | None:
        """Return the answer to a packet, or None."""
        if len(packet) < 240 or packet[236:240] != _COOKIE:
            return None
        kind = find_option(packet[240:], 53)
        if not kind:
            return None
        self.seen.append(kind[0])
        self.asked = packet
        answer = self.answers.get(kind[0])
        if answer is None:
            return None
        own = socket.inet_aton("192.0.2.1")
        yours = bytes(4) if answer == NAK else socket.inet_aton(self.address)
        head = b"\x02" + packet[1:8] + bytes(8) + yours + own + packet[24:44]
        head += self.name.ljust(64, b"\0") + self.file.ljust(128, b"\0")
        options = bytes([53, 1, answer]) + b"\x36\x04" + own
        if answer != NAK:
            options += b"\x01\x04\xff\xff\xff\x00\x33\x04" + struct.pack("!I", 600) + self.options
        return head + _COOKIE + options + b"\xff"


def find_option(options: bytes, code: int) -> bytes:
    """Return the content of the first such option, or nothing."""
    while len(options) >= 2 and options[0] != 255:
        if options[0] == 0:
            options = options[1:]
            continue
        length = options[1]
        if options[0] == code:
            return options[2 : 2 + length]
        options = options[2 + length :]
    return b""


@contextmanager
def faulty_dhcp(
    space: Namespace, answers: dict[int, int], server: FaultyServer | None = None
) -> Iterator[FaultyServer]:
    """Run such a server on lan0, or the one given. Root only."""
    server = server or FaultyServer()
    server.answers = answers
    with space.entered():
        line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    line.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, b"lan0\0")
    line.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    line.bind(("", 67))
    line.settimeout(0.1)
    server.line = line
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                packet = line.recv(2048)
            except TimeoutError:
                continue
            for strange in server.noise(packet):
                server.shout(strange)
            if answer := server.answer(packet):
                server.shout(answer)

    thread = threading.Thread(target=serve, name="faulty-dhcp")
    thread.start()
    try:
        yield server
    finally:
        stop.set()
        thread.join()
        line.close()

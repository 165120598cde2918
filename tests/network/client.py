"""A small DHCP client for tests: it asks, takes what it is told to take, and assigns nothing."""

import random
import socket
from dataclasses import dataclass, field

from petipy.network import dhcp4, dhcp6, frames
from petipy.network.frames import Datagram


@dataclass
class Client:
    """A client on an interface of the network that the thread is in."""

    interface: str
    mac: bytes
    link_local: str = ""
    xid: int = field(default_factory=lambda: random.getrandbits(31))

    def send(self, packet: dhcp4.Packet) -> None:
        self.put(
            Datagram(
                source="0.0.0.0",
                target="255.255.255.255",
                source_port=68,
                target_port=67,
                data=dhcp4.write(packet),
            ),
            b"\xff" * 6,
        )

    def send6(self, packet: dhcp6.Packet) -> None:
        self.put(
            Datagram(
                source=self.link_local,
                target=dhcp6.SERVERS,
                source_port=546,
                target_port=547,
                data=dhcp6.write(packet),
            ),
            bytes.fromhex("333300010002"),
        )

    def put(self, datagram: Datagram, target: bytes) -> None:
        kind = frames.IPV6 if datagram.six else frames.IPV4
        with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0) as line:
            line.sendto(frames.write(datagram), (self.interface, kind, 0, 0, target))

    def discover(self, architecture: int = 0x0C) -> None:
        options = dhcp4.describe_client(architecture, bytes(range(16)))
        self.send(dhcp4.make_discover(self.mac, self.xid, 1, options))

    def request(self, address: str, server: str, architecture: int = 0x0C) -> None:
        options = dhcp4.describe_client(architecture, bytes(range(16)))
        wanted = {53: bytes([dhcp4.REQUEST]), 50: socket.inet_aton(address)}
        packet = dhcp4.make_discover(self.mac, self.xid, 1, options)
        own = {**packet.options, **wanted, 54: socket.inet_aton(server)}
        self.send(dhcp4.Packet(op=1, xid=self.xid, mac=self.mac, broadcast=True, options=own))

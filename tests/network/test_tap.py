"""The packets that the kernel lets through to the process that listens."""

import socket
import struct
import time

import pytest

from petipy.network import frames
from petipy.network.frames import Datagram
from petipy.sys import packet
from tests.network.namespace import Namespace

EVERYBODY = b"\xff" * 6
SERVER = bytes.fromhex("525400000002")


def make_packet(port: int, six: bool = False) -> bytes:
    source, target = ("fe80::1", "ff02::1") if six else ("192.0.2.1", "255.255.255.255")
    datagram = Datagram(
        source=source, target=target, source_port=9, target_port=port, data=b"x" * 30
    )
    return frames.write(datagram)


def make_arp(operation: int) -> bytes:
    return struct.pack(">HHBBH", 1, 0x0800, 6, 4, operation) + bytes(20)


def change(data: bytes, place: int, value: int) -> bytes:
    return data[:place] + bytes([value]) + data[place + 1 :]


def tag(number: int) -> bytes:
    """Return what stands before the type of a frame in a VLAN."""
    return struct.pack(">HH", 0x8100, number)


FOUR, SIX = frames.IPV4, frames.IPV6
LAST = make_packet(68)[:20] + make_packet(68)[20:].replace(b"x", b"y")
WITH_OPTIONS = b"\x46" + make_packet(68)[1:20] + bytes(4) + make_packet(68)[20:]
CASES = {
    "an answer": (True, b"", FOUR, make_packet(68)),
    "an answer of IPv6": (True, b"", SIX, make_packet(546, six=True)),
    "a priority without a VLAN": (True, tag(5 << 13), FOUR, make_packet(68)),
    "a VLAN": (False, tag(5), FOUR, make_packet(68)),
    "another machine's question": (False, b"", FOUR, make_packet(67)),
    "another machine's question of IPv6": (False, b"", SIX, make_packet(547, six=True)),
    "another port": (False, b"", FOUR, make_packet(69)),
    "another port of IPv6": (False, b"", SIX, make_packet(53, six=True)),
    "TCP": (False, b"", FOUR, change(make_packet(68), 9, 6)),
    "TCP of IPv6": (False, b"", SIX, change(make_packet(546, six=True), 6, 6)),
    "a fragment": (False, b"", FOUR, change(make_packet(68), 6, 0x20)),
    "a later fragment": (False, b"", FOUR, change(make_packet(68), 7, 1)),
    "a header with options": (True, b"", FOUR, WITH_OPTIONS),
    "a question of ARP": (False, b"", 0x0806, make_arp(1)),
    "an answer of ARP": (True, b"", 0x0806, make_arp(2)),
}


@pytest.mark.parametrize("case", CASES)
def test_answers_of_dhcp_come_through_and_nothing_else(
    server: Namespace, client: Namespace, case: str
) -> None:
    passes, tags, kind, data = CASES[case]
    with client.entered():
        tap = packet.open_tap(frames.FILTER)
    with tap:
        receiver = packet.Receiver(tap, 4096)
        send(server, "lan0", EVERYBODY + SERVER + tags + struct.pack(">H", kind) + data)
        # Another answer shows that the one before has come.
        send(server, "lan0", EVERYBODY + SERVER + struct.pack(">H", FOUR) + LAST)
        found = receive(receiver)
    assert found.data.startswith(data if passes else LAST)
    assert not found.outgoing


@pytest.mark.parametrize(("port", "answer", "six"), [(67, 68, False), (547, 546, True)])
def test_own_questions_come_through_as_such_and_own_answers_do_not(
    client: Namespace, port: int, answer: int, six: bool
) -> None:
    with client.entered():
        tap = packet.open_tap(frames.FILTER)
    with tap:
        receiver = packet.Receiver(tap, 4096)
        head = EVERYBODY + SERVER + struct.pack(">H", SIX if six else FOUR)
        send(client, "eth0", head + make_packet(answer, six))
        send(client, "eth0", head + make_packet(port, six))
        found = receive(receiver)
        index = int(client.run("cat", "/sys/class/net/eth0/ifindex"))
    assert (found.data, found.outgoing, found.link) == (make_packet(port, six), True, index)


def test_a_port_that_a_program_has_for_itself_is_left_to_it(client: Namespace) -> None:
    with client.entered():
        own = packet.open_sender(68, frames.NOTHING)
        assert own is not None
        again = packet.open_sender(68, frames.NOTHING)
        assert again is not None  # systemd-networkd shares the port, too
        again.close()
        own.close()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as greedy:
            greedy.bind(("", 68))
            assert packet.open_sender(68, frames.NOTHING) is None


def send(space: Namespace, interface: str, frame: bytes) -> None:
    with space.entered():
        line = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
    with line:
        line.sendto(frame, (interface, 0))


def receive(receiver: packet.Receiver) -> packet.Packet:
    """Return the next packet; fail if none comes soon."""
    end = time.monotonic() + 5
    while True:
        try:
            return receiver.receive()
        except BlockingIOError:
            assert time.monotonic() < end, "no packet"
            time.sleep(0.005)

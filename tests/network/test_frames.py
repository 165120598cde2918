"""UDP in IP, from the IP header on."""

import pytest

from petipy.network import frames
from petipy.network.frames import Datagram
from tests.network.packets import udp4

FOUR = Datagram(
    source="192.0.2.1", target="255.255.255.255", source_port=67, target_port=68, data=b"odd"
)
SIX = Datagram(source="fe80::1", target="ff02::1:2", source_port=546, target_port=547, data=b"data")


@pytest.mark.parametrize("datagram", [FOUR, SIX])
def test_a_datagram_comes_back_from_its_packet(datagram: Datagram) -> None:
    assert frames.read(frames.write(datagram)) == datagram


@pytest.mark.parametrize("datagram", [FOUR, SIX])
def test_a_wrong_checksum_is_refused_unless_it_is_not_made_yet(datagram: Datagram) -> None:
    packet = bytearray(frames.write(datagram))
    packet[-1] ^= 1
    assert frames.read(bytes(packet)) == "a wrong checksum"
    assert isinstance(frames.read(bytes(packet), checked=False), Datagram)


def test_ipv4_needs_no_checksum() -> None:
    packet = udp4(b"data", source="192.0.2.1", target="192.0.2.9", ports=(67, 68))
    found = frames.read(packet)
    assert isinstance(found, Datagram)
    assert (found.source, found.target_port, found.data) == ("192.0.2.1", 68, b"data")


def test_bytes_behind_the_packet_are_not_of_it() -> None:
    found = frames.read(frames.write(FOUR) + b"padding of the card")
    assert found == FOUR


@pytest.mark.parametrize("datagram", [FOUR, SIX])
def test_a_part_of_a_packet_gives_a_reason(datagram: Datagram) -> None:
    packet = frames.write(datagram)
    for size in range(len(packet)):
        assert isinstance(frames.read(packet[:size]), str)


def test_fragments_and_other_protocols_give_a_reason() -> None:
    packet = bytearray(frames.write(FOUR))
    for place, value in ((9, 6), (6, 0x20), (7, 1), (0, 0x41), (0, 0x55)):
        other = bytearray(packet)
        other[place] = value
        assert isinstance(frames.read(bytes(other)), str)

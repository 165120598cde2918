"""DHCPv6's packets."""

import socket
import struct

import pytest

from petipy.network import dhcp6
from petipy.network.dhcp6 import Packet
from tests.network.packets import MAC, domains, encode6, granted
from tests.network.packets import dhcp6 as packet_of

DNS = socket.inet_pton(socket.AF_INET6, "2001:db8::53")


def read(data: bytes) -> Packet:
    packet = dhcp6.read(data)
    assert isinstance(packet, Packet)
    return packet


def sized(*texts: bytes) -> bytes:
    return b"".join(struct.pack(">H", len(text)) + text for text in texts)


def test_a_reply_tells_address_and_boot_file() -> None:
    data = packet_of(
        7,
        (1, b"client"),
        (2, b"server"),
        granted("2001:db8::9", 60),
        (23, DNS),
        (24, domains("example.net")),
        (56, encode6((1, DNS), (3, domains("ntp.example.net")), (2, DNS))),
        (59, b"http://[2001:db8::1]/boot.ipxe\0"),
        (60, sized(b"quiet", b"root=/dev/sda")),
        (210, b"tftp://[2001:db8::1]/p/"),
    )
    packet = read(data)
    assert (packet.kind, packet.xid, packet.client) == (7, 0xABCDEF, b"client")
    assert packet.addresses == (("2001:db8::9", 60),)
    values = dhcp6.read_words(packet)
    assert not values.reasons
    assert values.words == {
        "dns": "2001:db8::53",
        "search": "example.net",
        "ntpsrv": "2001:db8::53 ntp.example.net",
        "bootfile_url": "http://[2001:db8::1]/boot.ipxe",
        "bootfile_param": "quiet root=/dev/sda",
        "pxepathprefix": "tftp://[2001:db8::1]/p/",
    }


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ((23, b"short"), "option 23: not a list of addresses (5 bytes)"),
        ((24, b"\x05ab"), "option 24: a malformed domain"),
        ((59, b"http://a/\x1b"), "option 59: a control character"),
        ((60, b"\0\x05ab"), "option 60: malformed parameters"),
        ((60, b"\0"), "option 60: malformed parameters"),
        ((56, b"\0\x01\0\x10"), "option 1: 0 of 16 bytes are there"),
    ],
)
def test_an_option_of_a_wrong_shape_costs_itself(option: tuple[int, bytes], reason: str) -> None:
    values = dhcp6.read_words(read(packet_of(7, option, (209, b"conf"))))
    assert values.words == {"pxeconffile": "conf"}
    assert values.reasons[0].endswith(reason)


def test_options_without_an_end_leave_those_before() -> None:
    packet = read(packet_of(7, (59, b"http://a/")) + b"\0\x17\0\x10ab")
    values = dhcp6.read_words(packet)
    assert values.words == {"bootfile_url": "http://a/"}
    assert values.reasons == ["option 23: 2 of 16 bytes are there"]


def test_bytes_that_are_no_packet_give_a_reason() -> None:
    assert dhcp6.read(b"\x07\0") == "2 bytes are too few"


def test_a_flood_of_options_is_cut() -> None:
    packet = read(packet_of(7, *[(200, b"")] * 5000))
    assert len(packet.options) == 256
    assert packet.reasons == ("more than 256 options",)


@pytest.mark.parametrize(("kind", "asks"), [(dhcp6.SOLICIT, True), (dhcp6.INFORMATION, False)])
def test_a_question_says_what_the_client_is(kind: int, asks: bool) -> None:
    packet = read(dhcp6.write(dhcp6.make_question(kind, MAC, 0x123456, 1, 0x0C, "iPXE")))
    assert (packet.kind, packet.xid) == (kind, 0x123456)
    assert packet.asks_for_address is asks
    assert packet.client == b"\0\x03\0\x01" + MAC
    assert packet.find(61) == b"\0\x0c"
    assert packet.find(62) == b"\x01\x03\0"
    assert packet.find(15) == b"\0\x04iPXE"
    wanted = packet.find(6) or b""
    assert {59, 60, 23, 56} <= {n for (n,) in struct.iter_unpack(">H", wanted)}

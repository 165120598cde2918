"""rtnetlink: bytes that a kernel (6.1, little endian) has sent, and the kernel of this machine."""

import socket
import struct
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petipy.sys.netlink import (
    AddressNews,
    Done,
    Failed,
    LinkNews,
    Monitor,
    RouteNews,
    parse,
)

pytestmark = pytest.mark.skipif(sys.byteorder == "big", reason="the recorded bytes are not")


def message(kind: int, body: str, flags: int = 0) -> bytes:
    data = bytes.fromhex(body)
    return struct.pack("=LHHLL", 16 + len(data), kind, flags, 1, 0) + data


# struct ifinfomsg; then name, MTU, link, address, and the nested kind, of a veth's message.
UP = "00000100030000004310010001000000"
DOWN = "00000100030000000310000001000000"
ATTRIBUTES = (
    "0900030065746830000000000800040078050000080005000200000" + "00a000100525400123456" + "0000"
    "1000120009000100766574680000000008002000020000000500210001000000"
)
LINK = message(16, UP + ATTRIBUTES)
ADDRESS = bytes.fromhex(
    "5000000014000000000000000000000002188000030000000800"
    "0100c000020708000200c0000207090003006e65743000000000080008008000000014000600ffffffffffffffff"
    "dba60100dba60100"
)
ADDRESS_6 = (
    "0a408000030000001400010020010db800000000000000000000000714000600ffffffffffffffffdba60100"
    "dba601000800080080000000"
)
LOCAL = (
    "0a4080fd0300000014000100fe80000000000000505400fffe123456"
    "14000600ffffffffffffffffd6a60100d6a60100080008008000000005000b0003000000"
)
OWN_NETWORK = (
    "0a400000fe0200010000000008000f00fe00000014000100fe8000000000000000000000000000000800060000"
    "010000080004000300000024000c0000000000000000000000000000000000000000000000000000000000000000"
    "000500140000000000"
)
DEFAULT = "02000000fe0300010000000008000f00fe00000008000500c00002010800040003000000"
HOST_ROUTE = (
    "02200000ff02fe020000000008000f00ff00000008000100c000020708000700c00002070800040003000000"
)


def test_a_link_is_read_with_its_carrier_and_its_kind() -> None:
    assert [*parse(LINK)] == [
        LinkNews(
            present=True,
            index=3,
            name="eth0",
            type=1,
            loopback=False,
            up=True,
            carrier=True,
            mac="52:54:00:12:34:56",
            mtu=1400,
            kind="veth",
            master=0,
            parent=2,
        )
    ]


def test_a_link_without_a_cable_has_no_carrier_and_one_that_goes_is_not_present() -> None:
    (down,) = parse(message(16, DOWN + ATTRIBUTES))
    (gone,) = parse(message(17, DOWN + ATTRIBUTES))
    assert isinstance(down, LinkNews)
    assert isinstance(gone, LinkNews)
    assert (down.up, down.carrier, down.present) == (True, False, True)
    assert not gone.present


def test_addresses_are_read_with_their_scope() -> None:
    data = ADDRESS + message(21, ADDRESS_6) + message(20, LOCAL)
    assert [*parse(data)] == [
        AddressNews(True, 3, "192.0.2.7/24", True, False, False),
        AddressNews(False, 3, "2001:db8::7/64", True, False, False),
        AddressNews(True, 3, "fe80::5054:ff:fe12:3456/64", True, False, True),
    ]


@pytest.mark.parametrize(("flag", "duplicate"), [(0x40, False), (0x48, True), (0x08, True)])
def test_an_address_that_is_being_checked_or_is_a_duplicate_is_not_usable(
    flag: int, duplicate: bool
) -> None:
    flags = struct.pack("=I", 0x80 | flag).hex()
    (news,) = parse(message(20, ADDRESS_6.removesuffix("80000000") + flags))
    assert isinstance(news, AddressNews)
    assert (news.usable, news.duplicate) == (False, duplicate)


def test_a_route_counts_if_it_has_a_gateway_and_is_in_the_main_table() -> None:
    data = message(24, DEFAULT) + message(24, HOST_ROUTE) + message(24, OWN_NETWORK)
    assert [*parse(data)] == [RouteNews(True, 3, "192.0.2.1", True)]


def test_the_end_of_a_dump_says_if_it_was_interrupted() -> None:
    assert [*parse(message(3, "00000000", 2))] == [Done(whole=True)]
    assert [*parse(message(3, "00000000", 0x12))] == [Done(whole=False)]


def test_an_error_has_its_number() -> None:
    assert [*parse(message(2, "f0ffffff"))] == [Failed(16)]


@given(st.binary(max_size=200))
def test_no_bytes_end_the_parser(data: bytes) -> None:
    for cut in (data, LINK[:16] + data, LINK[:32] + data, ADDRESS[:24] + data):
        assert all(parse(cut))


@given(st.integers(0, len(LINK)))
def test_a_message_that_is_cut_off_is_left_out(length: int) -> None:
    assert len([*parse(LINK[:length])]) == (length == len(LINK))


def test_the_kernel_lists_the_loopback_interface() -> None:
    monitor = Monitor()
    try:
        links = [news for news in monitor.dump() if isinstance(news, LinkNews)]
    finally:
        monitor.close()
    assert [link.name for link in links if link.loopback] == ["lo"]


def test_messages_of_other_processes_are_not_heard() -> None:
    monitor = Monitor()
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    try:
        with socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE) as other:
            other.bind((0, 0))
            try:
                other.sendto(LINK, (monitor._socket.getsockname()[0], 0))
            except PermissionError:
                pytest.skip("only root may send to another process")
            assert monitor.read() == []
    finally:
        monitor.close()

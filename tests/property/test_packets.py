"""Hostile packets of DHCP: none raises, none brings a control character, all end soon."""

import random
import resource
import struct
from collections.abc import Callable, Iterator
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from petipy.network import dhcp4, dhcp6, frames
from petipy.network.conversations import Conversations
from petipy.network.frames import Datagram
from petipy.network.heard import MESSAGES, Heard
from petipy.network.offers import make_lease, remember
from petipy.state.network import Link
from tests.effort import ending
from tests.network.packets import MAC, addresses, dhcp, domains, encode6, granted, vendor
from tests.network.packets import dhcp6 as packet6
from tests.property.test_formats import SETTINGS

MUTATED = 10_000  # packets of each family
MEMORY = 50 << 10  # kB more than before
CLIENT6 = (1, b"\0\x03\0\x01" + MAC)
NAMES = {number: f"name{number}".encode() for number in (12, 15, 17, 56, 60, 66, 67, 209, 210)}
MENU = struct.pack(">HB", 7, 2) + b"OS"
FULL4 = dhcp(
    dhcp4.OFFER,
    {
        **NAMES,
        60: b"PXEClient",
        43: vendor({6: b"\x02", 8: struct.pack(">HB", 7, 1) + addresses("192.0.2.7"), 9: MENU}),
        **{number: addresses("192.0.2.1", "192.0.2.2") for number in (3, 6, 7, 42, 150)},
        119: domains("a.example", "b.example") + b"\x01c\xc0\x02",
        121: b"\x18\x0a\x01\x02" + addresses("192.0.2.3") + b"\0" + addresses("192.0.2.4"),
        132: b"\0\0\0\x05",
        97: bytes(17),
        52: b"\x03",
    },
    address="192.0.2.9",
    file=b"\x43\x03abc\xff",
    name=b"\x42\x03abc\xff",
)
FULL6 = packet6(
    dhcp6.ADVERTISE,
    CLIENT6,
    granted("2001:db8::9"),
    (13, b"\0\0fine"),
    (23, bytes(range(32))),
    (24, domains("a.example") + b"\x01c\xc0\x02"),
    (56, encode6((1, bytes(range(16))), (3, domains("ntp.example")))),
    (59, b"http://[2001:db8::1]/x"),
    (60, b"\0\x05quiet\0\x02ro"),
)


def follow(data: bytes, six: bool) -> list[Heard]:
    """Return what the answer tells on a link whose client has asked."""
    known = Conversations(lambda: 7, {2: "192.0.2.9"})
    if six:
        question = packet6(dhcp6.SOLICIT, CLIENT6, (3, bytes(12)))
    else:
        question = dhcp4.write(dhcp4.make_discover(MAC, 0x11223344, 1, {}))
    source, target = ("fe80::1", "ff02::1:2") if six else ("192.0.2.1", "255.255.255.255")
    packet = Datagram(source=source, target=target, source_port=1, target_port=2, data=question)
    assert not [*known.take_question(2, packet)]
    answer = Datagram(source=source, target=target, source_port=2, target_port=1, data=data)
    heard = [*known.take_answer(2, answer, 0.0), *known.take_question(2, answer)]
    assert len([*known.due(0.0)]) <= 8
    return heard


def check(heard: list[Heard]) -> None:
    """Check that the parent takes each message as it is: it refuses control characters."""
    for message in heard:
        assert MESSAGES.decode(MESSAGES.encode(message)) == message
        for _, value in message.words:
            assert value.replace("\n", "").isprintable()


def mutate(data: bytes, draw: random.Random) -> bytes:
    """Change some bytes, and sometimes cut, double or insert a part. The transaction stays."""
    changed = bytearray(data)
    for _ in range(draw.randrange(1, 12)):
        changed[draw.randrange(8, len(changed))] = draw.choice(
            (0, 1, 10, 27, 255, draw.randrange(256))
        )
    place, other = sorted(draw.randrange(8, len(changed)) for _ in range(2))
    kind = draw.randrange(5)
    if kind == 0:
        return bytes(changed[:place])
    if kind == 1:
        return bytes(changed[:other] + changed[place:])
    if kind == 2:
        return bytes(changed[:place] + draw.randbytes(draw.randrange(300)) + changed[place:])
    return bytes(changed)


def mutations(data: bytes, seed: int) -> Iterator[bytes]:
    draw = random.Random(seed)
    for _ in range(MUTATED):
        yield mutate(data, draw)


def run(packets: Iterator[bytes], take: Callable[[bytes], list[Heard]]) -> int:
    """Return the number of packets that told something."""
    before, told = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0
    with ending():
        for packet in packets:
            heard = take(packet)
            check(heard)
            told += bool(heard)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MEMORY
    return told


def test_ten_thousand_mutated_packets_of_dhcpv4() -> None:
    assert follow(FULL4, six=False)[0].about["pxepathprefix"] == "name210"
    assert run(mutations(FULL4, 4), lambda data: follow(data, six=False)) > MUTATED / 20


def test_ten_thousand_mutated_packets_of_dhcpv6() -> None:
    assert follow(FULL6, six=True)[0].about["bootfile_param"] == "quiet ro"
    assert run(mutations(FULL6, 6), lambda data: follow(data, six=True)) > MUTATED / 20


OWN = "192.0.2.77"
LEASE = {51: b"\0\0\x02\x58", 6: addresses("192.0.2.1")}
ALIEN = (
    FULL4,
    dhcp(dhcp4.ACK, LEASE, address="192.0.2.66"),
    dhcp(dhcp4.ACK, LEASE, address=OWN, server="192.0.2.3"),
    dhcp(dhcp4.NAK),
    dhcp(0, {60: b"PXEClient"}, address=OWN),
)


@settings(SETTINGS)
@given(st.integers(0, 1 << 32), st.integers(0, 100), st.integers(0, 100), st.booleans())
def test_no_noise_takes_away_the_confirmation_that_the_client_takes(
    seed: int, before: int, after: int, assigned: bool
) -> None:
    """The noise comes from the server's own address, too, and each packet fits the transaction."""
    draw, known, heard = random.Random(seed), Conversations(lambda: 7, {}), list[Heard]()

    def hear(data: bytes, source: str = "192.0.2.1") -> None:
        port, other = (68, 67) if data[0] == 1 else (67, 68)
        target = "255.255.255.255"
        packet = Datagram(
            source=source, target=target, source_port=port, target_port=other, data=data
        )
        take = known.take_question(2, packet) if port == 68 else known.take_answer(2, packet, 0.0)
        for message in take:
            heard[:] = remember(heard, message, (OWN,) if assigned else ())

    def shout(count: int) -> None:
        for _ in range(count):
            data = mutate(draw.choice(ALIEN), draw)
            hear(b"\2" + data[1:28] + MAC + data[34:], f"192.0.2.{draw.randrange(1, 3)}")

    question = dhcp4.make_discover(MAC, 0x11223344, 1, {})
    hear(dhcp4.write(question))
    shout(before)
    hear(dhcp(dhcp4.OFFER, LEASE, address=OWN))
    chosen = {53: bytes([dhcp4.REQUEST]), 50: addresses(OWN), 54: addresses("192.0.2.1")}
    hear(dhcp4.write(replace(question, options=chosen)))
    shout(before)
    hear(dhcp(dhcp4.ACK, LEASE, address=OWN))
    shout(after)
    held = (f"{OWN}/24",) if assigned else ()
    lease = dict(make_lease(heard, Link(index=2, name="eth0", addresses=held)))
    assert (lease["ip"], lease["serverid"], lease["dns"]) == (OWN, "192.0.2.1", "192.0.2.1")


OPTION = st.tuples(st.integers(0, 255), st.binary(max_size=60))


@settings(SETTINGS)
@given(st.lists(OPTION, max_size=20), st.binary(max_size=128), st.binary(max_size=64))
def test_any_options(options: list[tuple[int, bytes]], file: bytes, name: bytes) -> None:
    body = b"".join(bytes([number, len(value)]) + value for number, value in options)
    data = dhcp(dhcp4.ACK, {}, address="192.0.2.9", file=file, name=name)
    check(follow(data[:-1] + body + b"\xff", six=False))
    wide = [(number, value) for number, value in options if number != 1]
    check(follow(packet6(dhcp6.REPLY, CLIENT6, *wide), six=True))


@settings(SETTINGS)
@given(st.binary(max_size=300))
def test_any_bytes(data: bytes) -> None:
    frames.read(data)
    check(follow(data, six=False))
    check(follow(data, six=True))

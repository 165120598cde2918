"""The switch carries frames between taps as a real one does between machines."""

import select
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.network import lacp
from tests.network.namespace import namespace, set_carrier
from tests.network.switch import Port, Switch, running, tag, untag

A, B, ALL = b"\x02\0\0\0\0\x0a", b"\x02\0\0\0\0\x0b", b"\xff" * 6


def frame(target: bytes, source: bytes, text: bytes = b"hello") -> bytes:
    return target + source + b"\x08\x00" + text.ljust(46, b"\0")


@contextmanager
def cables(
    *vlans: int, groups: Sequence[int] = ()
) -> Iterator[tuple[list[socket.socket], list[Port]]]:
    """Run a switch with a port for each VLAN; yield the machines' ends and the ports."""
    with ExitStack() as stack:
        switch, ends, ports = Switch(), [], []
        for number, vlan in enumerate(vlans):
            mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            for end in (mine, its):
                stack.enter_context(end)
            mine.settimeout(5)
            ends.append(mine)
            group = groups[number] if groups else 0
            ports.append(switch.port(f"p{number}", its.fileno(), vlan=vlan, group=group))
        stack.enter_context(running(switch))
        yield ends, ports


def silent(end: socket.socket, seconds: float = 0.1) -> bool:
    return not select.select([end], [], [], seconds)[0]


def test_a_frame_goes_where_its_target_was_heard() -> None:
    with cables(0, 0, 0) as ((one, two, three), _):
        one.send(frame(ALL, A))
        assert two.recv(99) == three.recv(99) == frame(ALL, A)
        two.send(frame(A, B))
        assert one.recv(99) == frame(A, B)
        assert silent(three)


def test_a_port_in_a_vlan_sees_no_tags_and_no_other_vlan() -> None:
    with cables(0, 5, 6) as ((trunk, five, six), _):
        five.send(frame(ALL, A))
        assert trunk.recv(99) == tag(frame(ALL, A), 5)
        trunk.send(tag(frame(ALL, B), 5))
        assert five.recv(99) == frame(ALL, B)
        trunk.send(frame(ALL, B))
        assert silent(six)
        assert silent(five)
    assert untag(tag(frame(A, B), 7)) == (7, frame(A, B))


def test_frames_come_late_over_a_long_cable_and_not_at_all_over_a_cut_one() -> None:
    with cables(0, 0) as ((one, two), (_, port)):
        port.delay = 0.2
        began = time.monotonic()
        for number in range(3):
            one.send(frame(ALL, A, str(number).encode()))
        assert [two.recv(99)[14:15] for _ in range(3)] == [b"0", b"1", b"2"]
        assert time.monotonic() - began >= 0.2
        port.delay, port.up = 0, False
        one.send(frame(ALL, A))
        assert silent(two)
        port.up = True
        one.send(frame(ALL, A))
        assert two.recv(99)


def test_a_share_of_the_frames_is_lost() -> None:
    with cables(0, 0) as ((one, two), (_, port)):
        port.loss = 0.5
        for _ in range(200):
            one.send(frame(ALL, A))
        count = 0
        while not silent(two):
            two.recv(99)
            count += 1
        assert 60 < count < 140


def test_a_bond_is_agreed_to_and_gets_one_copy_of_a_frame_to_everybody() -> None:
    with cables(0, 0, 0, groups=(1, 1, 0)) as ((one, two, other), _):
        actor = b"\xff\xff" + A + b"\0\x09\0\xff\0\x01\x4f\0\0\0"
        pdu = lacp.SLOW + A + b"\x88\x09\x01\x01\x01\x14" + actor + b"\x02\x14" + bytes(18)
        one.send(pdu.ljust(124, b"\0"))
        answer = one.recv(200)
        assert len(answer) == 124
        assert answer[38:56] == actor  # the partner that the switch sees
        assert answer[32] & 0x38 == 0x38  # in synchronisation, collecting, distributing
        assert silent(other)
        other.send(frame(ALL, B))
        assert one.recv(99) == frame(ALL, B)
        assert silent(two)
        two.send(frame(ALL, A))
        assert other.recv(99) == frame(ALL, A)
        assert silent(one)


@pytest.mark.root
def test_two_taps_of_namespaces_are_one_network(tmp_path: Path) -> None:
    with namespace(tmp_path / "a") as one, namespace(tmp_path / "b") as two:
        switch = Switch()
        first = switch.port("one", one.tap("lan0"), vlan=9)
        switch.port("two", two.tap("eth0"), vlan=9)
        one.address("lan0", "192.0.2.1/24")
        two.address("eth0", "192.0.2.2/24")
        with running(switch):
            two.run("ping", "-c", "1", "-W", "5", "192.0.2.1")
            assert first.received >= 2  # the answers to ARP and to the ping


@pytest.mark.root
def test_a_tap_has_a_carrier_when_it_is_told_so(tmp_path: Path) -> None:
    with namespace(tmp_path) as space:
        tap = space.tap("eth0")
        assert "LOWER_UP" in space.ip("link show eth0")
        set_carrier(tap, present=False)
        assert "NO-CARRIER" in space.ip("link show eth0")
        set_carrier(tap, present=True)
        assert "LOWER_UP" in space.ip("link show eth0")

"""Two machines with one address: the link says so, and nothing waits for that."""

import struct
import time

import pytest

from petipy.network.conflicts import Conflicts
from petipy.network.heard import Conflict
from tests.network import follower
from tests.network.namespace import Namespace
from tests.network.servers import start_dnsmasq
from tests.network.test_program import BOOT, RANGE, other, serve

__all__ = ["other"]  # a fixture
OWN, ELSE = bytes.fromhex("525400000001"), bytes.fromhex("525400000002")
ADDRESS, ANOTHER = bytes((192, 0, 2, 55)), bytes((192, 0, 2, 56))
QUESTION = bytes((1, 1, 6)) + bytes(25) + OWN + bytes(200)  # the head of a DHCPREQUEST
FOUND = Conflict(link=2, address="192.0.2.55", mac="52:54:00:00:00:02")
WAIT = 30.0  # seconds; a busy machine


def make_answer(mac: bytes = ELSE, address: bytes = ADDRESS, operation: int = 2) -> bytes:
    head = struct.pack(">HHBBH", 1, 0x0800, 6, 4, operation)
    return head + mac + address + OWN + bytes(4)


def check(now: float = 0.0) -> Conflicts:
    conflicts = Conflicts()
    conflicts.learn(2, QUESTION)
    conflicts.begin(2, "192.0.2.55", now)
    return conflicts


def test_the_link_is_asked_three_times() -> None:
    conflicts, sent = check(), list[tuple[float, int, bytes]]()
    while (due := conflicts.next_due()) is not None:
        sent += [(due, link, packet) for link, packet in conflicts.due(due)]
    probe = struct.pack(">HHBBH", 1, 0x0800, 6, 4, 1) + OWN + bytes(4) + bytes(6) + ADDRESS
    assert sent == [(0.0, 2, probe), (1.0, 2, probe), (3.0, 2, probe)]


def test_an_answer_is_told_once_and_ends_the_probes() -> None:
    conflicts = check()
    assert [*conflicts.due(0.0)]
    assert conflicts.take_answer(2, make_answer() + bytes(18), 0.1) == FOUND
    assert conflicts.take_answer(2, make_answer(), 0.2) is None
    assert conflicts.next_due() is None


def test_a_renewed_lease_is_checked_again() -> None:
    conflicts = check()
    assert conflicts.take_answer(2, make_answer(), 0.1)
    conflicts.begin(2, "192.0.2.55", 300.0)
    assert conflicts.take_answer(2, make_answer(), 300.1) == FOUND


@pytest.mark.parametrize(
    ("link", "packet", "at"),
    [
        (3, make_answer(), 0.1),  # on another link
        (2, make_answer(address=ANOTHER), 0.1),
        (2, make_answer(mac=OWN), 0.1),
        (2, make_answer(operation=1), 0.1),
        (2, make_answer()[:27], 0.1),
        (2, b"", 0.1),
        (2, make_answer(), 11.0),  # nobody asked lately
    ],
)
def test_what_is_no_answer_to_a_probe_tells_nothing(link: int, packet: bytes, at: float) -> None:
    assert check().take_answer(link, packet, at) is None


def test_without_a_hardware_address_of_ethernet_nobody_is_asked() -> None:
    conflicts = Conflicts()
    conflicts.learn(2, bytes((1, 32, 20)) + QUESTION[3:])  # InfiniBand
    conflicts.begin(2, "192.0.2.55", 0.0)
    assert conflicts.next_due() is None


def test_a_link_tells_who_has_its_address_too_and_is_followed_at_once(
    server: Namespace, client: Namespace, other: Namespace
) -> None:
    serve(server)
    other.address("lan0", "192.0.2.55/24")
    start_dnsmasq(server, RANGE, "dhcp-host=52:54:00:00:00:01,192.0.2.55", *BOOT, interface="br0")
    began = time.monotonic()
    found = follower.start(client)
    words = f"192.0.2.55 is used by {other.mac('lan0')}, too"
    state = found.wait("eth0", WAIT, reason=words)
    assert state["lease"]["ip"] == "192.0.2.55"
    assert time.monotonic() - began < 5  # the checks of RFC 5227 take more
    assert found.program.said.count(f"info eth0: {words}") == 1


def test_an_address_of_this_machine_alone_is_not_complained_of(
    server: Namespace, client: Namespace, other: Namespace
) -> None:
    serve(server)
    start_dnsmasq(server, RANGE, *BOOT, interface="br0")
    found = follower.start(client)
    found.wait("eth0", WAIT, state="ready", entries=["linux"])
    time.sleep(3.5)
    assert found.state()["eth0"]["reason"] == ""
    assert "is used by" not in found.program.said

"""Time servers set the clock, if what they tell is likely."""

import asyncio
import struct
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petipy.log import Log
from petipy.network.clock import Clock, Reading, choose, make_request, read_answer
from petipy.sys.epoch import read_epoch

EPOCH = 1_760_000_000  # of the image
NOW = 1_800_000_000  # what the servers tell
COOKIE = b"cookie-8"
YEAR = 365 * 86400


def packet(
    seconds: float = NOW,
    cookie: bytes = COOKIE,
    *,
    flags: int = 4 << 3 | 4,
    stratum: int = 2,
    delay: int = 100,
    dispersion: int = 100,
    reference: bytes = b"GPS\0",
) -> bytes:
    """Return an answer as RFC 5905 draws it."""
    sent = round((seconds + 2_208_988_800) * 2**32) % 2**64
    head = struct.pack(">BBbbII", flags, stratum, 6, -20, delay, dispersion)
    return head + reference + bytes(8) + cookie + bytes(8) + sent.to_bytes(8, "big")


def test_an_answer_tells_the_time_in_milliseconds() -> None:
    assert read_answer(packet(NOW + 0.25), COOKIE, EPOCH) == NOW * 1000 + 250
    assert read_answer(packet() + bytes(20), COOKIE, EPOCH) == NOW * 1000  # with a key's digest


def test_numbers_that_begin_anew_in_2036_go_on() -> None:
    later = 2_085_978_496 + 86400  # 2036-02-08
    assert read_answer(packet(later), COOKIE, EPOCH) == later * 1000
    assert read_answer(packet(later), COOKIE, later - YEAR) == later * 1000


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "0 bytes"),
        (packet()[:47], "47 bytes"),
        (packet(cookie=b"another!"), "another question"),
        (packet(flags=4 << 3 | 3), "not an answer of a server"),
        (packet(flags=4 << 3 | 5), "not an answer of a server"),
        (packet(flags=7 << 3 | 4), "not an answer of a server"),
        (packet(stratum=0, reference=b"RATE"), "refuses: RATE"),
        (packet(stratum=0, reference=b"\x1b[2J"), "refuses$"),
        (packet(stratum=16), "not set"),
        (packet(flags=3 << 6 | 4 << 3 | 4), "not set"),
        (packet()[:40] + bytes(8), "not set"),
        (packet(delay=16 << 16), "too uncertain"),
        (packet(dispersion=16 << 16), "too uncertain"),
    ],
)
def test_an_answer_that_tells_no_time_is_refused(answer: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        read_answer(answer, COOKIE, EPOCH)


@given(st.binary(max_size=80), st.binary(min_size=8, max_size=8))
def test_no_packet_tells_a_time_before_the_build(data: bytes, cookie: bytes) -> None:
    for answer in (data, data[:24] + cookie + data[32:]):
        try:
            assert read_answer(answer, cookie, EPOCH) >= EPOCH * 1000
        except ValueError:
            continue


def tell(server: str, seconds: float) -> Reading:
    return Reading(server=server, zero=round(seconds * 1000))


def test_one_server_is_believed_and_the_middle_of_several_that_agree() -> None:
    assert choose([tell("a", NOW)], EPOCH, 0) == (NOW * 1000, "a")
    several = [tell("a", NOW), tell("b", NOW + 2), tell("c", NOW + 1)]
    assert choose(several, EPOCH, 0) == ((NOW + 1) * 1000, "a, b, c")


def test_a_server_that_lies_is_outvoted() -> None:
    liar = tell("b", NOW + 5 * YEAR)
    assert choose([tell("a", NOW), liar, tell("c", NOW)], EPOCH, 0) == (NOW * 1000, "a, c")


def test_two_servers_that_contradict_each_other_count_for_nothing() -> None:
    zero, words = choose([tell("a", NOW), tell("b", NOW + 60)], EPOCH, 0)
    assert zero is None
    assert words == "the servers a, b contradict each other"


def test_a_time_before_the_build_or_far_after_it_is_impossible() -> None:
    for wrong in (EPOCH - 1, EPOCH + 31 * YEAR):
        assert choose([tell("a", wrong)], EPOCH, 0) == (None, "a says an impossible time")
    # An honest server beside it counts.
    both = [tell("a", EPOCH - 1), tell("b", NOW)]
    assert choose(both, EPOCH, 0) == (NOW * 1000, "b")


def test_the_reason_is_told_if_no_server_tells_a_time() -> None:
    refusal = Reading(server="a", fault="it refuses: RATE")
    assert choose([refusal], EPOCH, 0) == (None, "a: it refuses: RATE")
    assert choose([], EPOCH, 0) == (None, "no answer")


Reply = Callable[[bytes], Sequence[bytes]]


@dataclass
class Server(asyncio.DatagramProtocol):
    """A time server whose answers a test makes from the question's cookie."""

    reply: Reply
    questions: list[bytes] = field(default_factory=list)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, address: tuple[str, int]) -> None:
        self.questions.append(data)
        for answer in self.reply(data[40:48]):
            self.transport.sendto(answer, address)


@asynccontextmanager
async def serving(*replies: Reply) -> AsyncIterator[tuple[int, list[Server]]]:
    """Run servers at 127.0.0.1, 127.0.0.2 …; yield their port."""
    loop, port = asyncio.get_running_loop(), 0
    servers, transports = [Server(reply) for reply in replies], []
    for number, server in enumerate(servers, 1):
        transport, _ = await loop.create_datagram_endpoint(
            lambda server=server: server,  # type: ignore[misc]
            (f"127.0.0.{number}", port),
        )
        port = transport.get_extra_info("sockname")[1]
        transports.append(transport)
    try:
        yield port, servers
    finally:
        for transport in transports:
            transport.close()
        await asyncio.sleep(0)


def serve_for_ever() -> None:
    """Run a server at the port of NTP, in a process of its own."""

    async def run() -> None:
        server = Server(lambda cookie: [packet(NOW, cookie)])
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: server, ("0.0.0.0", 123))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        await asyncio.Event().wait()

    asyncio.run(run())


def tells(seconds: float, **more: int) -> Reply:
    return lambda cookie: [packet(seconds, cookie, **more)]  # type: ignore[arg-type]


@dataclass
class Outcome:
    good: bool
    was_set: list[float]
    said: str
    seconds: float


def ask(
    *replies: Reply, servers: Sequence[str] = (), start: float = 0.0, patience: float = 0.8
) -> Outcome:
    """Ask the servers, with a clock that stands at `start`."""
    log, was_set = Log(files=()), list[float]()

    async def run() -> tuple[bool, float]:
        async with serving(*replies) as (port, _):
            clock = Clock(
                log,
                epoch=EPOCH,
                read=lambda: start,
                set_time=was_set.append,
                port=port or 9,
                patience=patience,
            )
            names = servers or [f"127.0.0.{n}" for n, _ in enumerate(replies, 1)]
            began = time.monotonic()
            return await clock.ask(names), time.monotonic() - began

    good, seconds = asyncio.run(run())
    return Outcome(good, was_set, "\n".join(line.text for line in log.lines), seconds)


def test_a_server_sets_the_clock_at_once() -> None:
    got = ask(tells(NOW))
    assert got.good
    assert got.was_set == [pytest.approx(NOW, abs=0.5)]
    assert got.said.startswith("the clock was set by 127.0.0.1; it was 20,833 days slow")
    assert got.seconds < 0.7


def test_a_clock_that_is_right_is_left_alone() -> None:
    got = ask(tells(NOW), start=NOW + 0.1)
    assert (got.good, got.was_set) == (True, [])
    assert got.said == "the clock is right, by 127.0.0.1"


def test_a_silent_server_does_not_hold_up_the_others_for_long() -> None:
    got = ask(tells(NOW), lambda _: [])
    assert got.good
    assert got.was_set == [pytest.approx(NOW, abs=2)]
    assert got.seconds < 2


def test_if_nobody_answers_all_goes_on() -> None:
    got = ask(lambda _: [])
    assert (got.good, got.was_set) == (False, [])
    assert got.said == "the clock stays as it is: 127.0.0.1: no answer"
    assert got.seconds < 2


def test_a_lost_question_is_asked_again() -> None:
    lost: list[bytes] = []

    def reply(cookie: bytes) -> Sequence[bytes]:
        lost.append(cookie)
        return [packet(NOW, cookie)] if len(lost) > 1 else []

    assert ask(reply, patience=3).good


def test_answers_that_nobody_asked_for_do_not_count() -> None:
    forged = [packet(NOW + YEAR, b"forged!!"), b"", bytes(1000)]
    got = ask(lambda cookie: [*forged, packet(NOW, cookie)])
    assert got.was_set == [pytest.approx(NOW, abs=0.5)]


def test_a_hostile_server_is_told_and_harmless() -> None:
    got = ask(tells(NOW, stratum=0), tells(0), lambda _: [b"\xff" * 1000])
    assert (got.good, got.was_set) == (False, [])
    assert "the clock stays as it is" in got.said


def test_a_server_may_have_a_name() -> None:
    got = ask(tells(NOW), servers=["localhost"], patience=2)
    assert got.good
    assert "the clock was set by localhost" in got.said


def test_a_name_that_nobody_knows_costs_the_patience_at_most() -> None:
    got = ask(tells(NOW), servers=["127.0.0.1", "no-such-host.invalid", "\udc80", ""])
    assert got.good
    assert got.seconds < 3


def test_a_clock_before_the_build_is_set_to_the_build() -> None:
    log, was_set = Log(files=()), list[float]()
    clock = Clock(log, epoch=EPOCH, read=lambda: 0.0, set_time=was_set.append)
    clock.begin()
    assert was_set == [EPOCH]
    Clock(log, epoch=EPOCH, read=lambda: EPOCH + 1.0, set_time=was_set.append).begin()
    assert was_set == [EPOCH]
    assert len(log.lines) == 1


def test_the_time_of_the_build_comes_from_the_image(tmp_path: object) -> None:
    place = f"{tmp_path}/clock-epoch"
    earliest = read_epoch(place)
    for text, found in ((f"{NOW}\n", NOW), ("12\n", earliest), ("x", earliest)):
        with open(place, "w") as file:
            file.write(text)
        assert read_epoch(place) == found


def test_the_question_does_not_tell_our_own_time() -> None:
    assert make_request(COOKIE) == b"\x23" + bytes(39) + COOKIE

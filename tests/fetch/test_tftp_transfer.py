"""A transfer brings every byte once, whatever the line does, and asks for little twice."""

import random
from collections.abc import Iterable
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from petipy.fetch.tftp import packets
from petipy.fetch.tftp.packets import Options
from petipy.fetch.tftp.transfer import Errand, Transfer, TransferError
from tests.fetch.tftp import WANTED, WHOLE, Collected, Network, Server, content, read

PLAIN: tuple[str, ...] = ()


def started(wanted: Options | None = WANTED, answer: bytes = b"") -> tuple[Transfer, Collected]:
    """Return a transfer that has sent its request and got the answer."""
    file = Collected()
    transfer = Transfer(WHOLE, file, wanted)
    transfer.start(0.0)
    if answer:
        transfer.receive(memoryview(answer), 0.001)
    return transfer, file


def agree(**options: int) -> bytes:
    return b"\0\6" + b"".join(f"{k}\0{v}\0".encode() for k, v in options.items())


def block(number: int, data: bytes) -> memoryview:
    return memoryview(b"\0\3" + number.to_bytes(2, "big") + data)


def ack(number: int) -> bytes:
    return b"\0\4" + number.to_bytes(2, "big")


def error(code: int, text: str) -> memoryview:
    return memoryview(b"\0\5" + code.to_bytes(2, "big") + text.encode() + b"\0")


def wait_in_vain(transfer: Transfer, times: list[float]) -> None:
    """Let the timer go off, again and again; add the times at which a packet was repeated."""
    while True:
        now = transfer.deadline
        if transfer.expire(now):
            times.append(now)


def bring(transfer: Transfer, many: Iterable[memoryview], pause: float) -> None:
    """Bring packets, with a pause in seconds between two."""
    for step, packet in enumerate(many):
        transfer.receive(packet, step * pause)
        transfer.expire(step * pause)


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 1428, 1428 * 16, 1428 * 16 + 1, 100_000])
@pytest.mark.parametrize("knows", [PLAIN, ("blksize",), ("tsize", "blksize", "windowsize")])
def test_a_file_of_any_size_comes_whole(size: int, knows: tuple[str, ...]) -> None:
    server = Server(content(size), knows=knows)
    assert read(server).data == server.content
    assert server.error == b""


def test_the_request_names_the_file_and_the_options() -> None:
    server = Server(b"")
    read(server)
    assert server.requests == [
        [
            *(b"boot/a", b"octet", b"tsize", b"0", b"blksize", b"1428"),
            *(b"timeout", b"1", b"windowsize", b"16"),
        ]
    ]


def test_without_options_the_request_has_none() -> None:
    server = Server(content(2000))
    assert read(server, wanted=None).data == server.content
    assert server.requests == [[b"boot/a", b"octet"]]


def test_an_acknowledgement_stands_for_a_whole_window() -> None:
    server, line = Server(content(1428 * 160)), Network(random.Random(0))
    read(server, line)
    assert line.packets - line.to_client == 1 + 1 + 10 + 1  # request, OACK, windows, the rest


@pytest.mark.parametrize("restart", [0, 1])
def test_numbers_of_blocks_go_round_in_a_file_of_more_than_32_megabytes(restart: int) -> None:
    # 512 bytes each: twice round.
    server = Server(content(512 * 131_100 + 3), knows=PLAIN, restart=restart)
    assert read(server, wanted=None).data == server.content


def test_numbers_go_round_within_a_window() -> None:
    server = Server(content(512 * 65_600), knows=("blksize", "windowsize"))
    line = Network(random.Random(3), loss=0.01, reorder=0.01)
    assert read(server, line, Options(block=512, window=64)).data == server.content


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("window", [1, 16, 64])
def test_a_bad_line_costs_time_and_no_byte(seed: int, window: int) -> None:
    """10,000 packets and more in all."""
    chance = random.Random(seed)
    rate = (0.001, 0.01, 0.05)[seed % 3]
    line = Network(chance, loss=rate, repeat=rate, reorder=rate)
    server = Server(content(1428 * 700 + seed))
    file = read(server, line, Options(block=1428, window=window))
    assert file.data == server.content
    assert file.total == len(server.content)


@settings(max_examples=300, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    size=st.integers(0, 60_000),
    window=st.integers(1, 40),
    loss=st.floats(0, 0.15),
    repeat=st.floats(0, 0.5),
    reorder=st.floats(0, 1),
    knows=st.sets(st.sampled_from(["tsize", "blksize", "windowsize", "timeout"])),
    delay=st.sampled_from([0.0001, 0.001, 0.05, 0.3]),
    wait=st.sampled_from([0.2, 1.0]),  # also less than a round trip
)
def test_any_line_brings_every_byte(
    seed: int,
    size: int,
    window: int,
    loss: float,
    repeat: float,
    reorder: float,
    knows: set[str],
    delay: float,
    wait: float,
) -> None:
    line = Network(random.Random(seed), loss=loss, repeat=repeat, reorder=reorder, delay=delay)
    server = Server(content(size), knows=tuple(knows), wait=wait)
    errand = Errand(name=b"a", answer_within=300)
    file = read(server, line, Options(block=1000, window=window), errand)
    assert file.data == server.content


def test_packets_in_another_order_are_not_asked_for_again() -> None:
    server = Server(content(1428 * 2000))
    line = Network(random.Random(1), reorder=0.2, late=2.5)
    read(server, line, Options(block=1428, window=64))
    assert line.to_client < 2000 * 1.02


def test_a_block_that_comes_twice_is_not_acknowledged_twice() -> None:
    server = Server(content(1428 * 300))
    line = Network(random.Random(1), repeat=1.0)
    read(server, line, Options(block=1428, window=1))
    assert line.to_client < 303  # each sent once; the line makes two of it


def test_one_lost_block_costs_a_round_trip_and_not_a_timer() -> None:
    transfer, file = started(answer=agree(blksize=512, windowsize=16))
    for number in (1, 2, 3, 5, 6):
        assert transfer.receive(block(number, b"%3d" % number + bytes(509)), 0.002) is None
    assert transfer.receive(block(7, bytes(512)), 0.002) == ack(3)
    # The rest of the old window, then the server has gone back.
    assert transfer.receive(block(8, bytes(512)), 0.002) is None
    assert transfer.receive(block(4, b"  4"), 0.004) == ack(4)
    assert [bytes(file.data[at : at + 3]) for at in range(0, 1537, 512)] == [
        *(b"  1", b"  2", b"  3", b"  4"),
    ]


def test_a_lost_end_of_a_window_is_asked_for_after_a_few_round_trips() -> None:
    transfer, _ = started(answer=agree(blksize=512, windowsize=4))
    for number in (1, 2):
        transfer.receive(block(number, bytes(512)), 0.1)
    assert transfer.expire(0.11) is None
    assert transfer.deadline < 0.6
    assert transfer.expire(transfer.deadline) == ack(2)


@pytest.mark.parametrize("window", [1, 4])
def test_a_server_that_repeats_itself_does_not_put_off_an_acknowledgement(window: int) -> None:
    """The server has not heard the last one, and is less patient than the transfer."""
    transfer, _ = started(answer=agree(blksize=512, windowsize=window))
    for number in range(1, window + 1):
        answer = transfer.receive(block(number, bytes(512)), 1.0)
    assert answer == ack(window)
    transfer.expire(transfer.deadline)
    again, now = None, transfer.deadline - 0.01
    while again is None and now < 20:
        transfer.receive(block(window, bytes(512)), now)
        again, now = transfer.expire(now), now + 0.1
    assert again == ack(window)
    assert now < 6


def test_pauses_grow_while_nothing_comes_and_then_it_ends() -> None:
    transfer, file = started(answer=agree(blksize=512, windowsize=4))
    transfer.receive(block(1, bytes(512)), 0.002)
    times: list[float] = []
    with pytest.raises(TransferError, match="nothing more came after 512 bytes") as caught:
        wait_in_vain(transfer, times)
    assert caught.value.kind == "silent"
    assert caught.value.farewell[:4] == b"\0\5\0\0"
    pauses = [b - a for a, b in pairwise(times)]
    assert pauses == sorted(pauses)
    assert pauses[-1] == pytest.approx(4.0)
    assert len(file.data) == 512  # what has come is written


def test_a_server_that_repeats_old_blocks_for_ever_does_not_hold_the_transfer() -> None:
    transfer, _ = started(answer=agree(blksize=512, windowsize=4))
    transfer.receive(block(1, bytes(512)), 0.0)
    old = block(1, bytes(512))
    with pytest.raises(TransferError, match="nothing more came"):
        bring(transfer, [old] * 10_000, 0.01)


def test_a_server_that_never_answers_is_asked_five_times() -> None:
    transfer, _ = started()
    times: list[float] = []
    with pytest.raises(TransferError, match="no answer") as caught:
        wait_in_vain(transfer, times)
    assert (1 + len(times), caught.value.kind) == (5, "silent")
    assert (times, transfer.deadline) == ([1, 3, 7, 11], 15)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"\0\6blksize", "no end"),
        (b"\0\6blksize\0", "no value"),
        (b"\0\6blksize\0-1\0", "not a number"),
        (b"\0\6blksize\0\xb2\0", "not a number"),
        (agree(blksize=7), "blksize 7 for 1428"),
        (agree(blksize=1429), "blksize 1429 for 1428"),
        (agree(windowsize=0), "windowsize 0 for 16"),
        (agree(windowsize=17), "windowsize 17 for 16"),
        (b"\0\6tsize\0" + b"9" * 16 + b"\0", "not a number"),
        (b"\0\6tsize\x001\0TSIZE\x002\0", "twice"),
    ],
)
def test_senseless_options_end_the_try_and_leave_a_plain_one(answer: bytes, reason: str) -> None:
    transfer, _ = started()
    with pytest.raises(TransferError, match=reason) as caught:
        transfer.receive(memoryview(answer), 0.1)
    assert caught.value.kind == "plain"
    assert caught.value.farewell[:4] == b"\0\5\0\10"


def test_options_that_nobody_asked_for_change_nothing() -> None:
    transfer, file = started(answer=agree(blksize=1000, multicast=1, timeout=7))
    assert transfer.receive(block(1, b"a" * 999), 0.1) == ack(1)
    assert file.data == b"a" * 999


@pytest.mark.parametrize("code", [packets.OTHER, packets.ILLEGAL, packets.REFUSED_OPTIONS])
def test_a_server_that_refuses_options_may_do_without(code: int) -> None:
    transfer, _ = started()
    with pytest.raises(TransferError) as caught:
        transfer.receive(error(code, "no options please"), 0.1)
    assert caught.value.kind == "plain"
    plain, _ = started(wanted=None)
    with pytest.raises(TransferError) as caught:
        plain.receive(error(code, "no options please"), 0.1)
    assert caught.value.kind == "refused"


def test_an_absent_file_is_told_from_a_refusal() -> None:
    for code, kind in ((1, "absent"), (2, "refused"), (99, "refused")):
        transfer, _ = started()
        with pytest.raises(TransferError, match='"File not found"') as caught:
            transfer.receive(error(code, "File not found"), 0.1)
        assert caught.value.kind == kind


def test_a_long_or_strange_error_is_shortened() -> None:
    transfer, _ = started()
    with pytest.raises(TransferError) as caught:
        transfer.receive(memoryview(b"\0\5\0\1" + b"\xff\x1b[2J" * 1000), 0.1)
    assert len(str(caught.value)) < 300
    assert str(caught.value).isprintable()
    plain, _ = started()
    with pytest.raises(TransferError, match="there is no such file"):
        plain.receive(memoryview(b"\0\5\0\1"), 0.1)


def test_a_file_that_ends_early_is_no_file() -> None:
    transfer, _ = started(answer=agree(tsize=2000, blksize=512))
    with pytest.raises(TransferError, match="it ended after 100 of 2,000 bytes") as caught:
        transfer.receive(block(1, bytes(100)), 0.1)
    assert caught.value.kind == "broken"


def test_a_file_that_goes_on_beyond_its_size_is_no_file() -> None:
    transfer, _ = started(answer=agree(tsize=600, blksize=512))
    endless = [block(number, bytes(512)) for number in range(1, 1000)]
    with pytest.raises(TransferError, match="more came than the 600 bytes"):
        bring(transfer, endless, 0.01)


def test_a_size_of_0_is_not_known() -> None:
    server = Server(content(5000))
    transfer, file = started(answer=agree(tsize=0, blksize=1428))
    server.block = 1428
    for number in range(1, 5):
        transfer.receive(memoryview(server.data(number)), 0.1)
    assert file.total is None
    assert file.data == server.content


def test_a_block_that_is_too_long_ends_it() -> None:
    transfer, _ = started(wanted=None)
    with pytest.raises(TransferError, match="more than the 512 bytes") as caught:
        transfer.receive(block(1, bytes(513)), 0.1)
    assert caught.value.farewell[:4] == b"\0\5\0\4"


def test_blocks_beyond_the_window_are_left_alone() -> None:
    transfer, file = started(answer=agree(blksize=512, windowsize=4))
    for number in (5, 400, 40_000, 65_535, 0):
        for _ in range(5):
            assert transfer.receive(block(number, bytes(512)), 0.1) is None
    assert transfer.received == 0
    for number in range(1, 5):
        transfer.receive(block(number, bytes([number]) * 512), 0.1)
    transfer.receive(block(5, b""), 0.1)
    assert file.data == b"".join(bytes([number]) * 512 for number in range(1, 5))


@pytest.mark.parametrize(
    "packet", [b"", b"\0", b"\0\3", b"\0\3\0", b"\0\1a\0octet\0", b"\0\4\0\1", b"\7\7", b"\0\6"]
)
def test_what_is_no_answer_is_left_alone(packet: bytes) -> None:
    transfer, file = started(wanted=None)
    assert transfer.receive(memoryview(packet), 0.1) is None
    assert transfer.receive(block(1, b"abc"), 0.1) == ack(1)
    assert file.data == b"abc"


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(max_size=40).map(lambda tail: b"\0" + tail), max_size=60))
def test_no_packet_makes_it_fail_in_another_way(hostile: list[bytes]) -> None:
    transfer, _ = started()
    with suppress(TransferError):
        bring(transfer, map(memoryview, hostile), 0.1)


@pytest.mark.parametrize(("skip", "size"), [(0, 100), (0, 512), (700, 1), (1428, 3000), (5, None)])
def test_a_part_is_left_as_soon_as_it_is_there(skip: int, size: int | None) -> None:
    server = Server(content(1428 * 400))
    file = read(server, errand=Errand(name=b"a", skip=skip, size=size))
    assert file.data == server.content[skip : skip + size if size else None]
    if size:
        assert server.error == b"\0\5\0\0enough\0"
        assert server.sent <= 16


def test_a_part_that_ends_with_the_file_is_acknowledged() -> None:
    server = Server(content(1000))
    assert read(server, errand=Errand(name=b"a", size=1000)).data == server.content


def test_a_repeated_answer_is_acknowledged_until_data_comes() -> None:
    answer = agree(blksize=512)
    transfer, _ = started(answer=answer)
    assert transfer.receive(memoryview(answer), 1.0) == ack(0)
    transfer.receive(block(1, bytes(512)), 1.1)
    assert transfer.receive(memoryview(answer), 1.2) is None


def test_a_full_file_ends_it() -> None:
    server, file = Server(content(600_000)), Collected(most=1000)
    with pytest.raises(OSError, match="full"):
        Network(random.Random(0)).run(Transfer(WHOLE, file, WANTED), server)


@pytest.mark.parametrize("name", [b"", b"a\0b", b"x" * 500])
def test_a_name_that_no_packet_can_hold_is_refused(name: bytes) -> None:
    with pytest.raises(ValueError, match="name"):
        Transfer(Errand(name=name), Collected(), WANTED).start(0.0)

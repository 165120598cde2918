"""Files come by TFTP over real sockets, and a server's faults cost one fetch at most."""

import asyncio
import socket
from contextlib import suppress
from dataclasses import replace

import pytest

from petipy.fetch.connect import Address
from petipy.fetch.fetcher import Fetcher
from petipy.fetch.scheme import Limits
from petipy.fetch.tftp import client, packets
from petipy.fetch.url import parse
from petipy.state.network import Fetching, Wanted
from tests.fetch.server import QUICK, Outcome, fetch
from tests.fetch.tftp import content
from tests.fetch.tftp_server import Session, serve

ONCE = replace(QUICK, pauses=(), read=0.2)
FILE = content(1_000_000)


def is_whole(got: Outcome) -> bool:
    """Compare with FILE; pytest would take minutes to show how they differ."""
    return got.data == FILE


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
@pytest.mark.parametrize("knows", [(), ("tsize", "blksize"), ("blksize", "windowsize", "tsize")])
def test_a_file_comes_by_ipv4_and_ipv6(address: str, knows: tuple[str, ...]) -> None:
    async def check() -> None:
        async with serve(FILE, address=address, knows=knows) as host:
            got = await fetch(host.url())
            assert is_whole(got)
            assert got.answers == ["1,000,000 bytes"]
            assert got.fetched.requests[0].good

    asyncio.run(check())


def test_an_empty_file_is_a_file() -> None:
    async def check() -> None:
        async with serve(b"") as host:
            assert (await fetch(host.url())).data == b""

    asyncio.run(check())


def test_several_files_come_at_a_time() -> None:
    files = {b"%d" % n: content(200_000 + n) for n in range(12)}

    async def check() -> None:
        async with serve(files) as host:
            got = await asyncio.gather(*(fetch(host.url(f"/{n}")) for n in range(12)))
            assert [outcome.data for outcome in got] == [*files.values()]

    asyncio.run(check())


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/boot/a", b"boot/a"),
        ("//boot//a", b"/boot//a"),
        ("/%2Fboot/a%20b", b"/boot/a b"),
        ("/a?b=c", b"a?b=c"),
        ("/%zz%e4\xe9", b"%zz\xe4\xc3\xa9"),
        ("/a\udcff", b"a\xff"),
        ("/boot\\x64\\a", b"boot\\x64\\a"),
    ],
)
def test_the_name_is_the_path_of_the_url(path: str, name: bytes) -> None:
    assert parse(f"tftp://192.0.2.1{path}").read_path()[1:] == name


def test_a_name_that_cannot_be_asked_for_is_refused() -> None:
    async def check() -> None:
        async with serve(FILE) as host:
            for path in ("/", "/a%00b", f"/{'x' * 600}"):
                got = await fetch(host.url(path))
                assert "name" in got.fetched.error
                assert not host.names

    asyncio.run(check())


def test_an_absent_file_is_told_as_such_and_not_asked_for_twice() -> None:
    async def check() -> None:
        async with serve(FILE) as host:
            got = await fetch(host.url("/other"))
            assert got.fetched.kind == "absent"
            assert got.answers == ['there is no such file ("File not found")']
            assert host.names == [b"other"]

    asyncio.run(check())


def test_hostile_words_of_a_server_command_no_terminal() -> None:
    async def check() -> None:
        hostile = b"\0\5\0\2\x1b]0;owned\x07\r\n\xe2\x80\xae\xff\0"
        async with serve(FILE, first=lambda _: hostile) as host:
            got = await fetch(host.url())
            assert got.fetched.error.isprintable()
            assert "owned" in got.fetched.error

    asyncio.run(check())


def test_a_port_where_nobody_listens_is_told_at_once() -> None:
    async def check() -> None:
        got = await fetch("tftp://127.0.0.1:9/file", limits=replace(ONCE, connect=10))
        assert got.fetched.kind == "silent"
        assert got.answers == ["no TFTP server at 127.0.0.1"]  # not: no answer

    asyncio.run(check())


def test_a_silent_server_is_asked_again_and_given_up() -> None:
    async def check() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            port = silent.getsockname()[1]
            limits = Limits(connect=0.2, pauses=(0.01, 0.01))
            got = await fetch(f"tftp://127.0.0.1:{port}/file", limits=limits)
            assert got.answers == [
                "127.0.0.1: no answer",
                "127.0.0.1: no answer, second try",
                "127.0.0.1: no answer, third try",
            ]

    asyncio.run(check())


def test_the_next_address_of_a_host_is_asked_if_the_first_is_dead() -> None:
    async def check() -> None:
        async with serve(FILE) as host:

            async def resolve(_host: str, port: int, _family: int) -> list[Address]:
                return [("127.0.0.9", 9), ("::1", port, 0, 0), ("127.0.0.1", port)]

            fetcher = Fetcher(Fetching(), QUICK, resolve)
            got = await fetch(f"tftp://server:{host.port}/file", fetcher=fetcher)
            assert is_whole(got)
            assert got.answers == [
                "no TFTP server at 127.0.0.9",
                "no TFTP server at ::1",
                "1,000,000 bytes",
            ]

    asyncio.run(check())


def test_a_host_without_an_address_is_told() -> None:
    async def check() -> None:
        async def resolve(_host: str, _port: int, _family: int) -> list[Address]:
            raise socket.gaierror(socket.EAI_NONAME, "unknown")

        got = await fetch("tftp://server/file", fetcher=Fetcher(Fetching(), ONCE, resolve))
        assert got.answers == ["there is no host server"]

    asyncio.run(check())


@pytest.mark.parametrize(
    "answer", [b"\0\5\0\10no options\0", b"\0\6blksize\x0099999\0", b"\0\6windowsize\0\0"]
)
def test_a_server_that_has_trouble_with_options_is_asked_without(answer: bytes) -> None:
    async def check() -> None:
        async with serve(FILE, first=lambda data: answer if b"tsize" in data else None) as host:
            got = await fetch(host.url())
            assert is_whole(got)
            assert len(got.answers) == 2
            assert got.answers[0].endswith("asking without options")
            assert len(host.names) == 2

    asyncio.run(check())


def test_a_server_that_stops_is_told_and_asked_again() -> None:
    def stop(session: Session, packet: bytes) -> list[bytes]:
        return [packet] if session.sent < 100 else []

    async def check() -> None:
        async with serve(FILE, stop) as host:
            got = await fetch(host.url(), limits=replace(QUICK, read=0.1, pauses=(0.01,)))
            assert got.fetched.kind == "silent"
            assert len(got.answers) == 2
            assert "nothing more came after" in got.answers[0]
            assert got.fetched.requests[0].seconds < 0.9
            await asyncio.sleep(0.05)
            assert all(session.server.error for session in host.sessions)  # they know

    asyncio.run(check())


def test_a_server_that_drips_is_given_up() -> None:
    async def check() -> None:
        async with serve(FILE) as host:
            got = await fetch(host.url(), limits=replace(ONCE, slow=0, rate=1 << 60))
            assert got.fetched.error.startswith("too slow: ")
            assert got.fetched.kind == "silent"

    asyncio.run(check())


def test_a_server_that_ends_is_noticed_at_once() -> None:
    def end(session: Session, packet: bytes) -> list[bytes]:
        if session.sent == 100:
            session.close()
        return [packet] if session.sent < 100 else []

    async def check() -> None:
        async with serve(FILE, end) as host:
            got = await fetch(host.url(), limits=replace(ONCE, read=10))
            # Not: nothing more came.
            assert got.answers == ["127.0.0.1: the server has gone after 141,372 bytes"]

    asyncio.run(check())


def test_a_lost_packet_costs_a_fraction_of_a_second_at_the_start_too() -> None:
    def lose(session: Session, packet: bytes) -> list[bytes]:
        return [] if session.sent == 64 else [packet]

    async def check() -> None:
        async with serve(FILE, lose) as host:
            got = await fetch(host.url(), limits=ONCE)
            assert is_whole(got)
            assert got.fetched.requests[0].seconds < 0.25  # the server itself waits for 0.3

    asyncio.run(check())


def test_a_link_that_is_lost_for_a_while_costs_that_while() -> None:
    lost: list[float] = []

    def lose(session: Session, packet: bytes) -> list[bytes]:
        now = asyncio.get_running_loop().time()
        if session.sent == 50:
            lost.append(now + 1.0)
        return [] if lost and now < lost[0] else [packet]

    async def check() -> None:
        async with serve(FILE, lose) as host:
            got = await fetch(host.url(), limits=replace(ONCE, read=1.0))
            assert is_whole(got)
            assert len(host.names) == 1

    asyncio.run(check())


def test_a_bad_line_brings_the_file_all_the_same() -> None:
    def mangle(session: Session, packet: bytes) -> list[bytes]:
        return {0: [], 1: [packet, packet], 2: [packet[:3]]}.get(session.sent * 7 % 50, [packet])

    async def check() -> None:
        async with serve(FILE, mangle) as host:
            assert is_whole(await fetch(host.url(), limits=replace(ONCE, read=5)))

    asyncio.run(check())


def test_strangers_get_an_error_and_the_transfer_goes_on() -> None:
    """Another port, and another address."""
    others = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
    for other, address in zip(others, ("127.0.0.1", "127.0.0.2"), strict=True):
        other.bind((address, 0))
        other.setblocking(False)

    def disturb(session: Session, packet: bytes) -> list[bytes]:
        if session.sent == 5:
            for other in others:
                other.sendto(b"\0\3\0\1hostile", session.client)
                other.sendto(b"\0\5\0\1hostile\0", session.client)
        return [packet]

    async def check() -> None:
        async with serve(FILE, disturb) as host:
            assert is_whole(await fetch(host.url(), limits=ONCE))

    asyncio.run(check())
    for other in others:
        with other:
            assert [other.recv(100)[:4] for _ in range(2)] == [b"\0\5\0\5"] * 2


def test_an_answer_from_an_address_that_was_not_asked_is_named() -> None:
    async def check() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.2", 0))

            def ignore(session: Session, _packet: bytes) -> list[bytes]:
                other.sendto(b"\0\3\0\1from elsewhere", session.client)
                return []

            async with serve(FILE, ignore) as host:
                got = await fetch(host.url(), limits=replace(ONCE, connect=0.2))
                assert got.data is None
                assert got.answers == ["127.0.0.1: no answer; 127.0.0.2 answered instead"]

    asyncio.run(check())


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (b"\0\3\0\1" + bytes(70_000)[:60_000], "more than the 512 bytes that were agreed on"),
        (b"\0\3\0\1short", "it ended after 5 of 1,000,000 bytes"),
        (b"\0\5\0\0cannot read the disk\0", "cannot read the disk"),
    ],
)
def test_a_wrong_block_ends_the_try(wrong: bytes, words: str) -> None:
    async def check() -> None:
        def send_wrong(_session: Session, packet: bytes) -> list[bytes]:
            return [wrong if packet[1] == packets.DATA else packet]

        async with serve(FILE, send_wrong, knows=("tsize",)) as host:
            got = await fetch(host.url(), limits=ONCE)
            assert got.data is None
            assert words in got.fetched.error

    asyncio.run(check())


def test_what_is_too_large_is_refused_before_it_comes() -> None:
    async def check() -> None:
        async with serve(FILE) as host:
            got = await fetch(host.url(), most=999_999)
            assert got.fetched.error == (
                "too large: it has 1,000,000 bytes; there is room for 999,999"
            )
            assert host.sessions[0].sent == 1
        async with serve(FILE, knows=("blksize",)) as host:
            got = await fetch(host.url(), most=999_999)
            assert "too large" in got.fetched.error
            await asyncio.sleep(0.05)
            assert host.sessions[0].server.error[:4] == b"\0\5\0\3"

    asyncio.run(check())


def test_a_part_of_a_file_is_enough() -> None:
    async def check() -> None:
        async with serve(FILE) as host:
            got = await fetch(host.url(), offset=3000, size=5000, most=5000)
            assert got.data == FILE[3000:8000]
            assert got.answers == ["5,000 bytes of it"]
            await asyncio.sleep(0.05)
            assert host.sessions[0].server.error == b"\0\5\0\0enough\0"
            assert host.sessions[0].server.sent * 512 < 300_000

    asyncio.run(check())


def test_a_server_learns_that_a_person_stops_the_transfer() -> None:
    async def check() -> None:
        async with serve(content(50_000_000), knows=("tsize",)) as host:
            task = asyncio.create_task(fetch(host.url()))
            while not (host.sessions and host.sessions[0].sent > 10):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await asyncio.sleep(0.05)
            assert host.sessions[0].server.error[:2] == b"\0\5"

    asyncio.run(check())


@pytest.mark.parametrize(
    ("family", "mtu", "block"),
    [
        (socket.AF_INET, 1500, 1428),
        (socket.AF_INET6, 1500, 1408),
        (socket.AF_INET6, 1280, 1228),
        (socket.AF_INET, 576, 544),
        (socket.AF_INET, 9000, 8968),
        (socket.AF_INET6, 9000, 8948),
        (socket.AF_INET, 65536, 65464),
        (socket.AF_INET, 20, 8),
    ],
)
def test_blocks_fit_into_the_packets_of_the_path(family: int, mtu: int, block: int) -> None:
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        options = client.choose_options(sock, mtu)
        assert options.block == block
        room = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
        assert options.window == 1 or options.window * block < room


def test_reports_follow_the_transfer() -> None:
    async def check() -> None:
        reports: list[tuple[int, int | None]] = []
        async with serve(FILE) as host:
            fetcher = Fetcher(Fetching(), QUICK)
            got = await fetcher.fetch(
                Wanted(url=host.url()), lambda done, total, _: reports.append((done, total))
            )
            socket.close(got.descriptor)
        assert reports[0] == (0, 1_000_000)
        assert reports[-1] == (1_000_000, 1_000_000)

    asyncio.run(check())

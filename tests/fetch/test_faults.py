"""Servers that stop, lie and send too much: each costs its own file, and says why."""

import asyncio
import hashlib
import os
import random
from dataclasses import replace

import pytest

from petipy.fetch.fetcher import Fetcher
from petipy.state.network import Fetching, Wanted
from tests.fetch.server import QUICK, Visit, fetch, pieces, serve

DATA = random.Random(1).randbytes(300_000)


def test_a_file_arrives_as_it_is() -> None:
    async def answer(visit: Visit) -> None:
        await visit.answer("200 OK", DATA)

    async def main() -> None:
        async with serve(answer) as server:
            outcome = await fetch(server.url())
            assert outcome.data == DATA
            (request,) = outcome.fetched.requests
            assert (request.url, request.answer) == (server.url(), "300,000 bytes")
            assert request.good

    asyncio.run(main())


def test_what_follows_a_stall_is_fetched_once() -> None:
    async def answer(visit: Visit) -> bool:
        began = int((visit.header("Range") or "bytes=0-")[6:-1])
        whole = f"Content-Range: bytes {began}-{len(DATA) - 1}/{len(DATA)}"
        head = f"HTTP/1.1 206 Part\r\n{whole}\r\nContent-Length: {len(DATA) - began}\r\n"
        if not began:
            head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(DATA)}\r\n"
        sent = DATA[began : began + 100_000]
        await visit.send(head.encode() + b'ETag: "1"\r\n\r\n' + sent)
        await asyncio.sleep(0.5 if visit.number == 1 else 0)  # one stall, one close
        return False

    async def main() -> None:
        async with serve(answer) as server:
            outcome = await fetch(server.url())
            assert outcome.data == DATA
            assert [v.header("Range") for v in server.visits] == [
                *(None, "bytes=100000-", "bytes=200000-"),
            ]
            assert {v.header("If-Range") for v in server.visits[1:]} == {'"1"'}
            assert outcome.answers[:2] == [
                "the server closed 200,000 bytes before the end",
                "stalled: no data for 0.2 s, second try",
            ]

    asyncio.run(main())


def test_a_server_that_is_away_for_long_is_waited_for_once_a_part_has_come() -> None:
    begun = asyncio.Event()

    async def begin(visit: Visit) -> None:
        head = f'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: {len(DATA)}\r\n\r\n'
        await visit.send(head.encode() + DATA[:1000])
        begun.set()

    async def go_on(visit: Visit) -> None:
        place = f"Content-Range: bytes 1000-{len(DATA) - 1}/{len(DATA)}"
        await visit.answer("206 Part", DATA[1000:], place, 'ETag: "1"')

    async def main() -> None:
        async with asyncio.TaskGroup() as group:
            async with serve(begin) as server:
                limits = replace(QUICK, longer=(0.1, 0.4))
                fetching = group.create_task(fetch(server.url(), limits=limits))
                await begun.wait()
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.15)
            async with serve(go_on, port=server.port):
                assert (await fetching).data == DATA

    asyncio.run(main())


def test_a_file_that_changed_in_the_meantime_is_fetched_anew() -> None:
    new = DATA[::-1]

    async def answer(visit: Visit) -> None:
        if visit.number == 0:
            head = f'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: {len(DATA)}\r\n\r\n'
            await visit.send(head.encode() + DATA[:200_000])
        else:
            await visit.answer("200 OK", new, 'ETag: "2"')

    async def main() -> None:
        async with serve(answer) as server:
            assert (await fetch(server.url())).data == new

    asyncio.run(main())


def test_without_a_mark_of_the_version_the_whole_is_fetched_again() -> None:
    async def answer(visit: Visit) -> None:
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(DATA)}\r\n\r\n"
        await visit.send(head.encode() + (DATA if visit.number else DATA[:1000]))

    async def main() -> None:
        async with serve(answer) as server:
            assert (await fetch(server.url())).data == DATA
            assert server.visits[1].header("Range") is None

    asyncio.run(main())


def test_what_is_missing_is_asked_for_once() -> None:
    async def answer(visit: Visit) -> None:
        await visit.answer("404 Not Found", b"none")

    async def main() -> None:
        async with serve(answer) as server:
            outcome = await fetch(server.url())
            assert (outcome.fetched.kind, outcome.answers) == ("absent", ["404 Not Found"])

    asyncio.run(main())


def test_a_server_that_is_away_is_told_of_until_it_sends_again() -> None:
    async def answer(visit: Visit) -> None:
        if visit.number == 0:
            await visit.send(
                b"HTTP/1.1 200 OK\r\nETag: x\r\nContent-Length: %d\r\n\r\n" % len(DATA)
            )
            await visit.send(DATA[:1000])
            await asyncio.sleep(1)
        elif visit.number == 1:
            await visit.answer("503 Busy")
        else:
            await visit.answer("200 OK", DATA)

    reports = list[str]()

    async def main() -> None:
        async with serve(answer) as server:
            fetcher = Fetcher(Fetching(), QUICK)
            wanted = Wanted(url=server.url(), most=1 << 30)
            fetched = await fetcher.fetch(wanted, lambda *report: reports.append(report[2]))
            fetcher.close()
            os.close(fetched.descriptor)

    asyncio.run(main())
    away = "no answer from 127.0.0.1, second try"
    assert [*dict.fromkeys(reports)] == ["", away, "503 Busy from 127.0.0.1, third try"]
    assert reports[-1] == ""


def test_a_busy_server_is_asked_again_when_it_wishes() -> None:
    async def answer(visit: Visit) -> None:
        if visit.number == 0:
            await visit.answer("503 Busy", b"", "Retry-After: 1")
        elif visit.number == 1:
            date = "Date: Sun, 06 Nov 1994 08:49:37 GMT"
            after = "Retry-After: Sun, 06 Nov 1994 08:49:39 GMT"
            await visit.answer("429 Too Many", b"", date, after)
        else:
            await visit.answer("200 OK", DATA)

    async def main() -> None:
        async with serve(answer) as server:
            outcome = await fetch(server.url())
            assert outcome.data == DATA
            assert outcome.answers[:2] == ["503 Busy", "429 Too Many, second try"]
            assert outcome.fetched.requests[2].seconds < 1  # the pauses are not the request's

    asyncio.run(main())


def test_redirects_without_end_end() -> None:
    async def answer(visit: Visit) -> bool:
        await visit.answer("302 Found", b"", f"Location: /file{visit.number}")
        return True

    async def main() -> None:
        async with serve(answer) as server:
            outcome = await fetch(server.url())
            assert outcome.fetched.error == "more than 10 redirects"
            assert outcome.answers[0] == f"302 Found: moved to {server.url('/file0')}"
            assert {visit.connection for visit in server.visits} == {0}

    asyncio.run(main())


def test_credentials_go_to_their_own_server_only_and_are_never_shown() -> None:
    async def here(visit: Visit) -> bool:
        if visit.path == "/a":
            await visit.answer("302 Found", b"", "Location: b")
        else:
            await visit.answer("302 Found", b"", f"Location: {there_url}")
        return True

    async def there(visit: Visit) -> None:
        await visit.answer("401 Unauthorized", b"")

    there_url = ""

    async def main() -> None:
        nonlocal there_url
        async with serve(here) as first, serve(there) as second:
            there_url = second.url("/c").replace("//", "//another:word@")
            outcome = await fetch(first.url("/a").replace("//", "//me:se%63ret@"))
            given = [visit.header("Authorization") for visit in first.visits]
            assert given == ["Basic bWU6c2VjcmV0"] * 2
            assert [visit.header("Authorization") for visit in second.visits] == [None]
            shown = repr(outcome.fetched)
            assert not [word for word in ("secret", "me:", "another:", "word@") if word in shown]
            assert outcome.fetched.requests[-1].url == second.url("/c")
            assert "wants a user and a password" in outcome.fetched.error

    asyncio.run(main())


def test_headers_without_end_are_refused() -> None:
    async def answer(visit: Visit) -> None:
        await visit.send(b"HTTP/1.1 200 OK\r\n" + b"X-A: 0123456789\r\n" * 2400 + b"\r\n")

    async def main() -> None:
        async with serve(answer) as server:
            outcome = await fetch(server.url())
            assert outcome.fetched.error == "more than 32,768 bytes of headers"
            assert len(server.visits) == 1

    asyncio.run(main())


def test_headers_that_drip_are_given_up() -> None:
    async def answer(visit: Visit) -> None:
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc":
            await visit.send(bytes([byte]))
            await asyncio.sleep(0.1)

    async def main() -> None:
        async with serve(answer) as server:
            outcome = await fetch(server.url())
            assert outcome.fetched.error == "headers are not complete after 0.3 s"
            assert outcome.answers[-1].endswith(", try 4")

    asyncio.run(main())


def test_a_body_that_drips_is_given_up() -> None:
    async def answer(visit: Visit) -> None:
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        for _ in range(1000):
            await visit.send(b".")
            await asyncio.sleep(0.05)

    async def main() -> None:
        async with serve(answer) as server:
            outcome = await fetch(server.url())
            assert outcome.fetched.error.startswith("too slow: ")

    asyncio.run(main())


def test_a_body_without_end_stops_at_the_limit() -> None:
    async def answer(visit: Visit) -> None:
        chunked = "Transfer-Encoding: chunked\r\n" if visit.path == "/chunked" else ""
        await visit.send(f"HTTP/1.1 200 OK\r\n{chunked}\r\n".encode())
        for _ in range(1000):
            piece = bytes(65536)
            await visit.send(b"10000\r\n" + piece + b"\r\n" if chunked else piece)

    async def main() -> None:
        async with serve(answer) as server:
            for path in ("/chunked", "/plain"):
                outcome = await fetch(server.url(path), most=1_000_000)
                wrong = "too large: it goes on after that; there is room for 1,000,000"
                assert outcome.answers == [wrong]

    asyncio.run(main())


def test_what_is_too_large_is_refused_before_a_byte_of_it_comes() -> None:
    sent = 0

    async def answer(visit: Visit) -> None:
        nonlocal sent
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        for _ in range(100):
            await visit.send(bytes(1 << 20))
            sent += 1

    async def main() -> None:
        async with serve(answer) as server:
            outcome = await fetch(server.url(), most=1_000_000_000)
            assert outcome.answers == [
                "too large: it has 10,000,000,000 bytes; there is room for 1,000,000,000"
            ]
            assert sent < 20

    asyncio.run(main())


def test_chunks_are_joined_and_garbage_among_them_is_refused() -> None:
    async def answer(visit: Visit) -> bool:
        await visit.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        for piece in pieces(DATA, 77_777):
            await visit.send(b"%x;a=b\r\n%s\r\n" % (len(piece), piece))
        await visit.send(b"zz\r\n" if visit.path == "/bad" else b"0\r\nX-Trailer: 1\r\n\r\n")
        return True

    async def main() -> None:
        async with serve(answer) as server:
            fetcher = Fetcher(Fetching(), QUICK)
            for _ in range(2):
                assert (await fetch(server.url("/good"), fetcher=fetcher)).data == DATA
            assert {visit.connection for visit in server.visits} == {0}
            fetcher.close()
            outcome = await fetch(server.url("/bad"))
            assert outcome.fetched.error.startswith("a body that is not HTTP")

    asyncio.run(main())


def test_a_part_that_was_not_asked_for_is_not_taken_for_the_right_one() -> None:
    async def answer(visit: Visit) -> None:
        if visit.header("Range"):
            await visit.answer("206 Part", DATA[:100], "Content-Range: bytes 0-99/300000")
        else:
            await visit.answer("200 OK", DATA)

    async def main() -> None:
        async with serve(answer) as server:
            outcome = await fetch(server.url(), offset=1000, size=100)
            assert outcome.data == DATA[1000:1100]
            assert outcome.answers[0].startswith("another part than the one asked for")

    asyncio.run(main())


def test_a_coding_that_was_not_asked_for_is_refused() -> None:
    async def answer(visit: Visit) -> None:
        assert visit.header("Accept-Encoding") == "identity"
        await visit.answer("200 OK", DATA, "Content-Encoding: gzip")

    async def main() -> None:
        async with serve(answer) as server:
            outcome = await fetch(server.url())
            assert outcome.fetched.error == "the server sends it as gzip, which was not asked for"

    asyncio.run(main())


def test_a_server_of_http_1_0_ends_the_file_by_closing() -> None:
    async def answer(visit: Visit) -> None:
        await visit.send(b"HTTP/1.0 200 OK\r\n\r\n" + DATA)

    async def main() -> None:
        async with serve(answer) as server:
            assert (await fetch(server.url())).data == DATA

    asyncio.run(main())


def test_an_answer_that_is_not_http_is_told() -> None:
    async def answer(visit: Visit) -> None:
        await visit.send(b"220 mail.example ESMTP\r\n\r\n")

    async def main() -> None:
        async with serve(answer) as server:
            outcome = await fetch(server.url())
            assert outcome.fetched.error.startswith("the answer is not HTTP: ")

    asyncio.run(main())


def test_nobody_there_is_asked_until_the_pauses_are_used_up() -> None:
    async def main() -> None:
        async with serve(lambda visit: visit.answer("200 OK")) as server:
            url = server.url()  # nobody listens there from now on
        fetcher = Fetcher(Fetching(), QUICK)
        outcome = await fetch(url, fetcher=fetcher)
        assert outcome.fetched.kind == "silent"
        assert outcome.answers == [
            f"connection refused{count}" for count in ("", ", second try", ", third try", ", try 4")
        ]
        # The next file of this server does not take as long.
        assert len((await fetch(url, fetcher=fetcher)).answers) == 1

    asyncio.run(main())


def test_one_lost_connection_never_ends_a_fetch() -> None:
    async def answer(visit: Visit) -> None:
        if visit.number == 0:
            visit.writer.transport.abort()
        else:
            await visit.answer("200 OK", DATA)

    async def main() -> None:
        async with serve(answer) as server:
            assert (await fetch(server.url())).data == DATA

    asyncio.run(main())


def test_files_of_one_server_come_by_one_connection() -> None:
    async def answer(visit: Visit) -> bool:
        status = "404 Not Found" if visit.path == "/1" else "200 OK"
        await visit.answer(status, DATA[:1000])
        return visit.number != 2

    async def main() -> None:
        async with serve(answer) as server:
            fetcher = Fetcher(Fetching(), QUICK)
            outcomes = [await fetch(server.url(f"/{n}"), fetcher=fetcher) for n in range(5)]
            fetcher.close()
            assert [outcome.data is None for outcome in outcomes] == [n == 1 for n in range(5)]
            # The third answer was the last of its connection, which nobody announced.
            assert [visit.connection for visit in server.visits] == [0, 0, 0, 1, 1]

    asyncio.run(main())


def test_a_checksum_in_the_url_is_verified() -> None:
    async def answer(visit: Visit) -> bool:
        await visit.answer("200 OK", b"abc")
        return True

    sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

    async def main() -> None:
        async with serve(answer) as server:
            assert (await fetch(server.url(f"/#sha256={sha256}"))).data == b"abc"
            outcome = await fetch(server.url(f"/#sha256={sha256[::-1]}"))
            assert outcome.fetched.error == f"sha256 is {sha256}, not {sha256[::-1]}"
            assert (await fetch(server.url("/#sha256=12"))).fetched.kind == "refused"
            sha512 = hashlib.sha512(b"abc").hexdigest()
            assert (await fetch(server.url(f"/#sha512={sha512}"))).data == b"abc"

    asyncio.run(main())


@pytest.mark.parametrize(
    ("fragment", "words"),
    [
        (f"sha256={'0a' * 32}", "its checksum is the whole file's, and a part of it boots"),
        ("sha256=", "a sha256 has 64 hexadecimal digits"),
    ],
)
def test_a_part_of_a_file_with_a_checksum_does_not_boot(fragment: str, words: str) -> None:
    """Nobody would compare the checksum."""
    url = f"http://192.0.2.1/u.efi#{fragment}"
    fetcher = Fetcher(Fetching(), QUICK)
    fetched = asyncio.run(fetcher.fetch(Wanted(url=url, offset=4, size=6, boots=True)))
    fetcher.close()
    assert (fetched.kind, fetched.error) == ("refused", words)


def test_a_body_that_is_longer_than_it_says_ends_where_it_says() -> None:
    async def answer(visit: Visit) -> bool:
        await visit.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more")
        return True

    async def main() -> None:
        async with serve(answer) as server:
            fetcher = Fetcher(Fetching(), QUICK)
            for _ in range(2):
                assert (await fetch(server.url(), fetcher=fetcher)).data == b"hello"
            fetcher.close()
            # The rest is no answer to the next request.
            assert [visit.connection for visit in server.visits] == [0, 1]

    asyncio.run(main())


def test_two_lengths_of_one_body_are_refused() -> None:
    async def answer(visit: Visit) -> None:
        await visit.answer("200 OK", b"hello", "Content-Length: 6")

    async def main() -> None:
        async with serve(answer) as server:
            outcome = await fetch(server.url())
            words = "the answer is not HTTP: conflicting Content-Length headers"
            assert outcome.answers == [words]

    asyncio.run(main())


def test_a_file_that_loses_its_end_is_not_taken_for_complete() -> None:
    async def answer(visit: Visit) -> None:
        await visit.send(b'HTTP/1.1 200 OK\r\nETag: "1"\r\nContent-Length: 5\r\n\r\nhel')
        visit.writer.write_eof()
        await asyncio.sleep(0.01)

    async def main() -> None:
        async with serve(answer) as server:
            outcome = await fetch(server.url())
            assert outcome.fetched.error == "the server closed 2 bytes before the end"
            assert [v.header("Range") for v in server.visits] == [None, *["bytes=3-"] * 3]

    asyncio.run(main())


def test_a_redirect_to_another_kind_of_url_is_not_followed() -> None:
    async def answer(visit: Visit) -> None:
        await visit.answer("302 Found", b"", "Location: file:///etc/shadow")

    async def main() -> None:
        async with serve(answer) as server:
            outcome = await fetch(server.url())
            assert outcome.answers == ["a redirect to file, which is not followed"]

    asyncio.run(main())


def test_a_redirect_to_nowhere_is_the_answer() -> None:
    async def main() -> None:
        async with serve(lambda visit: visit.answer("302 Found", b"")) as server:
            outcome = await fetch(server.url())
            assert outcome.answers == ["302 Found, but no place where it is"]
            assert len(server.visits) == 1

    asyncio.run(main())


def test_no_pause_goes_beyond_the_time_for_the_whole() -> None:
    async def answer(visit: Visit) -> None:
        await visit.answer("503 Busy", b"", "Retry-After: 3600")

    async def main() -> None:
        async with serve(answer) as server, asyncio.timeout(5):
            limits = replace(QUICK, after=3600, overall=10)
            assert (await fetch(server.url(), limits=limits)).answers == ["503 Busy"]

    asyncio.run(main())

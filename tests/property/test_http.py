"""Servers that answer anything: a fetch ends with a value, and keeps within its bounds."""

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from petipy.fetch.scheme import Limits
from tests.fetch.server import Visit, fetch, serve

MOST = 500
HASTY = Limits(connect=1, answer=0.05, read=0.05, pauses=(), longer=(), overall=2)

lines = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 206 Part\r\n",
        b"HTTP/1.0 200\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: \xff/\xc3\xa9\r\n",
        b"HTTP/1.1 416 No\r\n",
        b"HTTP/1.1 503 Busy\r\nRetry-After: 99999999999999999999\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Content-Length: -1\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Range: bytes 2-4/9\r\n",
        b"Content-Range: bytes 2-999999999999999999/*\r\n",
        b"Content-Range: bytes */0\r\n",
        b"ETag: \xff\r\n",
        b"Connection: keep-alive\r\n",
        b"\r\n",
        b"5\r\nhello\r\n",
        b"0\r\n\r\n",
        b"fffffffffffffff\r\n",
        b"hello",
    ]
)
pieces = st.lists(lines | st.binary(max_size=20), max_size=9)


@settings(max_examples=300)
@given(pieces, st.integers(0, 3), st.integers(0, 9))
def test_no_answer_ends_in_anything_but_a_value(
    answers: list[bytes], offset: int, size: int
) -> None:
    async def answer(visit: Visit) -> None:
        await visit.send(b"".join(answers))

    async def main() -> None:
        async with serve(answer) as server:
            outcome = await fetch(server.url(), limits=HASTY, offset=offset, size=size, most=MOST)
        if outcome.data is None:
            assert outcome.fetched.error
            assert outcome.fetched.requests
        else:
            assert len(outcome.data) <= (size or MOST)

    asyncio.run(main())

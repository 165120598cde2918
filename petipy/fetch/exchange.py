"""One request and its response over a connection: HTTP/1.1, RFC 9112, by h11.

h11 parses the headers and chunked bodies. A body of known length goes past it, from the socket
into one buffer and from there into the sink.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

import h11

from petipy.fetch.connection import Connection
from petipy.fetch.failure import FetchError
from petipy.fetch.scheme import Limits, Pace
from petipy.fetch.sink import Sink
from petipy.fetch.tls import describe

_HEADERS = 32768  # bytes, together with the status line
_PIECE = 4096  # bytes read at once of headers
_BUFFER = 1 << 18  # bytes read at once of a body: they stay in the processor's cache
_DRAIN = 65536  # bytes of an unwanted body to read, so that the connection can be used again

Headers = Sequence[tuple[str, str]]


class StaleError(Exception):
    """The server has closed an idle connection before it saw the request."""


class Exchange:
    """A request and its response. After `read` or `skip`, `clean` is the connection's state."""

    def __init__(self, connection: Connection, limits: Limits) -> None:
        self._connection, self._limits = connection, limits
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEADERS)
        self.status, self.reason = 0, ""
        self._headers: dict[str, str] = {}
        self._keeps = False
        self.clean = False  # the connection can take another request
        self._method = ""

    async def ask(self, method: str, target: str, headers: Headers) -> None:
        """Send the request and read the response's headers. Raise FetchError or StaleError."""
        self._method = method
        fields = [(_encode(name), _encode(value)) for name, value in headers]
        request = self._http.send(h11.Request(method=method, target=target, headers=fields))
        self._http.send(h11.EndOfMessage())
        used = self._connection.used
        got = 0
        try:
            async with asyncio.timeout(self._limits.answer):
                await self._send(request or b"")
                while not isinstance(event := self._http.next_event(), h11.Response):
                    if event is not h11.NEED_DATA:  # 100 Continue, 103 Early Hints
                        continue
                    if got > _HEADERS:
                        raise FetchError(f"more than {_HEADERS:,} bytes of headers")
                    data = bytearray(_PIECE)
                    count = await self._connection.receive_into(memoryview(data))
                    if not count and not got and used:
                        raise StaleError
                    if not count:
                        words = "in the middle of the headers" if got else "without an answer"
                        raise FetchError(f"the server closed {words}", "silent", again=True)
                    got += count
                    self._http.receive_data(bytes(data[:count]))
        except TimeoutError:
            words = "headers are not complete" if got else "no answer"
            failure = f"{words} after {self._limits.answer:g} s"
            raise FetchError(failure, "silent", again=True) from None
        except h11.RemoteProtocolError as error:
            raise _not_http(error, got) from None
        except OSError as error:
            if used and not got:
                raise StaleError from None
            raise _describe_break(error) from None
        self._connection.used += 1
        self.status = event.status_code
        self.reason = _decode(event.reason).strip()
        for name, value in event.headers:
            self._headers.setdefault(_decode(name), _decode(value))
        options = {word.strip() for word in self.header("connection").lower().split(",")}
        self._keeps = event.http_version == b"1.1" and "close" not in options
        self._keeps |= event.http_version == b"1.0" and "keep-alive" in options

    async def _send(self, request: bytes) -> None:
        """Send the request. Raise OSError with what the server said before it closed."""
        try:
            await self._connection.send(request)
        except OSError as error:
            try:  # an alert of TLS may have come before the reset
                self._connection.read_now(memoryview(bytearray(1)))
            except OSError as reason:
                raise reason from error
            raise

    def header(self, name: str) -> str:
        """Return a header's first value, or ""."""
        return self._headers.get(name, "")

    @property
    def length(self) -> int | None:
        """The bytes of the body, if the headers say."""
        if self.status in (204, 304) or self._method == "CONNECT":
            return 0
        text = self.header("content-length")
        if self.header("transfer-encoding") or not text:
            return None
        return int(text)  # h11 has checked it

    async def read(self, sink: Sink, skip: int = 0, most: int | None = None) -> None:
        """Read the body into the sink, without its first bytes, and at most so many.

        Raise FetchError if it ends early or stalls.
        """
        length = self.length
        body = _Body(sink, skip, most)
        try:
            if length is not None:
                await self._read_counted(body, length)
            elif self.header("transfer-encoding"):
                await self._read_chunks(body)
            else:
                await self._read_to_end(body)
        except h11.RemoteProtocolError as error:
            raise FetchError(f"a body that is not HTTP: {error}", again=True) from None
        except OSError as error:
            raise _describe_break(error) from None

    async def skip(self) -> None:
        """Discard a short body, so that the connection can be used again. Never fail."""
        length = self.length
        try:
            if length is not None and length <= _DRAIN:
                await self._read_counted(_Body(None, 0, None), length)
            elif length is None and self.header("transfer-encoding"):
                await self._read_chunks(_Body(None, 0, _DRAIN))
        except (FetchError, OSError, h11.RemoteProtocolError):
            self.clean = False

    async def _read_counted(self, body: "_Body", length: int) -> None:
        early, _ = self._http.trailing_data
        left = length - min(len(early), length)
        body.take(memoryview(early)[:length])
        buffer = memoryview(bytearray(min(_BUFFER, max(left, 1))))
        pace = Pace(self._limits)
        while left and not body.full:
            count = await self._receive(buffer[: min(left, len(buffer))], pace)
            if not count:
                words = f"the server closed {left:,} bytes before the end"
                raise FetchError(words, "silent", again=True)
            left -= count
            body.take(buffer[:count])
        self.clean = self._keeps and not left and len(early) <= length

    async def _read_to_end(self, body: "_Body") -> None:
        """Read a body that ends with the connection."""
        early, closed = self._http.trailing_data
        body.take(memoryview(early))
        buffer = memoryview(bytearray(_BUFFER))
        pace = Pace(self._limits)
        while not (closed or body.full) and (count := await self._receive(buffer, pace)):
            body.take(buffer[:count])

    async def _read_chunks(self, body: "_Body") -> None:
        buffer = memoryview(bytearray(_BUFFER))
        pace = Pace(self._limits)
        while not body.full:
            event = self._http.next_event()
            if isinstance(event, h11.Data):
                body.take(memoryview(event.data))
            elif isinstance(event, h11.EndOfMessage):
                self.clean = self._keeps
                return
            elif event is h11.NEED_DATA:
                count = await self._receive(buffer, pace)
                self._http.receive_data(bytes(buffer[:count]))  # b"": the end
            else:
                raise FetchError("the server closed in the middle", "silent", again=True)

    async def _receive(self, view: memoryview, pace: Pace) -> int:
        count = self._connection.read_now(view)
        if count is None:
            try:
                async with asyncio.timeout(self._limits.read):
                    count = await self._connection.receive_into(view)
            except TimeoutError:
                words = f"stalled: no data for {self._limits.read:g} s"
                raise FetchError(words, "silent", again=True) from None
            pace.check(count)
        # A record of TLS has 16 kB at most: several go into the sink at once.
        with suppress(OSError):  # it comes again with the next read
            while 0 < count < len(view) and (more := self._connection.read_now(view[count:])):
                count += more
        return count


class _Body:
    """The part of a body that goes into the sink. Without a sink, the body is discarded."""

    def __init__(self, sink: Sink | None, skip: int, most: int | None) -> None:
        self._sink, self._skip, self._most = sink, skip, most

    @property
    def full(self) -> bool:
        """True if nothing of what follows is wanted."""
        return self._most == 0

    def take(self, data: memoryview) -> None:
        if self._skip:
            left = min(self._skip, len(data))
            self._skip -= left
            data = data[left:]
        if self._most is not None:
            data = data[: self._most]
            self._most -= len(data)
        if self._sink is not None:
            self._sink.write(data)


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _encode(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _describe_break(error: OSError) -> FetchError:
    """Return the failure of a connection that an error has ended."""
    return FetchError(f"the connection broke: {describe(error)}", "silent", again=True)


def _not_http(error: h11.RemoteProtocolError, got: int) -> FetchError:
    if error.error_status_hint == 431:
        return FetchError(f"more than {_HEADERS:,} bytes of headers")
    return FetchError(f"the answer is not HTTP: {error}", again=not got)

"""http and https: RFC 9110, with ranges, redirects, basic authentication and proxies."""

import binascii
import re
from dataclasses import replace
from functools import partial

from petipy.fetch import proxy, tls
from petipy.fetch.connect import connect
from petipy.fetch.connection import Connection
from petipy.fetch.dates import read_http_date
from petipy.fetch.exchange import Exchange, StaleError
from petipy.fetch.failure import FetchError
from petipy.fetch.scheme import Job, Scheme
from petipy.fetch.url import Url

_REDIRECTS = 10
_TEXT = 1 << 20  # bytes: a request for no more than these is for a text
_MOVED = {301, 302, 303, 307, 308}
_AGAIN = {408, 425, 429, 500, 502, 503, 504}
_ABSENT = {404, 410}
_PORTS = {"http": 80, "https": 443}
_RANGE = re.compile(r"bytes ([0-9]{1,15})-([0-9]{1,15})/([0-9]{1,15}|\*)")
_OUTSIDE = re.compile(r"bytes \*/([0-9]{1,15})")


async def fetch(job: Job) -> None:
    """Fetch by one request, and one more for each redirect. Raise FetchError."""
    url = job.url
    for _ in range(_REDIRECTS + 1):
        further = await _get(job, url)
        if further is None:
            return
        url = further
    raise FetchError(f"more than {_REDIRECTS} redirects")


SCHEME = Scheme(names=("http", "https"), fetch=fetch)


async def _get(job: Job, url: Url) -> Url | None:
    """Fetch from one URL. Return the next one if this one only redirects."""
    job.begin(url)
    if not url.host:
        raise FetchError("a URL without a host")
    through = proxy.find(url, job.rules)
    peer, by = "", f", by the proxy {through.authority}" if through else ""
    by += tls.remark(job.rules) if url.scheme == "https" else ""
    key = (url.scheme, url.host, str(_port(url)), str(through), job.wanted.way.link)
    connection = job.pool.take(key)
    exchange: Exchange | None = None
    try:
        if connection is not None:
            try:
                exchange = await _ask(job, url, through, connection)
            except StaleError:
                connection.close()
        if exchange is None:
            connection = await _open(job, url, through)
            exchange = await _ask(job, url, through, connection)
        if connection is not None and connection.remark:
            by += f", {connection.remark}"
        if exchange.status in _MOVED:
            further = _follow(job, url, exchange)
            await exchange.skip()
            job.note(f"{_describe(exchange)}: moved to {further}{by}")
            return further
        await _take(job, exchange)
        if connection is not None and through is None and connection.peer != url.host:
            peer = f" from {connection.peer}"
    finally:
        if connection is not None:
            if exchange is not None and exchange.clean:
                job.pool.put(key, connection)
            else:
                connection.close()
    whole = not job.wanted.offset and job.total in (None, job.sink.tell())
    part = "" if whole else " of it"
    job.note(f"{job.sink.tell():,} bytes{part}{peer}{by}", good=True)
    return None


async def _open(job: Job, url: Url, through: Url | None) -> Connection:
    """Return a connection to the server, or through the proxy."""
    if url.scheme == "http":
        return await _reach(job, url, through)
    if not tls.is_prepared(job.rules):
        raise FetchError("TLS is not prepared", "tls")
    reach = partial(_tunnel, job, url, through) if through else partial(_reach, job, url, None)
    return await tls.start(await reach(), url, job, reach)


async def _reach(job: Job, url: Url, through: Url | None) -> Connection:
    """Connect to the server or the proxy."""
    within, way = job.limits.connect, job.wanted.way
    if through is None:
        return await connect(url.host, _port(url), job.resolve, within, way)
    try:
        return await connect(through.host, _port(through), job.resolve, within, way)
    except FetchError as error:
        words = f"no connection to the proxy {through.authority}: {error}"
        raise FetchError(words, error.kind, again=error.again) from None


async def _tunnel(job: Job, url: Url, through: Url) -> Connection:
    """Have the proxy connect us to the server: CONNECT of RFC 9110."""
    connection = await _reach(job, url, through)
    place = f"{replace(url, port=0).authority}:{_port(url)}"
    headers = [("Host", place), ("User-Agent", "petipy")]
    if through.user or through.password:
        headers.append(("Proxy-Authorization", _basic(through)))
    try:
        exchange = Exchange(connection, job.limits)
        await exchange.ask("CONNECT", place, headers)
        if not 200 <= exchange.status < 300:
            again = exchange.status in _AGAIN
            words = f"the proxy {through.authority} refuses: {_describe(exchange)}"
            raise FetchError(words, again=again, after=_read_delay(exchange))
    except BaseException:
        connection.close()
        raise
    connection.used = 0
    return connection


async def _ask(job: Job, url: Url, through: Url | None, connection: Connection) -> Exchange:
    """Send the request for what is missing, and read the headers of the response."""
    headers = [
        ("Host", _name_host(url)),
        ("User-Agent", "petipy"),
        ("Accept", "*/*"),
        ("Accept-Encoding", "identity"),
    ]
    if url.user or url.password:
        headers.append(("Authorization", _basic(url)))
    if through is not None and url.scheme == "http" and (through.user or through.password):
        headers.append(("Proxy-Authorization", _basic(through)))
    if job.sink.tell() and not job.validator:
        job.rewind()  # nothing would show that the rest is of the same file
    last = "" if job.missing is None else str(job.start + job.missing - 1)
    # A text is requested without a range: some scripts on servers do not handle ranges.
    if (job.start or 0 < (job.missing or 0) < _TEXT) and not job.whole:
        headers.append(("Range", f"bytes={job.start}-{last}"))
        if job.sink.tell():
            headers.append(("If-Range", job.validator))
    exchange = Exchange(connection, job.limits)
    absolute = f"http://{url.authority}" if through and url.scheme == "http" else ""
    await exchange.ask("GET", f"{absolute}{url.target}", headers)
    return exchange


async def _take(job: Job, exchange: Exchange) -> None:
    """Read the body into the sink. Raise FetchError if the status is that of a failure."""
    if exchange.status == 416:
        await _take_nothing(job, exchange)
        return
    if exchange.status not in (200, 206):
        await exchange.skip()
        raise _refusal(exchange)
    coding = exchange.header("content-encoding").lower()
    if coding not in ("", "identity"):
        raise FetchError(f"the server sends it as {coding[:20]}, which was not asked for")
    if exchange.status == 206:
        _check_range(job, exchange)
    elif job.sink.tell():  # the file has changed, or the server has no parts of it
        job.rewind()
    tag, date = exchange.header("etag"), exchange.header("last-modified")
    job.validator = date if tag.startswith("W/") or not tag else tag
    if exchange.status == 206:
        await exchange.read(job.sink, most=job.missing)
        if job.total is not None and job.missing != 0 and job.start < job.total:
            raise FetchError("the server has sent a part only", again=True)
    else:
        job.expect(exchange.length)
        await exchange.read(job.sink, skip=job.start, most=job.missing)


def _check_range(job: Job, exchange: Exchange) -> None:
    """Compare the range in the response with what was asked for. Raise FetchError."""
    said = exchange.header("content-range")[:60]
    m = _RANGE.fullmatch(said)
    first, last = (int(m[1]), int(m[2])) if m else (-1, -1)
    total = int(m[3]) if m and m[3] != "*" else None
    count = last - first + 1
    if (
        first != job.start
        or count <= 0
        or (total is not None and last >= total)
        or exchange.length not in (None, count)
        or (job.missing is not None and count > job.missing)
    ):
        job.rewind()
        job.whole = True
        raise FetchError(f"another part than the one asked for: {said or 'unnamed'}", again=True)
    if job.sink.tell() and total not in (None, job.total):
        job.rewind()
        raise FetchError("the file has changed in the meantime", again=True)
    job.expect(job.total if total is None else total)


async def _take_nothing(job: Job, exchange: Exchange) -> None:
    """Follow "416 Range Not Satisfiable": there is nothing at the offset."""
    await exchange.skip()
    if job.sink.tell():
        job.rewind()
        raise FetchError("the file has become shorter", again=True)
    m = _OUTSIDE.fullmatch(exchange.header("content-range"))
    if m and int(m[1]) > job.wanted.offset:
        job.whole = True
        raise FetchError(f"{_describe(exchange)}, though it has {int(m[1]):,} bytes", again=True)
    job.expect(int(m[1]) if m else None)


def _follow(job: Job, url: Url, exchange: Exchange) -> Url:
    """Return the URL that a redirect leads to. Raise FetchError if it must not be followed."""
    if not (place := exchange.header("location")):
        raise FetchError(f"{_describe(exchange)}, but no place where it is")
    try:
        further = url.join(place)
    except ValueError as error:
        raise FetchError(f"{_describe(exchange)}, but {error}") from None
    if further.scheme not in _PORTS:
        raise FetchError(f"a redirect to {further.scheme}, which is not followed")
    if url.scheme == "https" and further.scheme == "http":
        raise FetchError(f"a redirect from https to {further}, which is not followed")
    if _origin(further) == _origin(job.url):
        return replace(further, user=job.url.user, password=job.url.password)
    return further


def _refusal(exchange: Exchange) -> FetchError:
    """Return the failure that a status stands for."""
    words = _describe(exchange)
    if exchange.status in _ABSENT:
        return FetchError(words, "absent")
    if exchange.status in _AGAIN:
        return FetchError(words, again=True, after=_read_delay(exchange))
    if exchange.status == 401:
        words += ": it wants a user and a password, or other ones"
    return FetchError(words)


def _read_delay(exchange: Exchange) -> float:
    """Return the seconds of Retry-After. A date there counts from the server's own date."""
    text = exchange.header("retry-after")
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text)
    then, now = read_http_date(text), read_http_date(exchange.header("date"))
    return 0 if then is None or now is None else max(then - now, 0)


def _describe(exchange: Exchange) -> str:
    reason = "".join(c if c.isprintable() else "?" for c in exchange.reason[:60])
    return f"{exchange.status} {reason}".strip()


def _name_host(url: Url) -> str:
    """Return the value of the header Host: no server knows the name of our own interface."""
    return replace(url, host=url.host.partition("%")[0]).authority


def _basic(url: Url) -> str:
    credentials = f"{url.user}:{url.password}".encode("utf-8", "surrogateescape")
    return f"Basic {binascii.b2a_base64(credentials, newline=False).decode()}"


def _port(url: Url) -> int:
    return url.port or _PORTS[url.scheme]


def _origin(url: Url) -> tuple[str, str, int]:
    return url.scheme, url.host.lower(), _port(url)

"""The parts of a fetch that every scheme knows: the job of fetching one thing, and its limits."""

import math
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from petipy import fetch as package
from petipy.fetch.failure import FetchError
from petipy.fetch.sink import Sink
from petipy.fetch.url import Url
from petipy.state.network import Fetching, Request, Wanted

if TYPE_CHECKING:
    from petipy.fetch.connect import Resolve
    from petipy.fetch.pool import Pool


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of a fetch, in seconds but where it says so."""

    connect: float = 15.0  # until one of a host's addresses has answered
    answer: float = 30.0  # from the request until the headers are complete
    read: float = 10.0  # without a byte
    slow: float = 60.0  # time for which a server may be slower than `rate`
    rate: int = 1000  # bytes a second
    pauses: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)  # between tries that gained nothing
    # More pauses once a part has come: a port that waits for spanning tree again takes 50 s.
    longer: tuple[float, ...] = (30.0, 30.0)
    after: float = 60.0  # no server may ask for a longer pause
    overall: float = 86400.0


class Pace:
    """The rate from the first bytes on. A server that is too slow is as bad as a silent one."""

    def __init__(self, limits: Limits) -> None:
        self._limits, self._began, self._got = limits, math.inf, 0

    def check(self, count: int) -> None:
        """Count bytes that have come. Raise FetchError below the least rate."""
        now = time.monotonic()
        self._began = min(self._began, now)
        self._got += count
        late = now - self._began - self._limits.slow
        if self._got < late * self._limits.rate:
            words = f"too slow: {self._got:,} bytes in {late + self._limits.slow:.0f} s"
            raise FetchError(words, "silent", again=True)


@dataclass(slots=True, kw_only=True)
class Job:
    """One thing to fetch, and its state after the tries so far."""

    wanted: Wanted
    url: Url
    rules: Fetching
    sink: Sink
    limits: Limits
    pool: "Pool"  # connections that stay open
    resolve: "Resolve"
    requests: list[Request] = field(default_factory=list)
    asking: Url = field(init=False)
    began: float = field(init=False)
    validator: str = ""  # the validator for If-Range: it shows that the rest is of the same file
    whole: bool = False  # the server cannot give a part
    total: int | None = None  # bytes of the whole file

    def __post_init__(self) -> None:
        self.begin(self.url)

    @property
    def start(self) -> int:
        """The offset in the whole file of the next byte for the sink."""
        return self.wanted.offset + self.sink.tell()

    @property
    def missing(self) -> int | None:
        """The bytes that are still wanted; None: all that there are."""
        return self.wanted.size - self.sink.tell() if self.wanted.size else None

    def expect(self, total: int | None) -> None:
        """Note the size of the whole file, if it is known. Raise FetchError if it is too large."""
        self.total = total
        rest = None if total is None else max(total - self.wanted.offset, 0)
        if self.wanted.size:
            rest = self.wanted.size if rest is None else min(rest, self.wanted.size)
        self.sink.expect(rest)

    def rewind(self) -> None:
        """Begin anew: the file has changed, or the server has no parts of it."""
        self.sink.rewind()
        self.validator = ""

    def begin(self, url: Url) -> None:
        """Note that a request for this URL begins. Every try begins with one for `url`."""
        self.asking, self.began = url, time.monotonic()

    def note(self, answer: str, *, good: bool = False) -> None:
        """Record the answer to the request that began last."""
        taken = max(time.monotonic() - self.began, 0.0)
        self.requests.append(Request(url=str(self.asking), answer=answer, seconds=taken, good=good))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheme:
    """A way to fetch. `fetch` is one try: it fills the sink from Job.start on.

    It raises FetchError. It records a Request for each answer but the failure that it raises, and
    calls Job.begin before every request but the first.
    """

    names: tuple[str, ...]  # of URLs: "http"
    fetch: Callable[[Job], Awaitable[None]]


@cache
def find_schemes() -> dict[str, Scheme]:
    """Return every scheme by each of its names. This imports all of their modules."""
    found = {}
    for module in sorted(iter_modules(package.__path__), key=lambda module: module.name):
        scheme = getattr(import_module(f"{package.__name__}.{module.name}"), "SCHEME", None)
        if scheme is not None:
            found.update(dict.fromkeys(scheme.names, scheme))
    return found

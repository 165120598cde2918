"""Fetch what a URL names, with tries, pauses between them, and a record of each request."""

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from parsers.places.urls import hide_credentials
from petipy.fetch import connect, nfs, tls
from petipy.fetch.failure import FetchError, Kind
from petipy.fetch.pool import Pool
from petipy.fetch.scheme import Job, Limits, Scheme, find_schemes
from petipy.fetch.sink import Digest, Report, Sink
from petipy.fetch.url import Url, parse
from petipy.state.network import Fetching, Request, Wanted

_GAIN = 65536  # bytes: a try that brought as many counts as none
_DEAD = 30.0  # seconds for which a server that gave no answer at all is tried once only


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """The outcome of a fetch. `descriptor` is the caller's."""

    descriptor: int = -1  # a sealed file in memory; -1: none
    error: str = ""  # for people
    kind: Kind | None = None  # of the failure
    again: bool = False  # another try, later, may do better
    total: int | None = None  # bytes of the whole file, if the server says
    requests: tuple[Request, ...] = ()  # in turn


def prepare(urls: Collection[str], rules: Fetching) -> list[int]:
    """Import what fetching these URLs needs, read the certificates in the image, mount NFS.

    Return the descriptors that the process has to keep.

    Call this before a fork and before the process gives up its rights. Later it may lack them.
    A redirect to https for which nothing is prepared ends in a Fetched of the kind "tls": call
    this with "https:" then, and fetch again.
    """
    find_schemes()
    if rules.no_proxy:
        import ipaddress  # noqa: F401
    if any("#" in url for url in urls):
        import hashlib  # noqa: F401
    # With ssl in memory, a redirect to https is followed at once.
    if tls.is_loaded() or any(url.lower().startswith("https:") for url in urls):
        tls.prepare(rules)
    return nfs.prepare(urls)


class Fetcher:
    """Fetch several things by the same rules. Connections to a server stay open in between."""

    def __init__(
        self,
        rules: Fetching,
        limits: Limits | None = None,
        resolve: connect.Resolve = connect.resolve,
    ) -> None:
        self._rules, self._limits = rules, limits or Limits()
        self._names = connect.Names(resolve)
        self._pool = Pool()
        self._silent: dict[str, float] = {}  # server → the time at which it was given up

    def close(self) -> None:
        """Close what is open."""
        self._pool.close()

    async def fetch(self, wanted: Wanted, report: Report = lambda *_: None) -> Fetched:
        """Fetch into a sealed file in memory. The value that is returned states every failure.

        A fragment such as #sha256=HEX is verified if the whole file is wanted. A part of it is
        refused if it boots.
        """
        requests: list[Request] = []
        try:
            url, scheme = _understand(wanted.url)
            checksum = _find_checksum(url, wanted)
        except ValueError as error:
            shown = hide_credentials(wanted.url)
            requests.append(Request(url=shown, answer=str(error)))
            return Fetched(error=str(error), kind="refused", requests=tuple(requests))
        sink = Sink(wanted.most, report, _find_digest(checksum[0]) if checksum else None)
        job = Job(
            wanted=wanted,
            url=url,
            rules=self._rules,
            sink=sink,
            limits=self._limits,
            pool=self._pool,
            resolve=self._names.resolve,
            requests=requests,
        )
        try:
            await self._try_repeatedly(job, scheme)
            if checksum and sink.checksum() != checksum[1]:
                wrong = f"{checksum[0]} is {sink.checksum()}, not {checksum[1]}"
                job.note(wrong)
                raise FetchError(wrong)
            descriptor = sink.seal()
        except FetchError as error:
            return Fetched(
                error=str(error), kind=error.kind, again=error.again, requests=tuple(requests)
            )
        finally:
            sink.close()
        return Fetched(descriptor=descriptor, total=job.total, requests=tuple(requests))

    async def _try_repeatedly(self, job: Job, scheme: Scheme) -> None:
        server = f"{job.url.scheme}://{job.url.authority}"
        given_up = self._silent.get(server, -_DEAD)
        once = time.monotonic() - given_up < _DEAD
        end = time.monotonic() + self._limits.overall
        tries = failures = 0
        while True:
            before, began = job.start, time.monotonic()
            if tries:
                job.sink.report()
            tries += 1
            job.begin(job.url)
            try:
                async with asyncio.timeout_at(asyncio.get_running_loop().time() + end - began):
                    await scheme.fetch(job)
                self._silent.pop(server, None)
                return
            except TimeoutError:
                error = FetchError(f"not complete after {self._limits.overall:,.0f} s", "silent")
            except FetchError as found:
                error = found
            if job.start - before >= _GAIN:
                failures = 0
            pauses = () if once else self._limits.pauses
            if job.sink.tell():
                pauses = (*self._limits.pauses, *self._limits.longer)
            last = not error.again or failures >= len(pauses)
            if not last:
                pause = min(max(pauses[failures], error.after), self._limits.after)
                last = time.monotonic() + pause > end
            if error.kind != "tls":
                job.note(f"{error}{_count(tries) if error.again else ''}")
            if last:
                if error.kind == "silent":
                    self._silent[server] = time.monotonic()
                raise error
            words = "no answer from" if error.kind == "silent" else f"{error} from"
            job.sink.report_trouble(f"{words} {job.asking.host}{_count(tries + 1)}")
            await asyncio.sleep(pause)
            failures += 1


def _find_checksum(url: Url, wanted: Wanted) -> tuple[str, str] | None:
    """Return the checksum to compare. Raise ValueError if there is one that nobody can compare."""
    part = bool(wanted.offset or wanted.size)
    checksum = url.checksum() if wanted.boots or not part else None
    if checksum and part:
        raise ValueError("its checksum is the whole file's, and a part of it boots")
    return checksum


def _understand(text: str) -> tuple[Url, Scheme]:
    url = parse(text)
    scheme = find_schemes().get(url.scheme)
    if scheme is None:
        known = ", ".join(find_schemes())
        raise ValueError(f"nothing is fetched by {url.scheme}; known are {known}")
    return url, scheme


def _find_digest(name: str) -> Callable[[], Digest]:
    import hashlib  # few URLs have a checksum

    return hashlib.sha512 if name == "sha512" else hashlib.sha256


def _count(tries: int) -> str:
    words = {1: "", 2: ", second try", 3: ", third try"}
    return words.get(tries, f", try {tries}")

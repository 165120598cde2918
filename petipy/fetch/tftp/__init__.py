"""TFTP: RFC 1350, with blksize, tsize, timeout and windowsize (RFC 2347 to 2349, 7440).

The name of the file is the URL's path without its first slash, its escapes undone. So
tftp://host/boot/a asks for boot/a, as a lease says it, and tftp://host/%2Fboot/a for /boot/a.
"""

import errno
import socket

from petipy.fetch.connect import Address, split_literal
from petipy.fetch.failure import FetchError
from petipy.fetch.scheme import Job, Pace, Scheme
from petipy.fetch.tftp.client import read
from petipy.fetch.tftp.transfer import Errand, TransferError
from petipy.fetch.way import AWAY, describe_turn, may_turn, try_bind
from petipy.state.network import ANY_WAY, Way

_PORT = 69
_MOST = 16  # addresses of a host: a hostile name server may give thousands
_NEXT = 3.0  # seconds for an answer from an address that is not the last one
_STALLED = 3  # times as long without a block as without a byte of http, which can be resumed


async def fetch(job: Job) -> None:
    """Fetch from the first of the host's addresses that answers. Raise FetchError."""
    if job.sink.tell():
        job.rewind()  # nothing would show that the rest is of the same file
    addresses = await _find_addresses(job)
    for address in addresses[:-1]:
        try:
            await _read(job, address, min(_NEXT, job.limits.connect))
        except FetchError as error:
            if error.kind != "silent" or job.sink.tell():
                raise
            job.note(str(error))
            job.begin(job.url)
        else:
            return
    await _read(job, addresses[-1], job.limits.connect)


SCHEME = Scheme(names=("tftp",), fetch=fetch)


async def _read(job: Job, address: Address, within: float) -> None:
    """Fetch from one address, by the job's interface if it reaches it. Raise FetchError."""
    way, remark = job.wanted.way, try_bind(job.wanted.way, address)
    try:
        if remark:
            await _transfer(job, address, within, ANY_WAY, remark)
        elif not may_turn(way, address):
            await _transfer(job, address, within, way)
        elif not await _reach(job, address, min(within, _NEXT), way):
            await _transfer(job, address, within, ANY_WAY, describe_turn(way))
    except OSError as error:
        raise _describe(error, address) from None


async def _reach(job: Job, address: Address, within: float, way: Way) -> bool:
    """Fetch by an interface without a default route. Return False if nothing answers there.

    The kernel tells a socket that is bound to an interface of no address that ARP does not find.
    """
    try:
        await _transfer(job, address, within, way)
    except FetchError as error:
        if error.kind != "silent" or job.sink.tell():
            raise
        return False
    except OSError as error:
        if error.errno not in AWAY:
            raise
        return False
    return True


async def _transfer(job: Job, address: Address, within: float, way: Way, remark: str = "") -> None:
    """Fetch with options, and without if the server refuses them. Raise FetchError, OSError."""
    errand = Errand(
        name=job.url.read_path()[1:],
        skip=job.wanted.offset,
        size=job.wanted.size or None,
        answer_within=within,
        block_within=_STALLED * job.limits.read,
    )
    try:
        try:
            await read(address, errand, _Writer(job), way=way)
        except TransferError as error:
            if error.kind != "plain":
                raise
            job.note(f"{error}; asking without options")
            job.begin(job.url)
            await read(address, errand, _Writer(job), plain=True, way=way)
    except TransferError as error:
        raise _explain(error, address) from None
    except ValueError as error:
        raise FetchError(str(error)) from None
    part = " of it" if job.wanted.size or job.wanted.offset else ""
    by = f", {remark}" if remark else ""
    job.note(f"{job.sink.tell():,} bytes{part}{by}", good=True)


def _describe(error: OSError, address: Address) -> FetchError:
    if error.errno == errno.ECONNREFUSED:
        return FetchError(f"no TFTP server at {address[0]}", "silent", again=True)
    words = error.strerror or str(error)
    return FetchError(f"no way to {address[0]}: {words}", "silent", again=True)


class _Writer:
    """The job's sink, for a transfer."""

    def __init__(self, job: Job) -> None:
        self.expect = job.expect
        self._sink, self._pace = job.sink, Pace(job.limits)

    def write(self, data: memoryview) -> None:
        self._sink.write(data)
        self._pace.check(len(data))


def _explain(error: TransferError, address: Address) -> FetchError:
    """Return the failure of a try, as the fetcher knows it."""
    if error.kind == "absent":
        return FetchError(str(error), "absent")
    if error.kind == "silent":
        return FetchError(f"{address[0]}: {error}", "silent", again=True)
    return FetchError(str(error), again=error.kind == "broken")


async def _find_addresses(job: Job) -> list[Address]:
    """Return the host's addresses, at least one, best first. Raise FetchError."""
    host, port = job.url.host, job.url.port or _PORT
    if not host:
        raise FetchError("a URL without a host")
    if found := split_literal(host, port):
        return found[:1]
    try:
        found = await job.resolve(host, port, socket.AF_UNSPEC)
    except (OSError, UnicodeError) as error:
        if getattr(error, "errno", 0) == socket.EAI_AGAIN:
            words = f"no name server knows now what {host} is"
            raise FetchError(words, "silent", again=True) from None
        raise FetchError(f"there is no host {host}", "silent") from None
    if not found:
        raise FetchError(f"there is no host {host}", "silent")
    return found[:_MOST]

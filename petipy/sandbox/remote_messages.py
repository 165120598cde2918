"""The messages about the network, as types: requests, answers, and the asks of a child.

A request and its answer belong together:

- LeaseRequest: state.model.Scan
- FetchRequest: Received while it lasts; then an Outcome, and a descriptor unless that has an error
- Fetch: an Outcome for each URL, with a descriptor unless it has an error

No boot from a disk imports this module.
"""

from dataclasses import dataclass
from typing import Annotated

from petipy.codec import Codec
from petipy.state.model import Device
from petipy.state.network import (
    ANY_WAY,
    Fetching,
    Lease,
    Line,
    Request,
    Wanted,
    Way,
    is_printable_line,
)

MOST_AT_ONCE = 16  # URLs of one ask; PXELINUX looks in 12 places
MOST_RECORDS = 64  # requests that one fetch tells of


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseRequest:
    """Find the entries that a lease leads to.

    The first device is the network's. The others may be mounted for references.
    """

    devices: tuple[Device, ...]
    lease: Lease
    rules: Fetching
    machine: str  # as uname says
    patience: float  # seconds
    dialect: str = ""  # as in ScanRequest
    way: Way = ANY_WAY  # to the servers


@dataclass(frozen=True, slots=True, kw_only=True)
class FetchRequest:
    """Fetch a file into memory."""

    wanted: Wanted
    rules: Fetching
    tls: bool  # a server may have to be reached by https


NetworkRequest = LeaseRequest | FetchRequest
NETWORK_REQUESTS: Codec[NetworkRequest] = Codec(NetworkRequest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """The part of a file that has been fetched, and its size in all, in bytes.

    `trouble` says in words why nothing comes now.
    """

    done: Annotated[int, range(1 << 50)]
    total: Annotated[int, range(1 << 50)] | None
    trouble: Line = ""


RECEIVED: Codec[Received] = Codec(Received)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The end of a fetch. A sealed file in memory comes with it if there is no error."""

    number: Annotated[int, range(MOST_AT_ONCE)] = 0  # of the URL in its ask
    error: Line = ""  # in words
    total: Annotated[int, range(1 << 50)] | None = None  # bytes of the whole file, if known
    needs_tls: bool = False  # nothing was fetched: ssl was not in memory
    silent: bool = False  # the server has not answered at all
    again: bool = False  # another try, later, may do better
    absent: bool = False  # the server says that there is no such file
    requests: Annotated[tuple[Request, ...], range(MOST_RECORDS + 1)] = ()


OUTCOMES: Codec[Outcome] = Codec(Outcome)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetch:
    """An ask, of a child that follows a lease, for files on one server.

    The answer has a descriptor: a socket, from which the outcomes come in any order.
    """

    wanted: Annotated[tuple[Wanted, ...], range(1, MOST_AT_ONCE + 1)]


FETCHES: Codec[Fetch] = Codec(Fetch)


def make_line(text: str) -> str:
    """Return the text as a line that can be sent: cut, and with ? for what is not printable."""
    line = text[:2000]
    return line if is_printable_line(line) else "".join(c if c.isprintable() else "?" for c in line)

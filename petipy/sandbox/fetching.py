"""The child that fetches: it can talk to servers, and do nothing else."""

import asyncio
import os
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from petipy.fetch.fetcher import Fetched, Fetcher, prepare
from petipy.fetch.scheme import Limits
from petipy.sandbox import packets
from petipy.sandbox.child import forget_modules
from petipy.sandbox.remote_messages import (
    MOST_AT_ONCE,
    MOST_RECORDS,
    OUTCOMES,
    RECEIVED,
    Fetch,
    FetchRequest,
    Outcome,
    Received,
    make_line,
)
from petipy.scan.budget import weigh
from petipy.state.network import NO_RULES, Fetching, Request, Wanted, Way
from petipy.sys import limits, names, seccomp

_MEMORY = 512 << 20  # bytes of address space besides that of the program: stacks of threads
_FILES = 128  # descriptors
_THREADS = 4 * MOST_AT_ONCE  # that look up names
_TEXTS = 60.0  # seconds for a text, and of processor time for all of an ask
_RECORDS = 40_000  # bytes of the records of an outcome, which is one packet
_FILE = 3600  # seconds of processor time for a file
# For texts. If the server does not answer, the scan is repeated later.
_LIMITS = Limits(connect=10.0, answer=20.0, pauses=(0.5, 1.0, 2.0), overall=_TEXTS)


def warm() -> None:
    """Import in the parent of the fetching children what each of them would import."""
    import concurrent.futures.thread  # noqa: F401
    import encodings.idna  # noqa: F401  getaddrinfo needs both

    prepare((), NO_RULES)


def answer_request(request: FetchRequest, link: socket.socket, user: int) -> None:
    """Fetch one file, in the child of a FetchRequest; the caller sends the END."""
    wanted = request.wanted
    keep = _prepare([wanted.url], request.rules, tls=request.tls)
    _confine([link.fileno(), *keep], user, _FILE, wanted.size or wanted.most)

    def report(number: int, done: int, total: int | None, trouble: str) -> None:
        # Drop the report if the socket is full: the next one has newer numbers.
        with suppress(BlockingIOError):
            received = Received(done=done, total=total, trouble=make_line(trouble))
            data = RECEIVED.encode(received)
            link.send(packets.DATA + data, socket.MSG_DONTWAIT)
            link.send(packets.PART)

    def deliver(outcome: Outcome, descriptor: int) -> None:
        if descriptor >= 0:
            socket.send_fds(link, [packets.DESCRIPTOR], [descriptor])
        packets.send(link, OUTCOMES.encode(outcome))

    asyncio.run(_fetch([wanted], request.rules, Limits(), report, deliver))


def answer_ask(
    ask: Fetch, rules: Fetching, way: Way, link: socket.socket, user: int, *, tls: bool
) -> None:
    """Fetch texts, in the child of a Fetch. With `tls`, a server may be reached by https.

    `way` is the lease's, whatever the child that asks says.
    """
    most = max(min(wanted.size or wanted.most, wanted.most) for wanted in ask.wanted)
    left = set(range(len(ask.wanted)))

    def deliver(outcome: Outcome, descriptor: int) -> None:
        left.discard(outcome.number)
        data = OUTCOMES.encode(outcome)
        socket.send_fds(link, [data], [descriptor] if descriptor >= 0 else [])

    try:
        keep = _prepare([wanted.url for wanted in ask.wanted], rules, tls=tls)
        _confine([link.fileno(), *keep], user, round(_TEXTS), most)
        things = [replace(wanted, way=way) for wanted in ask.wanted]
        asyncio.run(_fetch(things, rules, _LIMITS, lambda *_: None, deliver))
    except Exception as error:  # noqa: BLE001  the boundary of the sandbox's child
        words = make_line(f"fetching failed: {type(error).__name__}: {error}")
        for number in sorted(left):
            deliver(Outcome(number=number, error=words), -1)


async def _fetch(
    things: Sequence[Wanted],
    rules: Fetching,
    bounds: Limits,
    report: Callable[[int, int, int | None, str], None],
    deliver: Callable[[Outcome, int], None],
) -> None:
    """Fetch things side by side; `deliver` gets each outcome, with its descriptor or -1."""
    fetcher = Fetcher(rules, bounds)

    async def fetch(number: int, wanted: Wanted) -> None:
        fetched = await fetcher.fetch(wanted, partial(report, number))
        deliver(_make_outcome(number, fetched), fetched.descriptor)
        if fetched.descriptor >= 0:
            os.close(fetched.descriptor)

    async with asyncio.TaskGroup() as group:
        for number, wanted in enumerate(things):
            group.create_task(fetch(number, wanted))


def _make_outcome(number: int, fetched: Fetched) -> Outcome:
    requests: list[Request] = []
    left = _RECORDS
    for request in reversed(fetched.requests[-MOST_RECORDS:]):
        left -= weigh(request)
        if left < 0:
            break
        record = replace(request, url=make_line(request.url), answer=make_line(request.answer))
        requests.insert(0, record)
    failed = fetched.descriptor < 0
    return Outcome(
        number=number,
        error=make_line(fetched.error or "it cannot be fetched") if failed else "",
        total=fetched.total,
        needs_tls=fetched.kind == "tls",
        silent=fetched.kind == "silent",
        again=fetched.again or fetched.kind == "silent",
        absent=fetched.kind == "absent",
        requests=tuple(requests),
    )


def _prepare(urls: Sequence[str], rules: Fetching, *, tls: bool) -> list[int]:
    """Read what needs rights: certificates, our own key, NFS. Return descriptors to keep."""
    return prepare([*urls, "https://"] if tls else urls, rules)


def _confine(keep: Sequence[int], user: int, seconds: int, most: int) -> None:
    """Give up everything but the network and the descriptors to keep.

    `most`: bytes of one file in memory.
    """
    parent, size = os.getppid(), limits.read_size() + _MEMORY
    names.enter_directory()
    forget_modules()
    limits.close_all_but(keep)
    limits.become(user, None)
    limits.die_with_parent(parent)  # changing the user has cleared it
    limits.limit(seconds, size, _FILES, min(most, sys.maxsize), _THREADS)
    if seccomp.available():
        seccomp.confine("fetch")

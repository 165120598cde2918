"""Files of a boot that come from servers, as the process that owns the machine receives them.

The children that fetch may have been taken over: each report and each file is checked.
"""

import asyncio
import errno
import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial

from parsers.places.urls import hide_credentials
from petipy.sandbox.remote_messages import (
    NETWORK_REQUESTS,
    OUTCOMES,
    RECEIVED,
    FetchRequest,
    Outcome,
)
from petipy.state.network import Fetching, Wanted, is_printable_line
from petipy.sys import sealed

_SILENCE = 180.0  # seconds without a report: the tries of one fetch and their pauses take less
_REPORTS = 20  # per second; petipy.fetch.sink makes four
_MORE = 100  # reports that may come at once

# Request, a function that gets each part of the answer, ssl needed → the rest, and descriptors.
Answer = Callable[[bytes, Callable[[bytes], None], bool], Awaitable[tuple[bytes, list[int]]]]
# The number of a thing, its bytes so far and in all, and why nothing comes now.
Show = Callable[[int, int, int | None, str], None]


async def fetch(answer: Answer, wanted: Sequence[Wanted], rules: Fetching, show: Show) -> list[int]:
    """Fetch things side by side, each in a child of its own; see Scanner.fetch."""
    found: dict[int, int] = {}

    async def one(number: int, thing: Wanted) -> None:
        found[number] = await _fetch(answer, thing, rules, partial(show, number))

    try:
        async with asyncio.TaskGroup() as group:
            for number, thing in enumerate(wanted):
                group.create_task(one(number, thing))
    except BaseExceptionGroup as several:
        _close(found.values())
        raise several.exceptions[0] from None
    except BaseException:
        _close(found.values())
        raise
    return [found[number] for number in range(len(wanted))]


async def _fetch(
    answer: Answer, wanted: Wanted, rules: Fetching, show: Callable[[int, int | None, str], None]
) -> int:
    if not is_printable_line(wanted.url):
        raise OSError(errno.EINVAL, "a URL has at most 2000 characters, all of them printable")
    request = FetchRequest(wanted=wanted, rules=rules, tls=wanted.url.lower().startswith("https:"))
    outcome, descriptors = await _receive(answer, request, show)
    if outcome.needs_tls and not request.tls:
        _close(descriptors)
        outcome, descriptors = await _receive(answer, replace(request, tls=True), show)
    try:
        if outcome.error:
            raise OSError(errno.EIO, f"{hide_credentials(wanted.url)}: {outcome.error}")
        _check(descriptors, wanted)
    except OSError:
        _close(descriptors)
        raise
    return descriptors[0]


async def _receive(
    answer: Answer, request: FetchRequest, show: Callable[[int, int | None, str], None]
) -> tuple[Outcome, list[int]]:
    loop = asyncio.get_running_loop()
    began, reports = loop.time(), 0
    encoded = NETWORK_REQUESTS.encode(request)

    def receive(data: bytes) -> None:
        nonlocal reports
        reports += 1
        if reports > _MORE + _REPORTS * (loop.time() - began):
            raise _senseless("too many reports")
        try:
            received = RECEIVED.decode(data)
        except ValueError as error:
            raise _senseless(str(error)) from None
        silence.reschedule(loop.time() + _SILENCE)
        show(received.done, received.total, received.trouble)

    try:
        async with asyncio.timeout(_SILENCE) as silence:
            data, descriptors = await answer(encoded, receive, request.tls)
    except TimeoutError as error:
        if error.errno is not None:  # the error of the answer, which has a sentence
            raise
        words = f"no report from the process that fetches it for {_SILENCE:g} seconds"
        raise OSError(errno.ETIMEDOUT, words) from None
    try:
        return OUTCOMES.decode(data), descriptors
    except ValueError as error:
        _close(descriptors)
        raise _senseless(str(error)) from None


def _check(descriptors: Sequence[int], wanted: Wanted) -> None:
    """Raise OSError unless there is one sealed file of a size that was asked for."""
    if len(descriptors) != 1:
        raise _senseless(f"{len(descriptors)} files")
    if not sealed.is_sealed(descriptors[0]):
        raise _senseless("a file that can change")
    size, most = os.fstat(descriptors[0]).st_size, min(wanted.size or wanted.most, wanted.most)
    if size > most:
        raise _senseless(f"{size:,} bytes of at most {most:,}")


def _senseless(reason: str) -> OSError:
    return OSError(errno.EPROTO, f"the process that fetches it gave a senseless answer: {reason}")


def _close(descriptors: Iterable[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)

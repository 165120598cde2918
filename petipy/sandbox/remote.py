"""Files on servers for a child that follows a lease. It has no network, so it asks for them."""

import errno
import os
import select
import socket
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

from parsers.api import Problem
from parsers.host import Piece
from parsers.places.urls import has_checksum, hide_credentials, normalize, split
from petipy.sandbox import packets
from petipy.sandbox.remote_messages import (
    FETCHES,
    MOST_AT_ONCE,
    OUTCOMES,
    Fetch,
    Outcome,
    make_line,
)
from petipy.scan.budget import REQUESTS, weigh
from petipy.scan.files import LONGEST
from petipy.state.network import Request, Wanted, is_printable_line
from petipy.sys import sealed

MOST_FETCHES = 256  # of a scan: a script may go round in circles
_PATIENCE = 80.0  # seconds for an outcome; petipy.sandbox.fetching has shorter ones
_KEPT = 64 << 20  # bytes of all texts and pieces
_NOT_ASKED = "not asked for"
_OFTEN = 0.5  # seconds between two calls of `tell`

Ask = Callable[[bytes, int], list[int]]  # the packet of an ask, how many descriptors at most


@dataclass(slots=True)
class _Answer:
    """The answer to a thing that was asked for. `outcome` is None until it comes."""

    outcome: Outcome | None = None
    data: bytes = b""
    text: str | None = None  # decoded once


@dataclass(slots=True)
class _Link:
    """The socket to a fetching process, and the things that it has not yet answered."""

    socket: socket.socket
    things: Sequence[Wanted]
    left: set[int]  # their numbers
    tls: bool  # ssl is in its memory


class Remote:
    """`Host.fetch`, `Host.piece` and `Host.prefetch`. Each thing is requested once.

    `tell` is called a few times per second while this waits: `list_requests` may have grown.
    """

    def __init__(
        self, ask: Ask, tell: Callable[[], None], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._ask, self._tell, self._clock = ask, tell, clock
        self._answers: dict[Wanted, _Answer] = {}  # in the order in which they were asked for
        self._links: dict[int, _Link] = {}  # by descriptor
        self._silent: set[str] = set()  # servers that have not answered
        self._kept = 0
        self._tls = False  # a server has sent us to https
        self._told = clock()
        self.problems: list[Problem] = []
        # The first refusal, such as for a certificate. It matters if nothing is found.
        self.refusals: dict[str, Problem] = {}  # by server
        self.failure = ""  # the reason why the files may be there later

    def fetch(self, url: str) -> str | None:
        """Return the text at a URL, its first LONGEST bytes at most; None without an answer.

        A text is no answer if its URL has another checksum.
        """
        answer = self._get(_text_at(url))
        if answer.outcome is None or answer.outcome.error:
            return None
        if answer.text is None:
            answer.text = answer.data.decode("utf-8", "surrogateescape")
        return answer.text

    def piece(self, url: str, offset: int, length: int) -> Piece | None:
        """Return bytes of the file at a URL, LONGEST at most; None without an answer.

        With a checksum in the URL, the bytes are those of a verified file. A file of more than
        LONGEST bytes is verified when it boots.
        """
        if not 0 <= offset < 1 << 50 or length <= 0:
            return None
        found = self._piece(url, offset, length)
        if found is None or not has_checksum(url) or (found.size or 0) > LONGEST:
            return found
        whole = self._get(_text_at(url))
        if whole.outcome is None or whole.outcome.error:
            return None
        return Piece(whole.data[offset : offset + length], len(whole.data))

    def _piece(self, url: str, offset: int, length: int) -> Piece | None:
        whole = self._answers.get(_text_at(url))
        if whole and whole.outcome and not whole.outcome.error:
            size = len(whole.data)
            if offset + length <= size or size < LONGEST:  # a shorter one is complete
                total = whole.outcome.total if size == LONGEST else size
                return Piece(whole.data[offset : offset + length], total)
        wanted = Wanted(url=normalize(url), offset=offset, size=min(length, LONGEST))
        answer = self._get(wanted)
        if answer.outcome is None or answer.outcome.error:
            return None
        return Piece(answer.data, answer.outcome.total)

    def prefetch(self, urls: Sequence[str]) -> None:
        """Ask for texts that will be wanted next, without waiting."""
        things = dict.fromkeys(map(_text_at, urls))
        new = [wanted for wanted in things if wanted not in self._answers]
        self._send(new[:MOST_AT_ONCE])

    def list_requests(self) -> tuple[Request, ...]:
        """Return the requests so far, and what answered each."""
        kept: list[Request] = []
        told: set[str] = set()  # URLs that have an answer
        left = REQUESTS
        for request in chain.from_iterable(map(_list_requests, *self._split())):
            if request.url in told and request.answer.startswith(_NOT_ASKED):
                continue  # the reason why is the answer before
            told.add(request.url)
            left -= weigh(request)
            if left < 0:
                break
            kept.append(request)
        return tuple(kept)

    def close(self) -> None:
        """Close the sockets to the fetching processes."""
        for link in self._links.values():
            link.socket.close()
        self._links.clear()

    def _split(self) -> tuple[list[Wanted], list[_Answer]]:
        return list(self._answers), list(self._answers.values())

    # Asking

    def _get(self, wanted: Wanted) -> _Answer:
        if wanted not in self._answers:
            self._send([wanted])
        answer = self._answers[wanted]
        end = self._clock() + _PATIENCE
        while answer.outcome is None and self._wait(end):
            pass
        if answer.outcome is None:
            self._end(wanted, Outcome(error=f"no answer within {_PATIENCE:g} s", again=True))
        return answer

    def _send(self, things: Sequence[Wanted]) -> None:
        """Ask for things; those on one server are asked for together."""
        groups: dict[str, list[Wanted]] = {}
        for wanted in things:
            answer = self._answers.setdefault(wanted, _Answer())
            server = split(wanted.url)[0]
            if refusal := self._refuse(wanted, server):
                answer.outcome = Outcome(error=refusal)
            else:
                groups.setdefault(server, []).append(wanted)
        for server, group in groups.items():
            self._open(group, tls=self._tls or server.lower().startswith("https:"))

    def _refuse(self, wanted: Wanted, server: str) -> str:
        """Return the reason why a thing is not asked for; "" if it is."""
        if not is_printable_line(wanted.url):
            return f"{_NOT_ASKED}: a URL has at most 2000 characters, all of them printable"
        if server in self._silent:
            return f"{_NOT_ASKED}: the server did not answer before"
        if len(self._answers) > MOST_FETCHES:
            words = (
                f"more than {MOST_FETCHES} files from servers: this and the rest are not fetched"
            )
            if len(self._answers) == MOST_FETCHES + 1:
                self.problems.append(Problem(hide_credentials(wanted.url), 0, words))
            return f"{_NOT_ASKED}: there were too many before"
        return ""

    def _open(self, group: Sequence[Wanted], *, tls: bool) -> None:
        data = FETCHES.encode(Fetch(wanted=tuple(group)))
        found = self._ask((packets.FETCH_BY_TLS if tls else packets.FETCH) + data, 1)
        if not found:
            if len(group) > 1:  # the ask may be too long
                for wanted in group:
                    self._open([wanted], tls=tls)
                return
            self._end(
                group[0], Outcome(error="no process could be started to fetch it", again=True)
            )
            return
        link = socket.socket(fileno=found[0])
        self._links[link.fileno()] = _Link(link, group, set(range(len(group))), tls)

    # Answers

    def _wait(self, end: float) -> bool:
        """Take the outcomes that have come. Return False if none can come, or the time is over."""
        poll = select.poll()
        for fd in self._links:
            poll.register(fd, select.POLLIN)
        left = min(end - self._clock(), _OFTEN) if self._links else 0.0
        for fd, _ in poll.poll(max(0.0, left) * 1000):
            self._take(self._links[fd])
        if (now := self._clock()) - self._told >= _OFTEN:
            self._told = now
            self._tell()
        return left > 0

    def _take(self, link: _Link) -> None:
        try:
            packet, fds = packets.receive(link.socket, packets.SIZE, 1)
        except OSError:
            packet, fds = b"", []
        try:
            if not packet:
                raise ValueError("the fetching process died")
            outcome = OUTCOMES.decode(packet)
            if outcome.number not in link.left:
                raise ValueError("the fetching process answered a question that was not asked")
            wanted = link.things[outcome.number]
            data = b"" if outcome.error else _read(fds, wanted)
        except (OSError, ValueError) as error:
            self._drop(link, make_line(str(error)))
            return
        finally:
            for fd in fds:
                os.close(fd)
        link.left.discard(outcome.number)
        if not link.left:
            self._drop(link, "")
        if outcome.needs_tls and not link.tls:
            self._tls = True
            self._open([wanted], tls=True)
            return
        if outcome.silent:
            self._silent.add(split(wanted.url)[0])
        self._end(wanted, outcome, data)

    def _end(self, wanted: Wanted, outcome: Outcome, data: bytes = b"") -> None:
        self._kept += len(data)
        if self._kept > _KEPT:
            words = f"the files from servers have more than {_KEPT >> 20} MiB together"
            outcome, data = Outcome(error=words), b""
            if all(problem.message != words for problem in self.problems):
                self.problems.append(Problem(hide_credentials(wanted.url), 0, words))
        if outcome.error and not (outcome.again or outcome.absent or outcome.silent):
            problem = Problem(hide_credentials(wanted.url), 0, outcome.error)
            self.refusals.setdefault(split(wanted.url)[0], problem)
        if outcome.again and not self.failure:
            words = f"no answer from {_find_host(wanted)}" if outcome.silent else wanted.url
            reason = "" if outcome.error == "no answer" else f": {outcome.error}"
            self.failure = f"{hide_credentials(words)}{reason}"
        self._answers[wanted].outcome = outcome
        self._answers[wanted].data = data

    def _drop(self, link: _Link, reason: str) -> None:
        del self._links[link.socket.fileno()]
        link.socket.close()
        for number in link.left:
            self._end(link.things[number], Outcome(error=reason, again=True))


def _find_host(wanted: Wanted) -> str:
    return split(hide_credentials(wanted.url))[0].partition("://")[2]


def _text_at(url: str) -> Wanted:
    if has_checksum(url):  # it is the whole file's, so that a file that is too long is refused
        return Wanted(url=normalize(url), most=LONGEST)
    return Wanted(url=normalize(url), size=LONGEST)


def _read(fds: Sequence[int], wanted: Wanted) -> bytes:
    """Return the bytes of a sealed file in memory. Its sender may have been taken over."""
    if not fds:
        raise ValueError("the fetching process sent no file")
    if not sealed.is_sealed(fds[0]):
        raise ValueError("the fetching process sent a file that can change")
    size = os.fstat(fds[0]).st_size
    if size > (most := wanted.size or wanted.most):
        raise ValueError(f"the fetching process sent {size} bytes of {most}")
    data = b""
    while len(data) < size:
        piece = os.pread(fds[0], size - len(data), len(data))
        if not piece:
            raise OSError(errno.EIO, "the fetching process sent a file that cannot be read")
        data += piece
    return data


def _list_requests(wanted: Wanted, answer: _Answer) -> tuple[Request, ...]:
    if answer.outcome is None:
        return (Request(url=make_line(hide_credentials(wanted.url)), answer="not answered yet"),)
    if answer.outcome.requests:
        return answer.outcome.requests
    return (
        Request(
            url=make_line(hide_credentials(wanted.url)), answer=answer.outcome.error or "fetched"
        ),
    )

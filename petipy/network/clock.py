"""The machine's clock, set by time servers: a client of SNTP (RFC 4330, RFC 5905).

A machine's clock may say 1970, and then no certificate of a server is valid. A confined child asks
the servers, since their packets and names may be hostile. This process judges the answers: it takes
the time that most servers agree on, and none before the build of the image.
"""

import os
import select
import socket
import struct
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated

from petipy.codec import Codec
from petipy.log import Log
from petipy.sys import names
from petipy.sys.epoch import read_epoch
from petipy.sys.forked import Parent, in_child

_PORT = 123
_PATIENCE = 3.0  # seconds for all servers
_AGAIN = 0.7  # seconds until a server is asked again: the address may be a moment old
_MOST = 4  # servers that are asked
_ALIKE = 5000  # milliseconds by which two servers may differ
_RIGHT = 500  # milliseconds; a smaller error of the clock is not corrected
_YEARS = 30 * 365 * 86400_000  # milliseconds; no image is used for longer after its build
_PROCESSOR = 10  # seconds of processor time

# RFC 5905, figure 8: leap, version and mode; stratum, poll, precision; root delay and dispersion in
# units of 2**-16 s; reference; four times in units of 2**-32 s since 1900.
_PACKET = struct.Struct(">BBbbII4s8s8s8sQ")
_SINCE_1900 = 2_208_988_800  # seconds from 1900 to 1970
_ERA = 1 << 32  # seconds after which the numbers begin anew, in 2036 for the first time
_CLIENT, _SERVER = 3, 4  # modes
_UNKNOWN = 3  # leap indicator of a server whose clock is not set
_FAR = 16 << 16  # root delay, root dispersion


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The time that a server tells."""

    server: str
    # Milliseconds since 1970 at the moment when time.monotonic was 0.
    zero: Annotated[int, range(-(1 << 50), 1 << 50)] = 0
    fault: str = ""  # the reason to ignore it


READINGS = Codec[Reading](Reading)


def make_request(cookie: bytes) -> bytes:
    """Return a question with a cookie of 8 bytes, which the answer repeats.

    It stands where RFC 5905 has the client's own time, which is nobody's business.
    """
    return bytes((4 << 3 | _CLIENT,)) + bytes(39) + cookie


def read_answer(packet: bytes, cookie: bytes, earliest: int) -> int:
    """Return the server's time in milliseconds since 1970. Raise ValueError if it tells none.

    Numbers that began anew in 2036 are taken to mean the first such time after `earliest`.
    """
    if len(packet) < _PACKET.size:
        raise ValueError(f"an answer of {len(packet)} bytes")
    fields: tuple[int, int, int, int, int, int, bytes, bytes, bytes, bytes, int]
    fields = _PACKET.unpack_from(packet)
    flags, stratum, _, _, delay, dispersion, reference, _, origin, _, sent = fields
    leap, version, mode = flags >> 6, flags >> 3 & 7, flags & 7
    if origin != cookie:
        raise ValueError("an answer to another question")
    if mode != _SERVER or version not in (3, 4):
        raise ValueError("not an answer of a server")
    if stratum == 0:  # a "kiss of death": DENY, RATE
        code = reference.decode("ascii", "replace").strip("\0")
        raise ValueError(f"it refuses{f': {code}' if code.isalnum() else ''}")
    if stratum > 15 or leap == _UNKNOWN or not sent:
        raise ValueError("its own clock is not set")
    if delay >= _FAR or dispersion >= _FAR:
        raise ValueError("its own clock is too uncertain")
    seconds = (sent >> 32) - _SINCE_1900
    seconds += -((seconds - earliest) // _ERA) * _ERA
    return seconds * 1000 + (sent & 0xFFFFFFFF) * 1000 // _ERA


def choose(answers: Sequence[Reading], earliest: int, now: int) -> tuple[int | None, str]:
    """Return the time of most servers as Reading.zero, and words for the log.

    `earliest` is in seconds since 1970; `now` is time.monotonic in milliseconds. There is no time
    if none is plausible, or if as many servers contradict it.
    """
    usable = [a for a in answers if not a.fault]
    plausible = [a for a in usable if 0 <= a.zero + now - earliest * 1000 < _YEARS]
    if not plausible:
        if usable:
            return None, f"{usable[0].server} says an impossible time"
        return None, "; ".join(f"{a.server}: {a.fault}" for a in answers) or "no answer"
    alike = max(
        ([a for a in plausible if abs(a.zero - b.zero) <= _ALIKE] for b in plausible), key=len
    )
    servers = {answer.server for answer in plausible}
    if len(servers) >= 2 and 2 * len(alike) <= len(plausible):
        return None, f"the servers {', '.join(sorted(servers))} contradict each other"
    middle = sorted(answer.zero for answer in alike)[len(alike) // 2]
    return middle, ", ".join(sorted({answer.server for answer in alike}))


class Clock:
    """Sets the system's clock when servers become known."""

    def __init__(
        self,
        log: Log,
        *,
        epoch: int | None = None,
        read: Callable[[], float] = time.time,
        set_time: Callable[[float], None] = lambda now: time.clock_settime(
            time.CLOCK_REALTIME, now
        ),
        port: int = _PORT,
        patience: float = _PATIENCE,
    ) -> None:
        self._log, self._read, self._set = log, read, set_time
        self._epoch = read_epoch() if epoch is None else epoch
        self._port, self._patience = port, patience

    def begin(self) -> None:
        """Set a clock that stands before the build of the image to that time."""
        if self._read() < self._epoch:
            words = "the clock stood before the build of this image: it was set to that"
            self._change(self._epoch, words)

    async def ask(self, servers: Sequence[str]) -> bool:
        """Ask the servers (addresses or names) and set the clock; return True if it is right now.

        It takes hardly longer than the patience. If nobody answers, all goes on as before.
        """
        answers: list[Reading] = []

        def receive(text: str) -> None:
            answer = READINGS.decode(text.encode())
            if answer.server not in servers:
                raise ValueError(f"an answer of {answer.server}")
            if len(answers) < 2 * _MOST:
                answers.append(answer)

        chosen = tuple(dict.fromkeys(servers))[:_MOST]
        question = _Question(chosen, self._epoch, self._port, self._patience)
        try:
            await in_child(question.ask, self._patience + 1, receive)
        except TimeoutError:
            pass  # a name server is silent
        except OSError as error:
            self._log.info(f"time servers cannot be asked: {error.strerror or error}")
        now = time.monotonic()
        zero, words = choose(answers, self._epoch, round(now * 1000))
        if zero is None:
            self._log.info(f"the clock stays as it is: {', '.join(chosen)}: {words}")
            return False
        right = zero / 1000 + now
        wrong = right - self._read()
        if abs(wrong) * 1000 <= _RIGHT:
            self._log.info(f"the clock is right, by {words}")
            return True
        slow = "slow" if wrong > 0 else "fast"
        self._change(right, f"the clock was set by {words}; it was {_describe(wrong)} {slow}")
        return True

    def _change(self, now: float, words: str) -> None:
        try:
            self._set(now)
        except OSError as error:
            self._log.warning(f"the clock cannot be set: {error.strerror}")
        else:
            self._log.info(words)


def _describe(seconds: float) -> str:
    """Return a span of time in words: "3.1 s", "20,361 days"."""
    days = int(abs(seconds) / 86400)
    return f"{days:,} days" if days else f"{abs(seconds):,.1f} s"


@dataclass(frozen=True, slots=True)
class _Question:
    """The work of the child."""

    servers: tuple[str, ...]
    earliest: int
    port: int
    patience: float

    def ask(self, parent: Parent) -> str:
        """Ask all servers, and report each answer. Addresses come first: they need no lookup."""
        end = time.monotonic() + self.patience
        names.confine([parent.fileno()], _PROCESSOR)
        addresses = [server for server in self.servers if _find(server, self.port, literal=True)]
        others = [server for server in self.servers if server not in addresses]
        if not self._converse(addresses, parent, end if not others else end - self.patience / 2):
            self._converse(others, parent, end)
        return ""

    def _converse(self, servers: Sequence[str], parent: Parent, end: float) -> int:
        """Ask until each server has answered, or until `end`; return the number of good answers."""
        calls = {
            call.line.fileno(): call
            for server in servers
            for family, address in _find(server, self.port)[:2]
            if (call := _Call.make(server, family, address))
        }
        poll = select.poll()
        for fd in calls:
            poll.register(fd, select.POLLIN)
        good: set[str] = set()
        due = 0.0
        while {call.server for call in calls.values()} - good and (now := time.monotonic()) < end:
            if now >= due:
                due = now + _AGAIN
                for call in calls.values():
                    if call.server not in good:
                        call.ask(now)
            for fd, _ in poll.poll(max(0.0, min(due, end) - now) * 1000):
                answer = calls[fd].receive(self.earliest)
                if answer is None:
                    continue
                parent.report(READINGS.encode(answer).decode())
                if answer.fault:
                    poll.unregister(fd)
                    calls.pop(fd).line.close()
                else:
                    good.add(answer.server)
        return len(good)


@dataclass(slots=True)
class _Call:
    """A server at one of its addresses."""

    server: str
    address: tuple[str, int]
    line: socket.socket
    cookie: bytes
    sent: float = 0.0

    @classmethod
    def make(cls, server: str, family: int, address: tuple[str, int]) -> "_Call | None":
        try:
            line = socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        except OSError:  # a kernel without IPv6
            return None
        return cls(server, address, line, os.urandom(8))

    def ask(self, now: float) -> None:
        self.sent = now
        # There may be no way to it yet: the address of this machine is a moment old.
        with suppress(OSError):
            self.line.connect(self.address)
            self.line.send(make_request(self.cookie))

    def receive(self, earliest: int) -> Reading | None:
        """Return the answer in a packet; None if there is none."""
        try:
            packet = self.line.recv(1024)
        except (BlockingIOError, ConnectionRefusedError):
            return None
        except OSError as error:
            return Reading(server=self.server, fault=error.strerror or str(error))
        now = time.monotonic()
        if packet[24:32] != self.cookie:
            return None
        try:
            told = read_answer(packet, self.cookie, earliest)
        except ValueError as error:
            return Reading(server=self.server, fault=str(error))
        # It was sent half a round trip ago.
        zero = told + round((now - self.sent) * 500 - now * 1000)
        return Reading(server=self.server, zero=zero)


def _find(server: str, port: int, *, literal: bool = False) -> list[tuple[int, tuple[str, int]]]:
    """Return families and addresses of a server; [] if it has none, or is no literal address."""
    flags = socket.AI_NUMERICHOST if literal else 0
    try:
        # As bytes: a text would need the codec for international names, which is not loaded.
        host = server.encode("ascii")
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM, flags=flags)
    except (OSError, UnicodeError):
        return []
    return [(family, address) for family, *_, address in found]  # type: ignore[misc]

"""Connections to a host by its name: every address is tried, IPv6 and IPv4 side by side.

RFC 8305: an address that does not answer delays the next one by 250 ms, and lookups of IPv6 and
IPv4 go on in parallel.
"""

import asyncio
import contextlib
import errno
import socket
import threading
import time
from collections.abc import Awaitable, Callable

from petipy.fetch.connection import Connection, connect_socket
from petipy.fetch.failure import FetchError
from petipy.fetch.way import AWAY, bind, describe_turn, is_bound, may_turn
from petipy.state.network import ANY_WAY, Way

_NEXT = 0.25  # seconds until the next address is tried beside one that has not answered
_LATE = 0.05  # seconds that IPv4 addresses wait for IPv6 ones
_KEPT = 30.0  # seconds for which an answer of a name server counts
_MOST = 16  # addresses of a host: a hostile name server may give thousands

Address = tuple[str, int] | tuple[str, int, int, int]  # of AF_INET, or of AF_INET6
# Host, port, family → addresses. Raises OSError: socket.gaierror for a name without any.
Resolve = Callable[[str, int, int], Awaitable[list[Address]]]


async def resolve(host: str, port: int, family: int) -> list[Address]:
    """Ask libc, in a thread: the name servers are those of /etc/resolv.conf.

    After a timeout nothing waits for the thread, as libc may take half a minute. The loop would
    wait for a thread of its own executor.
    """
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[list[Address] | OSError] = loop.create_future()
    name = host.encode()  # a text would go by a codec that is imported late

    def look_up() -> None:
        found: list[Address] | OSError
        try:
            told = socket.getaddrinfo(name, port, family=family, type=socket.SOCK_STREAM)
            found = [_check(address) for *_, address in told]
        except OSError as error:
            found = error
        with contextlib.suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(_settle, answer, found)

    try:
        threading.Thread(target=look_up, daemon=True).start()
    except RuntimeError as error:
        raise OSError(errno.EAGAIN, str(error)) from None
    outcome = await answer
    if isinstance(outcome, OSError):
        raise outcome
    return outcome


def _settle(
    answer: "asyncio.Future[list[Address] | OSError]", found: list[Address] | OSError
) -> None:
    if not answer.done():
        answer.set_result(found)


class Names:
    """Answers of name servers, kept for a while: the files of a boot are often on one host.

    The same question is asked once at a time.
    """

    def __init__(self, resolve: Resolve, clock: Callable[[], float] = time.monotonic) -> None:
        self._resolve, self._clock = resolve, clock
        self._asking: dict[tuple[str, int, int], asyncio.Lock] = {}
        self._known: dict[tuple[str, int, int], tuple[float, list[Address]]] = {}

    async def resolve(self, host: str, port: int, family: int) -> list[Address]:
        """Do as petipy.fetch.connect.resolve."""
        key = host, port, family
        async with self._asking.setdefault(key, asyncio.Lock()):
            at, found = self._known.get(key, (0.0, []))
            if not found or self._clock() - at > _KEPT:
                found = await self._resolve(host, port, family)
                self._known[key] = self._clock(), found
            return found


async def connect(
    host: str, port: int, resolve: Resolve, within: float, way: Way = ANY_WAY
) -> Connection:
    """Return a connection to the first of the host's addresses that answers. Raise FetchError."""
    race = _Race(host, port, resolve, way)
    try:
        async with asyncio.timeout(within):
            sock = await race.run()
            return Connection(sock, race.remarks.get(sock, ""))
    except TimeoutError:
        raise race.failure() from None


def split_literal(host: str, port: int) -> list[Address]:
    """Return the address that a host is written as; [] for a name. No name server is asked."""
    with contextlib.suppress(OSError):
        name = host.encode()  # a text would go by a codec that is imported late
        found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
        return [_check(address) for *_, address in found]
    return []


def _check(address: tuple[str, int] | tuple[str, int, int, int] | tuple[int, bytes]) -> Address:
    """Return the address unless Python has been built without IPv6."""
    if not isinstance(address[0], str):
        raise OSError(errno.EAFNOSUPPORT, "this Python knows no IPv6")
    return address


class _Race:
    """Attempts to connect, of which the first that succeeds wins."""

    def __init__(self, host: str, port: int, resolve: Resolve, way: Way) -> None:
        self._host, self._port, self._resolve, self._way = host, port, resolve, way
        self.remarks: dict[socket.socket, str] = {}  # on the way that was taken
        # Addresses not yet tried, best first: rank in its family, 0 for IPv6, address.
        self._waiting = [(n, 0, a) for n, a in enumerate(split_literal(host, port))]
        self._reasons: dict[str, str] = {}  # address → why there is no connection
        self._unknown: list[OSError] = []  # failures of lookups
        self._ipv6_is_known = asyncio.Event()

    async def run(self) -> socket.socket:
        trying: set[asyncio.Task[socket.socket | None]] = set()
        won: socket.socket | None = None
        try:
            async with asyncio.TaskGroup() as group:
                won = await self._run(group, trying)
        except BaseException:
            if won is not None:
                won.close()
            raise
        finally:
            # An attempt may have succeeded just when it was cancelled.
            for task in trying:
                late = None if task.cancelled() else task.result()
                if late is not None:
                    late.close()
        if won is None:
            raise self.failure()
        return won

    async def _run(
        self, group: asyncio.TaskGroup, trying: set[asyncio.Task[socket.socket | None]]
    ) -> socket.socket | None:
        """Return the first socket that is connected; leave the other attempts in `trying`."""
        loop = asyncio.get_running_loop()
        families = () if self._waiting else (socket.AF_INET6, socket.AF_INET)
        looking = {group.create_task(self._look_up(family)) for family in families}
        begin = loop.time()  # of the next attempt
        while True:
            if self._waiting and (not trying or loop.time() >= begin):
                address = self._waiting.pop(0)[2]
                trying.add(group.create_task(self._try(address)))
                begin = loop.time() + _NEXT
            if not (looking or trying):
                return None
            until = max(begin - loop.time(), 0) if self._waiting else None
            done, _ = await asyncio.wait(
                {*looking, *trying}, timeout=until, return_when=asyncio.FIRST_COMPLETED
            )
            looking -= done
            for task in trying & done:
                trying.discard(task)
                if (sock := task.result()) is not None:
                    for other in (*looking, *trying):
                        other.cancel()
                    return sock

    def failure(self) -> FetchError:
        """Return the failure of all that was tried so far."""
        if self._reasons:
            # A message names the host already: an address is told if it is another word.
            reasons = [
                reason if address == self._host else f"{address}: {reason}"
                for address, reason in self._reasons.items()
            ]
            return FetchError(", ".join(reasons), "silent", again=True)
        if not self._unknown or any(e.errno == socket.EAI_AGAIN for e in self._unknown):
            words = f"no name server gives an address of {self._host}"
            return FetchError(words, "silent", again=True)
        return FetchError(f"there is no host {self._host}", "silent")

    async def _look_up(self, family: int) -> None:
        try:
            found = await self._resolve(self._host, self._port, family)
        except OSError as error:
            self._unknown.append(error)
            return
        finally:
            if family == socket.AF_INET6:
                self._ipv6_is_known.set()
        if family == socket.AF_INET:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LATE):
                    await self._ipv6_is_known.wait()
        rank = int(family == socket.AF_INET)
        self._waiting += [(n, rank, address) for n, address in enumerate(found[:_MOST])]
        self._waiting.sort()

    async def _try(self, address: Address, *, turned: bool = False) -> socket.socket | None:
        """Return a socket connected to the address, or None; the reason is noted.

        `turned`: the way's interface does not reach it.
        """
        self._reasons[address[0]] = "no answer"
        try:
            sock = socket.socket(socket.AF_INET if len(address) == 2 else socket.AF_INET6)
        except OSError as error:  # a kernel without IPv6
            self._reasons[address[0]] = error.strerror or str(error)
            return None
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            remark = describe_turn(self._way) if turned else bind(sock, self._way, address)
            await connect_socket(sock, address)
        except OSError as error:
            self._reasons[address[0]] = _WORDS.get(error.errno or 0, error.strerror or str(error))
            again = error.errno in AWAY and is_bound(sock) and may_turn(self._way, address)
        except BaseException:
            sock.close()
            raise
        else:
            self.remarks[sock] = remark
            return sock
        sock.close()
        return await self._try(address, turned=True) if again else None


_WORDS = {
    errno.ECONNREFUSED: "connection refused",
    errno.EHOSTUNREACH: "no route to it",
    errno.ENETUNREACH: "no route to it",
    errno.ETIMEDOUT: "no answer",
}

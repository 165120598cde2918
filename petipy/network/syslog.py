"""The log for a syslog server: RFC 5424, a datagram of UDP for each line (RFC 5426).

This process only sends. A confined child looks the server's name up.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import chain

from petipy.log import Log, uptime
from petipy.state.model import Snapshot, Status
from petipy.state.store import Store
from petipy.sys import names
from petipy.sys.epoch import read_epoch

BY_DHCP = "dhcp"  # the value of the setting that asks for option 7
PORT = 514
_DAEMON = 3 << 3  # the facility of system daemons
_SEVERITIES: Mapping[str, int] = {"error": 3, "warning": 4, "info": 6, "debug": 7}
_LONGEST = 2048  # bytes of a datagram, which every receiver should take (RFC 5424, section 6.1)
_LOOKUP = 10.0  # seconds for the server's name
_PAUSE = 5.0  # seconds after a failure
_GAP = 0.002  # seconds between two lines: a burst overruns a receiver's buffer


def make_message(status: Status, started: float, host: str, earliest: int) -> bytes:
    """Return the datagram for a line of the log.

    `started` is the time, in seconds since 1970, at which the kernel started; a time before
    `earliest` is not sent, as the clock is wrong. The line has no control characters: petipy.log.
    """
    at = started + status.at
    stamp = "-"
    if at >= earliest:
        # Not by %f: time.strftime has no fractions.
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at % 1 * 1000):03}Z"
    head = f"<{_DAEMON + _SEVERITIES[status.level]}>1 {stamp} {host or '-'} petipy - - - "
    # The mark says that the text is UTF-8 (section 6.4).
    data = head.encode() + b"\xef\xbb\xbf" + status.text.encode(errors="replace")
    return data[:_LONGEST].decode(errors="ignore").encode()


def find_server(setting: str, snapshot: Snapshot) -> tuple[str, int] | None:
    """Return the host and port of the server; None as long as none is known or reachable."""
    links = [source for source in snapshot.sources if source.link and source.link.addresses]
    if not links:
        return None
    if setting != BY_DHCP:
        return split_host(setting)
    told = chain.from_iterable(source.link.log_servers for source in links if source.link)
    address = next(filter(names.is_address, told), "")
    return (address, PORT) if address else None


def split_host(text: str) -> tuple[str, int]:
    """Split HOST, HOST:PORT or [ADDRESS]:PORT. Raise ValueError."""
    if names.is_address(text):
        return text, PORT
    host, colon, port = text.rpartition(":")
    if not colon:
        host, port = text, str(PORT)
    number = int(port) if port.isascii() and port.isdecimal() else 0
    bare = host.removeprefix("[").removesuffix("]")
    fits = names.is_address(bare) or all(
        part and part.replace("-", "").isalnum() for part in bare.rstrip(".").split(".")
    )
    if not (0 < number < 1 << 16 and bare and bare.isascii() and fits and len(bare) < 254):
        raise ValueError(text)
    return bare, number


class Syslog:
    """Sends the lines of the log, also those from before there was a network."""

    def __init__(
        self,
        setting: str,
        log: Log,
        store: Store,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._setting, self._log, self._store, self._clock = setting, log, store, clock
        self._epoch = read_epoch()
        self._last: Status | None = None  # the last line that was sent
        self._told = ""  # the failure that the log has
        self._line: socket.socket | None = None
        self._news = asyncio.Event()
        log.listen(self._news.set)

    async def run(self) -> None:
        """Send; return only when cancelled."""
        while True:
            try:
                await self._send_all()
            except OSError as error:
                self._tell(error.strerror or str(error))
            await asyncio.sleep(_PAUSE)

    async def _send_all(self) -> None:
        """Send everything until the server changes. Raise OSError."""
        host, port = await self._wait_for_server()
        address = (await names.look_up(host, _LOOKUP))[0]
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
            line.setblocking(False)
            line.connect((address, port))
            self._tell("")
            self._line = line
            try:
                while find_server(self._setting, self._store.snapshot) == (host, port):
                    self._news.clear()
                    for status in self._list_fresh():
                        self._send(line, status)
                        await asyncio.sleep(_GAP)
                    await self._news.wait()
            finally:
                self._line = None

    async def _wait_for_server(self) -> tuple[str, int]:
        snapshot = self._store.snapshot
        while not (server := find_server(self._setting, snapshot)):
            snapshot = await self._store.wait_for_change(snapshot.version)
        return server

    async def release(self, lines: Sequence[str]) -> None:
        """Send what is left before the machine leaves. `lines` are in the log, too."""
        if self._line:
            for status in self._list_fresh():
                self._send(self._line, status)

    def resume(self) -> None:
        """Go on after a boot that failed."""

    def _send(self, line: socket.socket, status: Status) -> None:
        """Send one line of the log. What a full queue or an absent server drops is lost."""
        started = self._clock() - uptime()
        with contextlib.suppress(OSError):
            line.send(make_message(status, started, line.getsockname()[0], self._epoch))
        self._last = status

    def _list_fresh(self) -> list[Status]:
        """Return the lines that have not been sent, the oldest first."""
        fresh: list[Status] = []
        for status in reversed(self._log.lines):
            if status is self._last:
                break
            fresh.append(status)
        return fresh[::-1]

    def _tell(self, failure: str) -> None:
        """Tell a failure, once, or that it is over."""
        if failure and failure != self._told:
            self._log.warning(f"petipy.syslog: {self._setting}: {failure}")
        self._told = failure

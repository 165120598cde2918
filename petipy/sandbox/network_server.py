"""The branch of the scanner process that serves the requests about networks."""

import os
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from parsers.api import Format
from petipy.fetch import tls
from petipy.sandbox import fetching, packets
from petipy.sandbox.child import Child, ScanTree
from petipy.sandbox.mounter import Mounter
from petipy.sandbox.remote_messages import FETCHES, NETWORK_REQUESTS, LeaseRequest, NetworkRequest
from petipy.sandbox.server import Server
from petipy.scan.lease import prepare, scan_lease
from petipy.startup import lazy
from petipy.sys import limits, seccomp

_ANSWERING = 75.0  # seconds for the child that answers an ask; petipy.sandbox.remote waits longer


def run(
    control: int,
    mounter: Mounter,
    formats: Sequence[Format],
    scan_tree: ScanTree | None,
    broken: str,
) -> None:
    """Serve requests until the other end of `control` is closed."""
    server = NetworkServer(socket.socket(fileno=control), mounter)
    server.prepare_for_leases(formats, scan_tree, broken)
    limits.set_idle(0, idle=False)  # no child is to inherit it
    server.serve()


class NetworkServer(Server):
    """Follows leases and fetches files. Only its children talk to servers."""

    at_once = 16  # children mostly wait for servers, and no link may wait for another link's
    most_asks = 400  # of one child: petipy.sandbox.remote has the bound of a scan
    first_user = limits.FETCH_USERS

    def prepare_for_leases(
        self, formats: Sequence[Format], scan_tree: ScanTree | None, broken: str
    ) -> None:
        """Import what the children need, and take over the parsers."""
        from petipy.sandbox import remote  # noqa: F401  a confined child imports nothing

        lazy.load("logging", "traceback")  # for asyncio
        self._formats, self._scan_tree, self._broken = formats, scan_tree, broken
        prepare(formats)
        NETWORK_REQUESTS.build()
        fetching.warm()
        if seccomp.available():
            for work in ("scan", "fetch"):
                seccomp.program(os.uname().machine, work)

    def load(self, *, tls: bool) -> None:
        if tls:
            _load_tls()

    def plan_work(self, file: int, user: int) -> Callable[[Child], None]:
        request = _read_request(file)
        if isinstance(request, LeaseRequest):
            formats, _ = self.scan_by()
            return lambda child: child.follow(request, formats, scan_lease, user)
        return lambda child: child.fetch(partial(fetching.answer_request, request, user=user))

    def prepare_ask(self, ask: bytes) -> float:
        if ask[:1] == packets.FETCH_BY_TLS:
            _load_tls()
        return time.monotonic() + _ANSWERING

    def answer_ask(self, link: socket.socket, file: int, ask: bytes, user: int) -> None:
        request = _read_request(file)
        if not isinstance(request, LeaseRequest):
            packets.send_if_heard(link, ask)
        elif ask[:1] in (packets.FETCH, packets.FETCH_BY_TLS):
            try:
                wanted = FETCHES.decode(ask[1:])
            except ValueError:
                packets.send_if_heard(link, ask)
                return
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            socket.send_fds(link, [ask], [theirs.fileno()])
            theirs.close()
            by_tls = ask[:1] == packets.FETCH_BY_TLS
            fetching.answer_ask(wanted, request.rules, request.way, ours, user, tls=by_tls)
        else:
            self.mount(link, ask, request.devices)


def _read_request(file: int) -> NetworkRequest:
    return NETWORK_REQUESTS.decode(os.pread(file, os.fstat(file).st_size, 0))


def _load_tls() -> None:
    """Import ssl, once, for all children from now on. Without it, a child says so."""
    with suppress(OSError):
        tls.load()

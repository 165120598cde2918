"""Measure downloads and starts over the network, beside other programs, on one link in one run.

    python -m tests.bench.network [TABLE ...]

needs root: servers and clients are in namespaces. A link without delay is a veth pair; one with
delay or loss goes through the switch of tests/network, as this needs no netem.
"""

import contextlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from initramfs.host import REPOSITORY
from tests.bench.table import table
from tests.network.authority import Authority
from tests.network.namespace import Namespace, join, namespace
from tests.network.servers import (
    HTTP_ROOT,
    TFTP_ROOT,
    put,
    start_nginx,
    start_tftpd,
)
from tests.network.switch import Switch, running

SIZE = 100_000_000  # bytes of the file
ROUNDS = 5
SERVER = "192.0.2.1"
Rows = Iterator[list[str]]


@dataclass(frozen=True)
class Line:
    """Two ends of a link: a server's network with lan0, and a client's with eth0."""

    server: Namespace
    client: Namespace
    room: Path

    @property
    def target(self) -> Path:
        """Return a file to download to, in memory."""
        return self.room / "target"


@contextmanager
def link(delay: float = 0.0, loss: float = 0.0) -> Iterator[Line]:
    """Make a link with a delay in seconds for each direction, and a loss from 0 to 1."""
    with contextlib.ExitStack() as stack:
        room = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm")))
        server = stack.enter_context(namespace(room / "server"))
        client = stack.enter_context(namespace(room / "client"))
        if delay or loss:
            switch = Switch()
            for name, descriptor in ("s", server.tap("lan0")), ("c", client.tap("eth0")):
                port = switch.port(name, descriptor)
                port.delay, port.loss = delay, loss
            stack.enter_context(running(switch))
        else:
            join(server, "lan0", client, "eth0")
        server.address("lan0", f"{SERVER}/24")
        client.address("eth0", "192.0.2.2/24")
        client.ip("link set eth0 up")
        yield Line(server, client, room)


def median(action: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the median of the seconds that the action takes."""
    times = []
    for _ in range(rounds):
        began = time.monotonic()
        action()
        times.append(time.monotonic() - began)
    return statistics.median(times)


def rate(size: int, seconds: float) -> str:
    return f"{size / seconds / 1e6:.3g} MB/s"


def fetch(line: Line, url: str, *authorities: str) -> float:
    """Return the seconds that a fetch takes by Petipy, in a process that is prepared for it."""
    program = [sys.executable, "-m", "tests.bench.fetching", url, *authorities]
    return float(line.client.run("env", f"PYTHONPATH={REPOSITORY}", *program, within=120))


def http() -> Rows:
    """Yield the table of 100 MB by http and https. Both clients take turns."""
    yield ["100 MB from nginx, no delay", "curl", "Petipy", "of curl's rate"]
    with link() as line:
        authority = Authority(line.room / "ca")
        certificate = authority.sign(f"IP:{SERVER}")
        put(line.server.room / HTTP_ROOT, {"file": bytes(SIZE)})
        start_nginx(
            line.server,
            f"server {{ listen 80; }} server {{ listen 443 ssl; {certificate.nginx} }}",
        )
        trusted = str(authority.certificate)
        curl = ["curl", "-sSf", "--cacert", trusted, "-o", str(line.target)]
        curl += ["-w", "%{time_total}"]
        for scheme in ("http", "https"):
            url = f"{scheme}://{SERVER}/file"
            theirs, ours = [], []
            for _ in range(2 * ROUNDS):
                theirs.append(float(line.client.run(*curl, url)))
                ours.append(fetch(line, url, trusted))
            slow, fast = statistics.median(theirs), statistics.median(ours)
            yield [scheme, rate(SIZE, slow), rate(SIZE, fast), f"{slow / fast:.2f}"]


def tftp() -> Rows:
    """Yield the table of files by tftp, over links with delay and loss."""
    yield ["tftp: round trip, loss, size", "tftp-hpa, 512 bytes", "BusyBox, 1,428 bytes"]
    links = [
        (0.0, 0.0, 10_000_000),
        (0.001, 0.0, 1_000_000),
        (0.05, 0.0, 200_000),
        (0.001, 0.01, 200_000),
    ]
    for delay, loss, size in links:
        with link(delay / 2, loss) as line:
            put(line.server.room / TFTP_ROOT, {"file": bytes(size)})
            start_tftpd(line.server)
            script = f"printf 'binary\\nget file {line.target}\\n' | tftp {SERVER}"
            busybox = ["busybox", "tftp", "-b", "1428", "-g", "-r", "file", "-l", str(line.target)]
            clients = [["sh", "-c", script], [*busybox, SERVER]]
            rounds = ROUNDS if delay < 0.01 and not loss else 1
            yield [f"{delay * 1000:.0f} ms, {loss:.0%}, {size / 1e6} MB"] + [
                rate(size, median(lambda words=words: line.client.run(*words, within=120), rounds))  # type: ignore[misc]
                for words in clients
            ]


TABLES: dict[str, Callable[[], Rows]] = {"http": http, "tftp": tftp}


def main(arguments: Sequence[str]) -> int:
    for name in arguments or TABLES:
        sys.stdout.write(table(list(TABLES[name]())) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

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
    start_atftpd,
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


@dataclass(frozen=True)
class Cell:
    """A row of a table: a line, and the bytes that Petipy fetches over it in some seconds."""

    trip: float  # seconds of a round trip, without the switch's own
    loss: float  # of each direction
    size: int

    def __str__(self) -> str:
        return f"{self.trip * 1000:g} ms, loss {self.loss:.0%}"


WEB_CELLS = (
    Cell(0, 0, SIZE),
    Cell(0.001, 0, SIZE // 2),
    Cell(0.05, 0, SIZE // 5),
    Cell(0, 0.01, SIZE // 5),
    Cell(0.001, 0.01, SIZE // 5),
    Cell(0.05, 0.01, 2_000_000),
)


def http() -> Rows:
    """Yield the table of files by http and https from nginx. Both clients take turns."""
    yield ["nginx: round trip", "curl", "Petipy", "of curl's rate"]
    for cell in WEB_CELLS:
        with link(cell.trip / 2, cell.loss) as line:
            authority = Authority(line.room / "ca")
            certificate = authority.sign(f"IP:{SERVER}")
            put(line.server.room / HTTP_ROOT, {"file": bytes(cell.size)})
            secret = f"server {{ listen 443 ssl; {certificate.nginx} }}"
            start_nginx(line.server, f"server {{ listen 80; }} {secret}")
            for scheme in ("http", "https"):
                slow, fast = measure_web(line, scheme, str(authority.certificate), cell.size)
                rates = (rate(cell.size, slow), rate(cell.size, fast))
                yield [f"{scheme}, {cell}", *rates, f"{slow / fast:.2f}"]


def measure_web(line: Line, scheme: str, authority: str, size: int) -> tuple[float, float]:
    """Return the seconds that curl and Petipy take for the file."""
    curl = ["curl", "-sSf", "--cacert", authority, "-o", str(line.target), "-w", "%{time_total}"]
    url, theirs, ours = f"{scheme}://{SERVER}/file", [], []
    for _ in range(2 * ROUNDS):
        theirs.append(float(line.client.run(*curl, url, within=120)))
        assert line.target.stat().st_size == size
        ours.append(fetch(line, url, authority))
    return statistics.median(theirs), statistics.median(ours)


@dataclass(frozen=True)
class BlockCell(Cell):
    """A row of the table of TFTP."""

    theirs: int  # bytes of the others' file
    windows: bool = True  # the server knows them

    def __str__(self) -> str:
        return super().__str__() + ("" if self.windows else ", no windows")


BLOCK_CELLS = (
    BlockCell(0, 0, SIZE, SIZE),
    BlockCell(0.001, 0, SIZE, 2_000_000),
    BlockCell(0.05, 0, 20_000_000, 150_000),
    BlockCell(0, 0.01, SIZE // 2, 1_000_000),
    BlockCell(0.001, 0.01, 20_000_000, 150_000),
    BlockCell(0.05, 0.01, 10_000_000, 100_000),
    BlockCell(0, 0, SIZE, SIZE, windows=False),
    BlockCell(0.001, 0, 5_000_000, 2_000_000, windows=False),
)


def tftp() -> Rows:
    """Yield the table of files by TFTP, over lines with delay and loss. The clients take turns.

    Without delay and loss there is a veth pair, else the switch. The rates are those of files of
    a size that takes seconds: block for block, 100 MB take hours at 50 ms.
    """
    yield ["TFTP: round trip", "tftp-hpa, 512", "BusyBox, 1,428", "Petipy", "of hpa's", "of its"]
    for cell in BLOCK_CELLS:
        with link(cell.trip / 2, cell.loss) as line:
            files = {"ours": bytes(cell.size), "theirs": bytes(cell.theirs)}
            put(line.server.room / TFTP_ROOT, files)
            if cell.windows:
                start_atftpd(line.server, "--retry-timeout", "1")
            else:
                start_tftpd(line.server)
            yield measure(line, cell)


def measure(line: Line, cell: BlockCell) -> list[str]:
    """Return the row of a cell."""
    target = str(line.target)
    script = f"printf 'binary\nget theirs {target}\n' | tftp {SERVER}"
    busybox = ["busybox", "tftp", "-b", "1428", "-g", "-r", "theirs", "-l", target, SERVER]
    rates: tuple[list[float], ...] = ([], [], [])
    for _ in range(1 if cell.trip > 0.01 or cell.loss else 3):
        for words, found in zip((["sh", "-c", script], busybox), rates, strict=False):
            line.target.unlink(missing_ok=True)
            began = time.monotonic()
            try:
                line.client.run(*words, within=300)
            except AssertionError:  # it has given up
                found.append(0)
                continue
            got = line.target.stat().st_size == cell.theirs
            found.append(got * cell.theirs / (time.monotonic() - began))
        rates[2].append(cell.size / fetch(line, f"tftp://{SERVER}/ours"))
    hpa, box, ours = map(statistics.median, rates)
    ratios = [f"{ours / other:.2f}" if other else "it gave up" for other in (hpa, box)]
    return [str(cell), *(f"{found / 1e6:.3g} MB/s" for found in (hpa, box, ours)), *ratios]


TABLES: dict[str, Callable[[], Rows]] = {"http": http, "tftp": tftp}


def main(arguments: Sequence[str]) -> int:
    for name in arguments or TABLES:
        sys.stdout.write(table(list(TABLES[name]())) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

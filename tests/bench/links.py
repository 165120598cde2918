"""Measure the time from a cable that is plugged in to the first entry of the menu.

    python -m tests.bench.links [CARDS ...]

needs root. "bare" is BusyBox's DHCP client and one curl, for the same lease and configuration on
the same line: the rest is what Petipy adds. Only one of several cards is answered.
"""

import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.bench.table import table
from tests.network.namespace import Namespace, join, namespace
from tests.network.program import start_petipy
from tests.network.servers import HTTP_ROOT, put, start_dnsmasq, start_nginx
from tests.network.switch import Switch, running

ROUNDS = 5
CARDS = (1, 8)
TRIPS = (0.0, 0.1)  # seconds of a round trip
CONFIG = "DEFAULT linux\nLABEL linux\n\tKERNEL vmlinux\n"
SCRIPT = """\
#!/bin/sh
[ "$1" = bound ] || exit 0
ip address add $ip/24 dev $interface
curl -sSf -o /dev/null http://192.0.2.1/pxelinux.cfg/default
"""


@dataclass(frozen=True)
class Line:
    """A client's network; its cables lead to another one. The first card has a server there."""

    client: Namespace
    patch: Namespace
    cables: Sequence[str]

    def plug(self) -> float:
        """Plug all cables in; return the time."""
        words = "".join(f"link set {cable} up\n" for cable in self.cables)
        self.patch.run("ip", "-batch", "-", feed=words.encode())
        return time.monotonic()


@contextmanager
def line(delay: float, cards: int) -> Iterator[Line]:
    """Make a line whose cables are out. `delay` is in seconds, for each direction."""
    with ExitStack() as stack:
        room = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/dev/shm")))
        server, patch, client = (
            stack.enter_context(namespace(room / name)) for name in ("server", "patch", "client")
        )
        cables = [f"cable{number}" for number in range(cards)]
        for number, cable in enumerate(cables):
            join(patch, cable, client, f"eth{number}")
        switch = Switch()
        for descriptor in (server.tap("lan0"), patch.tap("wall")):
            switch.port("", descriptor).delay = delay
        # A bridge would take its time until it forwards.
        redirect(patch, "wall", cables[0])
        redirect(patch, cables[0], "wall")
        for cable in cables:
            patch.ip(f"link set {cable} down")
        server.address("lan0", "192.0.2.1/24")
        put(server.room / HTTP_ROOT, {"pxelinux.cfg/default": CONFIG, "vmlinux": b"good"})
        start_nginx(server, "server { listen 80; }")
        boot = ("dhcp-boot=pxelinux.0", "dhcp-option-force=210,http://192.0.2.1/")
        start_dnsmasq(server, "dhcp-range=192.0.2.50,192.0.2.60,10m", *boot)
        stack.enter_context(running(switch))
        yield Line(client, patch, cables)


def redirect(space: Namespace, source: str, target: str) -> None:
    """Send whatever comes in at one interface out of the other."""
    space.run("tc", "qdisc", "add", "dev", source, "ingress")
    words = "parent ffff: protocol all u32 match u32 0 0 action mirred egress redirect dev"
    space.run("tc", "filter", "add", "dev", source, *words.split(), target)


def wait(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, "nothing within a minute"
        time.sleep(0.002)


def measure_petipy(delay: float, cards: int) -> float:
    with line(delay, cards) as made, start_petipy(made.client, "petipy.timeout=never"):
        log = made.client.room / "log.txt"
        wait(lambda: log.exists() and f"eth{cards - 1}" in log.read_text())
        time.sleep(1)
        began = made.plug()
        wait(lambda: "eth0: 1 entry" in log.read_text())
        return time.monotonic() - began


def measure_bare(delay: float) -> float:
    with line(delay, 1) as made:
        script = made.client.room / "script"
        script.write_text(SCRIPT)
        script.chmod(0o755)
        common = ("busybox", "udhcpc", "-n", "-q", "-f", "-T", "1", "-i", "eth0", "-s", script)
        made.client.run("ip", "link", "set", "eth0", "up")
        began = made.plug()
        made.client.run(*common)
        return time.monotonic() - began


def rows(cards: Sequence[int]) -> Iterator[list[str]]:
    yield ["round trip", "bare", *(f"Petipy, {count} card{'s'[: count - 1]}" for count in cards)]
    for trip in TRIPS:
        times = [[measure_bare(trip / 2) for _ in range(ROUNDS)]]
        times += [[measure_petipy(trip / 2, count) for _ in range(ROUNDS)] for count in cards]
        yield [f"{trip * 1000:.0f} ms", *(f"{statistics.median(t):.2f} s" for t in times)]


def main(arguments: Sequence[str]) -> int:
    sys.stdout.write(table(list(rows([int(word) for word in arguments] or CARDS))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

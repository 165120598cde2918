"""Measure the time from a cable that is plugged in to the first entry of the menu.

    python -m tests.bench.links [CARDS ...]

needs root. "bare" is BusyBox's DHCP client and one curl, for the same lease and configuration on
the same line: the rest is what Petipy adds. Only one of several cards is answered. "lease" is
systemd-networkd alone. The processor time is that of all of Petipy's processes.
"""

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from tests.bench.table import table
from tests.network.daemon import start_networkd
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


def measure_petipy(delay: float, cards: int) -> tuple[float, float]:
    """Return the seconds to the first entry, and the processor's."""
    with line(delay, cards) as made, start_petipy(made.client, "petipy.timeout=never") as petipy:
        log = made.client.room / "log.txt"
        wait(lambda: log.exists() and f"eth{cards - 1}" in log.read_text())
        time.sleep(1)
        spent = read_processor_time(petipy.program.process.pid)
        began = made.plug()
        wait(lambda: "eth0: 1 entry" in log.read_text())
        took = time.monotonic() - began
        return took, read_processor_time(petipy.program.process.pid) - spent


def measure_networkd(delay: float, cards: int) -> float:
    """Return the seconds to the lease, without the rest of Petipy."""
    with line(delay, cards) as made:
        program = start_networkd(made.client)
        names = [f"eth{number}" for number in range(cards)]
        wait(lambda: all(f"{name}: Link UP" in program.said for name in names))
        time.sleep(1)
        began = made.plug()
        wait(lambda: "DHCPv4 address" in program.said)
        took = time.monotonic() - began
        program.stop()
        return took


def read_processor_time(pid: int) -> float:
    """Return the seconds of processor time of a process and all that it has started."""
    total = 0.0
    with suppress(OSError):  # it ends just now
        place = Path(f"/proc/{pid}")
        total = int((place / "schedstat").read_text().split()[0]) / 1e9
        of_dead = (place / "stat").read_text().rpartition(")")[2].split()[13:15]
        total += sum(map(int, of_dead)) / os.sysconf("SC_CLK_TCK")
        children = (place / f"task/{pid}/children").read_text().split()
        total += sum(read_processor_time(int(child)) for child in children)
    return total


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
    yield ["round trip", "cards", "bare", "lease", "Petipy", "processor"]
    for trip in TRIPS:
        bare = statistics.median(measure_bare(trip / 2) for _ in range(ROUNDS))
        for count in cards:
            alone = statistics.median(measure_networkd(trip / 2, count) for _ in range(ROUNDS))
            found = [measure_petipy(trip / 2, count) for _ in range(ROUNDS)]
            took, spent = (statistics.median(values) for values in zip(*found, strict=True))
            seconds = (f"{value:.2f} s" for value in (bare, alone, took))
            yield [f"{trip * 1000:.0f} ms", str(count), *seconds, f"{spent * 1000:.0f} ms"]


def main(arguments: Sequence[str]) -> int:
    sys.stdout.write(table(list(rows([int(word) for word in arguments] or CARDS))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""The network of a machine in a namespace, from its links to its entries: all but the menu.

    python -m tests.network.follower PLACE [WORDS…]

PLACE is a directory for resolv.conf; WORDS are of a kernel command line. Each change of the sources
is a line of JSON.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from initramfs.host import REPOSITORY
from petipy.fetch.scheme import Limits
from petipy.log import Log
from petipy.network.clock import Clock
from petipy.network.services import NetworkServices
from petipy.sandbox import fetching
from petipy.sandbox.client import Scanner
from petipy.sandbox.process import ScannerProcess
from petipy.settings import storage
from petipy.sources import repeats
from petipy.sources.discover import Discovery, Receive
from petipy.state.model import Device, Scan, Source, Status
from petipy.state.network import find_way
from petipy.state.store import Store
from tests.network.daemon import Machine
from tests.network.namespace import PATIENCE, Namespace, Program

QUICK = "test.quick"  # a word: a silent server is given up after a second, and asked again soon


@dataclass
class Follower:
    """The machine, as a test sees it."""

    program: Program

    def state(self) -> Mapping[str, Any]:
        """Return the last state of the sources by name, with the titles of their entries."""
        lines = [line for line in self.program.said.splitlines() if line.startswith("{")]
        found: Mapping[str, Any] = json.loads(lines[-1]) if lines else {}
        return found

    def wait(self, name: str, within: float = PATIENCE, **wanted: object) -> Mapping[str, Any]:
        """Wait until a source has these values: reason="no cable"; return all of them."""

        def fits() -> bool:
            source = self.state().get(name, {})
            return all(source.get(key) == value for key, value in wanted.items())

        self.program.wait(fits, f"{name} with {wanted}", within)
        values: Mapping[str, Any] = self.state()[name]
        return values


def start(client: Namespace, *words: str) -> Follower:
    """Start it with a kernel command line of these words."""
    client.run("mount", "-o", "remount,ro", "/sys")  # networkd waits for no udevd then
    module = f"import os, runpy; os.chdir({str(REPOSITORY)!r})"
    module = f"{module}; runpy.run_module({__name__!r}, run_name='__main__')"
    argv = [sys.executable, "-u", "-c", module, str(client.room), *words]
    return Follower(client.start(*argv, name="follower"))


def hurry() -> None:
    """Shorten the limits for texts and the pauses between scans, before the scanner is forked."""
    fetching._LIMITS = Limits(connect=0.5, answer=1.0, pauses=(0.1,))
    repeats.PAUSES = 0.5, 1.0, 2.0


async def run(process: ScannerProcess, place: Path, words: Sequence[str]) -> None:
    store = Store()

    def show(status: Status) -> None:
        sys.stdout.write(f"{status.level} {status.text}\n")

    log = Log(show, files=())
    log.info = log.announce  # type: ignore[method-assign]
    settings = storage.load(" ".join(words), image="/dev/null")
    scanner = Scanner(process, log.warning)
    clock = Clock(log, read=lambda: 0.0, set_time=lambda now: log.announce(f"time {now:.0f}"))
    network = NetworkServices(settings, Machine(), log, clock, str(place / "resolv.conf"))

    async def scan(source: Source, devices: Sequence[Device], receive: Receive) -> Scan:
        assert source.device
        return await scanner.scan_lease(
            *(source.device, source.lease, (), "ppc64le", source.patience, ""),
            settings.fetching,
            receive,
            find_way(source.link),
        )

    async def tell() -> None:
        snapshot = store.snapshot
        while True:
            titles = [(choice.device, choice.entry.title) for choice in snapshot.choices]
            state = {
                source.name: {
                    "state": source.state,
                    "reason": source.reason,
                    "title": source.title,
                    "lease": dict(source.lease),
                    "log_servers": source.link.log_servers if source.link else (),
                    "requests": [f"{r.url}: {r.answer}" for r in source.requests],
                    "entries": [title for device, title in titles if device == source.name],
                }
                for source in snapshot.sources
            }
            sys.stdout.write(f"{json.dumps(state)}\n")
            snapshot = await store.wait_for_change(snapshot.version)

    async with asyncio.TaskGroup() as group:
        group.create_task(tell())
        group.create_task(Discovery(scan, store, log).run(network.watch()))


if __name__ == "__main__":
    sys.path.insert(0, str(REPOSITORY))
    os.environ["PYTHONUNBUFFERED"] = "1"
    if QUICK in sys.argv:
        hurry()
    asyncio.run(run(ScannerProcess(), Path(sys.argv[1]), sys.argv[2:]))

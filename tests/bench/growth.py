"""Seconds of CPU from the first device to the last entry, for 50 to 2,000 devices.

Each device has five entries. Scans are pretended, so that only the program's own work counts. Twice
the devices should take about twice the time: the ratios say by how much the time of 50 is exceeded,
and the column of devices by how much their number is.

- "at once": all devices come in one turn of the event loop, as those that are there at the start.
- "one by one": each comes in a turn of its own and is scanned before the next, as those that are
  plugged in. A console reads every snapshot.

Alone: python -m tests.bench.growth [COUNT ...]
"""

import asyncio
import gc
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence

from parsers.api import Entry, FileRef, Volume
from petipy.log import Log
from petipy.sources.discover import Discovery, Receive
from petipy.sources.source import Arrived, Settled, SourceEvent
from petipy.state.model import Device, Scan, Source
from petipy.state.store import Store
from tests.bench.table import table

COUNTS = (50, 100, 200, 400, 2000)
ENTRIES = 5
ROUNDS = 5
_TURNS = 4  # of the loop, from an event to the snapshot that follows


def seconds(count: int, *, at_once: bool, entries: int = ENTRIES) -> float:
    """Return the CPU time for so many devices with so many entries each."""
    gc.collect()
    start = time.process_time()
    found = asyncio.run(_start(count, entries, at_once=at_once))
    taken = time.process_time() - start
    assert found == count * entries
    return taken


async def _start(count: int, entries: int, *, at_once: bool) -> int:
    store = Store()

    async def scan(source: Source, devices: Sequence[Device], receive: Receive) -> Scan:
        await asyncio.sleep(0)
        return _scan(source.name, entries)

    async def events() -> AsyncIterator[SourceEvent]:
        for number in range(count):
            yield Arrived(Source.of(_device(number)))
            for _ in range(0 if at_once else _TURNS):
                await asyncio.sleep(0)
        yield Settled()

    async def read() -> None:
        version = 0
        while True:
            version = (await store.wait_for_change(version)).version

    console = asyncio.create_task(read())
    await Discovery(scan, store, Log(files=())).run(events())
    console.cancel()
    return len(store.snapshot.choices)


def _device(number: int) -> Device:
    volume = Volume(name=f"sd{number}", uuid=f"uuid-{number}", label=f"label-{number}", fs="ext4")
    return Device(volume=volume, node=f"/dev/sd{number}", title=f"sd{number}: 20 GB ext4")


def _scan(name: str, count: int) -> Scan:
    uuid = f"UUID=uuid-{name.removeprefix('sd')}"
    entries = (
        Entry(
            title=f"Linux {number}",
            name=str(number),
            config="/boot/grub/grub.cfg",
            line=number + 1,
            kernel=FileRef(path=f"/boot/vmlinux-{number}"),
            initrds=(FileRef(path=f"/boot/initrd-{number}", device=uuid),),
            cmdline="quiet",
        )
        for number in range(count)
    )
    return Scan(entries=tuple(("grub", entry) for entry in entries))


def rows(counts: Sequence[int] = COUNTS) -> Iterator[list[str]]:
    """Yield the table, its head first.

    A time is the least of some rounds. A round has all counts, so that whatever else the machine
    does meets all of them alike.
    """
    gc.freeze()  # as the program does at its start
    ways = [(count, at_once) for count in counts for at_once in (True, False)]
    times: dict[tuple[int, bool], float] = {}
    for _ in range(ROUNDS):
        for count, at_once in ways:
            taken = seconds(count, at_once=at_once)
            times[count, at_once] = min(taken, times.get((count, at_once), taken))
    yield ["devices", "", "at once", "", "one by one", ""]
    for count in counts:
        yield [str(count), f"x {count / counts[0]:.0f}"] + [
            cell
            for at_once in (True, False)
            for cell in (
                f"{times[count, at_once]:.3f} s",
                f"x {times[count, at_once] / times[counts[0], at_once]:.1f}",
            )
        ]


def main(arguments: Sequence[str]) -> int:
    sys.stdout.write(table(list(rows([int(word) for word in arguments] or COUNTS))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

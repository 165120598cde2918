"""Measure the memory of a guest at the menu: whole, and by process, without and with a network.

Alone: python -m tests.bench.memory
"""

import re
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from initramfs.disks import Names, disk
from tests.bench.images import Image, find_images
from tests.bench.table import table
from tests.e2e import menu
from tests.e2e.debian import Installation
from tests.e2e.target import system
from tests.e2e.vm import Machine, Nic, start
from tests.trees import lay

APPEND = "console=hvc0 quiet petipy.timeout=never"
NETWORK = ("without a network", "with one")
MENU = "LABEL linux\nKERNEL vmlinux\nAPPEND quiet\n"  # of the server
SETTLED = 30  # seconds, until what a scan leaves behind has ended
PAGE = 4096 / 1e6  # MB
# A line of /proc/meminfo; a process with its parent, name and memory.
FACTS = (
    f"sleep {SETTLED}; grep -E '^[A-Z]' /proc/meminfo; grep -E '^ +count:' /proc/zoneinfo;"
    " for f in /proc/[0-9]*/status; do"
    r" echo $(grep -E '^(Name|Pid|PPid|VmRSS|RssAnon):' $f); done 2>/dev/null"
)
PROCESS = r"Name: (\S+) Pid: (\d+) PPid: (\d+) VmRSS: (\d+) kB RssAnon: (\d+) kB"
# Names of the processes of petipy by the depth at which they descend from process 1.
PETIPY = ("petipy", "its children: scanner, listener", "their children: networks, scans")


@dataclass
class Use:
    """Memory in MB: of the kernel's table, and by kind of process resident and own.

    `spare` are free pages that processors keep for themselves; `free` takes them for used.
    """

    kernel: dict[str, float]
    spare: float
    processes: dict[str, tuple[float, float]]

    @property
    def used(self) -> float:
        """Return the column "used" of `free`: without the page cache."""
        cached = ("MemFree", "Buffers", "Cached", "SReclaimable")
        return self.kernel["MemTotal"] - sum(self.kernel.get(name, 0) for name in cached)


def measure(image: Image, whole: Path, room: Path, *, network: bool) -> Use:
    """Start a guest with that disk, go to the menu, and read what the kernel says."""
    server = lay(room / "tftp", {"pxelinux.cfg/default": MENU})
    user = f"tftp={server},bootfile=pxelinux.0"
    machine = Machine(
        kernel=image.kernel,
        initrd=image.initrd,
        append=APPEND,
        drives=[("virtio", whole)],
        nics=[Nic(user=user)] if network else [],
        record=room / "record",  # whatever else the host does, the guest does the same
    )
    with start(machine, room) as guest:
        menu.enter(guest.console)
        if network:
            guest.console.shows(r"^>?\s+linux", within=menu.START)
        return read(menu.shell(guest.console, FACTS))


def read(said: str) -> Use:
    """Read the answer to FACTS."""
    kernel = {name: kilo(size) for name, size in re.findall(r"^(\w+): +(\d+) kB", said, re.M)}
    found = re.findall(PROCESS, said)
    parents = {pid: (name, parent) for name, pid, parent, *_ in found}
    processes: dict[str, tuple[float, float]] = {}
    for name, pid, _, resident, own in found:
        depth, above = 0, parents[pid][1]
        while name == "petipy" and parents.get(above, ("",))[0] == "petipy":
            depth, above = depth + 1, parents[above][1]
        kind = PETIPY[min(depth, len(PETIPY) - 1)] if name == "petipy" else name
        before = processes.get(kind, (0.0, 0.0))
        processes[kind] = before[0] + kilo(resident), before[1] + kilo(own)
    for name in ("sh", "grep"):  # those that ask
        processes.pop(name, None)
    spare = sum(int(pages) for pages in re.findall(r"^ +count: +(\d+)", said, re.M))
    return Use(kernel, spare * PAGE, processes)


def kilo(size: str) -> float:
    return int(size) * 1024 / 1e6


def rows(images: Sequence[Image], room: Path) -> list[list[str]]:
    """Return the table, its head first."""
    names = Names.new("root")
    tree = lay(room / "memory-tree", Installation([system()], names).files())
    whole = disk(room / "memory.img", tree, names)
    columns = [(image, network) for image in images for network in (False, True)]
    uses = [measure(image, whole, room, network=network) for image, network in columns]
    table = [["memory at the menu, MB", *(f"{i.name}, {NETWORK[n]}" for i, n in columns)]]
    table.append(
        ["whole guest, used: at most 45 with our kernel", *(f"{use.used:.1f}" for use in uses)]
    )
    kinds = {
        "programs' own": "AnonPages",
        "the kernel's objects": "SUnreclaim",
        "stacks": "KernelStack",
        "page tables": "PageTables",
        "files, not in used": "Cached",
    }
    table.append(["- free pages of processors", *(f"{use.spare:.1f}" for use in uses)])
    for words, name in kinds.items():
        table.append([f"- {words}", *(f"{use.kernel.get(name, 0):.1f}" for use in uses)])
    for kind in dict.fromkeys(kind for use in uses for kind in use.processes):
        cells = [
            "{:.1f}, {:.1f} own".format(*use.processes[kind]) if kind in use.processes else ""
            for use in uses
        ]
        table.append([f"{kind}, resident", *cells])
    return table


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="petipy-bench-") as place:
        sys.stdout.write(table(rows(find_images(), Path(place))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

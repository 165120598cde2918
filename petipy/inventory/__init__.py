"""The machine as a person wants to know it, and a bug report: read from /proc and /sys, in words.

Each part is a file with a function `read`. No headless start imports this room. Nothing here is a
secret, or tells one machine from another of its kind: no serial numbers, no UUIDs.
"""

from collections.abc import Callable, Iterator

from petipy.inventory import (
    cards,
    consoles,
    disks,
    idle,
    kernel,
    machine,
    memory,
    processors,
    trust,
)
from petipy.state.inventory import Fact, Part
from petipy.state.model import Snapshot

_MOST = 64  # facts of a part: a machine may have thousands of disks

_PARTS: tuple[tuple[str, Callable[[str, Snapshot], Iterator[Fact]]], ...] = (
    ("Machine", machine.read),
    ("Processors", processors.read),
    ("Memory", memory.read),
    ("Trust", trust.read),
    ("Kernel", kernel.read),
    ("Consoles", consoles.read),
    ("Disks", disks.read),
    ("Network cards", cards.read),
    ("Devices without a driver", idle.read),
)


def read(snapshot: Snapshot, root: str = "") -> tuple[Part, ...]:
    """Return the parts of this machine, without those that it does not have.

    `root` is the place of /proc and /sys, as in petipy.platforms.
    """
    found = ((title, [*read_part(root, snapshot)]) for title, read_part in _PARTS)
    return tuple(Part(title, _limit(facts)) for title, facts in found if facts)


def _limit(facts: list[Fact]) -> tuple[Fact, ...]:
    more = len(facts) - _MOST
    return (*facts[:_MOST], *([("...", f"and {more} more")] if more > 0 else []))

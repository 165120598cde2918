"""Memory, from /proc/meminfo."""

from collections.abc import Iterator

from petipy.inventory.files import read_text
from petipy.state.inventory import Fact
from petipy.state.model import Snapshot
from petipy.state.sizes import format_size

_WORDS = {"MemTotal": "For Linux", "MemAvailable": "Free"}


def read(root: str, snapshot: Snapshot) -> Iterator[Fact]:
    for line in read_text(f"{root}/proc/meminfo").splitlines():
        name, _, amount = line.partition(":")
        number = amount.removesuffix("kB").strip()
        if name in _WORDS and number.isdecimal():
            yield _WORDS[name], format_size(int(number) << 10)

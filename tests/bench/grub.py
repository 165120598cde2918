"""Measure how long a grub.cfg takes: reading, running, trying each entry.

    python -m tests.bench.grub

The unit is the start of a bare interpreter. Aims: 2.5 for Ubuntu's file of 300 lines, 25 for 400
entries, and for 10,000 entries the same time per entry.
"""

import statistics
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from parsers.api import Entry, Item
from parsers.formats.grub.configuration import items
from tests.bench.formats import ROUNDS, seconds
from tests.fakes import Machine

CONFIG = "/boot/grub/grub.cfg"
UBUNTU = Path(__file__).parents[1] / "parsers/golden/grub/ubuntu-24.04-os-prober/root" / CONFIG[1:]
SHORT = "menuentry E@ {\n linux /v@ ro\n initrd /i\n}\n"


def texts() -> dict[str, str]:
    """Return by name Ubuntu's file, one with 400 entries like its own, and two with short ones."""
    ubuntu = UBUNTU.read_text()
    head, submenu, rest = ubuntu.partition("\nsubmenu ")
    title, newline, entries = rest.partition("\n")
    entry = entries[: entries.index("\n\t}\n") + len("\n\t}\n")]
    own = "".join(entry.replace("6.8.0-86", f"6.8.0-{n}") for n in range(399))
    return {
        "Ubuntu's": ubuntu,
        "400 like Ubuntu's": f"{head}{submenu}{title}{newline}{own}}}\n",
        "1,000 short": "".join(SHORT.replace("@", str(n)) for n in range(1000)),
        "10,000 short": "".join(SHORT.replace("@", str(n)) for n in range(10_000)),
    }


def parses(text: str) -> Callable[[], list[Item]]:
    files = Machine({"sda1": {CONFIG: text}}).files("sda1")
    return lambda: list(items(files, CONFIG))


def start() -> object:
    return subprocess.run([sys.executable, "-I", "-S", "-c", "pass"], check=True)


def rows() -> Iterator[Sequence[str]]:
    """Yield the head of the table, then a line for each text."""
    yield "a grub.cfg", "kB", "found", "ms", "interpreter's starts", "ms an entry"
    for name, text in texts().items():
        parse = parses(text)
        found = sum(isinstance(item, Entry) for item in parse())
        # Alternate: other work on the machine slows both.
        rounds = [(seconds(parse), seconds(start)) for _ in range(ROUNDS)]
        ratio = statistics.median(whole / bare for whole, bare in rounds)
        whole = 1000 * statistics.median(whole for whole, _ in rounds)
        each = f"{whole / found:.2f}"
        yield name, str(len(text) // 1000), str(found), f"{whole:.0f}", f"{ratio:.1f}", each


if __name__ == "__main__":
    for row in rows():
        sys.stdout.write("  ".join(word.ljust(20) for word in row).rstrip() + "\n")

"""The kernel's consoles, from /proc/consoles (proc(5))."""

from collections.abc import Iterator

from petipy.inventory.files import read_text
from petipy.state.inventory import Fact
from petipy.state.model import Snapshot


def read(root: str, snapshot: Snapshot) -> Iterator[Fact]:
    for line in read_text(f"{root}/proc/consoles").splitlines():
        name, _, rest = line.partition(" ")
        rights, _, flags = rest.strip().partition(" ")
        words = [word for letter, word in (("R", "input"), ("W", "output")) if letter in rights]
        words += ["/dev/console"] if "C" in flags.partition(")")[0] else []
        yield name, ", ".join(words)

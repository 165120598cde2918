"""Disks and optical drives, from /sys/class/block: their sizes, models and drivers."""

from collections.abc import Iterator
from pathlib import Path

from petipy.inventory.files import find_driver, list_names, read_number, read_text
from petipy.state.inventory import Fact
from petipy.state.model import Snapshot
from petipy.state.sizes import format_size

_SECTOR = 512  # bytes: the kernel counts so, whatever the disk has
_VIRTUAL = ("loop", "ram", "zram", "nbd", "fd")


def read(root: str, snapshot: Snapshot) -> Iterator[Fact]:
    place = f"{root}/sys/class/block"
    for name in list_names(place):
        is_part = Path(f"{place}/{name}/partition").exists()
        if not is_part and not name.startswith(_VIRTUAL):
            yield name, ", ".join(_describe(f"{place}/{name}"))


def _describe(disk: str) -> Iterator[str]:
    size = read_number(f"{disk}/size")
    yield format_size(size * _SECTOR) if size else "no medium"
    model = [read_text(f"{disk}/device/{part}") for part in ("vendor", "model")]
    if words := " ".join(word for word in model if word and not word.startswith("0x")):
        yield " ".join(words.split())
    if driver := find_driver(disk) or read_text(f"{disk}/dm/name"):
        yield driver
    for flag, word in (("removable", "removable"), ("ro", "read-only")):
        if read_number(f"{disk}/{flag}"):
            yield word

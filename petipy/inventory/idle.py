"""Disk controllers and network cards that no driver of this image serves.

Nothing of theirs is in the menu, so that a person looks in vain for a disk.
"""

from collections.abc import Iterator
from pathlib import Path

from petipy.inventory.files import list_names, read_text
from petipy.state.inventory import Fact
from petipy.state.model import Snapshot

# PCI's base classes (PCI Code and ID Assignment Specification).
_CLASSES = {"0x01": "disk controller", "0x02": "network card"}
_VIRTIO = {"0x0001": "network card", "0x0002": "disk controller", "0x0008": "disk controller"}


def read(root: str, snapshot: Snapshot) -> Iterator[Fact]:
    yield from _find(f"{root}/sys/bus/pci/devices", "class", _CLASSES)
    yield from _find(f"{root}/sys/bus/virtio/devices", "device", _VIRTIO)


def _find(place: str, fact: str, kinds: dict[str, str]) -> Iterator[Fact]:
    for name in list_names(place):
        kind = kinds.get(read_text(f"{place}/{name}/{fact}")[: len(next(iter(kinds)))])
        if kind and not Path(f"{place}/{name}/driver").exists():
            numbers = (read_text(f"{place}/{name}/{part}") for part in ("vendor", "device"))
            yield name, f"{kind}, {':'.join(numbers)}"

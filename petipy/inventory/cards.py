"""Network cards, from /sys/class/net, also where Petipy's network is off."""

from collections.abc import Iterator
from pathlib import Path

from petipy.inventory.files import find_driver, list_names, read_number, read_text
from petipy.state.inventory import Fact
from petipy.state.model import Snapshot


def read(root: str, snapshot: Snapshot) -> Iterator[Fact]:
    addresses = {
        source.link.name: source.link.addresses for source in snapshot.sources if source.link
    }
    place = f"{root}/sys/class/net"
    for name in list_names(place):
        if Path(f"{place}/{name}/device").exists():  # a card, no loopback, bridge or bond
            yield name, ", ".join([*_describe(f"{place}/{name}"), *addresses.get(name, ())])


def _describe(card: str) -> Iterator[str]:
    yield read_text(f"{card}/address") or "no address"
    if driver := find_driver(card):
        yield driver
    # A card that is down has no carrier to be read.
    yield "link" if read_number(f"{card}/carrier") else "no link"
    if speed := read_number(f"{card}/speed"):
        yield f"{speed} Mbit/s"

"""The machine and its firmware, as its platform knows them."""

from collections.abc import Iterator

from petipy import __version__, platforms
from petipy.state.inventory import Fact
from petipy.state.model import Snapshot


def read(root: str, snapshot: Snapshot) -> Iterator[Fact]:
    platform = platforms.find(root)
    yield "Model", platform.read_model(root) or "not known"
    yield "Platform", platform.name
    if firmware := platform.read_firmware(root):
        yield "Firmware", firmware
    yield from platform.read_facts(root)
    if snapshot.host:
        yield "Host boots first", " ".join(snapshot.host)
    yield "Petipy", __version__

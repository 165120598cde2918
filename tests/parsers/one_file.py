"""One configuration of a format, on a machine with two disks."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from parsers.api import Entry, Item, Preferences, Problem, Volume
from parsers.formats import formats
from tests.fakes import Machine

DISKS = (
    Volume(name="sda1", disk="sda", partition=1, uuid="aaaa-1"),
    Volume(name="sda2", disk="sda", partition=2, uuid="aaaa-2"),
    Volume(name="sdb1", disk="sdb", partition=1, uuid="bbbb-1", label="second"),
)
Tree = Mapping[str, str | bytes]
NOTHING: Mapping[str, Any] = MappingProxyType({})


def items(
    form: str,
    text: str | bytes,
    *,
    others: Tree = NOTHING,
    trees: Mapping[str, Tree] = NOTHING,
    volumes: Sequence[Volume] = DISKS,
    on: str = "sda1",
    machine: str = "ppc64le",
) -> list[Item]:
    """Parse a text at the format's first path on the volume `on`, with other files beside it."""
    found = next(f for f in formats() if f.name == form)
    tree = {found.paths[0]: text, **others}
    host = Machine({on: tree, **trees}, volumes=volumes, machine=machine)
    return list(found.parse(host.files(on), found.paths[0]))


def entries(found: Sequence[Item]) -> list[Entry]:
    return [item for item in found if isinstance(item, Entry)]


def problems(found: Sequence[Item]) -> list[tuple[int, str]]:
    return [(item.line, item.message) for item in found if isinstance(item, Problem)]


def wish(found: Sequence[Item]) -> Preferences:
    (only,) = [item for item in found if isinstance(item, Preferences)]
    return only

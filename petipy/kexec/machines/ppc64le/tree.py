"""The device tree that the next kernel gets on 64-bit POWER. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from ...fdt import Node, Reservation
from .. import Range
from . import windows

# Properties of /chosen in which the leaving kernel, or the loader before it, describes itself.
_STALE = frozenset(
    {
        "bootargs",
        "linux,initrd-start",
        "linux,initrd-end",
        "linux,kernel-end",
        "linux,crashkernel-base",
        "linux,crashkernel-size",
        "linux,elfcorehdr",
        "linux,usable-memory",
        "linux,usable-memory-range",
        "linux,memory-limit",
        "linux,htab-base",
        "linux,htab-size",
        "linux,booted-from-kexec",
        "rng-seed",
        "kaslr-seed",
    }
)


def make_next(
    tree: Node, cmdline: bytes, initrd: Range | None, more: Mapping[str, bytes | None]
) -> Node:
    """Return the next kernel's tree; `tree` itself stays as it is.

    `more` goes into /chosen; a property whose value is None goes away.
    """
    chosen = tree.child("chosen") or Node("chosen")
    kept = {name: value for name, value in chosen.properties.items() if name not in _STALE}
    kept["bootargs"] = cmdline + b"\0"
    kept["linux,booted-from-kexec"] = b""
    if initrd is not None:
        kept["linux,initrd-start"] = initrd.start.to_bytes(8, "big")
        kept["linux,initrd-end"] = initrd.end.to_bytes(8, "big")
    given = {name: value for name, value in more.items() if value is not None}
    kept = {name: value for name, value in kept.items() if name not in more} | given
    others = [windows.remove(node) for node in tree.children if node.name != "chosen"]
    return replace(tree, children=[*others, replace(chosen, properties=kept)])


def find_reservations(tree: Node, initrd: Range | None) -> list[Reservation]:
    """List the memory that the next kernel must not allocate: the initrd and the firmware."""
    rtas = tree.child("rtas") or Node()
    found = [(rtas.cell("linux,rtas-base"), rtas.cell("rtas-size")), *find_reserved_ranges(tree)]
    if initrd is not None:
        found.append((initrd.start, initrd.size))
    return [entry for entry in found if entry[1]]


def find_reserved_ranges(tree: Node) -> Iterator[Reservation]:
    """List the memory that OPAL keeps for itself."""
    return split_pairs(tree.properties.get("reserved-ranges", b""), 2, 2)


def find_opal(tree: Node) -> tuple[int, int]:
    """Return base and entry of the OPAL firmware; zeros elsewhere than on bare metal."""
    node = tree.child("ibm,opal") or Node()
    return node.cell("opal-base-address"), node.cell("opal-entry-address")


def split_pairs(value: bytes, *cells: int) -> Iterator[tuple[int, int]]:
    """Split a property like `reg` into addresses and sizes, of so many 32-bit cells each."""
    wide, step = cells[0] * 4, sum(cells) * 4
    for at in range(0, len(value) - step + 1, step):
        entry = value[at : at + step]
        yield int.from_bytes(entry[:wide], "big"), int.from_bytes(entry[wide:], "big")

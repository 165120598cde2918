"""Where things go in memory, and what the next kernel is told, on 64-bit POWER. Pure.

References: Documentation/arch/powerpc/booting.rst; default_machine_kexec_prepare() in
arch/powerpc/kexec/core_64.c for what the leaving kernel insists on.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ...fdt import Node, Reservation
from .trampoline import CALLS_MAX, NO_FIRMWARE, Firmware

ALIGN = 0x10000  # the largest page size that a kernel on either side can have
COMMAND_LINE_SIZE = 2048  # bytes with the zero behind it; asm/setup.h
TREE_AT = 0x1000  # the device tree's place in the trampoline's segment
TREE_ROOM = 4 << 20  # bytes kept free for that segment; pseries trees have about 30 kB

# In /chosen: what the leaving kernel, or the loader before us, said about itself.
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
WINDOWS = ("linux,direct64-ddr-window-info", "linux,dma64-ddr-window-info")


class NoRoom(ValueError):
    """str() says what does not fit where."""


@dataclass(frozen=True, slots=True, order=True)
class Range:
    """Physical addresses [start, end)."""

    start: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start

    def overlaps(self, other: "Range") -> bool:
        return self.start < other.end and other.start < self.end


@dataclass(frozen=True, slots=True)
class Memory:
    """What a segment may lie in, and what it must not touch."""

    blocks: tuple[Range, ...]  # sorted; the first is what a CPU reaches with its MMU off
    floor: int  # end of the running kernel: anything below is refused with ETXTBSY
    taken: tuple[Range, ...] = ()  # firmware's, and tables that devices or the CPU still read


@dataclass(frozen=True, slots=True)
class Layout:
    """Start addresses, all multiples of ALIGN."""

    kernel: int
    trampoline: int  # with the device tree behind it
    initrds: tuple[int, ...]  # in a row


def survey(tree: Node) -> Memory:
    """Memory as the live device tree describes it. Raises ValueError on a tree without any."""
    blocks = sorted(_memory(tree))
    if not blocks:
        raise ValueError("the device tree describes no memory")
    chosen = tree.child("chosen") or Node()
    return Memory(tuple(blocks), chosen.cell("linux,kernel-end"), tuple(sorted(_taken(tree))))


def _memory(tree: Node) -> Iterator[Range]:
    cells = tree.cell("#address-cells", 2), tree.cell("#size-cells", 2)
    for node in tree.children:
        if node.kind == b"memory":
            for start, size in _pairs(node.properties.get("reg", b""), *cells):
                if size:
                    yield Range(start, start + size)


def _taken(tree: Node) -> Iterator[Range]:
    chosen = tree.child("chosen") or Node()
    for node, base, size in (
        (tree.child("rtas"), "linux,rtas-base", "rtas-size"),
        (chosen, "linux,htab-base", "linux,htab-size"),
        (chosen, "linux,crashkernel-base", "linux,crashkernel-size"),
        (tree.child("ibm,opal"), "opal-base-address", "opal-runtime-size"),
    ):
        if node and (room := node.cell(size)):
            start = node.cell(base)
            yield Range(start, start + room)
    for node in tree.walk():
        # Tables of bare metal's PCI bridges; native byte order, as the kernel made them.
        if "linux,tce-base" in node.properties:
            start = int.from_bytes(node.properties["linux,tce-base"], "little")
            room = int.from_bytes(node.properties.get("linux,tce-size", b""), "little")
            yield Range(start, start + room)
    yield from (Range(start, start + size) for start, size in _reserved_ranges(tree))
    yield from _reserved_memory(tree)


def _reserved_ranges(tree: Node) -> Iterator[Reservation]:
    """What OPAL keeps for itself."""
    return _pairs(tree.properties.get("reserved-ranges", b""), 2, 2)


def _reserved_memory(tree: Node) -> Iterator[Range]:
    parent = tree.child("reserved-memory")
    if parent is None:
        return
    cells = parent.cell("#address-cells", 2), parent.cell("#size-cells", 2)
    for node in parent.children:
        for start, size in _pairs(node.properties.get("reg", b""), *cells):
            yield Range(start, start + size)


def _pairs(value: bytes, *cells: int) -> Iterator[tuple[int, int]]:
    wide, step = cells[0] * 4, sum(cells) * 4
    for at in range(0, len(value) - step + 1, step):
        entry = value[at : at + step]
        yield int.from_bytes(entry[:wide], "big"), int.from_bytes(entry[wide:], "big")


def place(memory: Memory, kernel: int, initrds: Sequence[int] = ()) -> Layout:
    """Sizes in bytes → addresses. Raises NoRoom.

    The new kernel moves itself to address 0 first thing, over everything up to its own size; so
    nothing may lie below that which it still has to read.
    """
    low = max(memory.floor, kernel)
    free = _Free(memory, low)
    kernel_at = free.take(kernel, "the kernel", real_mode=True)
    trampoline = free.take(TREE_ROOM, "the device tree", real_mode=True)
    total = sum(_up(size) for size in initrds)
    at = free.take(total, "the initrd") if total else 0
    starts = []
    for size in initrds:
        starts.append(at)
        at += _up(size)
    return Layout(kernel_at, trampoline, tuple(starts))


class _Free:
    """First fit from below, block by block."""

    def __init__(self, memory: Memory, low: int) -> None:
        self.blocks, self.low, self.taken = memory.blocks, low, list(memory.taken)

    def take(self, size: int, what: str, *, real_mode: bool = False) -> int:
        blocks = self.blocks[:1] if real_mode else self.blocks
        for block in blocks:
            found = self._fit(_up(size), block)
            if found is not None:
                self.taken.append(found)
                return found.start
        first = self.blocks[0]
        room = max((b.end - max(b.start, self.low) for b in blocks), default=0)
        where = f"the first {first.size >> 20} MiB of memory" if real_mode else "memory"
        raise NoRoom(
            f"no room for {what} in {where}: "
            f"it takes {size / 1e6:.1f} MB, at most {max(room, 0) / 1e6:.1f} MB were free"
        )

    def _fit(self, size: int, block: Range) -> Range | None:
        at = _up(max(block.start, self.low))
        while at + size <= block.end:
            wanted = Range(at, at + size)
            hit = max((taken.end for taken in self.taken if taken.overlaps(wanted)), default=None)
            if hit is None:
                return wanted
            at = _up(hit)
        return None


def _up(size: int) -> int:
    return -(-size // ALIGN) * ALIGN


def next_tree(tree: Node, cmdline: bytes, initrd: Range | None) -> Node:
    """The device tree for the next kernel. `tree` itself is left alone."""
    chosen = tree.child("chosen") or Node("chosen")
    kept = {name: value for name, value in chosen.properties.items() if name not in _STALE}
    kept["bootargs"] = cmdline + b"\0"
    kept["linux,booted-from-kexec"] = b""
    if initrd is not None:
        kept["linux,initrd-start"] = initrd.start.to_bytes(8, "big")
        kept["linux,initrd-end"] = initrd.end.to_bytes(8, "big")
    others = [_as_found(node) for node in tree.children if node.name != "chosen"]
    return replace(tree, children=[*others, replace(chosen, properties=kept)])


def _as_found(node: Node) -> Node:
    """A PCI bridge without the DMA windows that drivers had made: see reset_windows()."""
    if not _has_window(node):
        return node
    kept = {name: value for name, value in node.properties.items() if name not in WINDOWS}
    return replace(node, properties=kept, children=[_as_found(child) for child in node.children])


def _has_window(node: Node) -> bool:
    return any(name in inner.properties for inner in node.walk() for name in WINDOWS)


def reset_windows(tree: Node) -> Firmware:
    """The firmware calls that take every dynamic DMA window back, for the trampoline to make.

    A driver that asks for 64-bit DMA (NVMe, xHCI, even virtio) makes Linux create a second DMA
    window on its PCI bridge, mapped one to one (enable_ddw() in platforms/pseries/iommu.c). It
    survives kexec. A next kernel that is told of it by the tree uses it as it stands, and NVMe
    and USB hang (6.1 into 6.12, a guest without room for more memory). One that is not told
    finds no window to spare, and gives up the default one, which devices with 32-bit DMA need,
    for another. No system call takes a window back (the kernel's filter of RTAS calls lets none
    of these through), and until the drivers have shut down it is in use. So the firmware is
    called when the kernel is gone: to reset to the default window (LoPAR 2.7,
    ibm,reset-pe-dma-windows), or to remove the other where it cannot.
    """
    rtas = tree.child("rtas") or Node()
    base, entry = rtas.cell("linux,rtas-base"), rtas.cell("linux,rtas-entry")
    if not entry:
        return NO_FIRMWARE
    calls = (call for bridge in _bridges(tree) for call in _reset(*bridge))
    return Firmware(base, entry, tuple(calls)[:CALLS_MAX])


def _bridges(tree: Node) -> Iterator[tuple[int, Node]]:
    """(unit address of the host bridge, node at or below it that has a window)"""
    for host in tree.children:
        if host.name.startswith("pci@"):
            address = int.from_bytes(host.properties.get("reg", b"")[:8], "big")
            for node in host.walk():
                if any(name in node.properties for name in WINDOWS):
                    yield address, node


def _reset(unit: int, node: Node) -> Iterator[tuple[int, ...]]:
    extensions = _words(node.properties.get("ibm,ddw-extensions", b""))
    applicable = _words(node.properties.get("ibm,ddw-applicable", b""))
    if len(extensions) > 1 and extensions[0] >= 1:
        # Any device of the bridge stands for it: its configuration address, bus and devfn.
        device = next((child for child in node.children if "reg" in child.properties), node)
        address = _words(device.properties.get("reg", b""))[:1] if device is not node else (0,)
        yield extensions[1], (address or (0,))[0] & 0xFFFF00, unit >> 32, unit & 0xFFFFFFFF
    elif len(applicable) > 2:
        for name in WINDOWS:
            if window := _words(node.properties.get(name, b"")):
                yield applicable[2], window[0]  # its LIOBN


def _words(value: bytes) -> tuple[int, ...]:
    return tuple(word for (word,) in struct.iter_unpack(">I", value[: len(value) & ~3]))


def reservations(tree: Node, initrd: Range | None) -> list[Reservation]:
    """What the next kernel must not allocate before it has read it: the initrd, the firmware."""
    rtas = tree.child("rtas") or Node()
    found = [(rtas.cell("linux,rtas-base"), rtas.cell("rtas-size")), *_reserved_ranges(tree)]
    if initrd is not None:
        found.append((initrd.start, initrd.size))
    return [entry for entry in found if entry[1]]


def opal(tree: Node) -> tuple[int, int]:
    """Base and entry of the OPAL firmware; zeros elsewhere than on bare metal."""
    node = tree.child("ibm,opal") or Node()
    return node.cell("opal-base-address"), node.cell("opal-entry-address")

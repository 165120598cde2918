"""Places in memory for a kernel, its device tree and its initrds on 64-bit POWER. Pure.

References: Documentation/arch/powerpc/booting.rst; default_machine_kexec_prepare() in
arch/powerpc/kexec/core_64.c, for the checks that the leaving kernel makes.
"""

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ...fdt import Node
from .. import Layout, NoRoom, Range
from .tree import find_reserved_ranges, split_pairs

ALIGN = 0x10000  # the largest page size that a kernel on either side can have
# As in kexec-tools. A kernel with a small mem= on its command line still finds its initrd.
REACH = 0x30000000
TREE_AT = 0x1000  # the device tree's place in the last segment, behind the trampoline
_LIMIT = re.compile(rb"(?:^|\s)mem=(0[xX][0-9a-fA-F]{1,16}|0|[1-9][0-9]{0,19})([KkMmGgTtPpEe]?)")
TREE_ROOM = 4 << 20  # bytes kept free for that segment; pseries trees have about 30 kB


@dataclass(frozen=True, slots=True)
class Memory:
    """Memory in which segments may lie, and the parts that they must not touch."""

    blocks: tuple[Range, ...]  # sorted; a CPU reaches the first with its MMU off
    floor: int  # end of the running kernel: the kernel refuses anything below with ETXTBSY
    taken: tuple[Range, ...] = ()  # firmware's, and tables that devices or the CPU still read


def survey(tree: Node) -> Memory:
    """Read memory from the live device tree. Raise ValueError on a tree without any.

    Memory beyond the mem= of the running kernel is left out: that kernel does not reach it when it
    copies the segments to their places.
    """
    chosen = tree.child("chosen") or Node()
    limit = _read_limit(chosen.properties.get("bootargs", b"")) or sys.maxsize
    blocks = sorted(Range(b.start, min(b.end, limit)) for b in _memory(tree) if b.start < limit)
    if not blocks:
        raise ValueError("the device tree describes no memory")
    return Memory(tuple(blocks), chosen.cell("linux,kernel-end"), tuple(sorted(_list_taken(tree))))


def _read_limit(cmdline: bytes) -> int:
    """Return the bytes of mem= on a command line, as the kernel's memparse(); 0 without one."""
    found = _LIMIT.findall(cmdline)
    number, unit = found[-1] if found else (b"0", b"")
    return int(number, 0) << 10 * b" kmgtpe".index(unit.lower() or b" ")


def _memory(tree: Node) -> Iterator[Range]:
    cells = tree.cell("#address-cells", 2), tree.cell("#size-cells", 2)
    for node in tree.children:
        if node.kind == b"memory":
            for start, size in split_pairs(node.properties.get("reg", b""), *cells):
                if size:
                    yield Range(start, start + size)


def _list_taken(tree: Node) -> Iterator[Range]:
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
    yield from (Range(start, start + size) for start, size in find_reserved_ranges(tree))
    yield from _list_reserved(tree)


def _list_reserved(tree: Node) -> Iterator[Range]:
    parent = tree.child("reserved-memory")
    if parent is None:
        return
    cells = parent.cell("#address-cells", 2), parent.cell("#size-cells", 2)
    for node in parent.children:
        for start, size in split_pairs(node.properties.get("reg", b""), *cells):
            yield Range(start, start + size)


def place(memory: Memory, kernel: int, initrds: Sequence[int] = ()) -> Layout:
    """Find addresses for sizes in bytes. Raise NoRoom.

    The new kernel first moves itself to address 0, over everything up to its own size. Nothing
    that it still has to read may lie below that.
    """
    free = _Free(memory, max(memory.floor, kernel))
    kernel_at = free.take(kernel, "the kernel", real_mode=True)
    last = free.take(TREE_ROOM, "the device tree", real_mode=True)
    total = sum(_up(size) for size in initrds)
    at = free.take(total, "the initrd") if total else 0
    starts = []
    for size in initrds:
        starts.append(at)
        at += _up(size)
    return Layout(kernel_at, last, tuple(starts), entry=last)


class _Free:
    """Free memory. The highest fit below REACH is taken, else the highest of the first block.

    The leaving kernel collects pages for the segments, and hands out the lowest free ones first. A
    page inside a segment's own place costs it a search among all pages collected so far
    (kimage_alloc_page() in kernel/kexec_core.c). Low places cost a pseries guest with 4 KiB pages
    500 million instructions for 47 MB; high ones hold none of the pages that it hands out.
    """

    def __init__(self, memory: Memory, low: int) -> None:
        self.blocks, self.low, self.taken = memory.blocks, low, list(memory.taken)

    def take(self, size: int, what: str, *, real_mode: bool = False) -> int:
        """Take `size` bytes for `what`; `real_mode`: where a CPU reaches them with its MMU off."""
        blocks = self.blocks[:1] if real_mode else self.blocks
        first = self.blocks[0]
        for block in (Range(first.start, min(first.end, REACH)), *blocks):
            found = self._fit(_up(size), block)
            if found is not None:
                self.taken.append(found)
                return found.start
        room = max((b.end - max(b.start, self.low) for b in blocks), default=0)
        where = f"the first {first.size >> 20} MiB of memory" if real_mode else "memory"
        raise NoRoom(
            f"no room for {what} in {where}: "
            f"it takes {size / 1e6:.1f} MB, at most {max(room, 0) / 1e6:.1f} MB were free"
        )

    def _fit(self, size: int, block: Range) -> Range | None:
        at = _align_down(block.end - size)
        while at >= max(block.start, self.low):
            wanted = Range(at, at + size)
            hit = min((taken.start for taken in self.taken if taken.overlaps(wanted)), default=None)
            if hit is None:
                return wanted
            at = _align_down(hit - size)
        return None


def _align_down(address: int) -> int:
    return address // ALIGN * ALIGN


def _up(size: int) -> int:
    return -(-size // ALIGN) * ALIGN

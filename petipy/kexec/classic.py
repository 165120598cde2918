"""kexec_load(2) on ppc64le: segments, trampoline and device tree made here.

No Debian kernel for ppc64el has kexec_file_load; and nothing is hashed here, unlike there.
"""

import ctypes
import errno
import mmap
import os
from collections.abc import Sequence
from pathlib import Path

from . import elf, fdt, ppc64le, trampoline
from .image import NotAKernel
from .refused import Refused
from .syscalls import SEGMENTS_MAX, Segment, kexec_load

MACHINES = ("ppc64le", "ppc64")


def load(
    kernel: int, initrds: Sequence[int], cmdline: bytes, devicetree: int | None = None
) -> None:
    """Stage a vmlinux. Raises OSError (Refused where the reason is known), elf.Malformed."""
    image = _map(kernel)
    program = elf.parse(image, len(image))
    size, entry = _extent(program, image)
    contents = [mapped for mapped in map(_map_initrd, initrds) if len(mapped)]
    if len(contents) > SEGMENTS_MAX - 1 - len(program.loads):
        raise Refused(errno.E2BIG, f"too many initrds: {len(contents)}")
    live = fdt.read_live()
    layout = _place(live, size, contents)
    segments = [
        Segment(
            _address(image) + part.offset,
            part.filesz,
            layout.kernel + part.virtual - program.loads[0].virtual,
            _pages(part.memsz),
        )
        for part in program.loads
    ]
    starts = zip(contents, layout.initrds, strict=True)
    segments += [Segment(_address(c), len(c), at, _pages(len(c))) for c, at in starts]
    base = live if devicetree is None else fdt.parse(_read(devicetree))[0]
    hand_over = _hand_over(live, base, layout, entry, contents, cmdline)
    segments.append(
        Segment(_address(hand_over), len(hand_over), layout.trampoline, _pages(len(hand_over)))
    )
    kexec_load(layout.trampoline, sorted(segments, key=lambda segment: segment.address))


def _extent(program: elf.Program, image: elf.Image) -> tuple[int, int]:
    """Bytes that the kernel takes in memory, and its entry's offset."""
    if program.machine != elf.EM_PPC64 or program.bits != 64:
        raise NotAKernel("not a vmlinux for 64-bit POWER but a wrapper for firmware")
    first, last = program.loads[0], program.loads[-1]
    for part in program.loads:
        if (part.virtual - first.virtual) % ppc64le.ALIGN:
            raise elf.Malformed("an ELF program whose segments are not aligned as a kernel's")
    if not any(image[first.offset : first.offset + min(first.filesz, 256)]):
        raise elf.Malformed("damaged: where its first instructions should be are zeros")
    # Linux on POWER enters at its first byte; e_entry is a function descriptor in old kernels.
    return last.virtual + last.memsz - first.virtual, 0


def _place(tree: fdt.Node, kernel: int, initrds: Sequence[mmap.mmap | bytearray]) -> ppc64le.Layout:
    try:
        return ppc64le.place(ppc64le.survey(tree), kernel, [len(c) for c in initrds])
    except ppc64le.NoRoom as problem:
        raise Refused(errno.EADDRNOTAVAIL, str(problem)) from problem


def _hand_over(
    live: fdt.Node,
    base: fdt.Node,
    layout: ppc64le.Layout,
    entry: int,
    initrds: Sequence[mmap.mmap | bytearray],
    cmdline: bytes,
) -> bytearray:
    """The last segment: the trampoline, and behind it the device tree."""
    initrd = None
    if initrds:
        initrd = ppc64le.Range(layout.initrds[0], layout.initrds[-1] + len(initrds[-1]))
    flat = fdt.flatten(ppc64le.next_tree(base, cmdline, initrd))
    tree_at = layout.trampoline + ppc64le.TREE_AT
    size = ppc64le.TREE_AT + flat.size(reservations=8)
    own = [ppc64le.Range(layout.trampoline, layout.trampoline + size)]
    own += [initrd] if initrd else []
    reserved = ppc64le.reservations(live, own)
    code = trampoline.fill(
        origin=layout.trampoline,
        kernel=layout.kernel + entry,
        tree=tree_at,
        secondaries=_secondaries(),
        opal=ppc64le.opal(live),
        firmware=ppc64le.reset_windows(live),
    )
    return bytearray(code.ljust(ppc64le.TREE_AT, b"\0") + flat.blob(reserved))


def _secondaries() -> int:
    """How many CPUs the kernel will send along: it wakes all that are present."""
    text = Path("/sys/devices/system/cpu/present").read_text()
    spans = (part.partition("-") for part in text.strip().split(","))
    return sum(int(last or first) - int(first) + 1 for first, _, last in spans) - 1


def _map(fd: int) -> mmap.mmap:
    # Private and writable, because ctypes takes no address of a read-only one. Nothing is
    # written, so all of it stays in the page cache: a 256 MB guest has no room for a copy.
    if not os.fstat(fd).st_size:
        raise NotAKernel("the file is empty")
    return mmap.mmap(fd, 0, access=mmap.ACCESS_COPY)


def _map_initrd(fd: int) -> mmap.mmap | bytearray:
    return _map(fd) if os.fstat(fd).st_size else bytearray()


def _address(buffer: mmap.mmap | bytearray) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))


def _pages(size: int) -> int:
    return -(-size // ppc64le.ALIGN) * ppc64le.ALIGN


def _read(fd: int) -> bytes:
    return os.pread(fd, os.fstat(fd).st_size, 0)

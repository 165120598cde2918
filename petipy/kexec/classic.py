"""kexec_load(2) on ppc64le: segments, trampoline and device tree made here.

No Debian kernel for ppc64el has kexec_file_load; and nothing is hashed here, unlike there.
"""

import ctypes
import errno
import mmap
import os
from collections.abc import Iterator, Sequence

from . import elf, fdt
from .image import NotAKernel
from .machines.ppc64le import layout as ppc64le
from .machines.ppc64le import trampoline
from .refused import Refused, in_memory
from .syscalls import SEGMENTS_MAX, Segment, kexec_load

Content = mmap.mmap | bytearray


def load(
    kernel: int, initrds: Sequence[int], cmdline: bytes, devicetree: int | None = None
) -> None:
    """Stage a vmlinux. Raises OSError (Refused where the reason is known), elf.Malformed,
    image.NotAKernel, fdt.Malformed."""
    if len(cmdline) >= (limit := ppc64le.COMMAND_LINE_SIZE):
        words = f"the command line has {len(cmdline)} bytes, the kernel reads {limit - 1}"
        raise Refused(errno.E2BIG, words)
    image = _map(kernel)
    program = _program(image)
    contents = [mapped for mapped in map(_map_initrd, initrds) if len(mapped)]
    if len(contents) > SEGMENTS_MAX - 1 - len(program.loads):
        raise Refused(errno.E2BIG, f"too many initrds: {len(contents)}")
    live = fdt.read_live()
    base = live if devicetree is None else fdt.parse(_read(devicetree))[0]
    layout = _place(live, program.extent, contents)
    starts = zip(contents, layout.initrds, strict=True)
    hand_over = _hand_over(live, base, layout, contents, cmdline)
    segments = [
        *_kernel_segments(image, program, layout.kernel),
        *(_segment(content, at) for content, at in starts),
        _segment(hand_over, layout.trampoline),
    ]
    _stage(layout.trampoline, sorted(segments, key=lambda segment: segment.address))


def _stage(entry: int, segments: Sequence[Segment]) -> None:
    try:
        kexec_load(entry, segments)
    except OSError as error:
        size, total = sum(s.room for s in segments), in_memory("MemTotal")
        # sanity_check_segment_list() in kernel/kexec_core.c
        if error.errno == errno.EINVAL and total is not None and size > total // 2:
            raise Refused(
                errno.ENOMEM,
                f"no room in memory: kernel and initrd take {size / 1e6:.0f} MB, "
                f"and kexec allows half of it, {total / 2e6:.0f} MB",
            ) from error
        raise


def _program(image: mmap.mmap) -> elf.Program:
    program = elf.parse(image, len(image))
    if program.machine != elf.EM_PPC64 or program.bits != 64:
        raise NotAKernel("not a vmlinux for 64-bit POWER but a wrapper for firmware")
    first = program.loads[0]
    for part in program.loads:
        if (part.virtual - first.virtual) % ppc64le.ALIGN:
            raise elf.Malformed("an ELF program whose segments are not aligned as a kernel's")
    if not any(image[first.offset : first.offset + min(first.filesz, 256)]):
        raise elf.Malformed("damaged: where its first instructions should be are zeros")
    return program


def _kernel_segments(image: mmap.mmap, program: elf.Program, at: int) -> Iterator[Segment]:
    start, lowest = _address(image), program.loads[0].virtual
    for part in program.loads:
        place = at + part.virtual - lowest
        yield Segment(start + part.offset, part.filesz, place, _pages(part.memsz))


def _segment(content: Content, at: int) -> Segment:
    # The kernel fills the rest of the last page with zeros, as initramfs archives in a row want.
    return Segment(_address(content), len(content), at, _pages(len(content)))


def _place(tree: fdt.Node, kernel: int, initrds: Sequence[Content]) -> ppc64le.Layout:
    try:
        return ppc64le.place(ppc64le.survey(tree), kernel, [len(c) for c in initrds])
    except ppc64le.NoRoom as problem:
        raise Refused(errno.EADDRNOTAVAIL, str(problem)) from problem


def _hand_over(
    live: fdt.Node,
    base: fdt.Node,
    layout: ppc64le.Layout,
    initrds: Sequence[Content],
    cmdline: bytes,
) -> bytearray:
    """The last segment: the trampoline, and behind it the device tree."""
    initrd = None
    if initrds:
        initrd = ppc64le.Range(layout.initrds[0], layout.initrds[-1] + len(initrds[-1]))
    code = trampoline.fill(
        origin=layout.trampoline,
        kernel=layout.kernel,
        tree=layout.trampoline + ppc64le.TREE_AT,
        secondaries=_secondaries(),
        opal=ppc64le.opal(live),
        firmware=ppc64le.reset_windows(live),
    )
    flat = fdt.flatten(ppc64le.next_tree(base, cmdline, initrd))
    reserved = ppc64le.reservations(live, initrd)
    size = ppc64le.TREE_AT + flat.size(len(reserved) + 1)
    if size > ppc64le.TREE_ROOM:
        raise Refused(errno.E2BIG, f"the device tree is too large: {size} bytes")
    tree = flat.blob([(layout.trampoline, size), *reserved])
    return bytearray(code.ljust(ppc64le.TREE_AT, b"\0") + tree)


def _secondaries() -> int:
    """How many CPUs the kernel will send along: it wakes all that are present."""
    with open("/sys/devices/system/cpu/present") as file:
        text = file.read()
    spans = (part.partition("-") for part in text.strip().split(","))
    return sum(int(last or first) - int(first) + 1 for first, _, last in spans) - 1


def _map(fd: int) -> mmap.mmap:
    # Private and writable, because ctypes takes no address of a read-only one. Nothing is
    # written, so all of it stays in the page cache: a 256 MB guest has no room for a copy.
    if not os.fstat(fd).st_size:
        raise NotAKernel("the file is empty")
    return mmap.mmap(fd, 0, access=mmap.ACCESS_COPY)


def _map_initrd(fd: int) -> Content:
    return _map(fd) if os.fstat(fd).st_size else bytearray()


def _address(content: Content) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(content))


def _pages(size: int) -> int:
    return -(-size // ppc64le.ALIGN) * ppc64le.ALIGN


def _read(fd: int) -> bytes:
    # In pieces: a file of sysfs, such as /sys/firmware/fdt, gives a page at a time.
    content = bytearray()
    while len(content) < ppc64le.TREE_ROOM and (piece := os.pread(fd, 65536, len(content))):
        content += piece
    return bytes(content)

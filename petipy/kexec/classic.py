"""kexec_load(2): the segments of a kernel are made here, as an architecture's Loader says."""

import ctypes
import errno
import mmap
import os
from collections.abc import Iterator, Mapping, Sequence

from . import elf, fdt
from .image import NotAKernel
from .machines import Layout, Loader, NoRoom, Range, Running
from .refused import Refused
from .room import Room
from .syscalls import SEGMENTS_MAX, Segment, kexec_load

Content = mmap.mmap | bytearray


def load(
    loader: Loader,
    running: Running,
    kernel: int,
    initrds: Sequence[int],
    cmdline: bytes,
    devicetree: int | None,
    room: Room,
    chosen: Mapping[str, bytes | None],
) -> None:
    """Stage a kernel.

    Raise OSError (Refused where the reason is known), elf.MalformedElf, image.NotAKernel or
    fdt.MalformedTree.
    """
    if len(cmdline) > loader.longest_cmdline:
        limit = loader.longest_cmdline
        words = f"the command line has {len(cmdline)} bytes, the kernel reads {limit}"
        raise Refused(errno.E2BIG, words)
    image = _map(kernel)
    program = loader.read_program(image)
    contents = [mapped for mapped in map(_map_initrd, initrds) if len(mapped)]
    if len(contents) > SEGMENTS_MAX - 1 - len(program.loads):
        raise Refused(errno.E2BIG, f"too many initrds: {len(contents)}")
    sizes = program.extent, *map(len, contents), loader.largest_tree
    room.take(sum(sizes), "kernel and initrd")
    base = running.tree
    if devicetree is not None:
        base = fdt.parse(_read(devicetree, loader.largest_tree))[0]
    try:
        layout = loader.place(running.tree, program.extent, [len(content) for content in contents])
    except NoRoom as problem:
        raise Refused(errno.EADDRNOTAVAIL, str(problem)) from problem
    initrd = _extent(layout, contents)
    last = loader.make_last(running, base, layout, initrd, cmdline, chosen)
    starts = zip(contents, layout.initrds, strict=True)
    segments = [
        *_kernel_segments(image, program, layout.kernel, loader.align),
        *(_segment(content, at, loader.align) for content, at in starts),
        _segment(last, layout.last, loader.align),
    ]
    _stage(layout.entry, sorted(segments, key=lambda segment: segment.address), room.total)


def _extent(layout: Layout, initrds: Sequence[Content]) -> Range | None:
    """Return the addresses of all initrds together."""
    if not initrds:
        return None
    return Range(layout.initrds[0], layout.initrds[-1] + len(initrds[-1]))


def _stage(entry: int, segments: Sequence[Segment], total: int | None) -> None:
    try:
        kexec_load(entry, segments)
    except OSError as error:
        size = sum(s.room for s in segments)
        # sanity_check_segment_list() in kernel/kexec_core.c
        if error.errno == errno.EINVAL and total is not None and size > total // 2:
            raise Refused(
                errno.ENOMEM,
                f"no room in memory: kernel and initrd take {size / 1e6:.0f} MB, "
                f"and kexec allows half of it, {total / 2e6:.0f} MB",
            ) from error
        raise


def _kernel_segments(
    image: mmap.mmap, program: elf.Program, at: int, align: int
) -> Iterator[Segment]:
    start, lowest = _address(image), program.loads[0].virtual
    for part in program.loads:
        place = at + part.virtual - lowest
        yield Segment(start + part.offset, part.filesz, place, _round_up(part.memsz, align))


def _segment(content: Content, at: int, align: int) -> Segment:
    # The kernel fills the rest of the last page with zeros. Initramfs archives in a row want that.
    return Segment(_address(content), len(content), at, _round_up(len(content), align))


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


def _round_up(size: int, align: int) -> int:
    return -(-size // align) * align


def _read(fd: int, limit: int) -> bytes:
    # In pieces: a file of sysfs, such as /sys/firmware/fdt, gives a page at a time.
    content = bytearray()
    while len(content) < limit and (piece := os.pread(fd, 65536, len(content))):
        content += piece
    return bytes(content)

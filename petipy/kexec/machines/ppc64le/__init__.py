"""64-bit POWER: kexec_load(2) with a trampoline and a device tree that are made here.

Only our own trampoline gives the next kernel the DMA windows that it would find after a reset
(windows.reset). No Debian kernel for ppc64el has kexec_file_load(2), and nothing is hashed here,
unlike there: hashing takes seconds on an emulated machine.
"""

import errno
import mmap
from collections.abc import Mapping, Sequence

from ... import elf, fdt
from ...image import NotAKernel
from ...refused import Refused
from .. import Architecture, Layout, Loader, Range, Running
from . import trampoline, tree, windows
from .layout import ALIGN, TREE_AT, TREE_ROOM, place, survey

_PRESENT = "/sys/devices/system/cpu/present"


class PowerLoader(Loader):
    """The Loader for 64-bit POWER."""

    align = ALIGN
    longest_cmdline = 2047  # COMMAND_LINE_SIZE of asm/setup.h without the zero byte at the end
    largest_tree = TREE_ROOM

    def read_running(self) -> Running:
        return Running(fdt.read_live(), _secondaries())

    def read_program(self, image: mmap.mmap) -> elf.Program:
        program = elf.parse(image, len(image))
        if program.machine != elf.EM_PPC64 or program.bits != 64:
            raise NotAKernel("not a vmlinux for 64-bit POWER but a wrapper for firmware")
        first = program.loads[0]
        for part in program.loads:
            if (part.virtual - first.virtual) % ALIGN:
                raise elf.MalformedElf(
                    "an ELF program whose segments are not aligned as a kernel's"
                )
        if not any(image[first.offset : first.offset + min(first.filesz, 256)]):
            raise elf.MalformedElf("damaged: where its first instructions should be are zeros")
        return program

    def place(self, live: fdt.Node, kernel: int, initrds: Sequence[int]) -> Layout:
        return place(survey(live), kernel, initrds)

    def make_last(
        self,
        running: Running,
        base: fdt.Node,
        layout: Layout,
        initrd: Range | None,
        cmdline: bytes,
        chosen: Mapping[str, bytes | None],
    ) -> bytearray:
        """Make the trampoline, and behind it the device tree."""
        live = running.tree
        code = trampoline.fill(
            origin=layout.last,
            kernel=layout.kernel,
            tree=layout.last + TREE_AT,
            secondaries=running.secondaries,
            opal=tree.find_opal(live),
            rtas=windows.reset(live),
        )
        flat = fdt.flatten(tree.make_next(base, cmdline, initrd, chosen))
        reserved = tree.find_reservations(live, initrd)
        size = TREE_AT + flat.size(len(reserved) + 1)
        if size > TREE_ROOM:
            raise Refused(errno.E2BIG, f"the device tree is too large: {size} bytes")
        return bytearray(code.ljust(TREE_AT, b"\0") + flat.blob([(layout.last, size), *reserved]))

    def prepare_file_load(self, live: fdt.Node) -> str:
        return windows.hide(live)


def _secondaries(present: str = _PRESENT) -> int:
    """Count the CPUs that the leaving kernel sends to the trampoline: it wakes all present ones."""
    with open(present) as file:
        text = file.read()
    spans = (part.partition("-") for part in text.strip().split(","))
    return sum(int(last or first) - int(first) + 1 for first, _, last in spans) - 1


MACHINE = Architecture(kexec_load=268, kexec_file_load=382, loader=PowerLoader())

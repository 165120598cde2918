"""Architectures: one file or package for each, named as uname names the machine.

Each exports MACHINE. An architecture whose kernels are loaded by kexec_load(2) has a Loader, too.
"""

import mmap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module

from ..elf import Program
from ..fdt import Node


class NoRoom(ValueError):
    """A kernel that does not fit into memory; str() says which part does not fit where."""


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
class Layout:
    """Physical start addresses, all multiples of Loader.align."""

    kernel: int
    last: int  # the segment with the device tree, and with the code that the machine needs
    initrds: tuple[int, ...]  # one behind the other
    entry: int  # where the processor goes


@dataclass(frozen=True, slots=True)
class Running:
    """The running kernel: its device tree, and the number of CPUs beside the one that jumps."""

    tree: Node
    secondaries: int


class Loader:
    """The part of kexec_load(2) that differs between architectures. Every member is required."""

    align: int  # the largest page size in bytes that a kernel on either side can have
    longest_cmdline: int  # the bytes of a command line that a kernel reads
    largest_tree: int  # the bytes that a device tree may have

    def read_running(self) -> Running:
        """Read everything that a load needs of the running kernel. Raise OSError.

        Afterwards the process may give up the right to open files.
        """
        raise NotImplementedError

    def read_program(self, image: mmap.mmap) -> Program:
        """Return the parts of a kernel that go to memory. Raise NotAKernel or elf.MalformedElf."""
        raise NotImplementedError

    def place(self, live: Node, kernel: int, initrds: Sequence[int]) -> Layout:
        """Find addresses for sizes in bytes, in memory as the live device tree describes it.

        Raise NoRoom.
        """
        raise NotImplementedError

    def make_last(
        self,
        running: Running,
        base: Node,
        layout: Layout,
        initrd: Range | None,
        cmdline: bytes,
        chosen: Mapping[str, bytes | None],
    ) -> bytearray:
        """Make the last segment, with `base` as the next kernel's device tree.

        `chosen` is Message.chosen. Raise Refused when the segment is too large.
        """
        raise NotImplementedError

    def prepare_file_load(self, live: Node) -> str:
        """Prepare for kexec_file_load(2), which copies the live tree.

        Return what the next kernel may miss, in words; "" for nothing.
        """
        raise NotImplementedError


@dataclass(frozen=True, slots=True, kw_only=True)
class Architecture:
    """One architecture. The numbers are those of its system calls (arch/*/…/syscall.tbl)."""

    kexec_load: int
    kexec_file_load: int
    loader: Loader | None = None  # None: this package makes no segments for it


def find(name: str) -> Architecture | None:
    """Return the machine that uname calls `name`; None where no file has that name."""
    if not name.isidentifier():
        return None
    module = f"{__name__}.{name}"
    try:
        found: Architecture = import_module(module).MACHINE
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        return None
    return found

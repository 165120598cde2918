"""ELF headers of kernels, read with a check that the file is whole (gabi 4, 5)."""

import mmap
import struct
from dataclasses import dataclass
from itertools import pairwise

EM_386, EM_PPC, EM_PPC64, EM_S390, EM_ARM, EM_X86_64, EM_AARCH64 = 3, 20, 21, 22, 40, 62, 183
EM_RISCV, EM_LOONGARCH = 243, 258
_LOAD = 1
_TYPES = {1: "an object file", 2: "executable", 3: "executable", 4: "a core dump"}
_LARGEST = 1 << 40  # bytes; a nonsense size must not become an address

Image = bytes | mmap.mmap  # anything that struct reads without a copy


class MalformedElf(ValueError):
    """A file that is no ELF program, or a damaged one; str() says how."""


@dataclass(frozen=True, slots=True)
class Load:
    """One PT_LOAD: bytes [offset, offset+filesz) of the file, and zeros behind them in memory."""

    offset: int
    address: int  # physical, as linked; kernels put their virtual address or zero here
    virtual: int
    filesz: int
    memsz: int


@dataclass(frozen=True, slots=True)
class Program:
    """The parts of a kernel that go to memory, in the order of their addresses."""

    machine: int  # EM_…
    bits: int
    order: str  # ">" or "<", as struct writes it
    entry: int
    loads: tuple[Load, ...]  # by address, as the specification demands

    @property
    def extent(self) -> int:
        """Bytes in memory, from the first segment's start to the last segment's end."""
        last = self.loads[-1]
        return last.virtual + last.memsz - self.loads[0].virtual


def parse(image: Image, size: int) -> Program:
    """Read the program headers. Raise MalformedElf when they name more than the file's `size`."""
    if image[:4] != b"\x7fELF":
        raise MalformedElf("no ELF magic")
    if size < 64:
        raise MalformedElf(f"an ELF file cut off after {size} bytes")
    bits, order = {1: 32, 2: 64}.get(image[4], 0), {1: "<", 2: ">"}.get(image[5], "")
    if not bits or not order:
        raise MalformedElf("a damaged ELF header")
    wide = bits == 64
    head = struct.unpack_from(order + ("2HI3QI6H" if wide else "2HI3II6H"), image, 16)
    kind, machine, _, entry, phoff, shoff, _, _, phentsize, phnum, shentsize, shnum, _ = head
    if kind not in (2, 3):
        raise MalformedElf(f"an ELF file, but {_TYPES.get(kind, 'of an unknown type')}")
    _must_hold(size, phoff + phnum * phentsize, "program headers")
    # Section headers come last in a vmlinux and so show a file that was cut short. Stripped: 0.
    _must_hold(size, shoff + shnum * shentsize, "section headers")
    if phentsize != (56 if wide else 32):
        raise MalformedElf("damaged program headers")
    entries = (_load(image, phoff + n * phentsize, order, wide) for n in range(phnum))
    loads = tuple(load for load in entries if load is not None)
    for load in loads:
        _must_hold(size, load.offset + load.filesz, "segments")
    if not loads:
        raise MalformedElf("an ELF file with nothing to load")
    if any(a.virtual + a.memsz > b.virtual for a, b in pairwise(loads)):
        raise MalformedElf("damaged program headers")
    return Program(machine, bits, order, entry, loads)


def _load(image: Image, at: int, order: str, wide: bool) -> Load | None:
    if wide:
        kind, _, offset, virtual, address, filesz, memsz, _ = struct.unpack_from(
            order + "2I6Q", image, at
        )
    else:
        kind, offset, virtual, address, filesz, memsz, _, _ = struct.unpack_from(
            order + "8I", image, at
        )
    if kind != _LOAD or not memsz:
        return None
    if filesz > memsz or memsz > _LARGEST:
        raise MalformedElf("damaged program headers")
    return Load(offset, address, virtual, filesz, memsz)


def _must_hold(size: int, needed: int, what: str) -> None:
    if needed > size:
        raise MalformedElf(f"cut off: its {what} reach to byte {needed}, the file has {size}")

"""Bind the calls in kernel modules of 64-bit PowerPC when the image is built.

A module is one object file with every call open. The kernel closes the calls when it loads the
module (arch/powerpc/kernel/module_64.c): instruction by instruction, by patch_instruction(), which
maps a page and flushes the TLB each time. For ext4 that is 18,000 times; of 57,000 TLB flushes
between init and the first entry it was 53,000, and 0.6 s of 3.6 s in an emulated guest.

All is known at build time but the addresses of the kernel's functions. This module does what a
linker would do: a call within a section goes straight to its target; a call out of the module goes
to a stub, which takes the address from a slot in the TOC. The slots are data: the kernel just
stores the addresses there.

The places of what the TOC holds are known, too: half of the relocations of ext4. The kernel sorts
them all before it allocates memory (get_stubs_size), which takes 9 million instructions more.

ELF V2 ABI: r2 holds the address of the TOC plus 0x8000. A caller that leaves the module keeps r2 at
24(r1) and takes it back by the instruction after the call.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from initramfs.elf import Elf, Section

EM_PPC64 = 21
SHT_RELA = 4
SHF_EXECINSTR = 4
SHN_UNDEF = 0
STB_WEAK = 2
R_PPC64_REL24, R_PPC64_ADDR64 = 10, 38
TOC16_HA, TOC16_LO, TOC16_LO_DS = 50, 48, 64  # likewise
NOP = 0x60000000
TAKE_TOC_BACK = 0xE8410018  # ld r2,24(r1)
TRACER = "_mcount"  # the kernel finds these calls by their look and takes them out
REACH = 1 << 25  # bytes that a branch can span, forwards or backwards


@dataclass(frozen=True, slots=True)
class Relocation:
    offset: int
    symbol: int
    type: int
    addend: int


@dataclass(frozen=True, slots=True)
class Symbol:
    name: str
    binding: int
    other: int
    section: int
    value: int

    @property
    def local_entry(self) -> int:
        """Bytes from the entry for others to the entry for the same module."""
        return (1 << (self.other >> 5 & 7)) >> 2 << 2


@dataclass(slots=True)
class _Slots:
    """Places in the TOC for the addresses of functions outside the module."""

    first: int  # offset of the first slot in the TOC's section
    places: dict[int, int] = field(default_factory=dict)  # by symbol

    def place(self, symbol: int) -> int:
        return self.places.setdefault(symbol, self.first + 8 * len(self.places))


def bind_calls(module: bytes) -> bytes:
    """Return the module with its calls bound.

    A module for another machine or without a TOC stays as it is.
    """
    elf = Elf.parse(module)
    numbers = {elf.name(section): number for number, section in enumerate(elf.sections)}
    if elf.machine != EM_PPC64 or not {".toc", ".rela.toc", ".symtab"} <= numbers.keys():
        return module
    toc, toc_relocations = numbers[".toc"], numbers[".rela.toc"]
    slots = _Slots(elf.sections[toc].size + 7 & ~7)
    symbols = list(_symbols(elf))
    contents: dict[int, bytes | None] = {}
    for number, section in enumerate(elf.sections):
        if section.type == SHT_RELA and elf.sections[section.info].flags & SHF_EXECINSTR:
            content = _content(elf, elf.sections[section.info])
            code = _Code(elf.order, content, section.info, toc, slots)
            left = [r for r in _relocations(elf, section) if not code.bind(r, symbols[r.symbol])]
            contents[section.info] = bytes(code.words)
            contents[number] = _pack(elf, left)
    room = _content(elf, elf.sections[toc]).ljust(slots.first, b"\0")
    contents[toc] = room + bytes(8 * len(slots.places))
    filled = [Relocation(at, symbol, R_PPC64_ADDR64, 0) for symbol, at in slots.places.items()]
    before = _content(elf, elf.sections[toc_relocations])
    contents[toc_relocations] = before + _pack(elf, filled)
    return elf.rewrite(contents)


class _Code:
    """A section of instructions; it grows by the stubs for calls out of the module."""

    def __init__(self, order: str, words: bytes, number: int, toc: int, slots: _Slots) -> None:
        self.words = bytearray(words)
        self._word, self._half = struct.Struct(order + "I"), struct.Struct(order + "H")
        self._number, self._toc, self._slots = number, toc, slots
        self._stubs: dict[int, int] = {}  # symbol: offset

    def bind(self, call: Relocation, callee: Symbol) -> bool:
        """Bind the call; return False if that is impossible or if it is no call."""
        if callee.section == self._toc:
            return self._bind_to_toc(call, callee.value + call.addend - 0x8000)
        if call.type != R_PPC64_REL24:
            return False
        if callee.section == self._number:
            return self._branch(call.offset, callee.value + call.addend + callee.local_entry)
        if callee.section != SHN_UNDEF or callee.binding == STB_WEAK or call.addend:
            return False
        if callee.name == TRACER:
            return False
        if self._read(call.offset) & 1:  # a call with a return
            if self._read(call.offset + 4) != NOP:
                return False
            self._write(call.offset + 4, TAKE_TOC_BACK)
        return self._branch(call.offset, self._stub(call.symbol))

    def _bind_to_toc(self, place: Relocation, from_r2: int) -> bool:
        """Fill in a distance to r2; a high half allows for the sign of the low one."""
        if place.type == TOC16_HA:
            value = from_r2 + 0x8000 >> 16
        elif place.type == TOC16_LO:
            value = from_r2
        elif place.type == TOC16_LO_DS:  # the lowest two bits belong to the instruction
            value = from_r2 & ~3 | self._half.unpack_from(self.words, place.offset)[0] & 3
        else:
            return False
        self._half.pack_into(self.words, place.offset, value & 0xFFFF)
        return True

    def _branch(self, at: int, to: int) -> bool:
        distance = to - at
        if not -REACH <= distance < REACH:
            return False
        self._write(at, self._read(at) & ~0x03FFFFFC | distance & 0x03FFFFFC)
        return True

    def _stub(self, symbol: int) -> int:
        if symbol not in self._stubs:
            self._stubs[symbol] = len(self.words)
            from_r2 = self._slots.place(symbol) - 0x8000
            for word in (
                0xF8410018,  # std r2,24(r1)
                0x3D820000 | (from_r2 + 0x8000 >> 16 & 0xFFFF),  # addis r12,r2,slot@ha
                0xE98C0000 | (from_r2 & 0xFFFF),  # ld r12,slot@l(r12)
                0x7D8903A6,  # mtctr r12
                0x4E800420,  # bctr
            ):
                self.words += self._word.pack(word)
        return self._stubs[symbol]

    def _read(self, offset: int) -> int:
        word: int = self._word.unpack_from(self.words, offset)[0]
        return word

    def _write(self, offset: int, word: int) -> None:
        self._word.pack_into(self.words, offset, word)


def _content(elf: Elf, section: Section) -> bytes:
    return elf.data[section.offset : section.offset + section.size]


def _symbols(elf: Elf) -> Iterator[Symbol]:
    names = elf.section(".strtab")
    for name, info, other, section, value, _ in struct.iter_unpack(
        elf.order + "IBBHQQ", elf.section(".symtab")
    ):
        text = names[name : names.index(b"\0", name)].decode()
        yield Symbol(text, info >> 4, other, section, value)


def _relocations(elf: Elf, section: Section) -> Iterator[Relocation]:
    for offset, info, addend in struct.iter_unpack(elf.order + "QQq", _content(elf, section)):
        yield Relocation(offset, info >> 32, info & 0xFFFFFFFF, addend)


def _pack(elf: Elf, relocations: list[Relocation]) -> bytes:
    return b"".join(
        struct.pack(elf.order + "QQq", r.offset, r.symbol << 32 | r.type, r.addend)
        for r in relocations
    )

"""Read and change ELF files of 64 bits, in both byte orders.

Format: System V ABI, gABI chapter 4 and 5; e_machine and flags as in Linux' <elf.h>.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple

PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_NEEDED, DT_STRTAB = 1, 5
SHT_NULL, SHT_NOBITS = 0, 8


class Segment(NamedTuple):
    type: int
    flags: int
    offset: int
    address: int
    physical: int
    size: int
    memory: int
    align: int


class Section(NamedTuple):
    name: int
    type: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    align: int
    entry: int


@dataclass(frozen=True, slots=True)
class Elf:
    """An ELF file of 64 bits; `parse` raises ValueError for anything else."""

    data: bytes
    order: str  # prefix for struct: "<" or ">"
    machine: int  # e_machine
    segments: tuple[Segment, ...]
    sections: tuple[Section, ...]
    names: int  # index of the section with the names of sections
    table: int  # offset of the section headers

    @classmethod
    def parse(cls, data: bytes) -> "Elf":
        if not is_elf(data) or data[4] != 2:
            raise ValueError("not a 64-bit ELF file")
        order = "<" if data[5] == 1 else ">"
        head = struct.unpack_from(order + "HHIQQQIHHHHHH", data, 16)
        _, machine, _, _, phoff, shoff, _, _, _, phnum, _, shnum, names = head
        segments = (
            struct.unpack_from(order + "IIQQQQQQ", data, phoff + 56 * i) for i in range(phnum)
        )
        sections = (
            struct.unpack_from(order + "IIQQQQIIQQ", data, shoff + 64 * i) for i in range(shnum)
        )
        return cls(
            data,
            order,
            machine,
            tuple(Segment(*fields) for fields in segments),
            tuple(Section(*fields) for fields in sections),
            names,
            shoff,
        )

    def name(self, section: Section) -> str:
        return self._text(self.sections[self.names].offset + section.name)

    def _text(self, offset: int) -> str:
        return self.data[offset : self.data.index(b"\0", offset)].decode()

    def _offset(self, address: int) -> int:
        for segment in self.segments:
            if segment.type == PT_LOAD and 0 <= address - segment.address < segment.size:
                return segment.offset + address - segment.address
        raise ValueError(f"no segment holds address {address:#x}")

    def dynamic(self) -> Iterator[tuple[int, int]]:
        for segment in self.segments:
            if segment.type == PT_DYNAMIC:
                end = segment.offset + segment.size
                yield from struct.iter_unpack(self.order + "qQ", self.data[segment.offset : end])

    def list_needed(self) -> list[str]:
        """Return the libraries that the file is linked with, then the path of its interpreter."""
        names = [self.string(value) for tag, value in self.dynamic() if tag == DT_NEEDED]
        names += [self._text(s.offset) for s in self.segments if s.type == PT_INTERP]
        return names

    def string(self, offset: int) -> str:
        """Return a text of the dynamic string table."""
        tables = [value for tag, value in self.dynamic() if tag == DT_STRTAB]
        return self._text(self._offset(tables[0]) + offset)

    def exports(self) -> set[str]:
        """Return the names of the symbols that the file defines for others."""
        return {name for _, name, _, place in self._symbols() if place}

    def list_undefined(self) -> Iterator[tuple[int, str, int]]:
        """Yield the symbols that others must define: index, name, st_info."""
        return ((n, name, info) for n, name, info, place in self._symbols() if name and not place)

    def _symbols(self) -> Iterator[tuple[int, str, int, int]]:
        """Yield the symbols of .dynsym: index, name, st_info, st_shndx (0 is undefined)."""
        strings = self.header(".dynstr").offset
        for index, symbol in enumerate(
            struct.iter_unpack(self.order + "IBBHQQ", self.section(".dynsym"))
        ):
            yield index, self._text(strings + symbol[0]), symbol[1], symbol[3]

    def header(self, name: str) -> Section:
        """Return the header of a section; an empty header if there is no such section."""
        found = (section for section in self.sections if self.name(section) == name)
        return next(found, Section(*[0] * len(Section._fields)))

    def section(self, name: str) -> bytes:
        """Return the contents of a section; nothing if there is no such section."""
        for section in self.sections:
            if self.name(section) == name and section.type != SHT_NOBITS:
                return self.data[section.offset : section.offset + section.size]
        return b""

    def rewrite(self, contents: Mapping[int, bytes | None]) -> bytes:
        """Return the file with new contents for some sections, by number; None drops a section.

        Sections move, so the file must not be linked: a program knows the offsets elsewhere, too.
        """
        out = bytearray(self.data[:64])
        headers: list[Section] = []
        for number, section in enumerate(self.sections):
            stored = self.data[section.offset : section.offset + section.size]
            content = contents.get(number, stored)
            if content is None:
                headers.append(section._replace(type=SHT_NULL, flags=0, size=0, offset=0))
            elif section.type in (SHT_NULL, SHT_NOBITS):
                headers.append(section)
            else:
                out += b"\0" * (-len(out) % max(section.align, 1))
                headers.append(section._replace(offset=len(out), size=len(content)))
                out += content
        out += b"\0" * (-len(out) % 8)
        struct.pack_into(self.order + "Q", out, 40, len(out))
        for header in headers:
            out += struct.pack(self.order + "IIQQQQIIQQ", *header)
        return bytes(out)


def is_elf(data: bytes) -> bool:
    return data[:4] == b"\x7fELF"


def modinfo(module: bytes) -> dict[str, list[str]]:
    """Return the fields of a kernel module's .modinfo: depends, softdep, alias, firmware …"""
    info: dict[str, list[str]] = {}
    for field in Elf.parse(module).section(".modinfo").decode(errors="replace").split("\0"):
        key, _, value = field.partition("=")
        if key:
            info.setdefault(key, []).append(value)
    return info

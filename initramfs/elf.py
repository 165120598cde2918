"""As much of ELF as the image needs: what a program loads, what a kernel module may lose.

Both byte orders, 64 bits only: every machine that the image is made for.
"""

import struct
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

PT_LOAD, PT_DYNAMIC, PT_INTERP = 1, 2, 3
DT_NULL, DT_NEEDED, DT_STRTAB = 0, 1, 5
DT_VERNEED, DT_VERNEEDNUM = 0x6FFFFFFE, 0x6FFFFFFF
SHT_NULL, SHT_NOBITS = 0, 8
STB_WEAK = 2
USELESS = (".BTF", ".comment", ".note.GNU-stack", ".gnu_debuglink")  # when loading a module
UNWINDING = (".eh_frame", ".eh_frame_hdr")
SIGNATURE = b"~Module signature appended~\n"


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
    """A 64-bit ELF file; ValueError where it is none."""

    data: bytes
    order: str  # struct's prefix: "<" or ">"
    machine: int  # e_machine
    segments: tuple[Segment, ...]
    sections: tuple[Section, ...]
    names: int  # index of the section that holds the sections' names
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

    def needed(self) -> list[str]:
        """The names of the libraries that it is linked with, and its interpreter's path."""
        names = [self.string(value) for tag, value in self.dynamic() if tag == DT_NEEDED]
        names += [self._text(s.offset) for s in self.segments if s.type == PT_INTERP]
        return names

    def string(self, offset: int) -> str:
        """A text of the dynamic string table."""
        tables = [value for tag, value in self.dynamic() if tag == DT_STRTAB]
        return self._text(self._offset(tables[0]) + offset)

    def exports(self) -> set[str]:
        """The names of the symbols that others may use."""
        return {name for _, name, _, place in self._symbols() if place}

    def undefined(self) -> Iterator[tuple[int, str, int]]:
        """The symbols that others must have: index, name, st_info."""
        return ((n, name, info) for n, name, info, place in self._symbols() if name and not place)

    def _symbols(self) -> Iterator[tuple[int, str, int, int]]:
        """Those of .dynsym: index, name, st_info, st_shndx (0 is undefined)."""
        strings = self.table_of(".dynstr").offset
        for index, symbol in enumerate(
            struct.iter_unpack(self.order + "IBBHQQ", self.section(".dynsym"))
        ):
            yield index, self._text(strings + symbol[0]), symbol[1], symbol[3]

    def table_of(self, name: str) -> Section:
        """The header of a section; an empty one where there is no such section."""
        found = (section for section in self.sections if self.name(section) == name)
        return next(found, Section(*[0] * len(Section._fields)))

    def section(self, name: str) -> bytes:
        """A section's contents; empty where there is no such section."""
        for section in self.sections:
            if self.name(section) == name and section.type != SHT_NOBITS:
                return self.data[section.offset : section.offset + section.size]
        return b""

    def rewritten(self, contents: Mapping[int, bytes | None]) -> bytes:
        """The file laid out anew with other contents of some sections (by number), None for one
        that is to go. For files that are not linked: nothing else may know the offsets.
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


def severed(data: bytes, libraries: Mapping[str, bytes]) -> bytes:
    """A program or library that does without some of those it is linked with (name → file).

    What it would take from them is nowhere: a call would be one of address 0. So it is for
    libraries that are needed for what the program is never asked to do.
    """
    elf = Elf.parse(data)
    out = bytearray(data)
    gone = {name for library in libraries.values() for name in Elf.parse(library).exports()}
    for index, name, info in elf.undefined():
        if name in gone:
            symbol = elf.table_of(".dynsym").offset + 24 * index
            out[symbol + 4] = STB_WEAK << 4 | info & 0xF  # not to be found is no error
            struct.pack_into(
                elf.order + "H", out, elf.table_of(".gnu.version").offset + 2 * index, 1
            )
    dynamic = [
        (tag, value)
        for tag, value in elf.dynamic()
        if tag != DT_NEEDED or elf.string(value) not in libraries
    ]
    versions = _unlink_versions(elf, out, libraries)
    _write_dynamic(elf, out, [(tag, versions.get(tag, value)) for tag, value in dynamic])
    return bytes(out)


def rigid(data: bytes) -> bytes:
    """A program or library whose stack cannot be unwound: zeros for the tables by which C++
    finds who catches an exception, a tenth of the file and hard to compress. Nothing in C asks
    for them, but a cancelled thread.
    """
    elf = Elf.parse(data)
    out = bytearray(data)
    for name in UNWINDING:
        table = elf.table_of(name)
        out[table.offset : table.offset + table.size] = bytes(table.size)
    return bytes(out)


def _unlink_versions(elf: Elf, out: bytearray, libraries: Container[str]) -> dict[int, int]:
    """Take the libraries out of the chain of Verneed records; what that changes in .dynamic."""
    section = elf.table_of(".gnu.version_r")
    kept: list[int] = []  # offsets in the section
    at, more = 0, section.size > 0
    while more:
        _, _, file, _, following = struct.unpack_from(elf.order + "HHIII", out, section.offset + at)
        if elf.string(file) not in libraries:
            kept.append(at)
        at, more = at + following, following != 0
    if not kept:
        return {DT_VERNEEDNUM: 0}
    for here, after in zip(kept, [*kept[1:], kept[-1]], strict=True):
        struct.pack_into(elf.order + "I", out, section.offset + here + 12, after - here)
    return {DT_VERNEED: section.address + kept[0], DT_VERNEEDNUM: len(kept)}


def _write_dynamic(elf: Elf, out: bytearray, entries: Sequence[tuple[int, int]]) -> None:
    """The entries, and DT_NULL in place of those that are fewer."""
    (segment,) = (segment for segment in elf.segments if segment.type == PT_DYNAMIC)
    for number in range(segment.size // 16):
        entry = entries[number] if number < len(entries) else (DT_NULL, 0)
        struct.pack_into(elf.order + "qQ", out, segment.offset + 16 * number, *entry)


def is_elf(data: bytes) -> bool:
    return data[:4] == b"\x7fELF"


def unsigned(module: bytes) -> bytes:
    """A kernel module without its appended signature (struct module_signature of the kernel)."""
    if not module.endswith(SIGNATURE):
        return module
    end = len(module) - len(SIGNATURE)
    (length,) = struct.unpack(">I", module[end - 4 : end])
    return module[: end - 12 - length]


def lean(module: bytes) -> bytes:
    """A kernel module without the sections that loading does not need: type information (BTF,
    which the kernel would parse), notes of the compiler. The others keep their numbers.
    """
    elf = Elf.parse(module)
    return elf.rewritten(
        {n: None for n, section in enumerate(elf.sections) if elf.name(section) in USELESS}
    )


def modinfo(module: bytes) -> dict[str, list[str]]:
    """A kernel module's own description: depends, softdep, alias, firmware …"""
    info: dict[str, list[str]] = {}
    for field in Elf.parse(module).section(".modinfo").decode(errors="replace").split("\0"):
        key, _, value = field.partition("=")
        if key:
            info.setdefault(key, []).append(value)
    return info

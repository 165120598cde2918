"""Drop the names of a kernel module's own functions and variables.

The kernel shows them in a backtrace, and has no other use for them. Without them a backtrace names
the last function before the place that other modules can call, and the distance to it.
"""

import struct
from dataclasses import dataclass, field

from initramfs.elf import Elf

SHT_SYMTAB, SHT_RELA = 2, 4
STB_LOCAL = 0
_FIRST_GLOBAL = 44  # offset of sh_info in a section header, for a symbol table


@dataclass(slots=True)
class _Names:
    """A table of names: each is there once, and the empty one first."""

    data: bytearray = field(default_factory=lambda: bytearray(1))
    places: dict[bytes, int] = field(default_factory=lambda: {b"": 0})

    def place(self, name: bytes) -> int:
        if name not in self.places:
            self.places[name] = len(self.data)
            self.data += name + b"\0"
        return self.places[name]


def drop_symbols(module: bytes) -> bytes:
    """Return the module without its local symbols, but for nameless ones that relocations need."""
    elf = Elf.parse(module)
    table = next((n for n, s in enumerate(elf.sections) if s.type == SHT_SYMTAB), 0)
    if not table:
        return module
    contents: dict[int, bytes | None] = {}
    relocations = {
        number: list(struct.iter_unpack(elf.order + "QQq", _content(elf, number)))
        for number, section in enumerate(elf.sections)
        if section.type == SHT_RELA
    }
    needed = {info >> 32 for entries in relocations.values() for _, info, _ in entries}
    strings, names = _content(elf, elf.sections[table].link), _Names()
    numbers: dict[int, int] = {}  # of the symbols that stay: before → after
    symbols, local = bytearray(), 0
    for number, (name, info, *rest) in enumerate(
        struct.iter_unpack(elf.order + "IBBHQQ", _content(elf, table))
    ):
        is_local = info >> 4 == STB_LOCAL
        if is_local and number and number not in needed:
            continue
        numbers[number] = len(numbers)
        local += is_local
        text = b"" if is_local else strings[name : strings.index(b"\0", name)]
        symbols += struct.pack(elf.order + "IBBHQQ", names.place(text), info, *rest)
    contents[table], contents[elf.sections[table].link] = bytes(symbols), bytes(names.data)
    for section, entries in relocations.items():
        contents[section] = b"".join(
            struct.pack(elf.order + "QQq", at, numbers[info >> 32] << 32 | info & 0xFFFFFFFF, more)
            for at, info, more in entries
        )
    out = bytearray(elf.rewrite(contents))
    headers = int.from_bytes(out[40:48], "little" if elf.order == "<" else "big")
    struct.pack_into(elf.order + "I", out, headers + 64 * table + _FIRST_GLOBAL, local)
    return bytes(out)


def _content(elf: Elf, number: int) -> bytes:
    section = elf.sections[number]
    return elf.data[section.offset : section.offset + section.size]

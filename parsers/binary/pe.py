"""The sections of an EFI program, read with every bound checked.

This is Microsoft's PE format: a DOS header points at the COFF header; the section table follows.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from parsers import machines
from parsers.api import Files

_MOST = 256  # sections; the loader of Windows takes 96
_SECTION = struct.Struct("<8s4I")  # name, size in memory, address, size in the file, offset there


class PeSection(NamedTuple):
    name: str
    offset: int  # bytes, in the file
    size: int  # bytes


class EfiProgram(NamedTuple):
    machine: str  # uname's name
    sections: tuple[PeSection, ...]  # in the order of the table
    is_known: bool = True  # False: the number of the machine is not in MACHINES


class PeError(ValueError):
    """The file is no EFI program, or a broken one; str() says why."""


def read_program(files: Files, path: str) -> EfiProgram:
    """Read the headers of a program. Raise PeError if they are missing or broken."""
    head = files.piece(path, 0, 64)
    if len(head) < 64 or head[:2] != b"MZ":
        raise PeError("not an EFI program: it does not begin with MZ")
    (at,) = struct.unpack_from("<I", head, 60)
    header = files.piece(path, at, 24)
    if len(header) < 24 or header[:4] != b"PE\0\0":
        raise PeError("not an EFI program: it has no PE header")
    machine, count, optional = struct.unpack_from("<HH12xH", header, 4)
    if count > _MOST:
        raise PeError(f"not an EFI program: it claims to have {count} sections")
    table = files.piece(path, at + 24 + optional, 40 * count)
    if len(table) < 40 * count:
        raise PeError("cut off: its section table is not all there")
    sections = tuple(_sections(table, files.size(path)))
    name = machines.PE.get(machine, f"an unknown machine ({machine:#x})")
    return EfiProgram(name, sections, is_known=machine in machines.PE)


def _sections(table: bytes, length: int) -> Iterator[PeSection]:
    for at in range(0, len(table), 40):
        label, in_memory, _, in_file, offset = _SECTION.unpack_from(table, at)
        name = label.rstrip(b"\0").decode("ascii", "backslashreplace")
        # The size in the file is rounded up. The rest of the section in memory is zeros.
        size = min(in_memory or in_file, in_file)
        if size and offset + size > length:
            raise PeError(f"cut off: its section {name} should end at byte {offset + size}")
        yield PeSection(name, offset, size)

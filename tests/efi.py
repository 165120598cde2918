"""EFI programs as ukify makes them, small."""

import struct
from collections.abc import Sequence
from typing import Any

from parsers import machines

MACHINES = {name: number for number, name in machines.PE.items()} | {"none of EFI's": 0x1234}
_ALIGN = 512


def program(sections: Sequence[tuple[str, bytes]], machine: str = "x86_64") -> bytes:
    """A PE file with these sections, each padded in the file as linkers do."""
    at, optional = 128, 240
    header = struct.pack("<2s58xI64x", b"MZ", at)
    header += struct.pack("<4sHH12xHH", b"PE\0\0", MACHINES[machine], len(sections), optional, 0)
    header += bytes(optional)
    offset = _up(len(header) + 40 * len(sections))
    table, body = b"", b""
    for number, (name, data) in enumerate(sections):
        place = offset + len(body) if data else 0
        sizes = len(data), 0x1000 * (number + 1), _up(len(data)), place
        table += struct.pack("<8s4I16x", name.encode(), *sizes)
        body += data.ljust(_up(len(data)), b"\0")
    return (header + table).ljust(offset, b"\0") + body


def made(description: dict[str, Any]) -> bytes:
    """{"machine", "sections": [[name, text] …], "cut": bytes to keep} as a golden case has it."""
    sections = [(name, text.encode()) for name, text in description["sections"]]
    return program(sections, description.get("machine", "x86_64"))[: description.get("cut")]


def _up(size: int) -> int:
    return -(-size // _ALIGN) * _ALIGN

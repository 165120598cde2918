"""SMBIOS: the facts that a PC's firmware tells about the machine (DMTF's DSP0134)."""

from collections.abc import Iterator

SYSTEM, BOARD, CHASSIS = 1, 2, 3  # types of structures; 0 is the firmware itself
_LAST_TYPE = 127  # the structure that ends the table
_UUID = 8  # offset of the UUID in the system's structure, in bytes

Structure = tuple[bytes, list[bytes]]  # fields, of which the first byte is the type; strings


def structures(data: bytes) -> Iterator[Structure]:
    """Yield the structures. The second byte is the length; strings follow, and an empty string."""
    at = 0
    while at + 4 <= len(data) and data[at + 1] >= 4:
        fields = data[at : at + data[at + 1]]
        end = data.find(b"\0\0", at + len(fields))
        end = len(data) if end < 0 else end
        yield fields, data[at + len(fields) : end].split(b"\0")
        if fields[0] == _LAST_TYPE:
            return
        at = end + 2


def string(structure: Structure, place: int) -> str:
    """Return the string whose number (from 1) is in the byte at `place`, or ""."""
    fields, strings = structure
    number = fields[place] if place < len(fields) else 0
    text = strings[number - 1] if 0 < number <= len(strings) else b""
    return text.decode("utf-8", "surrogateescape")


def text(data: bytes, kind: int, place: int) -> str:
    """Return the string at `place` of the first structure of a type, or ""."""
    found = next((s for s in structures(data) if s[0][0] == kind), None)
    return string(found, place) if found else ""


def uuid(field: bytes) -> str:
    """Return a UUID in its usual spelling. Its first three numbers are little endian."""
    first, rest = (field[3::-1], field[5:3:-1], field[7:5:-1]), (field[8:10], field[10:])
    return "-".join(part.hex() for part in (*first, *rest))


def system_uuid(data: bytes) -> str:
    """Return the machine's UUID, or "" if it has none or one of all zeros or all ones."""
    system = next((fields for fields, _ in structures(data) if fields[0] == SYSTEM), b"")
    field = system[_UUID : _UUID + 16]
    known = len(field) == 16 and field not in (bytes(16), b"\xff" * 16)
    return uuid(field) if known else ""

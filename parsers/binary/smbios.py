"""SMBIOS, what a PC's firmware says of the machine, after DMTF's DSP0134. Pure."""

from collections.abc import Iterator

SYSTEM, BOARD, CHASSIS = 1, 2, 3  # types of structures; 0 is the firmware itself
_LAST_TYPE = 127  # of the structure that ends the table
_UUID = 8  # where the system's is

Structure = tuple[bytes, list[bytes]]  # its fields, the first of which is its type; its strings


def structures(data: bytes) -> Iterator[Structure]:
    """Each is as long as its second byte says; then strings follow, and an empty one."""
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
    """The one that the byte at `place` counts to, from 1; "" when there is none."""
    fields, strings = structure
    number = fields[place] if place < len(fields) else 0
    text = strings[number - 1] if 0 < number <= len(strings) else b""
    return text.decode("utf-8", "surrogateescape")


def text(data: bytes, kind: int, place: int) -> str:
    """That string of the first structure of the type."""
    found = next((s for s in structures(data) if s[0][0] == kind), None)
    return string(found, place) if found else ""


def uuid(field: bytes) -> str:
    """As people write it: its first three numbers begin with their lowest byte."""
    first, rest = (field[3::-1], field[5:3:-1], field[7:5:-1]), (field[8:10], field[10:])
    return "-".join(part.hex() for part in (*first, *rest))


def system_uuid(data: bytes) -> str:
    """The machine's; "" when it has none, or one of all zeros or all ones."""
    system = next((fields for fields, _ in structures(data) if fields[0] == SYSTEM), b"")
    field = system[_UUID : _UUID + 16]
    known = len(field) == 16 and field not in (bytes(16), b"\xff" * 16)
    return uuid(field) if known else ""

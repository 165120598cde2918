"""NVRAM of PowerPC machines: partitions, and lists of settings in them. Pure.

CHRP's format, as powerpc-utils (src/nvram.c), skiboot (core/nvram-format.c) and SLOF
(lib/libnvram) have it. Numbers are big-endian. In EBNF:

    nvram     = partition, { partition } ;
    partition = kind, checksum, blocks, name, { byte } ;
    kind      = ? a byte: 0x70 system, 0x7f free, 0x51 firmware, 0xa0 an operating system ? ;
    checksum  = ? a byte ? ;
    blocks    = ? 2 bytes: the partition's length in units of 16 bytes, with its header ? ;
    name      = ? 12 bytes, padded with NUL ? ;
    list      = { name, "=", value, NUL }, NUL, { NUL } ;    (* of a partition of kind 0x70 *)

Linux moves partitions, so nobody may remember their places. The bytes are everybody's: firmware and
every installed system write there.

**Writing.** A power cut may leave any part of a write. `plan_change` gives writes of which each may
be cut after any byte: then the setting has its old or its new value, every other entry is as it
was, and the list is whole. For that, no entry moves. An entry of ours dies by one byte, "petipy,"
becomes "petipy.", and dead entries are written over and revived by that byte. An entry at the end
gets its first byte last. Of two entries of one name the last counts.

The header of a new partition is the exception, because its checksum cannot change with the rest at
one stroke. Until it is complete, the chain of partitions ends there. The next change completes it.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

Read = Callable[[int, int], bytes]  # place, number of bytes
Write = tuple[int, bytes]  # place, bytes to write there
SYSTEM, FREE = 0x70, 0x7F
COMMON = "common"
LARGEST = 1 << 20  # bytes of an NVRAM, QEMU's limit
LONGEST = 255  # bytes of an entry: SLOF reads no more than 256 with the NUL
BLOCK = 16  # bytes: the unit of sizes
_HEADER = 16
_LONGEST_READ = 4096 + 32  # bytes of an entry: powerpc-utils write no longer ones
_PIECE = 512  # bytes to read at once
_MOST_PARTITIONS, _MOST_ENTRIES = 64, 1000
_SIZE = 0x1000  # bytes of a new partition, as SLOF makes it
_LEAST = 0x200  # bytes of a new partition where there is less room
_RESERVE = 256  # bytes of a list that stay free, for the firmware's own settings
_LIVE, _DEAD = b"petipy,", b"petipy."
_FILLER = _DEAD + b"="  # the shortest dead entry


class Partition(NamedTuple):
    offset: int
    size: int  # bytes, with the header
    kind: int
    name: str

    @property
    def data(self) -> int:
        """The place of the first byte after the header."""
        return self.offset + _HEADER

    @property
    def end(self) -> int:
        return self.offset + self.size


class NvramError(ValueError):
    """The NVRAM cannot take a setting. The message is for people."""


def walk(read: Read, size: int) -> Iterator[Partition]:
    """Yield the partitions. The chain ends at the first header that is not valid."""
    at, size = 0, min(size, LARGEST)
    for _ in range(_MOST_PARTITIONS):
        header = read(at, _HEADER)
        length = int.from_bytes(header[2:4]) * BLOCK
        if len(header) < _HEADER or not length or at + length > size:
            return
        if header[1] != make_checksum(header):
            return
        name = header[4:].rstrip(b"\0").decode("ascii", "replace")
        yield Partition(at, length, header[0], name)
        at += length


def make_checksum(header: bytes) -> int:
    """Return the checksum of a header: its bytes but for the second, each carry added again."""
    total = 0
    for byte in header[:1] + header[2:_HEADER]:
        total += byte
        total = (total & 0xFF) + (total >> 8)
    return total


def make_header(kind: int, size: int, name: str) -> bytes:
    header = bytes([kind, 0]) + (size // BLOCK).to_bytes(2) + name.encode().ljust(12, b"\0")
    return header[:1] + bytes([make_checksum(header)]) + header[2:]


def read_list(read: Read, partition: Partition) -> Iterator[tuple[str, str]]:
    """Yield name and value of each entry, blanks behind the value left out."""
    for entry in _read_entries(read, partition):
        name, sign, value = entry.decode(errors="surrogateescape").partition("=")
        if sign and name and len(entry) <= _LONGEST_READ and not entry.startswith(_DEAD):
            yield name, value.rstrip(" ")


def _read_entries(read: Read, partition: Partition) -> Iterator[bytes]:
    """Yield the entries until the list ends, or the partition does."""
    at, left = partition.data, b""
    for _ in range(_MOST_ENTRIES):
        while b"\0" not in left:
            piece = read(at, min(_PIECE, partition.end - at))
            if not piece:
                return  # what has no end is no entry
            # A longer text is no entry and is dropped: bytes without a NUL must not cost more.
            at, left = at + len(piece), left[: _LONGEST_READ + 1] + piece
        entry, _, left = left.partition(b"\0")
        if not entry:
            return
        yield entry


# Writing


def plan_change(read: Read, size: int, name: str, value: str | None) -> Sequence[Write]:
    """Return the writes, in order, that set an entry; without a value, that remove it.

    `name` begins with "petipy,". Return none if nothing changes. Raise NvramError if it cannot be.
    """
    entry = b""
    if value:
        entry = f"{name}={value}".encode(errors="surrogateescape")
        if len(entry) > LONGEST:
            raise NvramError(f"this takes {len(entry)} bytes; an entry of NVRAM has {LONGEST}")
        if b"\0" in entry:
            raise NvramError("NVRAM keeps no NUL")
    found = list(walk(read, size))
    common = next((p for p in found if (p.kind, p.name) == (SYSTEM, COMMON)), None)
    if common:
        area = _List(read(common.data, common.size - _HEADER), common.data)
        area.change(name.encode() + b"=", entry)
        return area.writes
    return _plan_partition(read, min(size, LARGEST), found, entry) if entry else ()


def plan_list(read: Read, size: int) -> Sequence[Write]:
    """Return the writes that make an empty partition `common` in an NVRAM of zeros, else none."""
    size = min(size, LARGEST)
    if any(walk(read, size)):
        return ()
    try:
        return _plan_partition(read, size, [], b"")
    except NvramError:  # it is damaged
        return ()


class _List:
    """The list of a partition. `writes` has what makes it out of the one that is there."""

    def __init__(self, data: bytes, offset: int) -> None:
        self._data, self._offset = bytearray(data), offset
        self.writes: list[Write] = []

    def change(self, key: bytes, entry: bytes) -> None:
        """Make `entry` the only one that begins with `key`, or remove that."""
        old = [slot for slot in self._slots() if self._text(slot).startswith(key)]
        same = [slot for slot in old if entry and self._text(slot).rstrip(b" ") == entry]
        if same and same[-1] == old[-1]:
            old.pop()
        elif entry:
            self._add(entry)
        for start, _ in old:
            self._write(start, _DEAD)
        self._trim()

    def _slots(self) -> list[tuple[int, int]]:
        """Return start and end of each entry."""
        slots, start = [], 0
        while (end := self._data.find(0, start)) > start:
            slots.append((start, end))
            start = end + 1
        if (end < 0 and start < len(self._data)) or len(slots) > _MOST_ENTRIES:
            raise NvramError(f"the partition {COMMON} of NVRAM holds no list of settings")
        return slots

    @property
    def _end(self) -> int:
        """The place of the NUL that ends the list; beyond the data if there is none."""
        slots = self._slots()
        return slots[-1][1] + 1 if slots else 0

    def _text(self, slot: tuple[int, int]) -> bytes:
        return bytes(self._data[slot[0] : slot[1]])

    def _write(self, at: int, data: bytes) -> None:
        """Write the bytes between the first and the last one that differ."""
        old = self._data[at : at + len(data)]
        changed = [n for n, byte in enumerate(data) if byte != old[n]]
        if changed:
            first, last = changed[0], changed[-1] + 1
            self.writes.append((self._offset + at + first, data[first:last]))
            self._data[at : at + len(data)] = data

    def _add(self, entry: bytes) -> None:
        if not self._revive(entry) and not self._append(entry):
            self._merge()
            if not self._revive(entry):
                raise NvramError(f"the partition {COMMON} of NVRAM has no room left")

    def _revive(self, entry: bytes) -> bool:
        """Write the entry over the dead one that fits best. Return False if none does."""
        dead = [slot for slot in self._slots() if self._text(slot).startswith(_DEAD)]
        fitting = sorted((end - start, start) for start, end in dead if end - start >= len(entry))
        for room, start in fitting:
            rest = room - len(entry)
            if rest > len(_FILLER):  # the rest becomes a dead entry, then both are parted
                self._write(start + len(entry) + 1, _FILLER.ljust(rest - 1, b"."))
                self._write(start + len(entry), b"\0")
            elif room <= LONGEST:
                entry = entry.ljust(room)
            else:
                continue
            self._write(start + len(_DEAD), entry[len(_DEAD) :])
            self._write(start, _LIVE)
            return True
        return False

    def _append(self, entry: bytes) -> bool:
        """Write the entry at the end of the list. Return False if there is no room."""
        end = self._end
        if end + len(entry) + 1 + _RESERVE > len(self._data):
            return False
        self._write(end + 1, entry[1:] + b"\0\0")
        self._write(end, entry[:1])
        return True

    def _merge(self) -> None:
        """Make one entry of dead ones that are neighbours."""
        at, slots = 0, self._slots()
        while at + 1 < len(slots):
            (start, end), (_, last) = slots[at], slots[at + 1]
            dead = all(self._text(slot).startswith(_DEAD) for slot in slots[at : at + 2])
            if dead and last - start <= LONGEST:
                self._write(end, b".")
                slots[at : at + 2] = [(start, last)]
            else:
                at += 1

    def _trim(self) -> None:
        """Let the list end before the dead entries at its end."""
        slots, last = self._slots(), self._end
        while slots and self._text(slots[-1]).startswith(_DEAD):
            slots.pop()
        end = slots[-1][1] + 1 if slots else 0
        if end < last:
            self._write(end, b"\0")
            self._write(end, bytes(last - end))


def _plan_partition(
    read: Read, size: int, found: Sequence[Partition], entry: bytes
) -> Sequence[Write]:
    """Return the writes that make a partition `common` with one entry."""
    free = [p for p in found if p.kind == FREE and p.size >= _LEAST]
    if free:
        _, room, *_ = largest = max(free, key=lambda p: (p.size, p.offset))
        start = largest.offset
    else:
        start = found[-1].end if found else 0
        room = _find_room(read, start, size)
    if room < _LEAST:
        raise NvramError("NVRAM has no room for another partition, or is damaged")
    whole = _SIZE if room >= _SIZE + _LEAST else room
    image = make_header(SYSTEM, whole, COMMON) + entry
    image = image.ljust(whole, b"\0")
    if whole < room:
        image += make_header(FREE, room - whole, _FREE_NAMES[0])
    old = read(start, len(image))
    # The header comes last, and of it the byte without which it is none.
    return [
        write
        for first, last in ((_HEADER, len(image)), (1, _HEADER), (0, 1))
        for write in _list_differences(start + first, old[first:last], image[first:last])
    ]


_FREE_NAMES = "w" * 12, "free space", ""  # powerpc-utils' and skiboot's, SLOF's


def _list_differences(offset: int, old: bytes, new: bytes) -> Iterator[Write]:
    """Yield the runs of bytes that differ."""
    at = 0
    while at < len(new):
        end = at
        while end < len(new) and old[end] != new[end]:
            end += 1
        if end > at:
            yield offset + at, new[at:end]
        at = end + 1


def _find_room(read: Read, start: int, size: int) -> int:
    """Return the bytes after the chain of partitions that nobody uses; 0 if they are in doubt.

    They are zeros, or what a cut has left of making `common` there.
    """
    data = read(start, size - start)
    if not any(data):
        return len(data)
    behind = data[_SIZE : _SIZE + _HEADER]
    if len(behind) < _HEADER:
        return 0
    room = _SIZE + int.from_bytes(behind[2:4]) * BLOCK
    if behind[0] != FREE or behind[1] != make_checksum(behind) or room > len(data):
        room = len(data)
        if any(data[_SIZE + _HEADER :]) or not _is_mixed(
            behind, bytes(_HEADER), make_header(FREE, room - _SIZE, _FREE_NAMES[0])
        ):
            return 0
    entry = data[_HEADER:_SIZE].rstrip(b"\0")
    if b"\0" in entry or not (entry.startswith(_LIVE) or _LIVE.startswith(entry)):
        return 0
    made, header = make_header(SYSTEM, _SIZE, COMMON), data[:_HEADER]
    before = (bytes(_HEADER), *(make_header(FREE, room, name) for name in _FREE_NAMES))
    return room if any(_is_mixed(header, old, made) for old in before) else 0


def _is_mixed(data: bytes, *sources: bytes) -> bool:
    """Return True if each byte is that of one of the sources."""
    return all(byte in choice for byte, *choice in zip(data, *sources, strict=True))

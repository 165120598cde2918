"""A FAT file system without a kernel: fill an empty one, and read what a directory has.

Names are long names only; Microsoft's "FAT: General Overview of On-Disk Format" has the layout.
"""

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from initramfs.host import run, tool
from tests.trees import Content

_ENTRY = 32  # bytes
_PIECE = 13  # characters of a long name in one entry
_DIRECTORY, _LONG = 0x10, 0x0F
_END = 0xFFFF


class Found(NamedTuple):
    """A file or directory: its first cluster, and its bytes."""

    cluster: int
    size: int


class Fat:
    """A FAT16 file system in memory."""

    def __init__(self, data: bytearray) -> None:
        self._data = data
        sector, each, reserved, fats, entries = struct.unpack_from("<HBHBH", data, 11)
        length: int = struct.unpack_from("<H", data, 22)[0]
        self._table: int = reserved * sector
        self._root: int = self._table + fats * length * sector
        self._first: int = self._root + entries * _ENTRY
        self._copies, self._length = fats, length * sector
        self._cluster: int = each * sector
        self._free = 2
        self._names = 0

    def add(self, files: Mapping[str, bytes]) -> None:
        """Write the files, and their directories, into an empty file system."""
        self._place(self._root, self._add_directory({p.strip("/"): d for p, d in files.items()}))

    def list(self, directory: str) -> dict[str, Found]:
        """Return what a directory has, by name, as Linux reads it."""
        found = self._read(bytes(self._data[self._root : self._first]))
        for name in directory.strip("/").split("/"):
            found = self._read(self._contents(found[name].cluster))
        return found

    def file(self, found: Found) -> bytes:
        """Return a file's bytes, along its chain of clusters."""
        return self._contents(found.cluster)[: found.size]

    def _add_directory(self, files: Mapping[str, bytes]) -> bytes:
        inner: dict[str, dict[str, bytes]] = {}
        entries = b""
        for path, data in files.items():
            name, slash, rest = path.partition("/")
            if slash:
                inner.setdefault(name, {})[rest] = data
            else:
                entries += self._entry(name, 0, self._store(data), len(data))
        for name, below in inner.items():
            data = self._add_directory(below)
            dots = _short(b".", _DIRECTORY, self._free, 0) + _short(b"..", _DIRECTORY, 0, 0)
            data = dots + data
            entries += self._entry(name, _DIRECTORY, self._store(data), 0)
        return entries

    def _entry(self, name: str, attributes: int, cluster: int, size: int) -> bytes:
        self._names += 1
        short = b"F%07dEXT" % self._names
        text = name.encode("utf-16-le") + b"\0\0"
        text += b"\xff" * (-len(text) % (2 * _PIECE))
        pieces = [text[at : at + 2 * _PIECE] for at in range(0, len(text), 2 * _PIECE)]
        long = b""
        for number, piece in reversed(list(enumerate(pieces, 1))):
            last = 0x40 if number == len(pieces) else 0
            head = struct.pack("<B10sBBB", number | last, piece[:10], _LONG, 0, _checksum(short))
            long += head + piece[10:22] + b"\0\0" + piece[22:]
        return long + _short(short, attributes, cluster, size)

    def _store(self, data: bytes) -> int:
        if not data:
            return 0
        count = -(-len(data) // self._cluster)
        first, self._free = self._free, self._free + count
        chain = [*range(first + 1, first + count), _END]
        for copy in range(self._copies):
            at = self._table + copy * self._length + 2 * first
            struct.pack_into(f"<{count}H", self._data, at, *chain)
        self._place(self._offset(first), data)
        return first

    def _place(self, at: int, data: bytes) -> None:
        self._data[at : at + len(data)] = data

    def _offset(self, cluster: int) -> int:
        return self._first + (cluster - 2) * self._cluster

    def _contents(self, cluster: int) -> bytes:
        data = bytearray()
        while cluster < 0xFFF8:
            at = self._offset(cluster)
            data += self._data[at : at + self._cluster]
            (cluster,) = struct.unpack_from("<H", self._data, self._table + 2 * cluster)
        return bytes(data)

    @staticmethod
    def _read(data: bytes) -> dict[str, Found]:
        found: dict[str, Found] = {}
        pieces: dict[int, tuple[int, bytes]] = {}
        for at in range(0, len(data), _ENTRY):
            entry = data[at : at + _ENTRY]
            if entry[0] == 0:
                break
            if entry[0] == 0xE5:
                pieces = {}
            elif entry[11] == _LONG:
                pieces[entry[0] & 0x3F] = entry[13], entry[1:11] + entry[14:26] + entry[28:32]
            else:
                found[_name(entry[:11], pieces)] = Found(*struct.unpack("<HI", entry[26:32]))
                pieces = {}
        return found


def _short(name: bytes, attributes: int, cluster: int, size: int) -> bytes:
    return struct.pack("<11sB14xHI", name.ljust(11), attributes, cluster, size)


def _name(short: bytes, pieces: Mapping[int, tuple[int, bytes]]) -> str:
    """Return the long name, if all of its pieces belong to the short one."""
    numbers = sorted(pieces)
    whole = numbers == list(range(1, len(numbers) + 1))
    if numbers and whole and all(sum == _checksum(short) for sum, _ in pieces.values()):
        text = b"".join(pieces[number][1] for number in numbers).decode("utf-16-le")
        return text.partition("\0")[0]
    return short.decode("ascii", "replace").strip()


def _checksum(short: bytes) -> int:
    total = 0
    for byte in short:
        total = ((total & 1) << 7) + (total >> 1) + byte & 0xFF
    return total


def make(image: Path, files: Mapping[str, Content], size: int) -> Path:
    """Write a disk without partitions that is a FAT file system of `size` MiB."""
    with image.open("wb") as file:
        file.truncate(size << 20)
    run([tool("mkfs.vfat") or "mkfs.vfat", "-F", "16", "-s", "8", image])
    data = bytearray(image.read_bytes())
    Fat(data).add({path: _bytes(content) for path, content in files.items()})
    image.write_bytes(data)
    return image


def _bytes(content: Content) -> bytes:
    if isinstance(content, Path):
        return content.read_bytes()
    return content.encode() if isinstance(content, str) else content

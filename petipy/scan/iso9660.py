"""ISO 9660 read by Python, for a person without the right to mount. Pure over a function.

This follows ECMA-119, Rock Ridge (IEEE P1282) and Joliet. Names are those that Linux shows: Rock
Ridge's, else Joliet's, else those of ISO 9660 in small letters and without versions. An image is a
stranger's: every length is checked, and what is damaged counts as absent.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from posixpath import normpath
from typing import Literal

from parsers.api import Host, Volume

Read = Callable[[int, int], bytes]  # offset and length in bytes; less, or nothing, past the end

_SECTOR = 2048
_MOST_DESCRIPTORS = 16
_LARGEST = 4 << 20  # bytes of a directory, and of a text
_MOST = 20_000  # names in a directory
_MOST_LINKS = 40  # as the kernel's own limit
_MOST_AREAS = 16  # continuations of one record's system use area
_JOLIET = (b"%/@", b"%/C", b"%/E")
_DIRECTORY, _MORE = 0x02, 0x80  # flags of a record


@dataclass(frozen=True, slots=True)
class IsoNode:
    """A file, a directory or a symbolic link. `extents` are places and sizes in bytes."""

    extents: tuple[tuple[int, int], ...]
    is_directory: bool = False
    link: str | None = None

    @property
    def size(self) -> int:
        return sum(size for _, size in self.extents)


class IsoFiles:
    """`parsers.api.Files` over the bytes of an image."""

    def __init__(self, read: Read, volume: Volume, host: Host) -> None:
        self.volume = volume
        self.host = replace(host, on=lambda name: self if name == volume.name else host.on(name))
        self._bytes = read
        self._list = lru_cache(maxsize=256)(self._read_directory)
        self._skip = 0  # bytes before Rock Ridge's fields
        self._has_rock_ridge = self._is_joliet = False
        self._root = self._find_root()

    def read(self, path: str) -> str | None:
        node = self._find(path)
        if node is None or node.is_directory or node.link is not None:
            return None
        return self._piece(node, 0, _LARGEST).decode("utf-8", "surrogateescape")

    def piece(self, path: str, offset: int, length: int) -> bytes:
        node = self._find(path) if path else None
        return self._piece(node, offset, length) if node and not node.is_directory else b""

    def names(self, directory: str) -> list[str]:
        node = self._find(directory)
        return sorted(self._list(node)) if node and node.is_directory else []

    def kind(self, path: str) -> Literal["file", "directory"] | None:
        node = self._find(path)
        return None if node is None else "directory" if node.is_directory else "file"

    def size(self, path: str) -> int:
        node = self._find(path)
        return 0 if node is None or node.is_directory else node.size

    def extent(self, path: str) -> tuple[int, int] | None:
        """Return place and size in bytes of a file; None if it is not there or not in one piece."""
        node = self._find(path)
        if node is None or node.is_directory or len(node.extents) != 1:
            return None
        return node.extents[0]

    def modified(self, path: str) -> int:
        return 0

    def link(self, path: str) -> str:
        node = self._find(path, follow=False)
        return (node.link or "") if node else ""

    def default(self, path: str) -> str:
        return path

    def _piece(self, node: IsoNode, offset: int, length: int) -> bytes:
        found = b""
        for start, size in node.extents:
            if offset < size and len(found) < length:
                wanted = min(length - len(found), size - offset)
                found += (got := self._bytes(start + offset, wanted))
                if len(got) < wanted:
                    break
            offset = max(offset - size, 0)
        return found

    def _find(self, path: str, *, follow: bool = True) -> IsoNode | None:
        """Return the node at a path. Links and .. never lead out of the image."""
        todo = normpath(f"/{path}").split("/")[::-1]
        trail, links = [self._root], 0
        while todo:
            name = todo.pop()
            if name in ("", "."):
                continue
            if name == "..":
                trail = trail[:-1] or [self._root]
                continue
            if not trail[-1].is_directory or (node := self._list(trail[-1]).get(name)) is None:
                return None
            if node.link is None or not (follow or todo):
                trail.append(node)
                continue
            links += 1
            if links > _MOST_LINKS:
                return None
            todo += node.link.split("/")[::-1]
            if node.link.startswith("/"):
                trail = [self._root]
        return trail[-1]

    def _find_root(self) -> IsoNode:
        primary = joliet = IsoNode((), is_directory=True)
        for number in range(16, 16 + _MOST_DESCRIPTORS):
            block = self._bytes(number * _SECTOR, _SECTOR)
            if len(block) < _SECTOR or block[1:6] != b"CD001" or block[0] == 255:
                break
            if block[0] == 1:
                primary = _node(block[156:190])
            elif block[0] == 2 and block[88:91] in _JOLIET:
                joliet = _node(block[156:190])
        fields = self._fields(next(iter(self._records(primary)), b""))
        if mark := next((data for name, data in fields if name == b"SP" and len(data) > 2), b""):
            self._has_rock_ridge, self._skip = True, mark[2]
            return primary
        self._is_joliet = bool(joliet.extents)
        return joliet if self._is_joliet else primary

    def _records(self, directory: IsoNode) -> Iterator[bytes]:
        """Yield the records of a directory. None reaches into the next sector."""
        data = self._piece(directory, 0, min(directory.size, _LARGEST))
        for sector in range(0, len(data), _SECTOR):
            at, end = sector, min(sector + _SECTOR, len(data))
            while at < end and data[at] >= 34 and at + data[at] <= end:
                yield data[at : at + data[at]]
                at += data[at]

    def _read_directory(self, directory: IsoNode) -> dict[str, IsoNode]:
        found: dict[str, IsoNode] = {}
        before: tuple[tuple[int, int], ...] = ()  # extents of a file that goes on
        for record in self._records(directory):
            if record[33:34] in (b"\0", b"\1") and record[32] == 1:
                continue
            node = _node(record)
            extents = before + node.extents
            before = extents if record[25] & _MORE else ()
            if before or len(found) == _MOST:
                continue
            name, node = self._describe(record, replace(node, extents=extents))
            if name and "/" not in name:
                found.setdefault(name, node)
        return found

    def _describe(self, record: bytes, node: IsoNode) -> tuple[str, IsoNode]:
        """Return the name of a record, and its node with what Rock Ridge says about it."""
        raw = record[33 : 33 + record[32]]
        if self._is_joliet:
            # The mark of big endian: the image does not have the codec without one.
            text = (b"\xfe\xff" + raw[: len(raw) // 2 * 2]).decode("utf-16", "replace")
            return text.partition(";")[0], node
        name = raw.decode("latin-1").partition(";")[0].rstrip(".").lower()
        if not self._has_rock_ridge:
            return name, node
        written, target = b"", b""
        for field, data in self._fields(record):
            if field == b"NM" and data and not data[0] & 6:
                written += data[1:]
            elif field == b"SL" and data:
                target += _components(data[1:])
            elif field == b"CL" and len(data) >= 4:  # a directory that lies elsewhere
                node = self._directory_at(int.from_bytes(data[:4], "little") * _SECTOR)
            elif field == b"RE":
                return "", node
        if target:
            link = target.rstrip(b"/") or b"/"
            node = replace(node, link=link.decode("utf-8", "surrogateescape"))
        return written.decode("utf-8", "surrogateescape") or name, node

    def _directory_at(self, start: int) -> IsoNode:
        """Return the directory at a place, whose first record tells its size."""
        record = self._bytes(start, 34)
        return replace(_node(record), is_directory=True) if len(record) == 34 else IsoNode(())

    def _fields(self, record: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield the fields of a record's system use area, and of its continuations."""
        if len(record) < 34:
            return
        area = record[33 + record[32] + (record[32] + 1) % 2 + self._skip :]
        for _ in range(_MOST_AREAS):
            more = b""
            while len(area) >= 4 and 4 <= area[2] <= len(area):
                name, data, area = area[:2], area[4 : area[2]], area[area[2] :]
                if name == b"CE" and len(data) >= 24:
                    block, offset, size = (
                        int.from_bytes(data[i : i + 4], "little") for i in (0, 8, 16)
                    )
                    more = self._bytes(block * _SECTOR + offset, min(size, _SECTOR))
                yield name, data
            area = more


def _node(record: bytes) -> IsoNode:
    """Return the node of a directory record: its extent begins behind its extended attributes."""
    block, size = struct.unpack_from("<I4xI", record, 2)
    extents = (((block + record[1]) * _SECTOR, size),) if size else ()
    return IsoNode(extents, is_directory=bool(record[25] & _DIRECTORY))


def _components(data: bytes) -> bytes:
    """Return the text of a link's components. A component that goes on has no slash behind it."""
    text = b""
    while len(data) >= 2 and len(data) >= 2 + data[1]:
        flags, part, data = data[0], data[2 : 2 + data[1]], data[2 + data[1] :]
        part = b"." if flags & 2 else b".." if flags & 4 else b"" if flags & 8 else part
        text += part if flags & 1 else part + b"/"
    return text

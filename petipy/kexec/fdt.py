"""Device trees: the live one of /proc, and the flattened form (Devicetree Specification, 5)."""

import os
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_MAGIC = 0xD00DFEED
_HEADER = struct.Struct(">10I")
_VERSION, _COMPATIBLE = 17, 16
_BEGIN, _END, _PROPERTY, _NOP, _FINISH = 1, 2, 3, 4, 9
DEEPEST = 64  # levels; firmware needs about 10

_word = struct.Struct(">I").pack
_property_head = struct.Struct(">3I").pack
_PADDING = (b"", b"\0\0\0", b"\0\0", b"\0")

Reservation = tuple[int, int]  # (address, size), bytes


class MalformedTree(ValueError):
    """A blob that is no flattened device tree, or a damaged one."""


@dataclass(slots=True)
class Node:
    """One node. Its name carries the unit address; the root's name is empty."""

    name: str = ""
    properties: dict[str, bytes] = field(default_factory=dict)
    children: list["Node"] = field(default_factory=list)

    def child(self, name: str) -> "Node | None":
        return next((node for node in self.children if node.name == name), None)

    def walk(self) -> Iterator["Node"]:
        yield self
        for child in self.children:
            yield from child.walk()

    def cell(self, name: str, default: int = 0) -> int:
        """Return the number in a property of 32 or 64 bits; `default` for any other."""
        value = self.properties.get(name, b"")
        return int.from_bytes(value, "big") if len(value) in (4, 8) else default

    @property
    def kind(self) -> bytes:
        return self.properties.get("device_type", b"").rstrip(b"\0")


@dataclass(frozen=True, slots=True)
class Flat:
    """A flattened tree without its memory reservations, which depend on its address."""

    structure: bytes
    strings: bytes

    def size(self, reservations: int) -> int:
        """Return the size in bytes of the blob with so many reservations."""
        return _HEADER.size + 16 * (reservations + 1) + len(self.structure) + len(self.strings)

    def blob(self, reserved: Iterable[Reservation] = (), boot_cpu: int = 0) -> bytes:
        """Join header, reservations, structure and strings."""
        entries = [struct.pack(">2Q", *entry) for entry in reserved]
        structure_at = _HEADER.size + 16 * (len(entries) + 1)
        strings_at = structure_at + len(self.structure)
        total = strings_at + len(self.strings)
        header = _HEADER.pack(
            _MAGIC,
            total,
            structure_at,
            strings_at,
            _HEADER.size,
            _VERSION,
            _COMPATIBLE,
            boot_cpu,
            len(self.strings),
            len(self.structure),
        )
        return b"".join([header, *entries, bytes(16), self.structure, self.strings])


def flatten(root: Node) -> Flat:
    """Flatten a tree (Devicetree Specification 0.4, chapter 5)."""
    chunks: list[bytes] = []
    names: dict[str, int] = {}
    strings = bytearray()

    def name_at(name: str) -> int:
        at = names.get(name)
        if at is None:
            at = names[name] = len(strings)
            strings.extend(os.fsencode(name) + b"\0")
        return at

    def add(node: Node) -> None:
        label = os.fsencode(node.name) + b"\0"
        chunks.append(_word(_BEGIN) + label + _PADDING[len(label) % 4])
        for name, value in node.properties.items():
            chunks.append(_property_head(_PROPERTY, len(value), name_at(name)))
            chunks.append(value)
            chunks.append(_PADDING[len(value) % 4])
        for child in node.children:
            add(child)
        chunks.append(_word(_END))

    add(root)
    chunks.append(_word(_FINISH))
    # Padding keeps the next thing behind the blob aligned.
    return Flat(b"".join(chunks), bytes(strings) + _PADDING[len(strings) % 4])


def read_live(directory: str = "/proc/device-tree") -> Node:
    """Read the running kernel's tree, hot-plugged nodes included. Raise OSError."""
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return _read_node(fd, "")
    finally:
        os.close(fd)


def _read_node(fd: int, name: str) -> Node:
    node = Node(name)
    with os.scandir(fd) as entries:
        found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
    for label, is_node in found:
        if is_node:
            child = os.open(label, os.O_RDONLY | os.O_DIRECTORY, dir_fd=fd)
            try:
                node.children.append(_read_node(child, label))
            finally:
                os.close(child)
        elif label != "name":  # the kernel made it from the node's own name
            node.properties[label] = _read_property(fd, label)
    return node


def _read_property(directory: int, name: str) -> bytes:
    fd = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=directory)
    try:
        value = os.read(fd, 4096)  # one call is enough for nearly every property
        if len(value) < 4096:
            return value
        rest = iter(lambda: os.read(fd, 65536), b"")
        return value + b"".join(rest)
    finally:
        os.close(fd)


def parse(blob: bytes) -> tuple[Node, list[Reservation], int]:
    """Return root, memory reservations and number of the boot CPU. Raise MalformedTree."""
    try:
        return _parse(blob)
    except (struct.error, IndexError, ValueError) as problem:
        raise MalformedTree(f"damaged device tree: {problem}") from problem


def _parse(blob: bytes) -> tuple[Node, list[Reservation], int]:
    magic, total, structure_at, strings_at, reserved_at, _, compatible, cpu, strings_size, _ = (
        _HEADER.unpack_from(blob)
    )
    if magic != _MAGIC or total > len(blob) or compatible > _VERSION:
        raise MalformedTree("no device tree, or one that is cut off")
    strings = blob[strings_at : strings_at + strings_size]
    root = _Reader(blob[structure_at:total], strings).root()
    return root, list(_reservations(blob, reserved_at)), cpu


def _reservations(blob: bytes, at: int) -> Iterator[Reservation]:
    while (entry := struct.unpack_from(">2Q", blob, at)) != (0, 0):
        yield entry
        at += 16


class _Reader:
    def __init__(self, structure: bytes, strings: bytes) -> None:
        self.structure, self.strings, self.at = structure, strings, 0

    def root(self) -> Node:
        if self._token() != _BEGIN:
            raise MalformedTree("it does not begin with a node")
        node = self._node(0)
        if self._token() != _FINISH:
            raise MalformedTree("something follows the root")
        return node

    def _token(self) -> int:
        while True:
            (token,) = struct.unpack_from(">I", self.structure, self.at)
            self.at += 4
            if token != _NOP:
                return int(token)

    def _node(self, depth: int) -> Node:
        if depth > DEEPEST:
            raise MalformedTree("nodes nested too deep")
        end = self.structure.index(b"\0", self.at)
        node = Node(os.fsdecode(self.structure[self.at : end]))
        self.at = (end + 4) & ~3
        while (token := self._token()) != _END:
            if token == _PROPERTY:
                name, value = self._property()
                node.properties[name] = value
            elif token == _BEGIN:
                node.children.append(self._node(depth + 1))
            else:
                raise MalformedTree(f"token {token:#x} in a node")
        return node

    def _property(self) -> tuple[str, bytes]:
        size, name_at = struct.unpack_from(">2I", self.structure, self.at)
        start, stop = self.at + 8, self.at + 8 + size
        if stop > len(self.structure):
            raise MalformedTree("a property reaches past the end")
        self.at = (stop + 3) & ~3
        name = self.strings[name_at : self.strings.index(b"\0", name_at)]
        return os.fsdecode(name), self.structure[start:stop]

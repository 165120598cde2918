"""Overlays of device trees, as dtc writes them and libfdt applies them.

An overlay is a flattened tree. Each child of its root with a node __overlay__ is a fragment: that
node is merged into the base tree's node that `target` (a phandle) or `target-path` means. Three
nodes beside the fragments say how phandles get their values:

    __fixups__        label of the base → places ("/path:property:offset") of a phandle of that node
    __local_fixups__  the overlay's own nodes again, with the offsets of phandles of the overlay
    __symbols__       label → path in the overlay; the base gets it for the overlays that follow

dtc's Documentation/dt-object-internal.txt and the kernel's overlay-notes.rst describe them.
"""

import os
import re
import struct
from collections.abc import Iterator

from .fdt import DEEPEST, MalformedTree, Node, flatten, parse

LARGEST = 4 << 20  # bytes of a tree; those of boards have 0.3 MB
_LONGEST = 4096  # characters of a path

_PLACE = re.compile(r"([^:]+):([^:]+):(\d{1,9})", re.ASCII)
_SYMBOL = re.compile(r"/([^/]+)/__overlay__(?:/(.*))?", re.S)
_cell = struct.Struct(">I")
_NONE = 0xFFFF_FFFF  # a phandle that no node has, nor 0


def apply(base: bytes, overlay: bytes) -> bytes:
    """Return the base tree with the overlay applied. Raise MalformedTree for either."""
    root, reserved, cpu = parse(base)
    _Application(_Tree(root), _Tree(parse(overlay)[0])).run()
    blob = flatten(root).blob(reserved, cpu)
    if len(blob) > LARGEST:
        raise MalformedTree("the tree becomes too large")
    return blob


class _Tree:
    """A tree with indexes: it may have thousands of nodes in a row."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self._children: dict[int, dict[str, Node]] = {}  # by the id() of their parent
        self._places: dict[int, tuple[Node, int]] = {}  # id() → parent, and levels below the root
        self._phandles: dict[int, Node] = {}
        for node in root.walk():
            self.note_phandle(node)
            for child in node.children:
                self._places[id(child)] = node, self.depth(node) + 1

    def child(self, node: Node, name: str) -> Node | None:
        """Return the first child of a name. A name without @ means one with any address, too."""
        return self._index(node).get(name)

    def _index(self, node: Node) -> dict[str, Node]:
        index = self._children.get(id(node))
        if index is None:
            index = self._children[id(node)] = {}
            for child in node.children:
                _enter(index, child)
        return index

    def add(self, parent: Node, name: str) -> Node:
        index, child = self._index(parent), Node(name)
        depth = self.depth(parent) + 1
        if depth > DEEPEST:
            raise MalformedTree("nodes nested too deep")
        parent.children.append(child)
        _enter(index, child)
        self._places[id(child)] = parent, depth
        return child

    def depth(self, node: Node) -> int:
        return self._places[id(node)][1] if node is not self.root else 0

    def path(self, node: Node) -> str:
        names: list[str] = []
        while node is not self.root:
            names.append(node.name)
            node = self._places[id(node)][0]
        return "/" + "/".join(reversed(names))

    def find(self, path: str) -> Node | None:
        """Return the node of a path, which may begin with an alias."""
        if not path.startswith("/"):
            alias, _, rest = path.partition("/")
            aliases = self.child(self.root, "aliases")
            start = aliases.properties.get(alias, b"") if aliases else b""
            path = f"{_decode(start)}/{rest}"
            if not path.startswith("/") or not start:
                return None
        if len(path) > _LONGEST:
            raise MalformedTree("a path is too long")
        node: Node | None = self.root
        for name in filter(None, path.split("/")):
            if node is None:
                break
            node = self.child(node, name)
        return node

    @property
    def largest_phandle(self) -> int:
        return max(self._phandles, default=0)

    def find_phandle(self, phandle: int) -> Node | None:
        return self._phandles.get(phandle)

    def note_phandle(self, node: Node) -> None:
        if (phandle := _phandle(node)) not in (0, _NONE):
            self._phandles.setdefault(phandle, node)


def _enter(index: dict[str, Node], child: Node) -> None:
    index.setdefault(child.name, child)
    index.setdefault(child.name.partition("@")[0], child)


def _phandle(node: Node) -> int:
    """Return a node's phandle; 0 for none. Old trees have it under another name."""
    for name in ("phandle", "linux,phandle"):
        if len(value := node.properties.get(name, b"")) == _cell.size:
            return int.from_bytes(value, "big")
    return 0


def _decode(value: bytes) -> str:
    return os.fsdecode(value.partition(b"\0")[0])


class _Application:
    """One overlay on its way into a base tree. Both trees change."""

    def __init__(self, base: _Tree, overlay: _Tree) -> None:
        self._base, self._overlay = base, overlay
        self._shift = base.largest_phandle  # what is added to the overlay's own phandles
        # Properties with phandles: large ones with many would be copied for each.
        self._patched: dict[tuple[int, str], tuple[Node, bytearray]] = {}

    def run(self) -> None:
        root = self._overlay.root
        self._shift_phandles()
        if fixups := self._overlay.child(root, "__local_fixups__"):
            self._shift_references(root, fixups)
        if fixups := self._overlay.child(root, "__fixups__"):
            for label, places in fixups.properties.items():
                self._refer(self._find_label(label), places)
        for (_, name), (node, value) in self._patched.items():
            node.properties[name] = bytes(value)
        for fragment in root.children:
            if content := self._overlay.child(fragment, "__overlay__"):
                self._merge(self._find_target(fragment), content)
        if symbols := self._overlay.child(root, "__symbols__"):
            self._add_symbols(symbols)

    def _shift_phandles(self) -> None:
        for node in self._overlay.root.walk():
            for name in ("phandle", "linux,phandle"):
                value = node.properties.get(name)
                if value is None:
                    continue
                if len(value) != _cell.size:
                    raise MalformedTree("a phandle is no number of 32 bits")
                number = int.from_bytes(value, "big") + self._shift
                if number >= _NONE:
                    raise MalformedTree("there are no phandles left")
                node.properties[name] = _cell.pack(number)

    def _shift_references(self, node: Node, fixups: Node) -> None:
        for name, places in fixups.properties.items():
            if len(places) % _cell.size:
                raise MalformedTree("__local_fixups__ has an offset that is cut off")
            for (at,) in _cell.iter_unpack(places):
                value = self._open(node, name, at)
                (number,) = _cell.unpack_from(value, at)
                _cell.pack_into(value, at, (number + self._shift) & _NONE)
        for child in fixups.children:
            inner = self._overlay.child(node, child.name)
            if inner is None:
                raise MalformedTree("__local_fixups__ names a node that is not there")
            self._shift_references(inner, child)

    def _find_label(self, label: str) -> int:
        """Return the phandle of the base's node that has a label."""
        symbols = self._base.child(self._base.root, "__symbols__")
        if symbols is None:
            raise MalformedTree("the device tree has no labels: it was made without dtc -@")
        path = symbols.properties.get(label)
        node = self._base.find(_decode(path)) if path else None
        phandle = _phandle(node) if node else 0
        if phandle in (0, _NONE):
            raise MalformedTree(f"the device tree has no label {label[:60]!r}")
        return phandle

    def _refer(self, phandle: int, places: bytes) -> None:
        """Write the phandle to the places of a property of __fixups__."""
        for place in _split(places):
            match = _PLACE.fullmatch(place)
            node = self._overlay.find(match[1]) if match else None
            if match is None or node is None:
                raise MalformedTree("__fixups__ names a place that is not there")
            at = int(match[3])
            _cell.pack_into(self._open(node, match[2], at), at, phandle)

    def _open(self, node: Node, name: str, at: int) -> bytearray:
        """Return the property's value for a change of the cell at an offset."""
        found = self._patched.get((id(node), name))
        if found is None:
            if name not in node.properties:
                raise MalformedTree("a fixup names a property that is not there")
            found = self._patched[id(node), name] = node, bytearray(node.properties[name])
        if at + _cell.size > len(found[1]):
            raise MalformedTree("a fixup reaches past the end of its property")
        return found[1]

    def _find_target(self, fragment: Node) -> Node:
        phandle = fragment.properties.get("target")
        path = fragment.properties.get("target-path")
        found = None
        if phandle is not None and len(phandle) != _cell.size:
            raise MalformedTree("a target is no number of 32 bits")
        if phandle and any(phandle):
            found = self._base.find_phandle(int.from_bytes(phandle, "big"))
        elif path is not None:
            found = self._base.find(_decode(path))
        if found is None:
            words = f" {_decode(path)[:60]!r}" if path else ""
            raise MalformedTree(f"the device tree has no target{words} of a fragment")
        return found

    def _merge(self, target: Node, content: Node) -> None:
        target.properties.update(content.properties)
        self._base.note_phandle(target)
        for child in content.children:
            inner = self._base.child(target, child.name) or self._base.add(target, child.name)
            self._merge(inner, child)

    def _add_symbols(self, symbols: Node) -> None:
        root, size = self._base.root, 0
        known = self._base.child(root, "__symbols__") or self._base.add(root, "__symbols__")
        for label, value in symbols.properties.items():
            (path, *more) = _split(value)
            match = _SYMBOL.fullmatch(path)
            fragment = self._overlay.child(self._overlay.root, match[1]) if match else None
            if not match or fragment is None or more:
                raise MalformedTree("__symbols__ names a node that is not there")
            if self._overlay.child(fragment, "__overlay__") is None:
                raise MalformedTree("__symbols__ names a node that is not there")
            start = self._locate(fragment).removesuffix("/")
            known.properties[label] = text = os.fsencode(f"{start}/{match[2] or ''}") + b"\0"
            size += len(text)
            if size > LARGEST:
                raise MalformedTree("the tree becomes too large")

    def _locate(self, fragment: Node) -> str:
        """Return the path of a fragment's target, as the overlay names it if it does."""
        target = self._find_target(fragment)
        if any(fragment.properties.get("target", b"")):
            return self._base.path(target)
        return _decode(fragment.properties["target-path"])


def _split(texts: bytes) -> Iterator[str]:
    if not texts.endswith(b"\0"):
        raise MalformedTree("a text has no end")
    return iter(os.fsdecode(texts[:-1]).split("\0"))

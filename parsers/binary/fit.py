"""U-Boot's flattened image tree (FIT): kernels, initrds and device trees in one device tree blob.

This follows the Devicetree Specification, chapter 5, and the FIT specification. The blob is read
piece by piece, with every bound checked: an image's data lies within the blob as a property, or
behind it.

    /images/NAME            data, or data-size with data-position or data-offset; compression
    /configurations         default: the name of a configuration
    /configurations/NAME    kernel, ramdisk, fdt: names of images
"""

import struct
from collections.abc import Iterator, Sequence

from parsers.api import FileRef, Files

MAGIC = b"\xd0\x0d\xfe\xed"
# Size of the blob, places of structure and names, compatible version, sizes of names and structure.
_HEADER = struct.Struct(">4x3I8xI4x2I")
_BEGIN, _END, _PROPERTY, _NOP, _FINISH = 1, 2, 3, 4, 9
_MOST = 4000  # tokens of the structure
_WINDOW = 4096  # bytes that are read at once
_STRINGS = 64 << 10  # bytes of the names of properties
_TEXT = 1024  # bytes of a value that is text or a number
_LONGEST = 256  # bytes of the name of a node
_DEPTH = 8  # levels; the images' hashes lie on the third


class FitError(ValueError):
    """The file is no image tree, or a damaged one; str() says why."""


# Plain classes: every start imports this module, and NamedTuples take longer to make.
class Property:
    """The value of a property: its place in the file, and its first bytes."""

    def __init__(self, offset: int, size: int, start: bytes) -> None:
        self.offset, self.size, self.start = offset, size, start

    def texts(self) -> list[str]:
        text = self.start.decode("utf-8", "surrogateescape")
        return [part for part in text.split("\0") if part]

    def number(self) -> int:
        return int.from_bytes(self.start, "big") if self.size in (4, 8) else -1


class _Node:
    def __init__(self) -> None:
        self.values: dict[str, Property] = {}
        self.children: dict[str, _Node] = {}

    def texts(self, name: str) -> list[str]:
        return self.values[name].texts() if name in self.values else []

    def number(self, name: str) -> int:
        return self.values[name].number() if name in self.values else -1


class FitImage:
    """One image of a file. `packed` is its compression, "" for none."""

    def __init__(self, file: FileRef, packed: str = "") -> None:
        self.file, self.packed = file, packed


class FitConfiguration:
    """The images that boot together; the device trees after the first are overlays."""

    def __init__(
        self, kernel: FitImage, ramdisk: FitImage | None, devicetrees: Sequence[FitImage]
    ) -> None:
        self.kernel, self.ramdisk, self.devicetrees = kernel, ramdisk, devicetrees


def is_fit(files: Files, path: str) -> bool:
    return files.piece(path, 0, len(MAGIC)) == MAGIC


def read_configuration(files: Files, path: str, name: str = "") -> FitConfiguration:
    """Read the configuration of a name; without a name, the default. Raise FitError."""
    blob = _Blob(files, path)
    root = blob.read()
    found = root.children.get("configurations") or _Node()
    if not name and not (name := next(iter(found.texts("default")), "")):
        raise FitError("it has no default configuration")
    if name not in found.children:
        raise FitError(f"it has no configuration {name!r}")
    chosen = found.children[name]
    images = root.children.get("images") or _Node()

    def find(kind: str) -> Iterator[FitImage]:
        for word in chosen.texts(kind):
            if word not in images.children:
                raise FitError(f"it has no image {word!r}")
            yield blob.image(word, images.children[word])

    if not (kernels := list(find("kernel"))):
        raise FitError(f"its configuration {name!r} has no kernel")
    return FitConfiguration(kernels[0], next(find("ramdisk"), None), tuple(find("fdt")))


class _Blob:
    """A reader of one file. A window of bytes saves reads."""

    def __init__(self, files: Files, path: str) -> None:
        self._files, self._path = files, path
        self._length = files.size(path)
        self._window, self._at = b"", 0
        head = files.piece(path, 0, _HEADER.size)
        if len(head) < _HEADER.size or not head.startswith(MAGIC):
            raise FitError("it is no device tree blob")
        self._total, start, names, compatible, names_size, size = _HEADER.unpack(head)
        if compatible > 17 or not _HEADER.size <= start <= self._total <= self._length:
            raise FitError("its header is damaged")
        self._start, self._stop = start, start + size
        if self._stop > self._total or names + names_size > self._total:
            raise FitError("its header is damaged")
        self._names = files.piece(path, names, min(names_size, _STRINGS))

    def read(self) -> _Node:
        """Read the nodes with their properties."""
        root = _Node()
        trail, at = [root], self._start
        for _ in range(_MOST):
            token = self._number(at)
            at += 4
            if token == _BEGIN:
                name = self._text(at)
                at += len(name) // 4 * 4 + 4
                if len(trail) > _DEPTH:
                    raise FitError("its nodes are nested too deep")
                trail.append(
                    trail[-1].children.setdefault(name.decode("ascii", "replace"), _Node())
                )
            elif token == _PROPERTY:
                size, name_at = self._number(at), self._number(at + 4)
                if at + 8 + size > self._stop:
                    raise FitError("a property is longer than it")
                key = self._names[name_at:].partition(b"\0")[0].decode("ascii", "replace")
                start = self._bytes(at + 8, min(size, _TEXT))
                trail[-1].values.setdefault(key, Property(at + 8, size, start))
                at += 8 + (size + 3) // 4 * 4
            elif token == _END and len(trail) > 1:
                trail.pop()
            elif token == _FINISH:
                return root.children.get("", root)
            elif token != _NOP:
                break
        raise FitError("its structure is damaged, or too long")

    def image(self, name: str, node: _Node) -> FitImage:
        """Return an image; the FIT specification, "External data", has the three places."""
        packed = next(iter(node.texts("compression")), "none")
        packed = "" if packed == "none" else packed
        position, offset = node.number("data-position"), node.number("data-offset")
        at, size = position, node.number("data-size")
        if position < 0 and offset >= 0:
            at = (self._total + 3) // 4 * 4 + offset
        if at < 0 and (inner := node.values.get("data")):
            at, size = inner.offset, inner.size
        if at < 0 or size <= 0:
            raise FitError(f"its image {name!r} has no data")
        if at + size > self._length:
            raise FitError(f"cut off: its image {name!r} should end at byte {at + size}")
        return FitImage(FileRef(path=self._path, offset=at, size=size), packed)

    def _number(self, at: int) -> int:
        return int.from_bytes(self._bytes(at, 4), "big")

    def _text(self, at: int) -> bytes:
        text, end, _ = self._bytes(at, min(_LONGEST, self._stop - at)).partition(b"\0")
        if not end:
            raise FitError("the name of a node is too long")
        return text

    def _bytes(self, at: int, size: int) -> bytes:
        if at + size > self._stop:
            raise FitError("it ends too early")
        if not self._at <= at <= at + size <= self._at + len(self._window):
            length = min(max(size, _WINDOW), self._stop - at)
            self._window, self._at = self._files.piece(self._path, at, length), at
        found = self._window[at - self._at :][:size]
        if len(found) < size:
            raise FitError("it cannot be read")
        return found

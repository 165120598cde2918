"""Import modules from one file; Python would look for and read two hundred.

initramfs/fast/bundle.py writes the file:
    4 bytes     the magic number of Python's compiled code
    4 bytes     CRC-32 of the index, little-endian
    8 bytes     length of the index, little-endian
    index       {module: (offset, size, is a package, is compressed, number)}, written by marshal;
                offsets count from its end
    code        written by marshal; first the modules of a headless start, then the others,
                compressed by zlib

The modules that one process imports together lie in a group: a list of their code, in which each
has its `number`; the others have -1. What they have in common, names above all, is there once. To
read a group takes a third less than to read its modules: 25 million instructions.
"""

import marshal
import posix  # os without all that it imports
import sys
from _frozen_importlib import ModuleSpec  # importlib's own, without importing all of it
from _frozen_importlib_external import MAGIC_NUMBER
from zlib import crc32, decompress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from types import CodeType, ModuleType

PLACE = "/usr/lib/petipy/modules"
HEADER = 16  # bytes before the index
AHEAD = 1 << 18  # bytes per read: modules that follow each other come together
# Python needs these files before it can import from the bundle.
OUTSIDE = ("os", "encodings", "sitecustomize", "petipy", "petipy.startup", "petipy.startup.bundle")

Index = dict[str, tuple[int, int, bool, bool, int]]


def install(place: str = PLACE) -> None:
    """Import every module that the file has from there.

    Do nothing if it is absent, damaged or for another Python.
    """
    try:
        finder = Bundle(place)
    except (OSError, ValueError):
        return
    sys.meta_path.insert(0, finder)
    sys.path_hooks.insert(0, finder.below)


def outside(name: str) -> bool:
    """Return True for a module that stays a file of its own."""
    return name in OUTSIDE or name.startswith("encodings.")


class Bundle:
    """Find and load the modules of one file (PEP 451). ValueError if it is unusable."""

    def __init__(self, place: str) -> None:
        self._place = place
        head = self._read(0, HEADER)
        size = int.from_bytes(head[8:], "little")
        self._start = HEADER + size
        index = self._read(HEADER, size)
        if head[:8] != MAGIC_NUMBER + crc32(index).to_bytes(4, "little"):
            raise ValueError(f"{place} is damaged, or for another Python")
        self.index: Index = marshal.loads(index)
        self._ahead, self._from = memoryview(b""), 0
        self._groups: dict[int, list[CodeType | None]] = {}  # by offset; None has been taken

    def find_spec(
        self, name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None
    ) -> ModuleSpec | None:
        if name not in self.index:
            return None
        package = self.index[name][2]
        place = f"{self._place}/{name}"
        spec = ModuleSpec(name, self, origin=place, is_package=package)  # type: ignore[arg-type]
        spec.has_location = True  # some modules look at their __file__
        if package:
            spec.submodule_search_locations = [place]
        return spec

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: "ModuleType") -> None:
        exec(self.get_code(module.__name__), vars(module))

    def get_code(self, name: str) -> "CodeType":
        offset, size, _, compressed, number = self.index[name]
        if number >= 0:
            return self._take(offset, size, number)
        data: bytes | memoryview = self._piece(self._start + offset, size)
        if compressed:
            data = decompress(data)
        code: CodeType = marshal.loads(data)
        return code

    def _take(self, offset: int, size: int, number: int) -> "CodeType":
        codes = self._groups.get(offset)
        if codes is None or codes[number] is None:
            codes = marshal.loads(self._read(self._start + offset, size))
            self._groups[offset] = codes
        code, codes[number] = codes[number], None
        assert code
        return code

    def _piece(self, offset: int, size: int) -> memoryview:
        at = offset - self._from
        if not 0 <= at <= len(self._ahead) - size:
            self._ahead, self._from = memoryview(self._read(offset, max(size, AHEAD))), offset
            at = 0
        return self._ahead[at : at + size]

    def _read(self, offset: int, size: int) -> bytes:
        # Open it each time: the scanner process closes every descriptor that it inherits.
        file = posix.open(self._place, posix.O_RDONLY | posix.O_CLOEXEC)
        try:
            return posix.pread(file, size, offset)
        finally:
            posix.close(file)

    def below(self, location: str) -> "PackageModules":
        """Let pkgutil find the modules of a package (a path hook of PEP 302)."""
        place, _, package = location.rpartition("/")
        if place != self._place:
            raise ImportError(location)
        return PackageModules(package, self.index)


class PackageModules:
    """List the modules of a package for pkgutil.iter_modules."""

    def __init__(self, name: str, index: Index) -> None:
        self._name, self._index = name, index

    def find_spec(self, name: str, target: "ModuleType | None" = None) -> None:
        return None  # Python has asked the bundle before

    def iter_modules(self, prefix: str = "") -> "Iterator[tuple[str, bool]]":
        start = self._name + "."
        for name, (_, _, package, _, _) in self._index.items():
            if name.startswith(start) and "." not in (last := name[len(start) :]):
                yield prefix + last, package

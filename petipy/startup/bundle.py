"""Imports from one file with all modules: of two hundred, each would be looked for and read.

The file: eight bytes, the length of the index (little-endian); the index, {module: (offset, size,
whether it is a package, whether it is packed)} as marshal writes it; the modules' code, the same
way, first those that a start imports, in that order, then the others, packed by zlib. Offsets
count from the end of the index.
"""

import marshal
import posix  # os without all that it imports
import sys
from _frozen_importlib import ModuleSpec  # importlib's own, without importing all of it

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from types import CodeType, ModuleType

PLACE = "/usr/lib/petipy/modules"
AHEAD = 1 << 18  # bytes that are read at once, of modules that follow each other
# What Python needs before it can import from the file, and what does the importing.
OUTSIDE = ("os", "encodings", "sitecustomize", "petipy", "petipy.startup", "petipy.startup.bundle")

Index = dict[str, tuple[int, int, bool, bool]]


def install(place: str = PLACE) -> None:
    """Let every module that is in the file be imported from it. OSError when there is none."""
    finder = Bundle(place)
    sys.meta_path.insert(0, finder)
    sys.path_hooks.insert(0, finder.below)


def outside(name: str) -> bool:
    """Whether the module stays a file of its own."""
    return name in OUTSIDE or name.startswith("encodings.")


def write(modules: "Mapping[str, tuple[bytes, bool]]", hot: "Sequence[str]") -> bytes:
    """The file with these modules: name → marshalled code, and whether it is a package.

    The `hot` ones come as they are, in that order. The others are packed: the kernel has less to
    unpack before anything can run.
    """
    import zlib

    index: Index = {}
    stored: list[bytes] = []
    at = 0
    warm = [name for name in dict.fromkeys(hot) if name in modules]
    for name in dict.fromkeys([*warm, *modules]):
        code, package = modules[name]
        packed = name not in warm
        stored.append(zlib.compress(code, 9) if packed else code)
        index[name] = at, len(stored[-1]), package, packed
        at += len(stored[-1])
    head = marshal.dumps(index, 2)
    return b"".join([len(head).to_bytes(8, "little"), head, *stored])


class Bundle:
    """A finder and loader (PEP 451) of the modules in one file."""

    def __init__(self, place: str) -> None:
        self._place = place
        size = int.from_bytes(self._read(0, 8), "little")
        self._start = 8 + size
        self.index: Index = marshal.loads(self._read(8, size))
        self._ahead, self._from = memoryview(b""), 0

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
        offset, size, _, packed = self.index[name]
        data: bytes | memoryview = self._piece(self._start + offset, size)
        if packed:
            import zlib

            data = zlib.decompress(data)
        code: CodeType = marshal.loads(data)
        return code

    def _piece(self, offset: int, size: int) -> memoryview:
        at = offset - self._from
        if not 0 <= at <= len(self._ahead) - size:
            self._ahead, self._from = memoryview(self._read(offset, max(size, AHEAD))), offset
            at = 0
        return self._ahead[at : at + size]

    def _read(self, offset: int, size: int) -> bytes:
        # Opened each time: the scanner process closes every descriptor that it inherits.
        file = posix.open(self._place, posix.O_RDONLY | posix.O_CLOEXEC)
        try:
            return posix.pread(file, size, offset)
        finally:
            posix.close(file)

    def below(self, location: str) -> "Package":
        """The hook (PEP 302) by which pkgutil finds what is in a package."""
        place, _, package = location.rpartition("/")
        if place != self._place:
            raise ImportError(location)
        return Package(package, self.index)


class Package:
    """What a package of the file holds, for pkgutil.iter_modules."""

    def __init__(self, name: str, index: Index) -> None:
        self._name, self.index = name, index

    def find_spec(self, name: str, target: "ModuleType | None" = None) -> None:
        return None  # the bundle has been asked before

    def iter_modules(self, prefix: str = "") -> "Iterator[tuple[str, bool]]":
        for name, (_, _, package, _) in self.index.items():
            parent, _, last = name.rpartition(".")
            if parent == self._name:
                yield prefix + last, package

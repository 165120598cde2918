"""A machine described by a file: its devices and their files."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from posixpath import dirname, join, normpath, split
from typing import Literal

from parsers.api import UNKNOWN, Firmware, Host, Piece, Volume
from parsers.places.urls import normalize

_MAX_LINKS = 40  # as the kernel's own limit


@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """The known files of one device. Paths are absolute and normal."""

    texts: Mapping[str, str] = field(default_factory=dict)
    sizes: Mapping[str, int] = field(default_factory=dict)  # of files without known contents
    directories: frozenset[str] = frozenset()  # besides those of the files
    links: Mapping[str, str] = field(default_factory=dict)  # symbolic ones, with their targets
    times: Mapping[str, int] = field(default_factory=dict)  # seconds since 1970
    pieces: Mapping[str, Mapping[int, bytes]] = field(default_factory=dict)  # path, offset
    defaults: Mapping[str, str] = field(default_factory=dict)  # Files.default, where it is longer


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file on a server that is no text: a kernel, an ISO file."""

    size: int | None = None
    pieces: Mapping[int, bytes] = field(default_factory=dict)  # known bytes, by offset


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A described machine. `root` and `config` name the configuration to look at, if any."""

    name: str = ""  # uname's machine; "" if the file does not say
    volumes: tuple[Volume, ...] = ()
    trees: Mapping[str, Tree] = field(default_factory=dict)  # by Volume.name
    titles: Mapping[str, str] = field(default_factory=dict)  # for people, by Volume.name
    root: str = ""
    prefix: str = ""
    config: str = ""
    env: Mapping[str, str] = field(default_factory=dict)
    compatible: tuple[str, ...] = ()  # parsers.api.Host.compatible
    firmware: Firmware = UNKNOWN
    captured: bool = False  # by `petipy capture`: the devices are in the machine's order
    urls: Mapping[str, str | Download] = field(default_factory=dict)  # on the network
    leases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by Volume.name

    def files(self, volume: str, machine: str = "") -> "RecordedFiles":
        """Return the parsers' view of one volume; `machine` replaces uname's machine if given."""
        return RecordedFiles(self, volume, machine or self.name)

    def with_volume(self, volume: Volume) -> "Machine":
        """Return the machine with more facts of a volume, that of an image file on another."""
        return replace(
            self, volumes=tuple(volume if v.name == volume.name else v for v in self.volumes)
        )


class RecordedFiles:
    """`parsers.api.Files` over a Machine. A file without known contents is empty."""

    def __init__(self, known: Machine, volume: str, machine: str) -> None:
        self._known = known
        self.volume = next(v for v in known.volumes if v.name == volume)
        self.host = Host(
            machine=machine,
            # Disks do not refer to network interfaces.
            volumes=[v for v in known.volumes if v.name == volume or v.name not in known.leases],
            compatible=known.compatible,
            firmware=known.firmware,
            lease=known.leases.get(volume, {}),
            on=self._on,
            fetch=self._fetch,
            piece=self._fetch_piece,
        )
        self._tree = known.trees.get(volume, Tree())
        self._names: dict[str, set[str]] | None = None

    def read(self, path: str) -> str | None:
        path = self._real(path)
        text = self._tree.texts.get(path)
        return "" if text is None and path in self._tree.sizes else text

    def piece(self, path: str, offset: int, length: int) -> bytes:
        path = self._real(path)
        if known := self._tree.pieces.get(path):
            return _cut(known, offset, length)
        text = self._tree.texts.get(path, "")
        return text.encode("utf-8", "surrogateescape")[offset : offset + length]

    def names(self, directory: str) -> list[str]:
        return sorted(self._below().get(self._real(directory), ()))

    def kind(self, path: str) -> Literal["file", "directory"] | None:
        path = self._real(path)
        if path in self._tree.texts or path in self._tree.sizes:
            return "file"
        return "directory" if path in self._below() else None

    def size(self, path: str) -> int:
        path = self._real(path)
        if path in self._tree.sizes:
            return self._tree.sizes[path]
        return len(self._tree.texts.get(path, "").encode("utf-8", "surrogateescape"))

    def modified(self, path: str) -> int:
        return self._tree.times.get(self._real(path), 0)

    def link(self, path: str) -> str:
        directory, name = split(clean(path))
        return self._tree.links.get(clean(f"{self._real(directory)}/{name}"), "")

    def default(self, path: str) -> str:
        return self._tree.defaults.get(path, path)

    def _on(self, name: str) -> "RecordedFiles | None":
        known = any(volume.name == name for volume in self._known.volumes)
        return RecordedFiles(self._known, name, self.host.machine) if known else None

    def _fetch(self, url: str) -> str | None:
        found = self._known.urls.get(normalize(url))
        return found if isinstance(found, str) else None

    def _fetch_piece(self, url: str, offset: int, length: int) -> Piece | None:
        match self._known.urls.get(normalize(url)):
            case Download() as file:
                return Piece(_cut(file.pieces, offset, length), file.size)
            case str() as text:
                data = text.encode("utf-8", "surrogateescape")
                return Piece(data[offset : offset + length], len(data))
        return None

    def _real(self, path: str) -> str:
        """Return the path with its links resolved; a known file with a link's name comes first."""
        path, links = clean(path), self._tree.links
        for _ in range(_MAX_LINKS if links else 0):
            known = (self._tree.texts, self._tree.sizes, self._below())
            steps = (path[:at] for at, c in enumerate(f"{path}/") if c == "/" and at)
            link = next((step for step in steps if step in links), "")
            if not link or any(path in names for names in known):
                break
            path = clean(f"{join(dirname(link), links[link])}{path[len(link) :]}")
        return path

    def _below(self) -> Mapping[str, set[str]]:
        """Return the names in every directory."""
        if self._names is None:
            self._names = {"/": set()}
            tree = self._tree
            for directory in tree.directories:
                self._names.setdefault(directory, set())
            for path in [*tree.texts, *tree.sizes, *tree.directories, *tree.links]:
                self._add(path)
        return self._names

    def _add(self, path: str) -> None:
        assert self._names is not None
        while path != "/":
            parent, _, name = path.rpartition("/")
            below = self._names.setdefault(parent or "/", set())
            if name in below:
                return
            below.add(name)
            path = parent or "/"


def _cut(pieces: Mapping[int, bytes], offset: int, length: int) -> bytes:
    """Return the longest known run of bytes from an offset."""
    found = [d[offset - at : offset - at + length] for at, d in pieces.items() if at <= offset]
    return max(found, key=len, default=b"")


def clean(path: str) -> str:
    """Return the path absolute, without . and .. and doubled slashes; .. stays within the root."""
    return "/" + normpath("/" + path).lstrip("/")

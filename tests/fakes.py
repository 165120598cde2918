"""Stand-ins shared by the tests: real behaviour, no mocks."""

import errno
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from posixpath import normpath
from typing import Literal, NoReturn

from parsers.api import UNKNOWN, Firmware, Host, Piece, Volume
from parsers.binary.envblock import PLACE
from parsers.places.urls import normalize
from parsers.places.volumes import image
from petipy.kexec import Message
from petipy.settings.storage import Statement, Storage

Tree = Mapping[str, str | bytes]


@dataclass
class Machine:
    """Volumes and their files: {"sda2": {"/etc/yaboot.conf": "…"}}.

    A tree called `sda2:/a.iso` has the files in that image. The path "" is the device itself.
    """

    trees: Mapping[str, Tree]
    volumes: Sequence[Volume] = ()
    machine: str = "ppc64le"
    compatible: Sequence[str] = ()
    firmware: Firmware = UNKNOWN
    urls: Mapping[str, str | bytes] = field(default_factory=dict)  # bytes are no text
    asked: list[str] = field(default_factory=list)  # URLs, in order
    pieces: list[tuple[str, int, int]] = field(default_factory=list)  # of URLs: offset, length
    hints: list[Sequence[str]] = field(default_factory=list)  # of Host.prefetch
    leases: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # by Volume.name
    links: Mapping[str, str] = field(default_factory=dict)  # on every volume, path → target
    times: Mapping[str, int] = field(default_factory=dict)  # path → seconds since 1970
    unreadable: frozenset[str] = frozenset()  # names of volumes that cannot be mounted
    default: str = ""  # the path of the default subvolume, on every volume
    opened: list[str] = field(default_factory=list)  # volumes that a parser asked for

    def __post_init__(self) -> None:
        known = {volume.name for volume in self.volumes}
        trees = (name for name in self.trees if ":/" not in name)
        extra = [Volume(name=name) for name in trees if name not in known]
        self.volumes = (*self.volumes, *extra)

    def files(self, name: str) -> "MachineFiles":
        return MachineFiles(self, name)


@dataclass
class MachineFiles:
    """`parsers.api.Files` over dicts: one volume of a Machine."""

    machine: Machine
    name: str

    @property
    def volume(self) -> Volume:
        known = next((v for v in self.machine.volumes if v.name == self.name), None)
        volume = known or image(self.name, self.machine.volumes)
        assert volume
        return volume

    @property
    def host(self) -> Host:
        return Host(
            machine=self.machine.machine,
            volumes=self.machine.volumes,
            compatible=self.machine.compatible,
            firmware=self.machine.firmware,
            lease=self.machine.leases.get(self.name, {}),
            on=self._on,
            fetch=self._fetch,
            piece=self._fetch_piece,
            prefetch=self.machine.hints.append,
        )

    def read(self, path: str) -> str | None:
        content = self._content(path)
        return None if content is None else content.decode("utf-8", "surrogateescape")

    def piece(self, path: str, offset: int, length: int) -> bytes:
        content, end = self._content(path) or b"", offset + length
        if not path:
            return content[offset : min(end, PLACE.stop)] if offset in PLACE else b""
        return content[offset:end]

    def names(self, directory: str) -> list[str]:
        return sorted(set(_children(self._tree, _clean(directory))))

    def kind(self, path: str) -> Literal["file", "directory"] | None:
        path = _clean(path)
        if path in self._tree:
            return "file"
        return "directory" if path == "/" or self.names(path) else None

    def size(self, path: str) -> int:
        return len(self._content(path) or b"")

    def modified(self, path: str) -> int:
        return self.machine.times.get(_clean(path), 0)

    def link(self, path: str) -> str:
        return self.machine.links.get(_clean(path), "")

    def default(self, path: str) -> str:
        """Return the path in `machine.default`, a directory that is the default subvolume."""
        top, whole = self.machine.default, self.machine.trees.get(self.name, {})
        other = any(f"{known}/".startswith(f"{_clean(path).rstrip('/')}/") for known in whole)
        return f"{top}{path}" if top and other else path

    def _on(self, name: str) -> "MachineFiles | None":
        machine = self.machine
        machine.opened.append(name)
        known = any(volume.name == name for volume in machine.volumes) or name in machine.trees
        return replace(self, name=name) if known and name not in machine.unreadable else None

    def _fetch(self, url: str) -> str | None:
        content = self._served(url)
        return content if isinstance(content, str) else None

    def _fetch_piece(self, url: str, offset: int, length: int) -> Piece | None:
        content = self._served(url)
        self.machine.pieces.append((url, offset, length))
        if content is None:
            return None
        data = content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content
        return Piece(data[offset : offset + length], len(data))

    def _served(self, url: str) -> str | bytes | None:
        self.machine.asked.append(url)
        known = {normalize(url): content for url, content in self.machine.urls.items()}
        return known.get(normalize(url))

    def _content(self, path: str) -> bytes | None:
        content = self._tree.get(_clean(path) if path else "")
        return content.encode("utf-8", "surrogateescape") if isinstance(content, str) else content

    @property
    def _tree(self) -> Tree:
        """The files, and those of the default subvolume where no other file has their path."""
        whole, top = self.machine.trees.get(self.name, {}), self.machine.default
        inner = {p[len(top) :]: c for p, c in whole.items() if top and p.startswith(f"{top}/")}
        return {**inner, **whole} if inner else whole


@dataclass
class Kept(Storage):
    """A machine that keeps settings. With a `reason`, it can write none."""

    values: dict[str, str] = field(default_factory=dict)
    reason: str = ""
    unreadable: bool = False  # reading fails in the end
    place: str = "NVRAM"
    remark: str = ""
    writes: list[tuple[str, str | None]] = field(default_factory=list)
    prepared: bool = False

    def prepare(self) -> None:
        if self.reason:
            raise OSError(errno.EROFS, self.reason)
        self.prepared = True

    def read(self) -> Iterable[Statement]:
        yield from (Statement(name, text, self.place) for name, text in self.values.items())
        if self.unreadable:
            raise OSError(errno.EIO, "Input/output error")

    async def write(self, name: str, text: str | None) -> None:
        if self.reason:
            raise OSError(errno.EROFS, self.reason)
        self.writes.append((name, text))
        self.values.pop(name, None)
        if text is not None:
            self.values[name] = text


class Kexec:
    """A kexec that gives its files to `take`, and then to `read` as a confined process."""

    def load(
        self,
        kernel: int,
        initrds: Sequence[int],
        cmdline: str,
        devicetree: int | None = None,
        *,
        message: Message | None = None,
        confine: Callable[[], None] = lambda: None,
    ) -> str:
        self.take(kernel, initrds, cmdline, devicetree)
        confine()
        return self.read(kernel, initrds, cmdline, devicetree)

    def take(
        self, kernel: int, initrds: Sequence[int], cmdline: str, devicetree: int | None
    ) -> None:
        """Note what is loaded. Raise OSError for what does not load."""

    def read(
        self, kernel: int, initrds: Sequence[int], cmdline: str, devicetree: int | None
    ) -> str:
        """Return the name of the way by which it is loaded."""
        return "pretence"

    def execute(self) -> NoReturn:
        raise OSError(errno.EBUSY, "nothing is loaded")


def tree(root: Path) -> dict[str, bytes]:
    """Return the regular files below `root`, as one volume of a Machine."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {f"/{path.relative_to(root).as_posix()}": path.read_bytes() for path in files}


def _clean(path: str) -> str:
    # Like a root directory's own "..", nothing leads out; normpath keeps a leading "//".
    return "/" + normpath("/" + path).lstrip("/")


def _children(paths: Iterable[str], directory: str) -> Iterable[str]:
    prefix = directory.rstrip("/") + "/"
    for path in paths:
        if path.startswith(prefix):
            yield path[len(prefix) :].partition("/")[0]

"""A btrfs' subvolumes as roots of their own, for the configurations in them. Pure over `Files`.

A system's own files name paths within its own root, which on a btrfs is a subvolume. Seen from the
whole file system that is a directory: Ubuntu's is /@, Debian's /@rootfs, Fedora's /root. Only GRUB
(Format.from_top) writes /@/boot/vmlinuz.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from typing import Literal

from parsers.api import Entry, FileRef, Files, Item, Origin, Problem
from parsers.places.references import move_references

MOST = 16  # subvolumes; snapshots can be thousands
_NAMES = ("root", "rootfs")  # besides @ and all that begin so
_TOP = "/(top of the file system)"  # no file has this name: another's must not be taken for it
_WITHIN = ("boot", "etc", "loader")  # a subvolume with none of these boots nothing


def subvolumes(files: Files) -> list[str]:
    """Return the paths of the subvolumes that may hold the root of a system: at most MOST."""
    return list(islice(_list_all(files), MOST))


def first_left_out(files: Files) -> str:
    """Return the path of the first subvolume above that limit; "" if there is none."""
    return next(islice(_list_all(files), MOST, None), "")


def _list_all(files: Files) -> Iterator[str]:
    if files.volume.fs not in ("btrfs", ""):
        return
    known = files.volume.fs == "btrfs"
    named = (n for n in files.names("/") if n[:1] == "@" or (known and n in _NAMES))
    for name in named:
        if any(files.kind(f"/{name}/{inner}") == "directory" for inner in _WITHIN):
            yield f"/{name}"


class SubvolumeFiles:
    """`parsers.api.Files` of a subvolume.

    A path means a file in the subvolume, or else one in the whole file system. With `from_top` the
    order is reversed.
    """

    def __init__(self, files: Files, root: str, *, from_top: bool) -> None:
        self._files, self._root, self._from_top = files, root, from_top
        self.volume = files.volume
        self.host = replace(files.host, on=self._on)

    def locate(self, path: str) -> str:
        """Return the path's name in the whole file system."""
        inner = f"{self._root}/{path.lstrip('/')}"
        first, second = (path, inner) if self._from_top else (inner, path)
        return first if self._files.kind(first) or not self._files.kind(second) else second

    def item(self, item: Item) -> Item:
        """Return a parser's item, with paths in the whole file system."""
        if isinstance(item, Entry):
            return self._entry(item)
        return replace(item, config=self.locate(item.config)) if isinstance(item, Problem) else item

    def _entry(self, entry: Entry) -> Entry:
        return replace(
            move_references(entry, self._ref),
            config=self._config(entry.config),
            effects=tuple(replace(e, file=self._ref(e.file)) for e in entry.effects),
            origins=tuple(map(self._origin, entry.origins)),
            default_from=tuple(map(self._origin, entry.default_from)),
        )

    def _origin(self, origin: Origin) -> Origin:
        return replace(origin, config=self._config(origin.config))

    def _config(self, config: str) -> str:
        """Return a configuration's name; on another volume it begins with the volume and stays."""
        return self.locate(config) if config.startswith("/") else config

    def _ref(self, ref: FileRef) -> FileRef:
        ours = ref.path and not ref.url and ref.device in ("", self.volume.name)
        return replace(ref, path=self.locate(ref.path)) if ours else ref

    # Files

    def read(self, path: str) -> str | None:
        return self._files.read(self.locate(path))

    def piece(self, path: str, offset: int, length: int) -> bytes:
        return self._files.piece(self.locate(path) if path else "", offset, length)

    def names(self, directory: str) -> list[str]:
        return self._files.names(self.locate(directory))

    def kind(self, path: str) -> Literal["file", "directory"] | None:
        return self._files.kind(self.locate(path))

    def size(self, path: str) -> int:
        return self._files.size(self.locate(path))

    def modified(self, path: str) -> int:
        return self._files.modified(self.locate(path))

    def link(self, path: str) -> str:
        return self._files.link(self.locate(path))

    def default(self, path: str) -> str:
        """Return the path in this subvolume: a configuration's paths begin where it lies itself."""
        other = self._from_top and self._files.kind(path) is not None
        return f"{self._root}{path}" if other else path

    def _on(self, name: str) -> "Files | None":
        return self if name == self.volume.name else self._files.host.on(name)


class DefaultFiles(SubvolumeFiles):
    """`parsers.api.Files` of a btrfs' default subvolume, which is mounted over the whole."""

    def locate(self, path: str) -> str:
        return self._files.default(path)

    def default(self, path: str) -> str:
        return path


class TopFiles(SubvolumeFiles):
    """`parsers.api.Files` of a btrfs' top, without the files of its default subvolume, `root`."""

    def locate(self, path: str) -> str:
        return path if self._has(path) else f"{_TOP}{path}"

    def names(self, directory: str) -> list[str]:
        top = directory.rstrip("/")
        return [name for name in self._files.names(directory) if self._has(f"{top}/{name}")]

    def default(self, path: str) -> str:
        return f"{self._root}{path}"

    def _has(self, path: str) -> bool:
        return self._files.default(path) != path


def find_default(files: Files) -> str:
    """Return the path of the default subvolume; "" if it is the top, or not known."""
    return files.default("/").rstrip("/")


def select_view(files: Files, root: str, path: str, *, from_top: bool) -> SubvolumeFiles | None:
    """Return the files that a configuration may mean; None: all of the tree."""
    if root:
        return SubvolumeFiles(files, root, from_top=from_top)
    if not (default := find_default(files)):
        return None
    if files.default(path) != path:
        return TopFiles(files, default, from_top=True)
    return None if from_top else DefaultFiles(files, default, from_top=False)

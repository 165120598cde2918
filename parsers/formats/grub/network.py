"""A grub.cfg on a server. The server is the device that GRUB was loaded from, (tftp,HOST)."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Literal

from parsers.api import Entry, FileRef, Files, Item, Origin, Problem, Volume
from parsers.empty import EmptyFiles
from parsers.formats.grub.language.family import Family
from parsers.formats.grub.recognition import find_family
from parsers.formats.grub.run.machine import GrubMachine
from parsers.formats.grub.server_menu import ServerMenu
from parsers.places.references import move_references
from parsers.places.remote import find_kind, is_program
from parsers.places.urls import split

_IS_FOR_BOOT = re.compile(r"/(?:boot|efi)(?:/|\Z)", re.I)
Url = Callable[[str], str]  # a path → its URL
_UNKNOWN_SIZE = 1 << 40  # bytes, of a file whose size no server says


def items_of_server(files: Files, url: str, family: Family | None = None) -> Iterator[Item]:
    """Yield the items of the configuration at a URL. Files of its own server are URLs there."""
    root, path = split(url)
    tree = _Server(files, root, {path: url})
    host = GrubMachine(tree, family=family or find_family(path, tree.read(path) or ""))
    for item in ServerMenu(host, path, files.host.lease).items():
        yield _on_server(item, tree.url)


class _Server(EmptyFiles):
    """The `Files` of a server: fetching a file is the only way to know it."""

    def __init__(self, files: Files, root: str, names: Mapping[str, str]) -> None:
        """`names` are the URLs of paths that have a query, too."""
        self._files, self._root, self._names = files, root, names
        scheme, _, name = root.partition("://")
        self.volume = Volume(name=f"{scheme},{name}")
        others = (v for v in files.host.volumes if v.name != files.volume.name)
        self.host = replace(files.host, volumes=(self.volume, *others), on=self._on)
        self._texts: dict[str, str | None] = {}

    def url(self, path: str) -> str:
        """Return the URL of a path; the names of other files stay as they are."""
        return self._names.get(path, self._root + path) if path.startswith("/") else path

    def read(self, path: str) -> str | None:
        if path not in self._texts:
            self._texts[path] = self._files.host.fetch(self.url(path))
        return self._texts[path]

    def piece(self, path: str, offset: int, length: int) -> bytes:
        if is_program(path):
            found = self._files.host.piece(self._root + path, offset, length)
            return found.data if found else b""
        text = self.read(path) or ""
        return text.encode("utf-8", "surrogateescape")[offset : offset + length]

    def kind(self, path: str) -> Literal["file"] | None:
        if path in self._texts:
            return None if self._texts[path] is None else "file"
        return find_kind(self._files.host, self._root + path)

    def size(self, path: str) -> int:
        if is_program(path):
            found = self._files.host.piece(self._root + path, 0, 64)
            size = found.size if found else 0
            return _UNKNOWN_SIZE if size is None else size
        return len((self.read(path) or "").encode("utf-8", "surrogateescape"))

    def _on(self, name: str) -> "Files | None":
        if name == self.volume.name:
            return self
        disk = self._files.host.on(name)
        return _Disk(disk) if disk else None


class _Disk:
    """The `Files` of a disk for the script of a server: names and sizes, but no contents.

    A script can put what it reads into the URL that it asks for next, and whoever answers DHCP
    first is the server.
    """

    def __init__(self, files: Files) -> None:
        self._files = files
        self.volume, self.host = files.volume, files.host
        self.kind, self.size = files.kind, files.size
        self.modified, self.link, self.default = files.modified, files.link, files.default

    def read(self, path: str) -> str | None:
        return None

    def piece(self, path: str, offset: int, length: int) -> bytes:
        return b""

    def names(self, directory: str) -> list[str]:
        return self._files.names(directory) if _IS_FOR_BOOT.match(directory) else []


def _on_server(item: Item, url: Url) -> Item:
    if isinstance(item, Problem):
        return replace(item, config=url(item.config))
    if not isinstance(item, Entry):
        return item
    return replace(
        move_references(item, lambda ref: _file(ref, url)),
        config=url(item.config),
        origins=_origins(item.origins, url),
        default_from=_origins(item.default_from, url),
        effects=(),  # GRUB does not write to a server
    )


def _file(ref: FileRef, url: Url) -> FileRef:
    if ref.device or ref.url:
        return ref
    return replace(ref, path="", url=url(ref.path))


def _origins(origins: Sequence[Origin], url: Url) -> tuple[Origin, ...]:
    return tuple(
        replace(origin, config=url(origin.config) if origin.config else "") for origin in origins
    )

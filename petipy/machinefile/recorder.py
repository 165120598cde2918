"""Recording of everything that parsers read, to replay it elsewhere. Secrets are blanked."""

import re
from base64 import b64encode
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from posixpath import dirname
from typing import Any, Literal

from parsers.api import Files, Format, Host, Volume
from parsers.binary import envblock
from petipy.machinefile.machine import clean
from petipy.machinefile.pieces import blank_pieces
from petipy.machinefile.secrets import Blanker
from petipy.scan.images import image_volume
from petipy.state.model import Scan

LONGEST = 1 << 20  # characters of a text that is kept
_PIECE = 1 << 16  # bytes of a piece that is kept: a header, a command line, no kernel
_PIECES = 1 << 20  # bytes of all of them
# NUL is no sign of a program: after a crash, a file may be filled with it.
_OF_PROGRAMS = re.compile("[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_BLOCK = envblock.SIGNATURE.encode()


@dataclass(slots=True)
class VolumeRecord:
    """Everything that was read on one volume."""

    texts: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    directories: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)  # path → target
    times: dict[str, int] = field(default_factory=dict)
    pieces: dict[str, dict[int, bytes]] = field(default_factory=dict)  # path, offset
    defaults: dict[str, str] = field(default_factory=dict)  # path → the longer one
    room: int = _PIECES

    def json(self, statements: Collection[str], facts: Collection[str]) -> dict[str, Any]:
        """Return the keys of a device in a machine file. See Blanker for the arguments."""
        parts = (data for parts in self.pieces.values() for data in parts.values())
        blocks = (data.decode("latin-1") for data in parts if data.startswith(_BLOCK))
        known = [*self.texts.values(), *blocks]
        paths = (*self.texts, *self.sizes, *self.directories, *self.pieces)
        facts = {*facts, *(name for path in paths for name in path.split("/"))}
        blanker = Blanker(known, statements, facts)
        found = {path: blanker.text(path, text) for path, text in sorted(self.texts.items())}
        texts = {path: text for path, (text, _) in found.items()}
        fixed = Blanker(known, statements, facts, same_size=True)
        pieces = {p: blank_pieces(parts, fixed, p) for p, parts in sorted(self.pieces.items())}
        counts = {path: count for path, (_, count) in (*found.items(), *pieces.items())}
        return {
            "files": {path: text for path, text in texts.items() if text[:1] != "@"},
            "literal": {path: text for path, text in texts.items() if text[:1] == "@"},
            "sizes": {p: size for p, size in sorted(self.sizes.items()) if p not in texts},
            "directories": sorted(self.directories),
            "links": dict(sorted(self.links.items())),
            "times": dict(sorted(self.times.items())),
            "defaults": dict(sorted(self.defaults.items())),
            "pieces": {
                path: [[at, b64encode(data).decode()] for at, data in parts.items()]
                for path, (parts, _) in pieces.items()
            },
            "blanked": {path: tuple(count) for path, count in counts.items() if any(count)},
        }

    def keep(self, path: str, offset: int, data: bytes) -> None:
        kept = self.pieces.setdefault(path, {})
        if len(kept.get(offset, b"")) < len(data) <= min(_PIECE, self.room):
            kept[offset] = data
            self.room -= len(data)


Record = dict[str, VolumeRecord]  # by Volume.name


class RecordingFiles:
    """`parsers.api.Files` that forwards every call to another one and records the answers."""

    def __init__(
        self,
        files: Files,
        record: Record,
        volume: Volume | None = None,
        host: Host | None = None,
    ) -> None:
        self._files = files
        self.volume = volume or files.volume
        self.host = host or _recording_host(files.host, record, {files.volume.name: self})
        self._seen = record.setdefault(files.volume.name, VolumeRecord())

    def read(self, path: str) -> str | None:
        text = self._files.read(path)
        if text is not None:
            if len(text) <= LONGEST and not _is_binary(text):
                self._seen.texts[clean(path)] = text
            else:  # a kernel, or some other file that is no configuration
                self._seen.sizes[clean(path)] = self._files.size(path)
        return text

    def piece(self, path: str, offset: int, length: int) -> bytes:
        data = self._files.piece(path, offset, length)
        if not path or self.kind(path) == "file":
            self._seen.keep(clean(path), offset, data)
        return data

    def names(self, directory: str) -> list[str]:
        names = self._files.names(directory)
        if names or self._files.kind(directory) == "directory":
            self._seen.directories.add(clean(directory))
        for name in names:
            if self.kind(f"{directory}/{name}") is None:
                self.link(f"{directory}/{name}")  # the target may be on another volume
        return names

    def kind(self, path: str) -> Literal["file", "directory"] | None:
        kind = self._files.kind(path)
        if kind == "file":
            self._seen.sizes[clean(path)] = self._files.size(path)
        elif kind == "directory":
            self._seen.directories.add(clean(path))
        return kind

    def size(self, path: str) -> int:
        self.kind(path)
        return self._files.size(path)

    def modified(self, path: str) -> int:
        if time := self._files.modified(path):
            self.kind(path)
            self._seen.times[clean(path)] = time
        return time

    def link(self, path: str) -> str:
        if target := self._files.link(path):
            self._seen.links[clean(path)] = target
        return target

    def default(self, path: str) -> str:
        longer = self._files.default(path)
        if longer != path:
            self._seen.defaults[clean(path)] = longer
        return longer


def _recording_host(host: Host, record: Record, known: dict[str, RecordingFiles | None]) -> Host:
    """Return the host with trees that record, too. Each tree is wrapped once."""

    def on(name: str) -> RecordingFiles | None:
        if name not in known:
            files = host.on(name)
            known[name] = RecordingFiles(files, record, host=recording) if files else None
        return known[name]

    recording = replace(host, on=on)
    return recording


def record(
    files: Files, formats: Sequence[Format], scan: Callable[[Files, Sequence[Format]], Scan]
) -> dict[str, dict[str, Any]]:
    """Run `scan` with these formats and record what it reads, in image files too.

    Return the keys of a machine file by device.
    """
    seen: Record = {}
    recording = RecordingFiles(files, seen)
    images = scan(recording, formats).images
    for image in images:
        volume = image_volume(files.volume, image)
        if inner := files.host.on(volume.name):
            scan(RecordingFiles(inner, seen, volume), formats)
    for path in _list_neighbours(recording, seen[files.volume.name].texts):
        recording.read(path)
    statements = {name for form in formats for name in form.statements}
    facts = {*_list_facts(files.host), *(w for i in images for w in (i.uuid, *i.label.split()))}
    return {name: device.json(statements, facts) for name, device in seen.items()}


def _is_binary(text: str) -> bool:
    """Return True for a kernel, or some other file that is no configuration."""
    if "\0" not in text:
        return False
    rest = text.replace("\0", "")
    return not rest.strip() or len(_OF_PROGRAMS.findall(rest)) * 100 > len(rest)


def _list_facts(host: Host) -> Iterator[str]:
    """Yield the words that a machine file has anyway: names of volumes, of the machine's kind."""
    yield from host.compatible
    for volume in host.volumes:
        for f in fields(volume):
            yield from (str(getattr(volume, f.name)), *str(getattr(volume, f.name)).split())


def _list_neighbours(files: Files, read: Mapping[str, str]) -> Iterator[str]:
    """Yield configurations beside those read: GRUB reads them if a variable or a key differs."""
    directories = {dirname(path) for path in read if path.endswith(".cfg")}
    for directory in sorted(directories):
        for name in files.names(directory or "/"):
            path = f"{directory.rstrip('/')}/{name}"
            if (name == "grubenv" or name.endswith(".cfg")) and path not in read:
                yield path

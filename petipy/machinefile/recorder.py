"""Recording of everything that parsers read, to replay it elsewhere. Secrets are blanked."""

from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from posixpath import dirname
from typing import Any, Literal

from parsers.api import Files, Format, Host, Volume
from petipy.machinefile.machine import clean
from petipy.machinefile.secrets import blank_bytes, blank_text, find_password_variables
from petipy.scan.images import image_volume
from petipy.state.model import Scan

LONGEST = 1 << 20  # characters of a text that is kept
_PIECE = 1 << 16  # bytes of a piece that is kept: a header, a command line, no kernel
_PIECES = 1 << 20  # bytes of all of them


@dataclass(slots=True)
class Seen:
    """Everything that was read on one volume."""

    texts: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    directories: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)  # path → target
    times: dict[str, int] = field(default_factory=dict)
    pieces: dict[str, dict[int, bytes]] = field(default_factory=dict)  # path, offset
    defaults: dict[str, str] = field(default_factory=dict)  # path → the longer one
    room: int = _PIECES

    def json(self) -> dict[str, Any]:
        """Return the keys of a device in a machine file."""
        secret = find_password_variables(self.texts.values())
        texts = {path: blank_text(path, text, secret) for path, text in sorted(self.texts.items())}
        return {
            "files": {path: text for path, text in texts.items() if text[:1] != "@"},
            "literal": {path: text for path, text in texts.items() if text[:1] == "@"},
            "sizes": {p: size for p, size in sorted(self.sizes.items()) if p not in texts},
            "directories": sorted(self.directories),
            "links": dict(sorted(self.links.items())),
            "times": dict(sorted(self.times.items())),
            "defaults": dict(sorted(self.defaults.items())),
            "pieces": {
                path: [[at, b64encode(blank_bytes(data)).decode()] for at, data in found.items()]
                for path, found in sorted(self.pieces.items())
            },
        }

    def keep(self, path: str, offset: int, data: bytes) -> None:
        kept = self.pieces.setdefault(path, {})
        if len(kept.get(offset, b"")) < len(data) <= min(_PIECE, self.room):
            kept[offset] = data
            self.room -= len(data)


Record = dict[str, Seen]  # by Volume.name


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
        self._seen = record.setdefault(files.volume.name, Seen())

    def read(self, path: str) -> str | None:
        text = self._files.read(path)
        if text is not None:
            if len(text) <= LONGEST and "\0" not in text:
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
    for image in scan(recording, formats).images:
        volume = image_volume(files.volume, image)
        if inner := files.host.on(volume.name):
            scan(RecordingFiles(inner, seen, volume), formats)
    for path in _list_neighbours(recording, seen[files.volume.name].texts):
        recording.read(path)
    return {name: device.json() for name, device in seen.items()}


def _list_neighbours(files: Files, read: Mapping[str, str]) -> Iterator[str]:
    """Yield configurations beside those read: GRUB reads them if a variable or a key differs."""
    directories = {dirname(path) for path in read if path.endswith(".cfg")}
    for directory in sorted(directories):
        for name in files.names(directory or "/"):
            path = f"{directory.rstrip('/')}/{name}"
            if (name == "grubenv" or name.endswith(".cfg")) and path not in read:
                yield path

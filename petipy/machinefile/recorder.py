"""Notes what the parsers look at, so that it can be replayed elsewhere. Secrets are left out."""

import re
from base64 import b64encode
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from posixpath import basename, dirname
from typing import Any, Literal

from parsers.api import Files, Format, Host, Volume
from petipy.machinefile.machine import clean
from petipy.scan.images import image_volume
from petipy.state.model import Scan

LONGEST = 1 << 20  # characters of a text that is kept
_PIECE = 1 << 16  # bytes of a piece that is kept: a header, a command line, no kernel
_PIECES = 1 << 20  # bytes of all of them
BLANK = "blanked"

_PBKDF2 = re.compile(r"(grub\.pbkdf2\.\w+\.[0-9]+)\.([0-9A-Fa-f]+)\.([0-9A-Fa-f]+)")
# crypt(5). A script's $1$2 is none.
_CRYPT = re.compile(r"(\$(?:1|2[abxy]?|5|6|7|y|gy)\$)[^\s\"'$]{0,64}\$[./A-Za-z0-9$=,]{20,}")
_IN_URL = re.compile(r"((?:://|\biscsi:)[^\s:/@]*:)[^\s@/]+(?=@)")
_SETTING = re.compile(
    # A word is looked at once: it may be as long as the file.
    r"""((?<![\w.-])(?=[\w.-]*(?:passw|passphrase|rootpw|secret|psk))[\w.-]++[ \t]*+=[ \t]*)"""
    r"""(?!(?:""|'')(?![^\s;]))"""  # an empty one: lilo asks for it
    r"""(?!grub\.pbkdf2|\$)((?:"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|["'][^\n]*|\\.|[^\s"';\\])+)""",
    re.I,
)
# Where lilo and its kin forget the quotation marks, all up to the next setting is the value.
_UNQUOTED = re.compile(
    r"""^(.*\bpassword[ \t]*=[ \t]*)(?!["'$])\S+(?:[ \t]+(?![\w-]+[ \t]*=|[\w-]+-\w+\b"""
    r"""|(?:restricted|mandatory|bypass|optional|lock|prompt|#)(?!\S))\S+)+""",
    re.I | re.M,
)
_MENU_PASSWD = re.compile(r"^([ \t]*menu[ \t]+(?:master[ \t]+)?passwd[ \t]+)\S.*", re.I | re.M)
_IPXE = re.compile(r"^([ \t]*set[ \t]+(?:\S+/)?password[ \t]+)\S.*", re.I | re.M)
_WORD = r"""(?:"[^"\n]*"|'[^'\n]*'|[^\s;]+)"""
_GAP = r"(?:[ \t]|\\\n)"  # a line may go on after any word
_GRUB = re.compile(
    rf"((?:^|[;{{]|\b(?:then|else|do)\b){_GAP}*password{_GAP}+(?!=){_WORD}{_GAP}+){_WORD}", re.M
)
_DISK = re.compile(rf"(\bcryptomount\b[^\n;]*?[ \t]-p[ \t]+){_WORD}")
_LEGACY = re.compile(r"^([ \t]*password[ \t]+(?:--\S+[ \t]+)?)\S.*", re.M)
_BLOCK = "# GRUB Environment Block\n"


def keepers(texts: Iterable[str]) -> set[str]:
    """The variables that GRUB's scripts give for passwords."""
    words = (m[0][len(m[1]) :] for text in texts for m in _GRUB.finditer(text))
    return {name for word in words for name in re.findall(r"\$\{?([A-Za-z_]\w*)", word)}


def blanked(path: str, text: str, secret: Collection[str] = ()) -> str:
    """The text without its passwords, hashed or not, and what it assigns to `secret` variables;
    an environment block keeps its size."""
    new = _PBKDF2.sub(lambda m: f"{m[1]}.{'0' * len(m[2])}.{'0' * len(m[3])}", text)
    patterns = [_CRYPT, _IN_URL, _MENU_PASSWD, _IPXE, _DISK]
    patterns.append(_LEGACY if _is_legacy(path, text) else _GRUB)
    if basename(path).lower().startswith(("lilo.", "silo.", "yaboot.")):
        patterns.append(_UNQUOTED)
    if secret:
        patterns.append(re.compile(rf"((?:^|[\s;{{])(?:{'|'.join(sorted(secret))})=){_WORD}", re.M))
    for pattern in patterns:
        new = pattern.sub(lambda m: m[1] + BLANK, new)
    new = _SETTING.sub(lambda m: m[1] + _requoted(m[2]), new)
    if text.startswith(_BLOCK) and len(new) != len(text):
        new = new.rstrip("#")
        new += "#" * (len(text) - len(new))
    return new


def _is_legacy(path: str, text: str) -> bool:
    """A menu of GRUB 0.97, under whatever name another leads to it."""
    known = basename(path).lower() in ("menu.lst", "grub.conf")
    return known or bool(re.search(r"^[ \t]*title[ \t]", text, re.M))


def _secretless(piece: bytes) -> bytes:
    """As long as before: its place in the file counts."""
    try:
        text = piece.decode("ascii")
    except UnicodeDecodeError:
        return piece
    return blanked("", text).ljust(len(text))[: len(text)].encode()


def _requoted(value: str) -> str:
    if value[0] not in "\"'":
        return BLANK
    closed = len(value) > 1 and value[-1] == value[0]
    return f"{value[0]}{BLANK}{value[0] if closed else ''}"


@dataclass(slots=True)
class Seen:
    """What was looked at on one volume."""

    texts: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    directories: set[str] = field(default_factory=set)
    links: dict[str, str] = field(default_factory=dict)  # what they say
    times: dict[str, int] = field(default_factory=dict)
    pieces: dict[str, dict[int, bytes]] = field(default_factory=dict)  # path, offset
    room: int = _PIECES

    def json(self) -> dict[str, Any]:
        """The keys of a machine file's device."""
        secret = keepers(self.texts.values())
        texts = {path: blanked(path, text, secret) for path, text in sorted(self.texts.items())}
        return {
            "files": {path: text for path, text in texts.items() if text[:1] != "@"},
            "literal": {path: text for path, text in texts.items() if text[:1] == "@"},
            "sizes": {p: size for p, size in sorted(self.sizes.items()) if p not in texts},
            "directories": sorted(self.directories),
            "links": dict(sorted(self.links.items())),
            "times": dict(sorted(self.times.items())),
            "pieces": {
                path: [[at, b64encode(_secretless(data)).decode()] for at, data in found.items()]
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
    """`parsers.api.Files` that passes all on to another, and notes the answers."""

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
            else:  # a kernel, or no configuration of any kind
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
                self.link(f"{directory}/{name}")  # it may lead to another volume
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


def _recording_host(host: Host, record: Record, known: dict[str, RecordingFiles | None]) -> Host:
    """The host with trees that note as well, each of them once."""

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
    """What `scan` with these formats looks at, in image files too: by device, the keys of a
    machine file."""
    seen: Record = {}
    recording = RecordingFiles(files, seen)
    for image in scan(recording, formats).images:
        volume = image_volume(files.volume, image)
        if inner := files.host.on(volume.name):
            scan(RecordingFiles(inner, seen, volume), formats)
    for path in _besides(recording, seen[files.volume.name].texts):
        recording.read(path)
    return {name: device.json() for name, device in seen.items()}


def _besides(files: Files, read: Mapping[str, str]) -> Iterator[str]:
    """What GRUB would read if a variable or a key were another: the files beside its own."""
    directories = {dirname(path) for path in read if path.endswith(".cfg")}
    for directory in sorted(directories):
        for name in files.names(directory or "/"):
            path = f"{directory.rstrip('/')}/{name}"
            if (name == "grubenv" or name.endswith(".cfg")) and path not in read:
                yield path

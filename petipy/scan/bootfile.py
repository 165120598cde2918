"""The file that DHCP names, recognized by its first bytes, without a fetch of the whole. Pure.

A text is a configuration, which the scan reads like any other. A binary file is a kernel, a unified
kernel image, a disc, or a program that kexec cannot start.
"""

from collections.abc import Sequence
from dataclasses import replace
from posixpath import basename
from typing import Literal

from parsers.api import Entry, FileRef, Files, Format, Host, Problem, Volume
from parsers.binary.kernel import can_run, describe_mismatch, detect_machine
from parsers.empty import EmptyFiles
from parsers.places.lease import Lease, server
from parsers.places.references import move_references
from parsers.places.urls import split
from petipy.scan import disc
from petipy.scan.netboot import is_kernel
from petipy.state.model import Scan

_BLOCK = 1 << 16  # bytes that are asked for at once
_MOST = 8 << 20  # bytes of a file, besides those that boot
_UNKNOWN_SIZE = 1 << 40  # bytes, of a file whose size no server says
_DISC = 0x8001, b"CD001"  # ECMA-119: the standard identifier of the first volume descriptor

FORMAT = "netboot"


class NetworkFiles(EmptyFiles):
    """The `Files` of a network, which has no tree: its files have URLs."""

    def __init__(self, volume: Volume, host: Host) -> None:
        self.volume, self.host = volume, host


class ServerFile(NetworkFiles):
    """A network with one file. Its path is its name on the server."""

    def __init__(self, files: Files, url: str) -> None:
        super().__init__(files.volume, files.host)
        self.url, self.path = url, f"/{basename(split(url)[1]) or 'file'}"
        self._blocks: dict[int, bytes] = {}
        self._left = _MOST // _BLOCK
        self._size = _UNKNOWN_SIZE
        self.answers = bool(self._block(0))

    def piece(self, path: str, offset: int, length: int) -> bytes:
        if path != self.path or offset < 0 or length <= 0:
            return b""
        first, last = offset // _BLOCK, (offset + length - 1) // _BLOCK
        data = b""
        for number in range(first, last + 1):
            data += (block := self._block(number))
            if len(block) < _BLOCK:
                break
        return data[offset - first * _BLOCK :][:length]

    def kind(self, path: str) -> Literal["file", "directory"] | None:
        return "file" if path == self.path else None

    def size(self, path: str) -> int:
        return self._size if path == self.path else 0

    def _block(self, number: int) -> bytes:
        if number not in self._blocks:
            if number * _BLOCK >= self._size or not self._left:
                return b""
            self._left -= 1
            found = self.host.piece(self.url, number * _BLOCK, _BLOCK)
            self._blocks[number] = found.data if found else b""
            if found and found.size is not None:
                self._size = found.size
        return self._blocks[number]


def scan_bootfile(files: Files, formats: Sequence[Format], url: str) -> Scan | None:
    """Return what DHCP's boot file offers; None if nothing answers, or the file is a text."""
    file = ServerFile(files, url)
    if not file.answers:
        # A server that cannot give a part of a file may still give the whole.
        return _scan_kernel(files, url, "") if is_kernel(url) else None
    is_program = file.piece(file.path, 0, 2) == b"MZ"
    if is_program and (scan := _scan_program(file, formats)):
        return scan
    if (machine := detect_machine(file, file.path)) is not None:
        return _scan_kernel(files, url, machine)
    if is_program:
        words = "it is a program for EFI, and neither a Linux kernel nor a unified kernel image"
        return _refuse(url, words)
    at, mark = _DISC
    if file.piece(file.path, at, len(mark)) == mark:
        return _scan_disc(file, formats)
    if b"\0" in file.piece(file.path, 0, 512):
        return _refuse(url, "not a known kernel, image or configuration")
    return None


def _scan_program(file: ServerFile, formats: Sequence[Format]) -> Scan | None:
    """Return the entries of a format's program, with their files on the server."""
    for form in formats:
        if form.program is None:
            continue
        entries: list[Entry] = []
        problems: list[Problem] = []
        for item in form.program(file, file.path):
            if isinstance(item, Entry):
                entries.append(_on_server(item, file.url))
            elif isinstance(item, Problem):
                problems.append(replace(item, config=file.url))
        if entries:
            named = tuple((form.name, entry) for entry in entries)
            return Scan(entries=named, problems=tuple(problems))
    return None


def _scan_disc(file: ServerFile, formats: Sequence[Format]) -> Scan:
    """Return the entries of an ISO file, whose kernels and initrds are parts of it."""
    if not file.url.startswith(("http://", "https://")):
        words = "it is an ISO file: a server of this kind cannot give parts of it. Use http"
        return _refuse(file.url, words)
    found = disc.scan_disc(file, file.path, file.url, formats)
    if found.entries or found.problems:
        return found
    return _refuse(file.url, "it is an ISO file, and nothing on it is known to boot")


def _on_server(entry: Entry, url: str) -> Entry:
    def move(ref: FileRef) -> FileRef:
        return FileRef(url=url, offset=ref.offset, size=ref.size)

    return replace(
        move_references(entry, move),
        config=url,
        origins=tuple(replace(origin, config=url) for origin in entry.origins),
        effects=(),
    )


def _scan_kernel(files: Files, url: str, machine: str) -> Scan:
    """Return an entry for a kernel that DHCP names, for a machine of uname's name or ""."""
    name, lease, ours = basename(split(url)[1]), files.host.lease, files.host.machine
    entry = Entry(
        title=f"netboot ({name})",
        name="netboot",
        config=url,
        line=1,
        kernel=FileRef(url=url),
        default=True,
        cmdline=lease.get("bootfile_param", "") or _root(lease),
        unbootable="" if can_run(machine, ours) else describe_mismatch(machine, ours),
    )
    return Scan(entries=((FORMAT, entry),))


def _refuse(url: str, words: str) -> Scan:
    return Scan(problems=(Problem(url, 0, words),))


def _root(lease: Lease) -> str:
    """Return the parameters for the root on an NFS server that DHCP's option 17 names."""
    path = lease.get("rootpath", "")
    if not path or "://" in path or path.startswith("iscsi:"):
        return ""
    place = path if ":" in path else f"{server(lease)}:{path}"
    return f"root=/dev/nfs ip=dhcp nfsroot={place}"

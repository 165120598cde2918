"""The settings in a file of a disk that a person names: `petipy.store=DEVICE:/FILE`.

They are known once that disk is scanned, so a setting that counts before cannot be kept there. The
file is written when a setting is saved, and in no scan. Where the machine keeps settings by itself,
those of the file are the stronger ones.

A confined child reads the lines: whoever writes to the disk could make them slow to read.
"""

import errno
import os
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Protocol

from parsers.places import volumes
from petipy.settings.storage import LARGEST, Statement, Storage, read_lines
from petipy.settings.table import BY_NAME
from petipy.sources.discover import Receive, ScanSource
from petipy.state.model import Change, Device, File, Scan, Source
from petipy.state.store import Store
from petipy.sys.confined import confine
from petipy.sys.forked import Parent, in_child

_READING = 5.0  # seconds
_MEMORY = 64 << 20  # bytes
_BAD = 'not a line like timeout = 5 or timeout = "never"'


class Disks(Protocol):
    """The functions that reach files on devices: petipy.app.Services."""

    @property
    def open(
        self,
    ) -> Callable[[Sequence[File], Sequence[Device], Sequence[File]], Awaitable[list[int]]]: ...
    @property
    def write(self) -> Callable[[Change, Sequence[Device]], Awaitable[None]]: ...


class FileStorage(Storage):
    """The file at `spec`, and the settings that the machine keeps `beneath` it."""

    def __init__(self, spec: str, beneath: Storage | None, disks: Disks, store: Store) -> None:
        self.place = spec
        self._device, self._path = split(spec)
        self._beneath, self._disks, self._store = beneath, disks, store
        self._statements: tuple[Statement, ...] = ()
        self._changed: Callable[[], None] = lambda: None
        self._there: Device | None = None  # the device that the file was last looked for on

    @property
    def remark(self) -> str:  # type: ignore[override]
        return "" if self._find() else f"{self._device} is not here"

    def listen(self, listener: Callable[[], None]) -> None:
        self._changed = listener

    def read(self) -> Iterable[Statement]:
        if self._beneath:
            yield from self._beneath.read()
        yield from self._statements

    def before(self, scan: ScanSource) -> ScanSource:
        """Return a scan that reads the file before, on its device: no boot comes in between."""

        async def scan_after(source: Source, devices: Sequence[Device], receive: Receive) -> Scan:
            if source.device and self._is_it(source.device):
                self._there = source.device
                await self._load()
            return await scan(source, devices, receive)

        return scan_after

    async def write(self, name: str, text: str | None) -> None:
        device = self._find()
        if device is None:
            raise OSError(errno.ENODEV, self.remark)
        if not BY_NAME[name].live:
            raise OSError(errno.ENOTSUP, f"it counts before {self._device} is read")
        value = text or None
        if self._beneath and value is None:
            await self._beneath.write(name, None)
        if value is not None or any(statement.name == name for statement in self._statements):
            file = File(device=device.name, path=self._path)
            await self._disks.write(
                Change(file=file, values=((name, value),), toml=True), (device,)
            )
        kept = [statement for statement in self._statements if statement.name != name]
        new = [Statement(name, value, self.place)] if value is not None else []
        self._statements = (*kept, *new)

    def _find(self) -> Device | None:
        return self._there if self._there in self._store.snapshot.devices else None

    def _is_it(self, device: Device) -> bool:
        """Return True for the device of the file. A second one with its name does not count."""
        there = self._find()
        if there and there.name != device.name:
            return False
        known = not device.volume.image and not device.kind.remote
        return known and volumes.find(self._device, [device.volume]) is not None

    async def _load(self) -> None:
        try:
            self._statements = tuple(await self._read())
        except FileNotFoundError:
            words = "there is no such file yet; saving a setting makes it"
            self._statements = (Statement("", words, self.place, "petipy.store"),)
        except OSError as error:
            words = error.strerror or f"no answer within {_READING:g} s"
            self._statements = (Statement("", words, self.place, "petipy.store", wrong=True),)
        self._changed()

    async def _read(self) -> list[Statement]:
        assert self._there
        file = File(device=self._there.name, path=self._path)
        (descriptor,) = await self._disks.open((file,), (self._there,), ())
        found: list[Statement] = []

        def receive(report: str) -> None:
            found.append(self._take(report))

        def work(link: Parent) -> str:
            for line in _read_confined(descriptor, link):
                link.report(line)
            return ""

        try:
            await in_child(work, _READING, receive)
        finally:
            os.close(descriptor)
        return found

    def _take(self, report: str) -> Statement:
        """Return the statement of a line that the child has read. Raise ValueError."""
        number, name, text = report.split(" ", 2)
        if not (number.isascii() and number.isdecimal() and len(number) < 6):
            raise ValueError(report[:60])
        place = f"{self.place}:{number}"
        setting = BY_NAME.get(name)
        if not name:
            return Statement("", _BAD, place, text[:60], wrong=True)
        if setting and not setting.live:
            words = f"it counts before {self._device} is read"
            return Statement("", words, place, name, wrong=True)
        return Statement(name, text, place)


def split(spec: str) -> tuple[str, str]:
    """Return the device and the path of DEVICE:/FILE. Raise ValueError."""
    device, sign, path = spec.partition(":/")
    parts = path.split("/")
    if not (device and sign and path and spec.isprintable()) or {"", ".", ".."} & set(parts):
        raise ValueError(f"not DEVICE:/FILE: {spec}")
    return device, f"/{path}"


def _read_confined(descriptor: int, link: Parent) -> Iterator[str]:
    """Yield number, name and value of each line; of a bad one its first word, without a name."""
    confine("probe", [link.fileno(), descriptor], round(_READING), _MEMORY)
    data = os.pread(descriptor, LARGEST + 1, 0)
    if len(data) > LARGEST:
        raise OSError(errno.EFBIG, f"more than {LARGEST} bytes are no file of settings")
    for number, item in read_lines(data.decode(errors="surrogateescape")):
        name, value = item if isinstance(item, tuple) else ("", item)
        yield f"{number} {name} {value}"

"""What the program knows, as immutable values. No I/O, no policy."""

from dataclasses import dataclass
from typing import Literal

from parsers.api import (
    Entry,
    FileRef,
    Password,
    Preferences,
    Problem,
    Style,
    Volume,
    extent,
)

Kind = Literal["disk", "usb", "optical", "image", "network", "directory"]
DIALECTS = ("debian", "fedora")  # of GRUB's language: grub/language/dialect.py
ORDINARY = 1000  # Choice.turn of an entry that is neither the default nor a fallback


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A volume that can be scanned: how the parsers know it, and what a person calls it."""

    volume: Volume
    node: str  # /dev/vda2, a disk image or a directory
    kind: Kind = "disk"
    title: str = ""  # "vda2: 20 GB ext4, label root"
    part: str = ""  # of a directory: where in its file system it is, /@ for a mounted subvolume

    @property
    def name(self) -> str:
        return self.volume.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A file on a device that holds a file system, as an ISO file does."""

    path: str
    size: int  # bytes
    fs: str
    uuid: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What one scan of one device gave."""

    entries: tuple[tuple[str, Entry], ...] = ()  # (name of the format, entry), in menu order
    problems: tuple[Problem, ...] = ()
    preferences: tuple[tuple[str, Preferences], ...] = ()  # (configuration's path, what it says)
    missing: tuple[FileRef, ...] = ()  # files that entries name and a known volume does not have
    images: tuple[Image, ...] = ()  # to be scanned in turn


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file reference that has been resolved: a path on a present volume, or a URL.

    `offset`, `size`, `packed` and `mode` as in FileRef: without a path, a part of the device
    itself.
    """

    device: str = ""
    path: str = ""
    url: str = ""
    offset: int = 0
    size: int = 0
    packed: str = ""
    mode: int = 0

    def __str__(self) -> str:
        place = self.url or f"({self.device}){self.path}{extent(self)}"
        return f"newc:{self.packed}:{place}" if self.packed else place


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An Effect whose file has been resolved. A device that is not there keeps its words."""

    file: File
    values: tuple[tuple[str, str | None], ...] = ()
    rename: str = ""

    def __str__(self) -> str:
        words = [
            f"no {name}" if value is None else f"{name}={value}" for name, value in self.values
        ]
        words += [f"renamed to {self.rename}"] if self.rename else []
        return f"{self.file}: {', '.join(words)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An entry as the menu offers it, its references resolved against the present volumes."""

    id: str  # stable from scan to scan, unique over devices
    format: str
    device: str  # Volume.name of the configuration's own device
    entry: Entry
    kernel: File | None = None
    initrds: tuple[File, ...] = ()
    devicetree: File | None = None
    changes: tuple[Change, ...] = ()  # what is written when it is booted
    missing: tuple[str, ...] = ()  # files that their device does not have, as str(File)
    waits_for: str = ""  # in words: "the file system with UUID=…"
    turn: int = ORDINARY  # its configuration's wish: 0 the default, then the fallbacks in order
    timeout: float | None = None  # what its configuration says: Preferences.timeout
    elsewhere: bool = False  # its configuration boots something else: Preferences.elsewhere
    dialect: str = ""  # in which its configuration was read: Preferences.dialect
    style: Style = ""  # how the time passes until then: Preferences.style
    superusers: tuple[str, ...] | None = None  # who may change it: Preferences.superusers
    passwords: tuple[Password, ...] = ()  # of all its configuration's users
    rank: int = 0  # of its format among those of its device: the first is asked for the default

    @property
    def written(self) -> str:
        """In what: the format, and the dialect of it where there are several."""
        return f"{self.format}, {self.dialect}'s" if self.dialect else self.format

    @property
    def bootable(self) -> bool:
        """Whether there is a kernel to start; whatever else an entry does, only a person wants."""
        return not self.obstacle and not self.entry.action

    @property
    def users(self) -> tuple[str, ...] | None:
        """Who may boot it: Entry.users. Of what merely lies there, those who may type its name."""
        if self.entry.guess and self.entry.users is None:
            return self.superusers
        return self.entry.users

    @property
    def allowed(self) -> str:
        """Who may boot it, in words; "" is anybody. Of users without a password nobody gets in."""
        if self.users is None:
            return ""
        keys = [key for user in self.users for key in self.passwords if key.user == user]
        if names := dict.fromkeys(key.user for key in keys if not key.nameless):
            return f"{', '.join(names)}, with a password"
        return "who has the password" if keys else "nobody"

    @property
    def obstacle(self) -> str:
        """Why Enter cannot do what the entry is for, in words; empty when it can."""
        if self.entry.action:
            return ""
        if self.entry.unbootable:
            return self.entry.unbootable
        if self.waits_for:
            return f"waits for {self.waits_for}"
        if self.missing:
            return f"missing: {', '.join(self.missing)}"
        return "" if self.kernel else "it names no kernel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What a person changed before booting: paths as typed ("(vda2)/vmlinux" or "/vmlinux")."""

    kernel: str
    initrds: tuple[str, ...]
    cmdline: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """One line of the program's own story, for every console and the log."""

    at: float  # seconds since the kernel started
    level: Literal["debug", "info", "warning", "error"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Countdown:
    """The default boots when the clock passes `until` (seconds of time.monotonic())."""

    choice: str
    until: float
    waiting: bool = False  # it has passed; devices that are still busy are given more time


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings, as `settings/table.py` reads them."""

    timeout: float | None = None  # seconds; None: as the boot configuration says; inf: never
    consoles: tuple[str, ...] = ()  # besides those of /proc/consoles: hvc1, ttyS0
    show_foreign: bool = False
    dialect: str = ""  # one of DIALECTS, whatever a grub.cfg looks like
    boot_image: bool = True  # command lines keep the BOOT_IMAGE= that boot loaders put there
    boot_restricted: bool = False  # the default boots by itself even if it wants a password
    debug: bool = False
    trace: bool = False
    complaints: tuple[str, ...] = ()  # settings that were not understood, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All that a console shows. `version` grows with every change."""

    version: int = 0
    settings: Settings = Settings()
    devices: tuple[Device, ...] = ()
    scanning: frozenset[str] = frozenset()  # names of devices whose scan has not ended
    settled: bool = False  # the devices that were there at the start are all known
    choices: tuple[Choice, ...] = ()  # in menu order: grouped by device
    problems: tuple[tuple[str, Problem], ...] = ()  # (device, problem)
    default: str = ""  # id of the marked choice; "" while there is none
    countdown: Countdown | None = None
    status: Status | None = None  # the last thing worth a person's attention
    booting: str = ""  # id of the choice that is being loaded

    def choice(self, id: str) -> Choice | None:
        return next((c for c in self.choices if c.id == id), None)


def amount(size: float) -> str:
    """Bytes as on the label of a disk: 20 GB, 1.5 GB, 512 MB."""
    units = ["B", "kB", "MB", "GB", "TB"]
    while size >= 999.5 and len(units) > 1:
        size /= 1000
        del units[0]
    return f"{size:.0f} {units[0]}" if size >= 9.95 else f"{size:.2g} {units[0]}"

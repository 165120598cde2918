"""The knowledge of the program, as immutable values. No I/O, no policy."""

import re
from dataclasses import dataclass, field
from typing import Annotated, Literal

from parsers.api import (
    AbsolutePath,
    Entry,
    FileName,
    FileRef,
    Password,
    Preferences,
    Problem,
    Style,
    Volume,
    describe_extent,
)
from petipy.state.boots import Attempt, Countdown, Progress
from petipy.state.guards import Guards, Reach, describe_keys, select_keys
from petipy.state.network import Lease, Link, Request
from petipy.state.places import find_place
from petipy.state.seen import Seen
from petipy.state.settings import BUILT_IN, Settings

_NUMBERS = re.compile(r"\d+|\D+")  # the numbers in a name, and the text between them
_DIGITS = 20  # of a number in a name
_LONGEST_TITLE = 200  # characters that are shown; a disk may have any number
ORDINARY = 1000  # Choice.turn of an entry that is neither the default nor a fallback


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of source. Its attributes are all that differs between kinds."""

    name: str
    rank: int  # in the menu: sources of the lowest rank come first
    patience: float = 60.0  # seconds for one scan: an old USB stick in an emulated machine is slow
    word: str = ""  # for a title: "USB"
    inner: bool = False  # lies within another source and goes with it
    remote: bool = False  # comes over the network
    directory: bool = False  # a directory of the running system, read in place
    reach: Reach = "itself"  # of the locks of its configurations


DISK = Kind(name="disk", rank=0, reach="machine")
USB = Kind(name="usb", rank=1, word="USB", reach="shell")
OPTICAL = Kind(name="optical", rank=2, word="disc", reach="shell")
# The disk that an image file lies on has just been read.
IMAGE = Kind(name="image", rank=3, patience=20.0, inner=True)
NETWORK = Kind(name="network", rank=4, patience=300.0, remote=True)  # servers are asked again
DIRECTORY = Kind(name="directory", rank=5, directory=True, reach="machine")


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A volume that can be scanned: its names for the parsers, its title for a person."""

    volume: Volume
    node: str  # /dev/vda2, a disk image or a directory
    kind: Kind = DISK
    title: str = ""  # "vda2: 20 GB ext4, label root"
    sequence: int = 0  # the kernel's number for the disk or medium in it; 0: not known
    part: str = ""  # of a directory: where in its file system it is, /@ for a mounted subvolume

    @property
    def name(self) -> str:
        return self.volume.name


MOST_WANTS = 64  # of a scan: each is looked up whenever a device comes

# waiting: nothing can be scanned yet (a network link without a cable). locked: a person has to
# give a passphrase first. ready: a whole scan has told everything. failed: the last scan did not
# come to its end; the entries are those of a part of it, or of the scan before.
State = Literal["waiting", "locked", "scanning", "ready", "failed"]
Order = tuple[int, tuple[tuple[int, str], ...], str]  # unique, since names are
Contents = tuple[Device | None, Lease]  # of a source: if they are equal, it is the same one


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A place that entries come from: a device, or something that may become one."""

    name: str  # unique; that of the device, if there is one
    title: str = ""
    kind: Kind = DISK
    state: State = "scanning"
    reason: str = ""  # of the state, in words: "Input/output error"
    device: Device | None = None  # None as long as there is nothing to scan on a device
    given_up: bool = False  # failed so often that nobody needs to wait for the next scan
    elsewhere: bool = False  # its configuration wants something outside of it to boot
    link: Link | None = None  # of a network: the interface as it is now
    lease: Lease = ()  # of a network: what the servers have told; scanned like a disk's contents
    requests: tuple[Request, ...] = ()  # of a network: what was asked for, in order
    path: str = ""  # of the one file on the device that counts; "": whatever is there
    opened: bool = False  # a person has opened it

    @classmethod
    def of(cls, device: Device, state: State = "scanning", reason: str = "") -> "Source":
        """Return the source that the device is."""
        name, title, kind = device.name, device.title, device.kind
        return cls(name=name, title=title, kind=kind, state=state, reason=reason, device=device)

    @property
    def order(self) -> Order:
        """The place in the menu: fixed disks first; sda2 before sda10 before sdb1."""
        parts = _NUMBERS.findall(self.name)
        # int() refuses characters such as ² and thousands of digits.
        natural = ((int(p), "") if p.isdecimal() and len(p) < _DIGITS else (-1, p) for p in parts)
        return self.kind.rank, tuple(natural), self.name

    @property
    def contents(self) -> Contents:
        return self.device, self.lease

    @property
    def patience(self) -> float:
        """Seconds for one scan."""
        return self.kind.patience


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A file on a device that holds a file system, as an ISO file does."""

    path: AbsolutePath
    size: int  # bytes
    fs: str
    uuid: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatFacts:
    """The attributes of a parsers.api.Format for the menu, whose program imports no format."""

    name: str
    hotkeys_select: bool = False
    has_dialects: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """The result of scanning one source."""

    entries: tuple[tuple[str, Entry], ...] = ()  # (name of the format, entry), in menu order
    problems: tuple[Problem, ...] = ()
    preferences: tuple[tuple[str, Preferences], ...] = ()  # (path of a configuration, its wishes)
    missing: tuple[FileRef, ...] = ()  # files that entries name and a known volume does not have
    seen: tuple[Seen, ...] = ()  # files that entries name, and configurations
    images: tuple[Image, ...] = ()  # to be scanned in turn
    # Volumes with which it may give more: Preferences.wants.
    wants: Annotated[tuple[str, ...], range(MOST_WANTS + 1)] = ()
    formats: tuple[FormatFacts, ...] = ()  # of the entries; without those of plain defaults
    requests: tuple[Request, ...] = ()  # over the network, in order
    stopped: str = ""  # why it is only a part, in words: it ended early, or is under way


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file reference that has been resolved: a path on a present volume, or a URL.

    `offset`, `size`, `packed` and `mode` mean the same as in FileRef. Without a path the file is a
    part of the device itself.
    """

    device: str = ""
    path: str = ""
    url: str = ""
    offset: int = 0
    size: int = 0
    packed: str = ""
    mode: int = 0
    stamp: str = field(default="", compare=False)  # Seen.stamp; "" if it is not known

    def __str__(self) -> str:
        part = describe_extent(self.url or self.path, self.offset, self.size)
        place = f"{self.url or f'({self.device}){self.path}'}{part}"
        return f"newc:{self.packed}:{place}" if self.packed else place


@dataclass(frozen=True, slots=True)
class Signature:
    """A SignatureRef whose files have been resolved."""

    file: File
    place: File
    signer: str
    digest: str
    kind: Literal["cms", "openpgp"] = "cms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """An Effect whose file has been resolved. An absent device keeps the configuration's words."""

    file: File
    values: tuple[tuple[str, str | None], ...] = ()
    toml: bool = False  # the values are lines of a file of settings
    rename: FileName = ""
    once: bool = False  # made only after the default of the configuration has been tried in vain

    def __str__(self) -> str:
        words = [f"no {n}" if value is None else f"{n}={value}" for n, value in self.values]
        words += [f"renamed to {self.rename}"] if self.rename else []
        return f"{self.file}: {', '.join(words)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """An entry of the menu. Its references are resolved against the present volumes."""

    id: str  # stable from scan to scan, unique over devices
    format: str
    device: str  # Volume.name of the configuration's own device
    entry: Entry
    kernel: File | None = None
    initrds: tuple[File, ...] = ()
    devicetree: File | None = None
    overlays: tuple[File, ...] = ()
    signatures: tuple[Signature, ...] = ()  # checked before it boots
    changes: tuple[Change, ...] = ()  # to be written when it is booted
    configs: tuple[File, ...] = ()  # that it comes from, with their stamps
    missing: tuple[str, ...] = ()  # files that their device does not have, as str(File)
    waits_for: str = ""  # in words: "the file system with UUID=…"
    turn: int = ORDINARY  # its configuration's wish: 0 the default, then the fallbacks in order
    timeout: float | None = None  # seconds, of its configuration: Preferences.timeout
    total: float | None = None  # seconds, of its configuration: Preferences.total
    elsewhere: bool = False  # its configuration boots something else: Preferences.elsewhere
    dialect: str = ""  # of its configuration: Preferences.dialect
    hotkey_selects: bool = False  # its hotkey moves the cursor to it, and boots nothing
    style: Style = ""  # of the countdown: Preferences.style
    superusers: tuple[str, ...] | None = None  # may change it: Preferences.superusers
    passwords: tuple[Password, ...] = ()  # of all users of its configuration
    rank: int = 0  # of its format on its device: the default of the first format counts
    own: bool = True  # it and its files are on disks of the machine's own: Kind.reach
    guarded: bool = False  # its configuration has superusers, and is of the first format that has
    base: str = ""  # of an entry of a person's own: the id of the one that it changes
    setting: str = ""  # the name of the setting that keeps it

    @property
    def title(self) -> str:
        """The entry's title for messages and lists. A long one loses its middle."""
        title = self.entry.title
        return title if len(title) <= _LONGEST_TITLE else f"{title[:150]}...{title[-47:]}"

    @property
    def written(self) -> str:
        """The format, and its dialect if it has several."""
        return f"{self.format}, {self.dialect}'s" if self.dialect else self.format

    @property
    def bootable(self) -> bool:
        """True if there is a kernel to start. Any other action needs a person."""
        return not self.obstacle and not self.entry.action

    @property
    def users(self) -> tuple[str, ...] | None:
        """The users who may boot it; None is anybody.

        A kernel that no configuration offers is for those who may type its name: the superusers.
        """
        if self.entry.guess and self.entry.users is None:
            return self.superusers
        return self.entry.users

    @property
    def allowed(self) -> str:
        """The users who may boot it, in words; "" is anybody."""
        if self.users is None:
            return ""
        return describe_keys(select_keys(self.passwords, self.users))

    @property
    def obstacle(self) -> str:
        """The reason, in words, why Enter cannot do what the entry is for; "" if it can."""
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
    """A person's change of an entry: paths as typed ("(vda2)/vmlinux" or "/vmlinux")."""

    kernel: str
    initrds: tuple[str, ...]
    cmdline: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """A line of the log, which consoles may show."""

    at: float  # seconds since the kernel started
    level: Literal["debug", "info", "warning", "error"]
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Everything that a console shows. `version` grows with every change."""

    version: int = 0
    settings: Settings = BUILT_IN
    sources: tuple[Source, ...] = ()  # in menu order
    settled: bool = False  # the sources that were there at the start are all known
    choices: tuple[Choice, ...] = ()  # in menu order: grouped by source
    problems: tuple[tuple[str, Problem], ...] = ()  # (source's name, problem)
    guards: Guards = ()  # in menu order
    unread: tuple[Source, ...] = ()  # their guards are not known, and if given up may never be
    default: str = ""  # id of the marked choice; "" while there is none
    locked: bool = False  # the default wants a password: it does not boot by itself
    countdown: Countdown | None = None
    status: Status | None = None  # the last thing worth a person's attention
    booting: str = ""  # id of the choice that is being loaded
    progress: Progress | None = None  # of the file that is being loaded
    ssh: str = ""  # how to reach the menu by ssh, and the key of this host; "" if nobody can
    keyring: str = ""  # the image's file of keys for OpenPGP signatures; "" if it has none
    itself: frozenset[str] = frozenset()  # ids of choices that were Petipy when they were loaded
    # Names of devices that the host wants to boot first, as petipy.state.order takes them.
    host: tuple[str, ...] = ()
    hold: str = ""  # why the host wants nothing to boot by itself, in words; "" if it may
    attempts: tuple[Attempt, ...] = ()  # that have failed, the oldest first: MOST_ATTEMPTS

    @property
    def devices(self) -> tuple[Device, ...]:
        """The devices among the sources, in menu order."""
        return tuple(source.device for source in self.sources if source.device)

    @property
    def scanning(self) -> frozenset[str]:
        """Names of the sources whose scan has not ended."""
        return frozenset(source.name for source in self.sources if source.state == "scanning")

    def source(self, name: str) -> Source | None:
        return next((source for source in self.sources if source.name == name), None)

    def choice(self, id: str) -> Choice | None:
        place = find_place(self.choices, id) if id else -1
        return self.choices[place] if place >= 0 else None

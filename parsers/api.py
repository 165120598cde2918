"""The types that a parser takes and returns. No parser does I/O or imports petipy."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated, Literal, NamedTuple, Protocol

from parsers.host import UNKNOWN as UNKNOWN
from parsers.host import Firmware as Firmware
from parsers.host import Host as Host
from parsers.host import Piece as Piece


def is_file_name(text: str) -> bool:
    """Return True if the text names a file within a directory and leads nowhere else."""
    return text not in (".", "..") and "/" not in text and "\0" not in text


def is_absolute_path(text: str) -> bool:
    """Return True if the text begins with / and has no NUL."""
    return text.startswith("/") and "\0" not in text


# Types with the bounds that hold for values from another process.
LineNumber = Annotated[int, range(1 << 31)]  # of a line, or of a character in one
FileName = Annotated[str, is_file_name]
AbsolutePath = Annotated[str, is_absolute_path]
MOST_USERS = 256  # of a configuration: each entry is compared with each
_USERS = range(MOST_USERS + 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A file system or disk of the machine, with every name by which a configuration may mean it.

    `name` is the kernel's (sda2, nvme0n1p1, dm-0) and is unique; the others may be empty.
    """

    name: str
    uuid: str = ""
    label: str = ""
    partuuid: str = ""
    partlabel: str = ""
    fs: str = ""
    disk: str = ""  # the whole disk's name; the volume's own name if it has no partitions
    partition: int = 0  # 1 upwards; 0 is a whole disk
    scheme: Literal["", "gpt", "msdos"] = ""
    firmware_path: str = ""  # Open Firmware's name of the disk, where the machine has one
    mapped: str = ""  # the device mapper's name: vg-root, luks-1234
    lvm: str = ""  # group and logical volume: vg/root
    lvm_uuid: str = ""  # of both, as LVM writes them, with a slash between
    md: str = ""  # the array's name, as in /dev/md/NAME
    md_uuid: str = ""
    crypt_uuid: str = ""  # of the LUKS container around it
    udev_links: str = ""  # below /dev, with a blank between: disk/by-id/… disk/by-path/…
    image: str = ""  # the path of an image file, such as an ISO, on the volume `disk`


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRef:
    """A file as the configuration names it: a path on a device, or a URL (then `path` is empty).

    - `device` is "" for the configuration's own volume. It is a Volume's name if the parser knows
      the volume, else the configuration's words (UUID=…, LABEL=…, /dev/sda1, hd0,gpt2).
    - `offset` and `size` (bytes) cut a part out of the file; a size of 0 reaches to the end.
      Without a path they cut a part out of the device, outside of its files.
    - `packed` is a file's name in a cpio archive, and `mode` its permissions: the reference then
      means an archive that holds the file.
    """

    path: str = ""
    device: str = ""
    url: str = ""
    offset: int = 0
    size: int = 0
    packed: str = ""
    mode: int = 0  # with the bits of the file's type, as GRUB gives them

    def __str__(self) -> str:
        part = describe_extent(self.url or self.path, self.offset, self.size)
        place = f"({self.device}){self.path}" if self.device else self.path
        place = f"{self.url or place}{part}"
        return f"newc:{self.packed}:{place}" if self.packed else place


def describe_extent(path: str, offset: int, size: int) -> str:
    """Return the text for a part after the file's name; "" for a whole file.

    The part of a device is counted in blocks of 512 bytes, as in GRUB: the first, and how many.
    """
    if path:
        return f"@{offset}+{size}" if offset or size else ""
    return f"blocks {offset >> 9}+{size >> 9}" if size else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A change that booting the entry makes to a file.

    It sets the variables of an environment block (None removes one), or it gives the file the name
    `rename` in its own directory: Boot Loader Specification entries count their tries in their
    names.
    """

    file: FileRef
    values: tuple[tuple[str, str | None], ...] = ()
    rename: FileName = ""
    once: bool = False  # it ends a wish for one boot of the default: made if that has failed


@dataclass(frozen=True, slots=True, kw_only=True)
class SignatureRef:
    """A detached signature that a file must have before the entry boots.

    It is of CMS (RFC 5652) or of OpenPGP (RFC 4880).
    """

    file: FileRef  # of the entry, as it is there; or a script that led to it
    place: FileRef  # of the signature
    signer: str = ""  # the name that the signer's certificate has; "" for any
    digest: str = ""  # of a script: the SHA-256, in hexadecimal, of what was read
    kind: Literal["cms", "openpgp"] = "cms"


@dataclass(frozen=True, slots=True)
class Origin:
    """The setting or variable ("$name") that gave a part of an entry, with its value there.

    If several origins gave the same characters, the origins of a value follow the value.
    """

    what: str
    value: str
    config: str  # "" for a variable that the boot loader sets itself
    line: LineNumber
    # The command that gave a variable its value: set, load_env, search, for, or the function that
    # was called with it. "call" is such a call: `what` ran there, and within it the origin before.
    # "efi" is a variable of the firmware.
    how: str = ""
    # The characters of Entry.cmdline that it gave: start and end.
    spans: tuple[tuple[LineNumber, LineNumber], ...] = ()


# Restart, switch off, enter the firmware's settings, return to the firmware.
Action = Literal["", "reboot", "halt", "fwsetup", "exit"]
Style = Literal["", "menu", "hidden", "countdown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that a configuration offers, exactly as it states it; nothing is resolved yet."""

    title: str
    name: str  # the configuration's own name (id, label); unique within one source and trail
    config: str  # the path of the file in which the entry begins, and the line there
    line: LineNumber
    end: LineNumber = 0  # its last line; 0: as far as its origins show
    trail: tuple[str, ...] = ()  # titles of the submenus around it, outermost first
    trail_keys: tuple[str, ...] = ()  # each submenu's key, "" for none; () if none has a key
    kernel: FileRef | None = None
    initrds: tuple[FileRef, ...] = ()
    devicetree: FileRef | None = None
    overlays: tuple[FileRef, ...] = ()  # applied to the device tree, in this order
    cmdline: str = ""
    default: bool = False
    effects: tuple[Effect, ...] = ()
    waits_for: str = ""  # a device that the configuration needs and the machine does not have
    unbootable: str = ""  # why kexec cannot start it (a boot loader, a firmware setting …)
    action: Action = ""  # instead of a boot; the entry is then unbootable
    hotkey: str = ""  # as the configuration has it: a character, or a key's name such as f2
    classes: tuple[str, ...] = ()
    users: tuple[str, ...] | None = None  # may boot it; superusers are among them; None: anybody
    hidden: bool = False  # not shown, but found by its hotkey or as the default
    help: str = ""  # the configuration's explanation for a person; several lines
    foreign: bool = False  # another system than Linux: listed on request only
    unchecked: str = ""  # a check that it wants and nobody can make: only a person boots it
    signatures: tuple[SignatureRef, ...] = ()  # that are checked before it boots
    itself: bool = False  # it starts Petipy, which must not start itself for ever
    guess: bool = False  # offered by no configuration: boots by itself when nothing else can
    origins: tuple[Origin, ...] = ()  # of its kernel, initrds and command line
    default_from: tuple[Origin, ...] = ()  # the reasons why it is the default
    also: tuple[str, ...] = ()  # FILE:LINE (FORMAT) of equal entries; the scan fills it in


@dataclass(frozen=True, slots=True)
class Problem:
    """A mistake in a file. The entries around it still count. Lines count from 1."""

    config: str
    line: LineNumber
    message: str
    column: LineNumber = 0  # the place in the line, from 1; 0 is the line as a whole
    excerpt: str = ""  # the line, if the column is known; the scan fills it in
    waits: bool = False  # a device is absent: its arrival may change everything
    cut: bool = False  # the rest of the configuration is not read: it may name superusers


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    """A password that lets a user in; `secret` is the text itself, or a hash of it.

    Hashes are GRUB's (grub.pbkdf2.sha512.ITERATIONS.SALT.HASH, the last two in hexadecimal),
    crypt's ($1$SALT$HASH, $5$…, $6$…) or SYSLINUX's ($4$SALT$HASH).
    """

    user: str
    secret: str
    hashed: bool = False
    nameless: bool = False  # no user's name is asked for; `user` only says what it opens


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """The wishes of a configuration for its menu as a whole; at most one per file."""

    timeout: float | None = None  # seconds; None: it says nothing; math.inf: wait for ever
    total: float | None = None  # seconds, after which it boots even if a person was there
    fallback: tuple[str, ...] = ()  # names of the entries to try when the default fails
    style: Style = ""  # of the menu until a key is pressed; "": it says nothing
    # They may edit and boot anything; None: anybody.
    superusers: Annotated[tuple[str, ...], _USERS] | None = None
    passwords: Annotated[tuple[Password, ...], _USERS] = ()
    dialect: str = ""  # the dialect of its language in which it was read, if there are several
    elsewhere: bool = False  # by default it boots something outside: none of its entries does
    # Volumes that it looked for in vain, as places.volumes.find takes them: with one of them it may
    # say something else. ANY if it may with any other volume.
    wants: tuple[str, ...] = ()


ANY = "*"  # in Preferences.wants: any volume
Item = Entry | Problem | Preferences


class Files(Protocol):
    """One volume's tree, and by `host` the machine around it: a parser's whole view of the world.

    Text is UTF-8 with `surrogateescape`, so any bytes come back unchanged. Paths are absolute
    within the tree; symbolic links and `..` never lead out of it.
    """

    @property
    def volume(self) -> Volume: ...
    @property
    def host(self) -> Host: ...
    def read(self, path: str) -> str | None:
        """The text; None when there is no such regular file; OSError when it cannot be read."""

    def piece(self, path: str, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`; none of an unreadable file or of no regular one.

        Without a path, bytes of the device itself: envblock.PLACE, as far as it is known.
        """

    def names(self, directory: str) -> list[str]:
        """Sorted names; empty when there is no such directory."""

    def kind(self, path: str) -> Literal["file", "directory"] | None: ...
    def size(self, path: str) -> int:
        """Bytes; 0 when there is no such file."""

    def modified(self, path: str) -> int:
        """Seconds since 1970; 0 when there is no such file, or its time is not known."""

    def link(self, path: str) -> str:
        """The target of a symbolic link as it is written, be it there or not; "" for no link."""

    def default(self, path: str) -> str:
        """The path that means `path` in the default subvolume of a btrfs, and nothing else.

        Only if another file has that path is it longer, and begins at the top of the file system.
        """


Parse = Callable[[Files, str], Iterator[Item]]

# The names of all formats' dialects. Settings are checked against them without importing a format.
DIALECTS = (
    *("debian", "fedora", "rhel-8", "rhel-9"),
    *("upstream-2.06", "upstream-2.12", "upstream-2.14", "suse", "nixos"),
)

COMPARED = DIALECTS[:2]  # the two that a check compares: most others are like one of them


class Dialect(NamedTuple):
    """One dialect of a format's language, which the boot loaders of one family understand.

    `parse` takes every configuration to be in this dialect; Format.parse takes it to be in the one
    that it looks like.
    """

    name: str
    loader: str  # the boot loader that speaks it, in words: "Debian's GRUB"
    parse: Parse


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of configuration file. `parse` never raises for the contents of a file.

    `paths` are tried in order, and every file there is parsed; a file with several names (links,
    case-folding file systems) once. A name with `*` means all matches, sorted. With `binary` a
    path may be a directory too, and nothing is read before `parse` asks.

    The formats of a volume are shown by their `rank`, the lowest first. Of two that state the same
    entry, or want different defaults, the first one's counts.

    With `network` the language also comes over the network. The function gets a URL and the text
    there, and returns True if the text is in this language; `parse` then gets the URL for a path,
    and the text by `Host.fetch`. `prepare_network` imports what `parse` needs for that.

    `program` yields the entries of an EFI program in this format, given its path. It yields nothing
    for another program.
    """

    name: str
    paths: tuple[str, ...]
    parse: Parse
    rank: int = 50
    binary: bool = False
    from_top: bool = False  # its paths begin at the top of a btrfs, whatever subvolume it is in
    network: Callable[[str, str], bool] | None = None
    prepare_network: Callable[[], None] | None = None
    program: Parse | None = None
    # Paths in an image file, of a configuration written for booting out of that file. If one of
    # them offers entries, nothing else in the image is read.
    in_image: tuple[str, ...] = ()
    any_path: bool = False  # a machine file may name another path of its configuration
    hotkeys_select: bool = False  # in its own menu a hotkey moves the cursor, and boots nothing
    dialects: tuple[Dialect, ...] = ()
    one_dialect_reads: tuple[str, ...] = ()  # the endings of files that only one of them reads
    statements: frozenset[str] = frozenset()  # their names: a captured configuration keeps them

    # For one file that is looked at alone. These are patterns of file names, as in a shell.
    file_names: tuple[str, ...] = ()  # of lower case: a file with such a name is in this format
    # A file with such a name is in this format if nothing tells another. Alone it may be a part
    # of a configuration, and then offers nothing.
    part_names: tuple[str, ...] = ()
    companions: tuple[tuple[str, str], ...] = ()  # files that it may find beside it: name, text

    def in_dialect(self, name: str) -> "Format":
        """Return the format as it reads one dialect only; itself if it has no such dialect."""
        found = next((dialect for dialect in self.dialects if dialect.name == name), None)
        return replace(self, parse=found.parse) if found else self

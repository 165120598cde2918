"""What a parser takes and gives. Pure: nothing here or beside it does I/O or imports petipy."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, NamedTuple, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """A file system or disk of the machine, with every name by which a configuration may mean it.

    `name` is the kernel's (sda2, nvme0n1p1, dm-0) and is unique; all else may be empty.
    """

    name: str
    uuid: str = ""
    label: str = ""
    partuuid: str = ""
    partlabel: str = ""
    fs: str = ""
    disk: str = ""  # the whole disk's name; that of the volume itself when it has no partitions
    partition: int = 0  # 1 upwards; 0 is a whole disk
    scheme: Literal["", "gpt", "msdos"] = ""
    firmware_path: str = ""  # Open Firmware's name of the disk, where the machine has one
    mapped: str = ""  # the device mapper's name: vg-root, luks-1234
    lvm: str = ""  # group and logical volume: vg/root
    lvm_uuid: str = ""  # theirs, in LVM's way of writing, with a slash between
    md: str = ""  # the array's name, as in /dev/md/NAME
    md_uuid: str = ""
    crypt_uuid: str = ""  # of the LUKS container around it
    udev_links: str = ""  # below /dev, with a blank between: disk/by-id/… disk/by-path/…
    image: str = ""  # of a file that holds a file system, an ISO: its path on the volume it lies on


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRef:
    """A file as the configuration names it: a path on a device, or a URL (then `path` is empty).

    `device` is "" for the volume of the configuration itself, the name of a Volume when the
    parser could tell, else the configuration's own words (UUID=…, LABEL=…, /dev/sda1, hd0,gpt2).
    `offset` and `size` (bytes) cut a part out of the file; a size of 0 is all that follows.
    Without a path they are a part of the device itself, which is in no file.
    With `packed` what is meant is a cpio archive that holds the file under this name, with the
    permissions `mode`.
    """

    path: str = ""
    device: str = ""
    url: str = ""
    offset: int = 0
    size: int = 0
    packed: str = ""
    mode: int = 0  # all, as GRUB gives them

    def __str__(self) -> str:
        place = f"({self.device}){self.path}" if self.device else self.path
        place = self.url or f"{place}{extent(self)}"
        return f"newc:{self.packed}:{place}" if self.packed else place


class Part(Protocol):
    """Which part of what."""

    @property
    def path(self) -> str: ...
    @property
    def offset(self) -> int: ...
    @property
    def size(self) -> int: ...


def extent(part: Part) -> str:
    """What follows the name of a file of which only a part is meant. Of a device these are blocks
    of 512 bytes, as GRUB counts them: the first, and how many.
    """
    if part.path:
        return f"@{part.offset}+{part.size}" if part.offset or part.size else ""
    return f"blocks {part.offset >> 9}+{part.size >> 9}" if part.size else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What booting the entry would write: the variables of an environment block (None: removed).

    Or, with `rename`, what the file would be called afterwards, in the same directory: Boot Loader
    Specification entries count their tries in their names.
    """

    file: FileRef
    values: tuple[tuple[str, str | None], ...] = ()
    rename: str = ""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where something of an entry is written: the setting that names its kernel, its initrds, or
    gives words to its command line; or a variable ("$name"), with the value that it had there.

    Of several that gave the same characters, each is followed by what its own value was made of.
    """

    what: str
    value: str
    config: str  # "" when no file says it: a variable that the boot loader sets
    line: int
    # What gave a variable its value: set, load_env, search, for, the name of a function that was
    # called with it. "call" is such a call itself: `what` ran there, and in it the one before.
    # "efi" is a variable of the firmware's.
    how: str = ""
    spans: tuple[tuple[int, int], ...] = ()  # of Entry.cmdline, in characters: what it gave


# Restarting, switching off, the firmware's settings, back to the firmware.
Action = Literal["", "reboot", "halt", "fwsetup", "exit"]
Style = Literal["", "menu", "hidden", "countdown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that a configuration offers, exactly as it states it; nothing is resolved yet."""

    title: str
    name: str  # what the configuration calls it (id, label); unique within one source and trail
    config: str  # path of the file, and the line in it, where the entry begins
    line: int
    end: int = 0  # the last line of it; 0: as far as its origins show
    trail: tuple[str, ...] = ()  # titles of the submenus around it, outermost first
    trail_keys: tuple[str, ...] = ()  # what opens each of them, "" if nothing; () if none has a key
    kernel: FileRef | None = None
    initrds: tuple[FileRef, ...] = ()
    devicetree: FileRef | None = None
    cmdline: str = ""
    default: bool = False
    effects: tuple[Effect, ...] = ()
    waits_for: str = ""  # a device that the configuration needs and the machine does not have
    unbootable: str = ""  # why kexec cannot start it (a boot loader, a firmware setting …)
    action: Action = ""  # what it does instead of booting; it is unbootable then
    hotkey: str = ""  # as the configuration has it: a character, or a key's name such as f2
    classes: tuple[str, ...] = ()
    users: tuple[str, ...] | None = None  # who may boot it, superusers included; None: anybody
    hidden: bool = False  # not shown, but found by its hotkey or as the default
    help: str = ""  # what the configuration says about it to a person; several lines
    foreign: bool = False  # another system, not Linux: listed only for who asks
    guess: bool = False  # no configuration offers it: it boots by itself when nothing else can
    origins: tuple[Origin, ...] = ()  # of its kernel, its initrds and their variables
    default_from: tuple[Origin, ...] = ()  # of the default: what makes it the default
    also: tuple[str, ...] = ()  # FILE:LINE (FORMAT) of those that say the same; the scan's to fill


@dataclass(frozen=True, slots=True)
class Problem:
    """Something the file got wrong. The entries around it still count. Lines count from 1."""

    config: str
    line: int
    message: str
    column: int = 0  # of the line, from 1: where it goes wrong; 0 is the line as a whole
    excerpt: str = ""  # the line, if the column is known; the scan's to fill
    waits: bool = False  # a device is not there: when it comes, all may be otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Password:
    """What a user types to be let in; `secret` is the text itself, or a hash of it: GRUB's
    (grub.pbkdf2.sha512.ITERATIONS.SALT.HASH, the last two in hexadecimal) or crypt's
    ($1$SALT$HASH, $5$…, $6$…), or SYSLINUX's ($4$SALT$HASH).
    """

    user: str
    secret: str
    hashed: bool = False
    nameless: bool = False  # nobody is asked who he is; `user` only says what it opens


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """What a configuration says about its menu as a whole; given at most once per file."""

    timeout: float | None = None  # seconds; None: it says nothing; math.inf: wait for ever
    fallback: tuple[str, ...] = ()  # names of the entries to try when the default fails
    style: Style = ""  # what is shown until a key is pressed: "" if it does not say
    superusers: tuple[str, ...] | None = None  # who may edit and boot anything; None: anybody
    passwords: tuple[Password, ...] = ()
    dialect: str = ""  # the dialect in which the configuration was read: Dialect.name
    elsewhere: bool = False  # its default is to boot what is not in it: nothing in it boots alone


Item = Entry | Problem | Preferences


@dataclass(frozen=True, slots=True, kw_only=True)
class Firmware:
    """What the firmware of the running machine tells to whoever asks."""

    # EFI's variables, those that a boot configuration may depend on: "NAME-GUID" → contents.
    # None: it is no EFI, or not known.
    variables: Mapping[str, bytes] | None = None
    smbios: bytes = b""  # SMBIOS' structures, one after the other; empty if it has none
    clock: int = 0  # what its clock shows, in seconds since 1970; 0: it has none


UNKNOWN = Firmware()


def _nowhere(name: str) -> "Files | None":
    return None


def _unanswered(url: str) -> str | None:
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The machine around a tree: its volumes, the way to their trees, its firmware and network.

    A tree that shows another one differently has that one's Host with an `on` of its own.
    """

    machine: str  # as uname says: ppc64le, x86_64, aarch64, s390x
    volumes: Sequence[Volume] = ()  # known at the moment, the tree's own included
    compatible: Sequence[str] = ()  # the device tree root's `compatible`, the closest first
    firmware: Firmware = UNKNOWN
    # DHCP's answer, when the configuration came over the network. The names are those of udhcpc's
    # script (ip, serverid, siaddr, tftp, bootfile, boot_file, pxeconffile, pxepathprefix …),
    # besides `interface`, `mac` and the machine's own `uuid`.
    lease: Mapping[str, str] = field(default_factory=dict)
    # Volume.name → the volume's tree; None when it cannot be mounted.
    on: Callable[[str], "Files | None"] = _nowhere
    # URL → its text; None when nothing answers there, or there is no network.
    fetch: Callable[[str], str | None] = _unanswered


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
        ...

    def piece(self, path: str, offset: int, length: int) -> bytes:
        """At most `length` bytes from `offset`; fewer, or none, where the file has no more.

        Without a path, bytes of the device itself: envblock.PLACE, as far as it is known.
        Nothing for other things than regular files and for unreadable files: it serves to look at
        kernels.
        """
        ...

    def names(self, directory: str) -> list[str]:
        """Sorted names; empty when there is no such directory."""
        ...

    def kind(self, path: str) -> Literal["file", "directory"] | None: ...
    def size(self, path: str) -> int:
        """Bytes; 0 when there is no such file."""
        ...

    def modified(self, path: str) -> int:
        """Seconds since 1970; 0 when there is no such file, or its time is not known."""
        ...

    def link(self, path: str) -> str:
        """The target of a symbolic link as it is written, be it there or not; "" for no link."""
        ...


Parse = Callable[[Files, str], Iterator[Item]]

# The names of all formats' dialects. Settings are checked against them without importing a format.
DIALECTS = ("debian", "fedora")


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
    """A kind of configuration file. `parse` never raises for what the file says.

    `paths` are tried in order and every one that exists is parsed, a file met twice (links,
    case-folding file systems) once. They may end in a `*` name: all matches, sorted. With
    `binary` they may be directories too, and `parse` gets them without anything having been read.

    Of one volume's formats those with the lower `rank` come first in the menu: where two state
    the same entry it is shown as theirs, and where they want different defaults theirs boots.

    With `network` the language also comes over the network: it is asked whether the text (second)
    that was found at a URL (first) is in it; then `parse` is given the URL for a path, and gets
    the text by `Host.fetch`.
    """

    name: str
    paths: tuple[str, ...]
    parse: Parse
    rank: int = 50
    binary: bool = False
    from_top: bool = False  # its paths begin at the top of a btrfs, whatever subvolume it is in
    network: Callable[[str, str], bool] | None = None
    # Paths in an image file, of a configuration written for booting out of that file. If one of
    # them offers entries, nothing else in the image is read.
    in_image: tuple[str, ...] = ()
    any_path: bool = False  # a machine file may name another path of its configuration
    hotkeys_select: bool = False  # in its own menu a hotkey moves the cursor, and boots nothing
    dialects: tuple[Dialect, ...] = ()
    # The endings of files that only one of the dialects reads.
    one_dialect_reads: tuple[str, ...] = ()

    # For one file that is looked at alone. These are patterns of file names, as in a shell.
    file_names: tuple[str, ...] = ()  # of lower case: a file with such a name is in this format
    # A file with such a name is in this format if nothing tells another. Alone it may be a part
    # of a configuration, and then offers nothing.
    part_names: tuple[str, ...] = ()
    beside: tuple[tuple[str, str], ...] = ()  # files that it may find beside it: name, text

    def in_dialect(self, name: str) -> "Format":
        """Return the format as it reads one dialect only; itself if it has no such dialect."""
        found = next((dialect for dialect in self.dialects if dialect.name == name), None)
        return replace(self, parse=found.parse) if found else self

"""The commands that find file systems: `search`, `probe`; and those that open volumes."""

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from itertools import islice

from parsers.api import ANY, Volume
from parsers.formats.grub.commands import command
from parsers.formats.grub.language.errors import (
    BAD_ARGUMENT,
    FALSE,
    NOT_FOUND,
    UNKNOWN_COMMAND,
    UNKNOWN_DEVICE,
    UNKNOWN_FILE_SYSTEM,
    GrubError,
)
from parsers.formats.grub.language.syntax import Block
from parsers.formats.grub.run.devices import describe
from parsers.formats.grub.run.options import Options
from parsers.formats.grub.run.shell import Run, Shell

_HINTS = {"efi": "--hint-efi", "pc": "--hint-bios", "ieee1275": "--hint-ieee1275"}
_SEARCH = Options(
    "--file|-f",
    "--label|-l",
    "--fs-uuid|-u",
    "--set|-s?",
    "--no-floppy|-n",
    "--efidisk-only",  # since 2.12
    "--cryptodisk-only",  # since 2.14
    "--root-dev-only|-r",  # Red Hat's
    "--hint|-h=",
    "--hint-ieee1275=",
    "--hint-bios=",
    "--hint-baremetal=",
    "--hint-efi=",
    "--hint-arc=",
    lenient=True,
    skips=True,
    usage="search [-f|-l|-u|-s|-n] [--hint HINT [--hint HINT] ...] NAME",
)
_LONGEST_NAME = 1000  # characters of a label; file systems allow 256 bytes or fewer
_KINDS = {
    "label": "the file system labelled {}",
    "fs-uuid": "the file system with UUID {}",
    "file": "a file system with the file {}",
}


@command("search")
def search(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    options, words = _SEARCH.read(arguments)
    variable = options["set"][-1] or "root" if "set" in options else ""
    if not words and options.get("set", [""])[-1]:
        words, variable = [options["set"][-1]], "root"
    if not words:
        raise GrubError(BAD_ARGUMENT, "one argument expected")
    kind = next((kind for kind in _KINDS if kind in options), "")
    if not kind:
        raise GrubError(UNKNOWN_COMMAND, "unspecified search type")
    hints = [
        hint
        for option in ("--hint", _HINTS.get(shell.machine.platform, ""), "--hint-baremetal")
        for hint in options.get(option.lstrip("-"), ())
    ]
    return _search(shell, kind, words[0], variable, hints, _list_limits(shell, options))


Test = Callable[[Volume], bool]


def _list_limits(shell: Shell, options: Container[str]) -> list[Test]:
    """Return the tests by which options narrow a search."""
    limits: list[Test] = []
    if "root-dev-only" in options and shell.machine.family.keeps_to_root_disk:
        limits.append(_is_near(shell))
    if "efidisk-only" in options:
        limits.append(lambda v: not (v.image or v.mapped or v.lvm or v.md or v.crypt_uuid))
    if "cryptodisk-only" in options:
        # The volumes below a logical volume or an array are not known.
        limits.append(lambda v: bool(v.crypt_uuid or v.lvm or v.md))
    return limits


def _make_dotted(kind: str) -> Run:
    def run(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
        if not arguments:
            raise GrubError(BAD_ARGUMENT, "one argument expected")
        name, *rest = arguments
        return _search(shell, kind, name, rest[0] if rest else "", rest[1:])

    return run


command("search.fs_uuid")(_make_dotted("fs-uuid"))
command("search.fs_label")(_make_dotted("label"))
command("search.file")(_make_dotted("file"))


def _search(
    shell: Shell,
    kind: str,
    name: str,
    variable: str,
    hints: Sequence[str],
    limits: Sequence[Test] = (),
) -> int:
    devices = shell.machine.devices
    found = list(islice(_matches(shell, kind, name, hints, limits), 1 if variable else None))
    if not found:
        # An entry that needs the device says so itself; others boot without it in GRUB, too. With a
        # directory no device is known, not even the directory's own.
        own = devices.own
        quiet = shell.in_entry or not (own.uuid or own.label or own.disk)
        shell.note_missing(variable, _KINDS[kind].format(name), reported=not quiet)
        shell.machine.wanted[_spec(kind, name)] = None
        return shell.error(NOT_FOUND, f"no such device: {name}", harmless=quiet, waits=True)
    shell.searches[kind, name] = found[0]
    if variable:
        shell.set(variable, devices.name(found[0]), computed=True)
    else:
        shell.machine.say("".join(f" {devices.name(volume)}" for volume in found))
    return 0


def _spec(kind: str, name: str) -> str:
    """Return the words for the volume that places.volumes.find takes; ANY without a plain name."""
    tag = {"label": "LABEL", "fs-uuid": "UUID"}.get(kind)
    plain = 0 < len(name) < _LONGEST_NAME and name == name.strip() and name[0] not in "\"'"
    return f"{tag}={name}" if tag and plain else ANY


def _is_near(shell: Shell) -> Test:
    """Accept only volumes on the disk of $root. Another disk may be a copy of it."""
    root = shell.machine.devices.find(shell.env["root"]) or shell.machine.devices.own
    disk = root.disk or root.name
    return lambda volume: (volume.disk or volume.name) == disk


def _matches(
    shell: Shell, kind: str, name: str, hints: Sequence[str], limits: Sequence[Test]
) -> Iterator[Volume]:
    """Yield the volumes that match. The result of an equal earlier search comes first.

    It comes again in its own place.
    """
    named = _test(shell, kind, name)

    def fits(volume: Volume) -> bool:
        return all(limit(volume) for limit in limits) and named(volume)

    before = shell.searches.get((kind, name))
    if before and fits(before) and shell.machine.devices.is_open(before):
        yield before
    yield from shell.machine.devices.search(fits, hints)


def _test(shell: Shell, kind: str, name: str) -> Test:
    if kind == "label":
        return lambda volume: volume.label == name != ""
    if kind == "fs-uuid":
        return lambda volume: volume.uuid.lower() == name.lower() != ""

    def holds(volume: Volume) -> bool:
        shell.machine.budget.spend(10)
        return (
            name[:1] == "/"
            and shell.place(f"({shell.machine.devices.name(volume)}){name}").kind() == "file"
        )

    return holds


_PROBE = Options(
    "--set|-s=",
    "--driver|-d",
    "--partmap|-p",
    "--fs|-f",
    "--fs-uuid|-u",
    "--label|-l",
    "--part-uuid",
    usage="probe DEVICE",
)
# Linux' name of a file system → GRUB's.
_FILE_SYSTEMS = {"ext3": "ext2", "ext4": "ext2", "vfat": "fat", "ntfs3": "ntfs"}


@command("probe")
def probe(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    options, words = _PROBE.read(arguments)
    if not words:
        raise GrubError(BAD_ARGUMENT, "device name required")
    name = words[0].removeprefix("(").removesuffix(")")
    devices = shell.machine.devices
    volume = devices.find(name)
    if volume is None and name not in devices.names(disks_only=True):
        raise GrubError(UNKNOWN_DEVICE, devices.unknown(name))
    value = _property(shell, volume, options)
    if "set" in options:
        shell.set(options["set"][-1], value, computed=True)
    else:
        shell.machine.say(value)
    return 0


def _property(shell: Shell, volume: Volume | None, options: Mapping[str, list[str]]) -> str:
    """Return the first property asked for, in GRUB's order. A bare disk has few."""
    if "driver" in options:
        return "ofdisk" if shell.machine.platform == "ieee1275" else "efidisk"
    if "partmap" in options:
        return (volume.scheme or "msdos") if volume and volume.partition else "none"
    if "part-uuid" in options and not {"fs", "fs-uuid", "label"} & options.keys():
        return volume.partuuid if volume and volume.partition else "none"
    if not {"fs", "fs-uuid", "label"} & options.keys():
        raise GrubError(BAD_ARGUMENT, "unrecognised target")
    if volume is None or not (volume.fs or volume.uuid or volume.label):
        raise GrubError(UNKNOWN_FILE_SYSTEM, "unknown filesystem")
    if "fs" in options:
        return _FILE_SYSTEMS.get(volume.fs, volume.fs)
    return volume.uuid if "fs-uuid" in options else volume.label


_CRYPTOMOUNT = Options(
    "--uuid|-u",
    "--all|-a",
    "--boot|-b",
    # Since 2.12.
    *("--password|-p=", "--key-file|-k=", "--keyfile-offset|-O=", "--keyfile-size|-S="),
    "--header|-H=",
    *("--protector|-P=", "--hw-accel|-A"),  # since 2.14
)


@command("cryptocheck")
def cryptocheck(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Test if a logical volume lies on encrypted disks (since 2.14)."""
    words = [word for word in arguments if word != "--quiet"]
    if len(words) != 1:
        raise GrubError(BAD_ARGUMENT, "disk name expected")
    name = words[0].removeprefix("(").removesuffix(")")
    volume = shell.machine.devices.find(name)
    if volume is None:
        raise GrubError(UNKNOWN_DEVICE, f"no such disk: {name}")
    return 0 if volume.crypt_uuid else FALSE


@command("cryptomount")
def cryptomount(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Check that an encrypted volume is open. Opening it is no longer GRUB's task."""
    options, words = _CRYPTOMOUNT.read(arguments)
    if not words and not {"all", "boot"} & options.keys():
        raise GrubError(BAD_ARGUMENT, "device name required")
    if "uuid" in options:
        name = f"cryptouuid/{words[0]}" if words else ""
    else:
        name = "crypto0" if words else ""
    if not name or shell.machine.devices.find(name):
        return 0
    shell.note_missing(name, describe(name))
    return shell.error(BAD_ARGUMENT, "no such cryptodisk found", harmless=shell.in_entry)

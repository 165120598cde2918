"""Finding file systems: `search` and its kin, and `probe`."""

from collections.abc import Callable, Sequence

from parsers.api import Volume
from parsers.grub.commands import command
from parsers.grub.errors import BAD_ARGUMENT, NOT_FOUND, UNKNOWN_DEVICE, GrubError
from parsers.grub.interp import Run, Shell
from parsers.grub.options import Options
from parsers.grub.syntax import Block

_HINTS = {"efi": "--hint-efi", "pc": "--hint-bios", "ieee1275": "--hint-ieee1275"}
_SEARCH = Options(
    "--file|-f",
    "--label|-l",
    "--fs-uuid|-u",
    "--set|-s?",
    "--no-floppy|-n",
    "--efidisk-only",
    "--root-dev-only",  # Red Hat's
    "--hint|-h=",
    "--hint-ieee1275=",
    "--hint-bios=",
    "--hint-baremetal=",
    "--hint-efi=",
    "--hint-arc=",
)
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
        raise GrubError(BAD_ARGUMENT, "unspecified search type")
    hints = [
        hint
        for option in ("--hint", _HINTS.get(shell.machine.platform, ""), "--hint-baremetal")
        for hint in options.get(option.lstrip("-"), ())
    ]
    return _search(shell, kind, words[0], variable, hints, near="root-dev-only" in options)


def _dotted(kind: str) -> Run:
    def run(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
        if not arguments:
            raise GrubError(BAD_ARGUMENT, "one argument expected")
        name, *rest = arguments
        return _search(shell, kind, name, rest[0] if rest else "", rest[1:])

    return run


command("search.fs_uuid")(_dotted("fs-uuid"))
command("search.fs_label")(_dotted("label"))
command("search.file")(_dotted("file"))


def _search(
    shell: Shell, kind: str, name: str, variable: str, hints: Sequence[str], *, near: bool = False
) -> int:
    devices = shell.machine.devices
    wanted = _test(shell, kind, name)
    if near:
        wanted = _near(shell, wanted)
    volume = devices.search(wanted, hints)
    if volume is None:
        shell.lost[variable] = _KINDS[kind].format(name)
        # An entry that cannot do without says so itself; else GRUB boots it all the same. And of
        # a mere directory no device is known, not even its own.
        own = devices.own
        quiet = shell.in_entry or not (own.uuid or own.label or own.disk)
        return shell.error(NOT_FOUND, f"no such device: {name}", quiet=quiet)
    if variable:
        shell.set(variable, devices.name(volume))
    else:
        shell.machine.say(f" {devices.name(volume)}\n")
    return 0


def _near(shell: Shell, wanted: Callable[[Volume], bool]) -> Callable[[Volume], bool]:
    """Only on the disk that $root is on: another may be a copy of it."""
    root = shell.machine.devices.find(shell.env["root"]) or shell.machine.devices.own
    disk = root.disk or root.name
    return lambda volume: (volume.disk or volume.name) == disk and wanted(volume)


def _test(shell: Shell, kind: str, name: str) -> Callable[[Volume], bool]:
    if kind == "label":
        return lambda volume: volume.label == name
    if kind == "fs-uuid":
        return lambda volume: volume.uuid.lower() == name.lower() != ""

    def holds(volume: Volume) -> bool:
        shell.machine.budget.spend(10)
        return shell.place(f"({shell.machine.devices.name(volume)}){name}").kind() is not None

    return holds


_PROBE = Options(
    "--set|-s=",
    "--driver|-d",
    "--partmap|-p",
    "--fs|-f",
    "--fs-uuid|-u",
    "--label|-l",
    "--part-uuid",
)
# What GRUB calls file systems that Linux knows by another name.
_FILE_SYSTEMS = {"ext3": "ext2", "ext4": "ext2", "vfat": "fat", "ntfs3": "ntfs"}


@command("probe")
def probe(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    options, words = _PROBE.read(arguments)
    if not words:
        raise GrubError(BAD_ARGUMENT, "one argument expected")
    name = words[0].removeprefix("(").removesuffix(")")
    volume = shell.machine.devices.find(name)
    if volume is None:
        raise GrubError(UNKNOWN_DEVICE, f"disk `{name}' not found")
    values = {
        "driver": "ofdisk" if shell.machine.platform == "ieee1275" else "efidisk",
        "partmap": {"gpt": "gpt", "msdos": "msdos"}.get(volume.scheme, "none"),
        "fs": _FILE_SYSTEMS.get(volume.fs, volume.fs),
        "fs-uuid": volume.uuid,
        "label": volume.label,
        "part-uuid": volume.partuuid,
    }
    for option, value in values.items():
        if option in options:
            if "set" in options:
                shell.set(options["set"][-1], value)
            else:
                shell.machine.say(f"{value}\n")
            return 0
    raise GrubError(BAD_ARGUMENT, "unrecognised target")

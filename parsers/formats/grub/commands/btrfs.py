"""The commands for the subvolumes of a btrfs, which SUSE's GRUB has, and Red Hat's."""

from collections.abc import Sequence

from parsers.api import Files
from parsers.formats.grub.commands import command
from parsers.formats.grub.language.errors import (
    BAD_ARGUMENT,
    NOT_FOUND,
    OUT_OF_RANGE,
    UNKNOWN_DEVICE,
    GrubError,
)
from parsers.formats.grub.language.syntax import Block
from parsers.formats.grub.run.options import Options
from parsers.formats.grub.run.shell import Shell
from parsers.formats.grub.run.subvolumes import MOST_MOUNTS, MountPoint, find_subvolume

_OPTIONS = Options("--output|-o=", "--path-only|-p", "--id-only|-i")


def _open(shell: Shell, words: Sequence[str]) -> tuple[str, Files]:
    """Return a device by its name, with or without parentheses; $root if it is a path."""
    if not words:
        raise GrubError(BAD_ARGUMENT, "device name required")
    place = shell.place(words[0])
    tree = place.files()
    if not place.volume or not tree:
        raise GrubError(UNKNOWN_DEVICE, shell.machine.devices.unknown(place.device))
    return place.volume.name, tree


@command("btrfs-mount-subvol")
def mount(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Make a directory the mount point of a subvolume.

    GRUB wants the directory to be there. Here it need not be: a copy of a tree often has no empty
    directories.
    """
    if len(arguments) < 3:
        raise GrubError(BAD_ARGUMENT, "required <dev> <dir> and <subvol>")
    volume, tree = _open(shell, arguments)
    directory, subvolume = map(str, arguments[1:3])
    path = find_subvolume(tree, subvolume)
    if tree.kind(path) != "directory":
        # A directory that stands for a subvolume does not have the others.
        part = not (tree.volume.uuid or tree.volume.disk)
        words = f"the subvolume {subvolume} is not there"
        return shell.error(NOT_FOUND, words, harmless=part)
    if len(shell.subvolumes.mounts) == MOST_MOUNTS:
        raise GrubError(OUT_OF_RANGE, f"more than {MOST_MOUNTS} subvolumes are mounted")
    mounts = (*shell.subvolumes.mounts, MountPoint(volume, directory.rstrip("/"), path))
    shell.subvolumes = shell.subvolumes._replace(mounts=mounts)
    return 0


@command("btrfs-get-default-subvol")
def find_default(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    options, words = _OPTIONS.read(arguments)
    _, tree = _open(shell, words)
    if "id-only" in options:
        raise GrubError(BAD_ARGUMENT, "the IDs of subvolumes are not known here")
    path = tree.default("/").rstrip("/") or "/"
    if "output" in options:
        shell.set(options["output"][-1], path, computed=True)
    else:
        shell.machine.say(f"{path}\n")
    return 0


@command("btrfs-info", "btrfs-list-subvols")
def show(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Print what is on a btrfs: nothing here. A variable for the output becomes empty."""
    options, words = _OPTIONS.read(arguments)
    _open(shell, words)
    if "output" in options:
        shell.machine.complain(shell.config, shell.line, "the subvolumes are not listed here")
        shell.set(options["output"][-1], "", computed=True)
    return 0

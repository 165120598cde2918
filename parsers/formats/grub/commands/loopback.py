"""`loopback`: make a device of a file that holds a file system."""

from collections.abc import Sequence
from dataclasses import replace

from parsers.api import Volume
from parsers.binary.superblock import identify
from parsers.formats.grub.commands import command
from parsers.formats.grub.language.errors import BAD_ARGUMENT, BAD_DEVICE, NOT_FOUND, GrubError
from parsers.formats.grub.language.syntax import Block
from parsers.formats.grub.run.machine import Place
from parsers.formats.grub.run.options import Options
from parsers.formats.grub.run.shell import Shell
from parsers.places.volumes import image, image_name

_OPTIONS = Options("--delete|-d", "--decompress|-D")


@command("loopback")
def loopback(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    options, words = _OPTIONS.read(arguments)
    if not words:
        raise GrubError(BAD_ARGUMENT, "device name required")
    loops = shell.machine.devices.loops
    if "delete" in options:
        if loops.pop(words[0], None) is None:
            # Scripts delete a name before each use to make sure that it is free.
            return shell.error(BAD_DEVICE, "device not found", harmless=True)
        return 0
    if len(words) < 2:
        raise GrubError(BAD_ARGUMENT, "filename expected")
    # The name of the configuration's own image was given here, not by GRUB.
    if words[0] in loops and loops[words[0]] != shell.machine.devices.own:
        raise GrubError(BAD_ARGUMENT, "device name already exists")
    place = shell.place(words[1])
    if place.volume is None or place.kind() != "file":
        # The entry waits for the image, as it waits for a disk that is not there.
        shell.note_missing(words[0], f"the file {words[1]}")
        return shell.error(NOT_FOUND, f"file `{place.path}' not found", harmless=shell.in_entry)
    shell.missing_devices.pop(words[0], None)
    if shell.checks.enforced:
        shell.checks.refuse(f"the OpenPGP signature of the image {words[1]}")
    name = image_name(place.volume, place.path)
    if found := image(name, [place.volume]):
        loops[words[0]] = _describe(found, place)
    return 0


def _describe(volume: Volume, place: Place) -> Volume:
    """Return the image's volume with its file system, UUID and label, if they are known."""
    files = place.files()
    known = files and identify(lambda offset, length: files.piece(place.path, offset, length))
    if not known:
        return volume
    return replace(volume, fs=known.kind, uuid=known.uuid, label=known.label)

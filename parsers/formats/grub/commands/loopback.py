"""`loopback`: a file that holds a file system becomes a device."""

from collections.abc import Sequence

from parsers.formats.grub.commands import command
from parsers.formats.grub.language.errors import BAD_ARGUMENT, BAD_DEVICE, NOT_FOUND, GrubError
from parsers.formats.grub.language.syntax import Block
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
            # Who makes sure that a name is free does so before every use.
            return shell.error(BAD_DEVICE, "device not found", harmless=True)
        return 0
    if len(words) < 2:
        raise GrubError(BAD_ARGUMENT, "filename expected")
    # The image that the configuration itself is in has its name from here, not from GRUB.
    if words[0] in loops and loops[words[0]] != shell.machine.devices.own:
        raise GrubError(BAD_ARGUMENT, "device name already exists")
    place = shell.place(words[1])
    if place.volume is None or place.kind() != "file":
        # What the entry takes from the image is waited for, as from a disk that is not there.
        shell.note_missing(words[0], f"the file {words[1]}")
        return shell.error(NOT_FOUND, f"file `{place.path}' not found", harmless=shell.in_entry)
    shell.missing_devices.pop(words[0], None)
    name = image_name(place.volume, place.path)
    if found := image(name, [place.volume]):
        loops[words[0]] = found
    return 0

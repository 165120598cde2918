"""Unified kernel images that a configuration starts as EFI programs."""

from collections.abc import Sequence
from dataclasses import replace

from parsers.api import Entry, Problem
from parsers.binary import pe
from parsers.formats.grub.run.machine import Place
from parsers.formats.grub.run.shell import Payload, Shell
from parsers.places.volumes import rename_files


def load_image(shell: Shell, path: str, options: Sequence[str]) -> Payload | None:
    """Return the kernel and all else in the image at `path`; None if there is no such image.

    The options, if there are any, are the command line instead of the image's own
    (systemd-stub(7)).
    """
    place = shell.place(path)
    if place.kind() != "file" or not _is_unified(place):
        return None
    entry = _read(shell, place)
    if entry is None:
        return None
    origin = shell.origins("linux", path)
    if options:
        cmdline = " ".join(options)
        start = replace(origin[0], spans=((0, len(cmdline)),))
        entry = replace(entry, cmdline=cmdline, origins=())
        origin = (start, *origin[1:])
    return Payload(
        kernel=entry.kernel,
        initrds=entry.initrds,
        devicetree=entry.devicetree,
        cmdline=entry.cmdline,
        unbootable=entry.unbootable,
        origins=(*origin, *entry.origins),
    )


def _is_unified(place: Place) -> bool:
    files = place.files()
    try:
        sections = pe.read_program(files, place.path).sections if files else ()
    except (pe.PeError, OSError):
        return False
    return any(section.name == ".linux" for section in sections)


def _read(shell: Shell, place: Place) -> Entry | None:
    """Return the image's first profile, with files as seen from the configuration's device."""
    from parsers.formats import uki

    files, volume = place.files(), place.volume
    if not files or not volume:
        return None
    there, here = volume.name, shell.machine.devices.own.name
    for item in uki.read_image(files, "", place.path):
        if isinstance(item, Problem):
            shell.machine.complain(shell.machine.label(place), item.line, item.message)
        else:
            return rename_files(item.entry, there, here)
    return None

"""`uki`: put unified kernel images into the menu, as upstream's GRUB does since 2.14.

The command exists on EFI only (grub-core/commands/blsuki.c).
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from parsers.binary import os_release, pe
from parsers.formats.grub.commands import command
from parsers.formats.grub.commands.bls import Request, list_directories, read_request
from parsers.formats.grub.language.errors import UNKNOWN_COMMAND
from parsers.formats.grub.language.pieces import Assignment
from parsers.formats.grub.language.syntax import Block, Command
from parsers.formats.grub.run.machine import Place
from parsers.formats.grub.run.shell import MenuLine, Shell
from parsers.formats.grub.snippets import is_number
from parsers.formats.grub.versions import gnu_key

_DIRECTORY = "/EFI/Linux"
_IMAGE = 20  # steps, to read an image's headers
_LONGEST = 5 * 4096  # bytes of a section that GRUB reads


class _Found(NamedTuple):
    name: str  # of the file: its id, too
    path: str  # with the device in front
    title: str


@command("uki")
def uki(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    if shell.machine.platform != "efi":
        shell.error(UNKNOWN_COMMAND, "can't find command `uki'", harmless=True)
        return 0
    asked = read_request(arguments)
    found = sorted(_find(shell, asked), key=lambda one: gnu_key(one.name), reverse=True)
    for number, one in enumerate(found):
        default = shell.env["default"]
        is_default = default == one.name or is_number(default, number)
        if one.name == asked.id or (asked.default if is_default else asked.others):
            shell.machine.add_line()
            shell.menu.append(_line(shell, one))
    return 0


def _find(shell: Shell, asked: Request) -> Iterator[_Found]:
    path = asked.path
    if path.endswith(".efi"):
        yield from _read(shell, path, shell.find_file(path))
        return
    for device, directory in list_directories(asked, _find_boot_device(shell), _DIRECTORY):
        if found := list(_read_directory(shell, device, directory)):
            yield from found
            return


def _find_boot_device(shell: Shell) -> str:
    """Return the device that the firmware loaded GRUB from: the EFI system partition.

    That may be another partition than the configuration's, of the same disk.
    """
    devices = shell.machine.devices
    own = devices.own
    near = [v for v in devices.volumes() if own.disk and v.disk == own.disk and v != own]
    for volume in (own, *near):
        name = devices.name(volume)
        if volume.fs in ("vfat", "") and shell.place(f"({name}){_DIRECTORY}").kind():
            return name
    return devices.name(own)


def _read_directory(shell: Shell, device: str, directory: str) -> Iterator[_Found]:
    for name in shell.place(f"({device}){directory}").names():
        if name.endswith(".efi"):
            path = f"({device}){directory.rstrip('/')}/{name}"
            yield from _read(shell, path, shell.place(path))


def _read(shell: Shell, path: str, place: Place) -> Iterator[_Found]:
    """Read an image. GRUB passes over a program without a kernel or a system's name."""
    files = place.files()
    if not files or place.kind() != "file":
        return
    shell.machine.budget.spend(_IMAGE)
    try:
        sections = pe.read_program(files, place.path).sections
    except (pe.PeError, OSError) as error:
        shell.machine.complain(shell.machine.label(place), 1, str(error))
        return
    named = next((s for s in sections if s.name == ".osrel" and s.size <= _LONGEST), None)
    if not named or not any(s.name == ".linux" for s in sections):
        return
    text = files.piece(place.path, named.offset, named.size).decode("utf-8", "surrogateescape")
    if title := os_release.read(text.partition("\0")[0]).get("PRETTY_NAME"):
        yield _Found(place.path.rpartition("/")[2], path, title)


def _line(shell: Shell, image: _Found) -> MenuLine:
    save = shell.env["blsuki_save_default"][:1] not in ("", "0", "f", "F", "n", "N")
    words: list[tuple[str, ...]] = [("savedefault",)] if save else []
    words.append(("chainloader", image.path))
    return MenuLine(
        title=image.title,
        id=image.name,
        arguments=(image.title,),
        body=tuple(Command(shell.line, words) for words in words),
        submenu=False,
        config=shell.config,
        line=shell.line,
        end=shell.line,
        users=None,
        parameters=Assignment("$@", image.title, shell.config, shell.line),
    )

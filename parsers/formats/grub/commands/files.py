"""The commands that print what is on the disks: `ls`, `cat` and the like."""

import re
from collections.abc import Container, Sequence
from posixpath import basename

from parsers.api import Volume
from parsers.formats.grub.commands import command
from parsers.formats.grub.commands.firmware import format_time
from parsers.formats.grub.language.errors import (
    BAD_ARGUMENT,
    FALSE,
    NOT_FOUND,
    OUT_OF_RANGE,
    UNKNOWN_DEVICE,
    GrubError,
)
from parsers.formats.grub.language.syntax import Block
from parsers.formats.grub.run.machine import Place
from parsers.formats.grub.run.options import Options
from parsers.formats.grub.run.shell import Shell

_LS = Options("--long|-l", "--human-readable|-h", "--all|-a", usage="ls [-l|-h|-a] [FILE ...]")


@command("ls")
def ls(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """List directories. Names are in alphabetical order; GRUB has the disk's order.

    A wrong argument is reported, and the next one is listed, as in GRUB.
    """
    options, words = _LS.read(arguments)
    if not words:
        _list_devices(shell, long="long" in options)
    for word in words:
        try:
            _list(shell, word, options)
        except GrubError as error:
            # A script lists files to see what is there, so a missing one is no mistake.
            shell.remark(error, harmless=True)
    return 0


def _list_devices(shell: Shell, *, long: bool) -> None:
    devices = shell.machine.devices
    for name in devices.names():
        if long:
            indent = "\t" if "," in name else ""
            shell.machine.say(f"{indent}{_about(name, devices.find(name))}\n")
        else:
            shell.machine.say(f"({name}) ")
    shell.machine.say("\n")


def _about(name: str, volume: Volume | None) -> str:
    kind = "Partition" if "," in name else "Device"
    if volume is None or not volume.fs:
        return f"{kind} {name}: No known filesystem detected"
    label = f" - Label `{volume.label}'" if volume.label else ""
    uuid = f", UUID {volume.uuid}" if volume.uuid else ""
    return f"{kind} {name}: Filesystem type {volume.fs}{label}{uuid}"


def _list(shell: Shell, word: str, options: Container[str]) -> None:
    if word[:1] not in ("/", "("):
        raise GrubError(NOT_FOUND, f"file `{word}' not found")
    place = shell.place(word)
    if word.endswith(")"):
        if place.volume is None:
            raise GrubError(UNKNOWN_DEVICE, shell.machine.devices.unknown(place.device))
        shell.machine.say(f"{_about(place.device, place.volume)}\n")
        return
    place = shell.find_file(word, directory=True)
    if place.kind() == "directory":
        names = [name for name in place.names() if "all" in options or name[:1] != "."]
        shell.machine.budget.spend(len(names))
        lines = [_line(place._replace(path=f"{place.path}/{name}"), options) for name in names]
    else:
        # GRUB's long list shows nothing for a file that is named.
        lines = [] if "long" in options else [_line(place, options)]
    shell.machine.say("".join(lines) + "\n")


def _line(place: Place, options: Container[str]) -> str:
    directory = place.kind() == "directory"
    name = f"{basename(place.path)}{'/' if directory else ''}"
    if "long" not in options:
        return f"{name} "
    human, changed = "human-readable" in options, place.modified()
    size = "DIR" if directory else _size(place.size()) if human else str(place.size())
    when = ""
    if changed:
        date, clock, day = format_time(changed).split()
        plain = re.sub("[-:]", "", f"{date}{clock}")
        when = f" {date} {clock} {day:<11} " if human else f" {plain} "
    return f"{size:<12}{when}{name}\n"


def _size(size: int) -> str:
    """Format a size. Each step is rounded to hundredths of its unit."""
    hundredths, units = size * 100, 0
    while size >= 1024:
        hundredths, size, units = (hundredths + 512) // 1024, size // 1024, units + 1
    return f"{hundredths // 100}.{hundredths % 100:02}{' KMGT'[units]}" if units else str(size)


_CAT = Options("--dos", usage="cat FILE")
# GRUB shows bytes that are no text as numbers.
_NO_TEXT = re.compile(r"[\0-\b\x0e-\x1f\x7f\udc80-\udcff]")


@command("cat")
def cat(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    options, words = _CAT.read(arguments)
    if len(words) != 1:
        raise GrubError(BAD_ARGUMENT, "filename expected")
    text = _text(shell, words[0])
    if "dos" in options:
        text = text.replace("\r\n", "\n")
    text = _NO_TEXT.sub(lambda m: f"<{ord(m[0]) & 0xFF:x}>", text)
    shell.machine.say(f"{text}\n")
    return 0


def _text(shell: Shell, path: str) -> str:
    shell.find_file(path)
    text = shell.text(path) or ""
    shell.machine.budget.spend(len(text) // 64)
    return text


@command("read_file")
def read_file(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Set variables to the lines of a file. SUSE's scripts read s390's LOADPARM so."""
    if len(arguments) < 2:
        what = "variable name" if arguments else "file name"
        raise GrubError(BAD_ARGUMENT, f"{what} expected")
    path, *names = map(str, arguments)
    lines = _text(shell, path).splitlines()
    for name, line in zip(names, lines, strict=False):
        shell.set(name, line.rstrip("\r"), computed=True)
    return 0 if len(lines) >= len(names) else OUT_OF_RANGE


@command("cmp")
def cmp(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Compare files. GRUB would print each byte that differs; this does not."""
    if len(arguments) != 2:
        raise GrubError(BAD_ARGUMENT, "two arguments expected")
    one, other = (_text(shell, path) for path in arguments)
    return 0 if one == other else FALSE

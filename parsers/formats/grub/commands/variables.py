"""The commands for variables: to set, to export, to keep them in environment blocks."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from parsers.api import FileRef
from parsers.formats.grub.commands import command
from parsers.formats.grub.language.errors import BAD_ARGUMENT, BAD_FILE, NOT_FOUND, GrubError
from parsers.formats.grub.language.numbers import number
from parsers.formats.grub.language.pieces import Assignment, cut
from parsers.formats.grub.language.syntax import Block
from parsers.formats.grub.run.env import EnvironmentBlock
from parsers.formats.grub.run.options import Options
from parsers.formats.grub.run.origins import origins
from parsers.formats.grub.run.shell import Run, Shell

_LOAD = Options("--file|-f=", "--skip-sig|-s")
_SAVE = Options("--file|-f=")


@command("set")
def set_(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    if not arguments:
        for name, value in shell.env.items():
            shell.machine.say(f"{name}={value}\n")
        return 0
    name, equals, _ = arguments[0].partition("=")
    if not equals:
        raise GrubError(BAD_ARGUMENT, "not an assignment")
    shell.set(name, cut(arguments[0], len(name) + 1))
    return 0


@command("unset")
def unset(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    if not arguments:
        raise GrubError(BAD_ARGUMENT, "one argument expected")
    for name in arguments:
        shell.unset(name)
    return 0


@command("export")
def export(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    if not arguments:
        raise GrubError(BAD_ARGUMENT, "one argument expected")
    for name in arguments:
        shell.env.export(name)
    return 0


def _step(by: int) -> Run:
    def step(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
        if len(arguments) != 1:
            wrong = "too many arguments" if arguments else "no variable specified"
            raise GrubError(BAD_ARGUMENT, wrong)
        value = shell.env.get(arguments[0])
        if value is None:
            raise GrubError(NOT_FOUND, f'No such variable "{arguments[0]}"')
        shell.set(str(arguments[0]), str(number(value) + by), computed=True)
        return 0

    return step


command("increment")(_step(1))
command("decrement")(_step(-1))


@command("load_env")
def load_env(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    options, names = _LOAD.read(arguments)
    file, saved = _block(shell, options.get("file"), checked="skip-sig" not in options)
    for name, value in saved.values.items():
        if not names or name in names:
            shell.set(name, value)
            where = str(file), saved.line(name)
            shell.env.assignments[name] = Assignment(f"${name}", value, *where, how=shell.command)
    return 0


@command("list_env")
def list_env(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    options, _ = _LOAD.read(arguments)
    _, saved = _block(shell, options.get("file"), checked="skip-sig" not in options)
    for name, value in saved.values.items():
        shell.machine.say(f"{name}={value}\n")
    return 0


@command("save_env")
def save_env(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Record the write as an effect of booting; a later load_env sees it. Nothing is written."""
    options, names = _SAVE.read(arguments)
    if not names:
        raise GrubError(BAD_ARGUMENT, "no variable is specified")
    file, saved = _block(shell, options.get("file"))
    if file.path and "env_block" in shell.env and shell.machine.file_system(file) == "btrfs":
        # GRUB cannot write to a file on btrfs. A script that uses the other block saves there, too.
        return shell.error(BAD_FILE, "sparse file not allowed", harmless=True)
    values = {str(name): shell.env.get(name) for name in names}
    shell.blocks[file] = saved.with_values(values)
    shell.effects.setdefault(file, {}).update(values)
    _note_wishes(shell, file, saved, values)
    return 0


def _note_wishes(
    shell: Shell, file: FileRef, saved: EnvironmentBlock, values: Mapping[str, str | None]
) -> None:
    """Note the effects that use up a wish for one boot.

    A menu that empties a variable with a value, such as next_entry, takes a wish for one boot. The
    variables that the same command saves belong to it, and so do those that got their value from
    it: `saved_entry=${prev_saved_entry}`.
    """
    wishes = shell.used_up.setdefault(file, set())
    if shell.in_entry:
        wishes.difference_update(values)
        return
    emptied = {f"${name}" for name, value in values.items() if not value and saved.values.get(name)}
    if not emptied:
        return
    wishes.update(values)
    for name in shell.effects[file].keys() - wishes:
        setting = shell.env.assignments.get(name)
        if setting and any(origin.what in emptied for origin in origins([setting])):
            wishes.add(name)


# A list of the disk's blocks, FIRST+COUNT. btrfs has a place for an environment block. openSUSE's
# GRUB and upstream's (since 2.14) can write there, but not to a file of a btrfs.
_BLOCKS = re.compile(r"(?:\([^()]*\))?((?:[0-9]*\+[0-9]+,?)+)")
_RUN = re.compile(r"([0-9]{1,9})\+([0-9]{1,3})")


def _block(
    shell: Shell, paths: list[str] | None, *, checked: bool = False
) -> tuple[FileRef, EnvironmentBlock]:
    path = paths[-1] if paths else f"{shell.env['prefix']}/grubenv"
    blocks = _BLOCKS.fullmatch(path)
    file = shell.file(path)
    if blocks and (run := _RUN.fullmatch(blocks[1])):
        first, count = (int(number) << 9 for number in run.groups())
        file = replace(file, path="", offset=first, size=count)
    if file not in shell.blocks:
        text = _read_blocks(shell, file, blocks[1]) if blocks else shell.text(path, checked=checked)
        if text is None:
            raise GrubError(NOT_FOUND, f"file `{shell.place(path).name}' not found")
        shell.blocks[file] = EnvironmentBlock.read(text)
    return file, shell.blocks[file]


def _read_blocks(shell: Shell, file: FileRef, blocks: str) -> str:
    """Read blocks of the disk, if they are known."""
    own = not file.path and not file.device
    data = shell.machine.devices.piece(file.offset, file.size) if own else b""
    if len(data) < file.size or not data:
        raise GrubError(NOT_FOUND, _not_read(blocks, shell.command))
    return data.decode("utf-8", "surrogateescape")


def _not_read(blocks: str, command: str) -> str:
    place = f"blocks {blocks} of the disk, in no file,"
    if command == "save_env":
        return f"what is to be saved in {place} is not saved"
    return f"what is kept in {place} is not read: an entry chosen by grub-reboot does not count"

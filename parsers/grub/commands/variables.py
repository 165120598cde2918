"""Variables: setting, exporting, keeping them in environment blocks."""

import re
from collections.abc import Sequence

from parsers.api import FileRef
from parsers.grub.commands import command
from parsers.grub.env import EnvironmentBlock
from parsers.grub.errors import BAD_ARGUMENT, NOT_FOUND, GrubError
from parsers.grub.interp import Run, Shell
from parsers.grub.numbers import number
from parsers.grub.options import Options
from parsers.grub.origin import Setting
from parsers.grub.syntax import Block

_LOAD = Options("--file|-f=", "--skip-sig|-s")
_SAVE = Options("--file|-f=")


@command("set")
def set_(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    if not arguments:
        for name, value in shell.env.items():
            shell.machine.say(f"{name}={value}\n")
        return 0
    name, equals, value = arguments[0].partition("=")
    if not equals:
        raise GrubError(BAD_ARGUMENT, "not an assignment")
    shell.set(name, value)
    return 0


@command("unset")
def unset(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    if not arguments:
        raise GrubError(BAD_ARGUMENT, "one argument expected")
    for name in arguments:
        shell.env.unset(name)
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
        shell.set(arguments[0], str(number(value) + by))
        return 0

    return step


command("increment")(_step(1))
command("decrement")(_step(-1))


@command("load_env")
def load_env(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    options, names = _LOAD.read(arguments)
    file, saved = _block(shell, options.get("file"))
    for name, value in saved.values.items():
        if not names or name in names:
            shell.set(name, value)
            shell.env.settings[name] = Setting(
                value, str(file), saved.line(name), how=shell.command
            )
    return 0


@command("list_env")
def list_env(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    options, _ = _LOAD.read(arguments)
    _, saved = _block(shell, options.get("file"))
    for name, value in saved.values.items():
        shell.machine.say(f"{name}={value}\n")
    return 0


@command("save_env")
def save_env(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Writes nothing: what it would write is an effect of booting, and seen by a load_env."""
    options, names = _SAVE.read(arguments)
    if not names:
        raise GrubError(BAD_ARGUMENT, "no variable is specified")
    file, saved = _block(shell, options.get("file"))
    values = {name: shell.env.get(name) for name in names}
    shell.blocks[file] = saved.saved(values)
    shell.effects.setdefault(file, {}).update(values)
    return 0


# A list of the disk's blocks, START+LENGTH: btrfs leaves some free for an environment block, which
# openSUSE's GRUB and upstream's (since 2.14) can write there, though to no file of it.
_BLOCKS = re.compile(r"(?:\([^()]*\))?((?:[0-9]*\+[0-9]+,?)+)")


def _not_read(blocks: str, command: str) -> str:
    place = f"blocks {blocks} of the disk, in no file,"
    if command == "save_env":
        return f"what is to be saved in {place} is not saved"
    return f"what is kept in {place} is not read: an entry chosen by grub-reboot does not count"


def _block(shell: Shell, given: list[str] | None) -> tuple[FileRef, EnvironmentBlock]:
    path = given[-1] if given else f"{shell.env['prefix']}/grubenv"
    file = shell.machine.file(path, shell.env["root"])
    if file not in shell.blocks:
        if blocks := _BLOCKS.fullmatch(path):
            raise GrubError(NOT_FOUND, _not_read(blocks[1], shell.command))
        text = shell.text(path)
        if text is None:
            raise GrubError(NOT_FOUND, f"file `{shell.place(path).path}' not found")
        shell.blocks[file] = EnvironmentBlock.read(text)
    return file, shell.blocks[file]

"""The commands that read menus of SYSLINUX and of GRUB Legacy into GRUB's menu.

GRUB translates their files into a script (grub-core/lib/syslinux_parse.c and legacy_parse.c). Here
the parsers of those formats read them, and their entries become menu entries.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby
from math import isfinite

from parsers.api import Entry, FileRef, Item, Problem
from parsers.formats.grub.commands import command
from parsers.formats.grub.commands.script import run_nested
from parsers.formats.grub.language.errors import BAD_ARGUMENT, GrubError
from parsers.formats.grub.language.syntax import Block, Body, Command
from parsers.formats.grub.run.machine import Place
from parsers.formats.grub.run.options import Options
from parsers.formats.grub.run.shell import Shell

_SYSLINUX = Options("--root|-r=", "--cwd|-c=", "--isolinux|-i", "--pxelinux|-p", "--syslinux|-s")
_LEGACY = Options()
_ENTRY = 20  # steps for an entry


def _place(shell: Shell, options: Options, arguments: Sequence[str]) -> Place:
    _, words = options.read(arguments)
    if len(words) != 1:
        raise GrubError(BAD_ARGUMENT, "filename expected")
    return shell.find_file(words[0])


def _syslinux(place: Place) -> Iterator[Item]:
    from parsers.formats.syslinux import parse

    files = place.files()
    return parse(files, place.path) if files else iter(())


def _legacy(place: Place) -> Iterator[Item]:
    """Read a menu of GRUB Legacy. A script for GRUB under that name is not run from here."""
    from parsers.formats.grub_legacy.menu import LegacyMenu
    from parsers.reading.text import read

    if files := place.files():
        text, problems = read(files, place.path)
        yield from problems
        yield from LegacyMenu(files, place.path, text).items((), marked=True)


def _commands(kind: str, options: Options, read: Callable[[Place], Iterator[Item]]) -> None:
    """Add two commands: one fills this menu, one makes its own. GRUB has two names for each."""

    def body(shell: Shell, arguments: Sequence[str]) -> tuple[Place, Body]:
        place = _place(shell, options, arguments)
        return place, tuple(_body(shell, place, read(place)))

    @command(f"{kind}_source", f"extract_{kind}_entries_source")
    def source(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
        return shell.run(body(shell, arguments)[1])

    @command(f"{kind}_configfile", f"extract_{kind}_entries_configfile")
    def configfile(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
        place, menu = body(shell, arguments)
        return run_nested(shell, place, lambda inner: inner.run(menu))


_commands("syslinux", _SYSLINUX, _syslinux)
_commands("legacy", _LEGACY, _legacy)


def _body(shell: Shell, place: Place, found: Iterator[Item]) -> Iterator[Command]:
    """Yield the commands that make the menu: its settings, then its entries."""
    entries: list[Entry] = []
    for item in found:
        shell.machine.budget.spend(_ENTRY)
        if isinstance(item, Entry):
            entries.append(item)
        elif isinstance(item, Problem):
            config = shell.machine.label(place._replace(path=item.config))
            shell.machine.complain(config, item.line, item.message, item.column)
        elif item.timeout is not None:
            timeout = int(item.timeout) if isfinite(item.timeout) else -1
            yield _command(shell.line, "set", f"timeout={timeout}")
    for entry in entries:
        if entry.default:
            path = ">".join(step.replace(">", ">>") for step in (*entry.trail, entry.name))
            yield _command(shell.line, "set", f"default={path}")
    yield from _menu(place, entries, 0)


def _menu(place: Place, entries: Sequence[Entry], depth: int) -> Iterator[Command]:
    for trail, group in groupby(entries, lambda entry: entry.trail[depth : depth + 1]):
        within = list(group)
        if trail:
            body = tuple(_menu(place, within, depth + 1))
            yield _command(within[0].line, "submenu", "--", trail[0], body=body)
            continue
        for entry in within:
            words = [word for name in entry.classes for word in ("--class", name)]
            if entry.hotkey:
                words += ["--hotkey", entry.hotkey]
            words += ["--unrestricted"] if entry.users is None else ["--users", *_user_list(entry)]
            words += ["--id", entry.name, "--", entry.title]
            # GRUB shows entries that SYSLINUX hides.
            yield _command(entry.line, "menuentry", *words, body=tuple(_boot(place, entry)))


def _user_list(entry: Entry) -> tuple[str]:
    return (",".join(entry.users or ()),)


def _boot(place: Place, entry: Entry) -> Iterator[Command]:
    line = entry.line
    if entry.action:
        yield _command(line, entry.action)
    elif entry.unbootable or not entry.kernel:
        yield _command(line, "chainloader", entry.title)
    else:
        words = entry.cmdline.split(" ") if entry.cmdline else []
        yield _command(line, "linux", _name(place, entry.kernel), *words)
        if entry.initrds:
            yield _command(line, "initrd", *(_name(place, file) for file in entry.initrds))
        if entry.devicetree:
            yield _command(line, "devicetree", _name(place, entry.devicetree))


def _name(place: Place, file: FileRef) -> str:
    return f"({file.device or place.device}){file.path}"


def _command(line: int, *words: str, body: Body = ()) -> Command:
    return Command(line, words, Block("{ }", body) if body else None)

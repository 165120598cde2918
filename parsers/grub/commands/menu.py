"""`menuentry` and `submenu`: they only note what the menu will show."""

from collections.abc import Sequence

from parsers.grub.commands import command
from parsers.grub.errors import BAD_ARGUMENT, GrubError
from parsers.grub.interp import Item, Shell
from parsers.grub.lexer import Source
from parsers.grub.options import Options
from parsers.grub.parse import units
from parsers.grub.syntax import Block, Body, Mistake

_OPTIONS = Options(
    "--class=", "--users=", "--hotkey=", "--source=", "--id=", "--unrestricted", lenient=True
)


@command("menuentry", takes_block=True)
def menuentry(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    return _add(shell, arguments, block, submenu=False)


@command("submenu", takes_block=True)
def submenu(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    return _add(shell, arguments, block, submenu=True)


def _add(shell: Shell, words: Sequence[str], block: Block | None, *, submenu: bool) -> int:
    options, arguments = _OPTIONS.read(words)
    if not arguments:
        raise GrubError(
            BAD_ARGUMENT, "missing arguments" if not words else "menuentry is missing title"
        )
    if block:
        body = block.body
    elif "source" in options:
        body = _read(shell, options["source"][-1])
    else:
        raise GrubError(BAD_ARGUMENT, "no menuentry definition")
    item = Item(
        title=arguments[0],
        id=options.get("id", [arguments[0]])[-1],
        arguments=tuple(arguments),
        body=body,
        submenu=submenu,
        config=shell.config,
        line=shell.line,
        made_of=shell.made_of(),
    )
    shell.menu.append(item)
    return 0


def _read(shell: Shell, text: str) -> Body:
    found = list(units(Source(text, dialect=shell.machine.dialect)))
    for unit in found:
        if isinstance(unit, Mistake):
            raise GrubError(BAD_ARGUMENT, unit.message)
    return tuple(s for unit in found if not isinstance(unit, Mistake) for s in unit)

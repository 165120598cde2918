"""What other languages have as syntax: truth, returning, leaving loops, running text and files."""

from collections.abc import Sequence

from parsers.grub.commands import command
from parsers.grub.env import Scope
from parsers.grub.errors import BAD_ARGUMENT, FALSE, UNKNOWN_COMMAND, GrubError
from parsers.grub.interp import Shell
from parsers.grub.numbers import number
from parsers.grub.syntax import Block


@command("true")
def true(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    return 0


@command("false")
def false(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    return 1


def _leave(shell: Shell, arguments: Sequence[str], *, go_on: bool) -> int:
    count = number(arguments[0]) if arguments else 1
    if count <= 0:
        raise GrubError(BAD_ARGUMENT, "can't break 0 loops")
    shell.leave_loops(count, go_on=go_on)
    return 0


@command("break")
def leave(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    return _leave(shell, arguments, go_on=False)


@command("continue")
def go_on(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    return _leave(shell, arguments, go_on=True)


@command("return")
def return_(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    if not shell.scope:
        raise GrubError(BAD_ARGUMENT, "not in function body")
    if not arguments:
        shell.leave_function()
        return int(shell.env["?"] or "0")
    status = number(arguments[0])
    shell.leave_function()
    return shell.error(status, "false", quiet=True) if status > FALSE else status


@command("shift")
def shift(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    count = number(arguments[0]) if arguments else 1
    if not shell.scope:
        return 0
    if not 0 <= count <= len(shell.scope.arguments):
        return BAD_ARGUMENT
    shell.scope = shell.scope.shifted(count)
    return 0


@command("setparams")
def setparams(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    if not shell.scope:
        return UNKNOWN_COMMAND
    shell.scope = Scope(arguments, shell.setting(" ".join(arguments)))
    return 0


@command("eval")
def evaluate(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    text = " ".join(arguments)
    outer = shell.line, shell.within, shell.around
    shell.within, shell.around = shell.line, shell.made_of()
    with shell:
        status = shell.run_text(text, stop=True)
    shell.line, shell.within, shell.around = outer
    return 0 if text.endswith("\n") and not shell.machine.dialect.eval_reports else status


@command("source", ".")
def source(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Runs a file as if it stood here. One that is not there is no error to GRUB."""
    if len(arguments) != 1:
        raise GrubError(BAD_ARGUMENT, "filename expected")
    text = shell.text(arguments[0])
    if text is None:
        return 0
    outer = shell.config, shell.line, shell.within
    shell.within = 0
    shell.config = shell.machine.label(shell.place(arguments[0]))
    with shell:
        shell.run_text(text)
    shell.config, shell.line, shell.within = outer
    return 0


@command("configfile", "normal")
def configfile(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """A menu of its own from another file; GRUB shows it before it goes on here."""
    if not arguments:
        return 0
    place = shell.place(arguments[0])
    config = shell.machine.label(place)
    if config in shell.menus or shell.machine.is_listed(place):
        # A way back, or one to a menu that is shown anyway.
        shell.loaded.unbootable = f"it opens the menu of {config}"
        return 0
    text = shell.text(arguments[0])
    if text is None:
        return 0
    inner = shell.fork(inherit=True)
    inner.config = config
    inner.menus = (*shell.menus, config)
    inner.env["config_file"] = f"({place.device}){place.path}"
    inner.env["config_directory"] = f"({place.device}){place.path.rpartition('/')[0]}"
    inner.env.export("config_file")
    inner.env.export("config_directory")
    with inner:
        inner.run_text(text)
        shell.nested.append(inner)
    shell.effects = inner.effects
    return 0

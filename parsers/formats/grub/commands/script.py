"""The commands that are syntax elsewhere: true, return, break, eval, source and the like."""

from collections.abc import Callable, Sequence

from parsers.formats.grub.commands import command
from parsers.formats.grub.language.errors import BAD_ARGUMENT, FALSE, UNKNOWN_COMMAND, GrubError
from parsers.formats.grub.language.numbers import count
from parsers.formats.grub.language.pieces import join
from parsers.formats.grub.language.syntax import Block
from parsers.formats.grub.run.devices import describe
from parsers.formats.grub.run.env import Scope
from parsers.formats.grub.run.machine import Place
from parsers.formats.grub.run.shell import Shell


@command("true")
def true(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    return 0


@command("false")
def false(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    return 1


def _leave(shell: Shell, arguments: Sequence[str], *, go_on: bool) -> int:
    loops = count(arguments[0]) if arguments else 1
    if not loops:
        raise GrubError(BAD_ARGUMENT, "can't break 0 loops")
    shell.leave_loops(loops, go_on=go_on)
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
    status = count(arguments[0]) & 0xFFFFFFFF
    shell.leave_function()
    return shell.error(status, "false", harmless=True) if status > FALSE else status


@command("shift")
def shift(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    if not shell.scope:
        return 0
    try:
        steps = count(arguments[0]) if arguments else 1
    except GrubError as error:
        shell.remark(error)
        return BAD_ARGUMENT
    if steps > len(shell.scope.arguments):
        return BAD_ARGUMENT
    shell.scope = shell.scope.shift(steps)
    return 0


@command("setparams")
def setparams(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    if not shell.scope:
        return UNKNOWN_COMMAND
    shell.scope = Scope(arguments, shell.assignment("$@", " ".join(arguments)))
    return 0


@command("eval")
def evaluate(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    if shell.is_deep:
        return shell.too_deep()
    text = join(" ", arguments)
    outer = shell.line, shell.eval_line
    shell.eval_line = shell.line
    status = shell.run_text(text, stop=True)
    shell.line, shell.eval_line = outer
    return 0 if text.endswith("\n") and not shell.machine.family.eval_reports else status


@command("source", ".")
def source(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Run a file in place. A file that is not there is no error to GRUB."""
    if len(arguments) != 1:
        raise GrubError(BAD_ARGUMENT, "filename expected")
    text = shell.text(arguments[0])
    if text is None:
        return 0
    if shell.is_deep:
        shell.too_deep()
        return 0
    outer = shell.config, shell.line, shell.eval_line
    shell.eval_line = 0
    shell.config = shell.machine.label(shell.place(arguments[0]))
    shell.run_text(text)
    shell.config, shell.line, shell.eval_line = outer
    return 0


@command("extract_entries_source", "extract_entries_configfile")
def extract(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Take the entries of an untrusted file, and drop its variables."""
    if len(arguments) != 1:
        raise GrubError(BAD_ARGUMENT, "filename expected")
    env, shell.extracting = shell.env, True
    shell.env = env.copy()
    source(shell, arguments, block)
    shell.env, shell.extracting = env, False
    return 0


@command("time")
def time(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Run a command. It takes no time here."""
    if not arguments:
        raise GrubError(BAD_ARGUMENT, "no command is specified")
    status = shell.run_command(arguments)
    shell.machine.say("Elapsed time: 0.000 seconds \n")
    return status


@command("configfile", "normal")
def configfile(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Make a menu from another file. GRUB shows it before it goes on here."""
    if len(arguments) != 1 and shell.command == "configfile":
        raise GrubError(BAD_ARGUMENT, "filename expected")
    if not arguments:
        return 0
    place = shell.place(arguments[0])
    config = shell.machine.label(place)
    text = shell.text(arguments[0])
    if shell.in_entry and (missing := _find_missing_device(shell, place)):
        shell.payload.waits_for = missing
    if text is None:
        if shell.in_entry and not shell.payload.kernel:
            shell.payload.unbootable = f"it opens the menu of {config}, which is not there"
        return 0
    # The file leads back, or to a menu that is shown anyway. But the menu behind the default
    # belongs to this one: its default boots.
    if config in shell.menus or (shell.machine.is_listed(place) and not shell.is_default):
        shell.payload.unbootable = f"it opens the menu of {config}"
        return 0
    return run_nested(shell, place, lambda inner: inner.run_text(text))


def _find_missing_device(shell: Shell, place: Place) -> str:
    """Return the device of a file that is not there, if the device is not there, in words."""
    root = shell.missing_devices.get("root") if place.device == shell.env["root"] else None
    if root or place.volume or place.url:
        return root.what if root else ""
    missing = [device.what for device in shell.missing_devices.values()]
    return missing[-1] if missing else describe(place.device) or f"the device {place.device}"


def run_nested(shell: Shell, place: Place, run: Callable[[Shell], object]) -> int:
    """Make a menu of what `run` does, as if it were run from the file at that place."""
    config = shell.machine.label(place)
    inner = shell.fork(inherit=True, scope=shell.scope)
    inner.config = config
    inner.menus = (*shell.menus, config)
    inner.env["config_file"] = f"({place.device}){place.name}"
    inner.env["config_directory"] = f"({place.device}){place.name.rpartition('/')[0]}"
    inner.env.export("config_file")
    inner.env.export("config_directory")
    run(inner)
    shell.nested.append(inner)
    shell.effects, shell.used_up = inner.effects, inner.used_up
    shell.subvolumes, shell.checks = inner.subvolumes, inner.checks
    return 0

"""Printing, and taking texts apart."""

from collections.abc import Sequence

from parsers.grub.commands import command
from parsers.grub.errors import BAD_ARGUMENT, FALSE, GrubError
from parsers.grub.interp import Shell
from parsers.grub.numbers import number
from parsers.grub.options import Options
from parsers.grub.syntax import Block

_ESCAPES = {"\\": "\\", "a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@command("echo")
def echo(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    words = list(arguments)
    newline, escapes = True, False
    while words and words[0][:1] == "-" and words[0][1:] and set(words[0][1:]) <= {"n", "e"}:
        option = words.pop(0)
        newline, escapes = newline and "n" not in option, escapes or "e" in option
    if words[:1] == ["--"]:
        words.pop(0)
    text = " ".join(words)
    if escapes:
        text, rest = _escaped(text)
        newline = newline and rest
    shell.machine.say(text + "\n" if newline else text)
    return 0


def _escaped(text: str) -> tuple[str, bool]:
    """With \\n and the like replaced, others left out; false when \\c forbids the last newline."""
    result: list[str] = []
    newline = True
    chars = iter(text)
    for char in chars:
        if char != "\\":
            result.append(char)
            continue
        escape = next(chars, "\\")
        if escape == "c":
            newline = False
        else:
            result.append(_ESCAPES.get(escape, ""))
    return "".join(result), newline


_REGEXP = Options("--set|-s=")


@command("regexp")
def regexp(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    options, words = _REGEXP.read(arguments)
    if len(words) != 2:
        raise GrubError(BAD_ARGUMENT, "two arguments expected")
    # Imported by the few scripts that need it: the guest starts in an emulator, too.
    from parsers.grub.regex import Regex

    try:
        regex = Regex(words[0])
    except GrubError as error:  # to GRUB it is a text that does not match
        shell.machine.complain(shell.config, shell.line, f"regexp: {error}")
        return FALSE
    shell.machine.budget.spend(len(regex) * len(words[1]) // 16)
    groups = regex.search(words[1])
    if groups is None:
        return FALSE
    for option in options.get("set", ()):
        place, colon, name = option.rpartition(":")
        group = number(place) if colon else 1
        if 0 <= group < len(groups):
            shell.set(name, groups[group])
    return 0


_TR = Options("--set|-s=", "--upcase|-U", "--downcase|-D")


@command("tr")
def tr(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    options, words = _TR.read(arguments)
    name = options.get("set", [""])[-1]
    upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    if "upcase" in options:
        words = [upper.lower(), upper, *words]
    elif "downcase" in options:
        words = [upper, upper.lower(), *words]
    if len(words) < 2 or len(words[0]) != len(words[1]):
        return BAD_ARGUMENT
    text = words[2] if len(words) > 2 else shell.env[name]
    text = text.translate(str.maketrans(words[0], words[1]))
    if name:
        shell.set(name, text)
    else:
        shell.machine.say(f"{text}\n")
    return 0

"""The commands that print texts and take them apart."""

import re
from collections.abc import Sequence

from parsers.formats.grub.commands import command
from parsers.formats.grub.language.errors import BAD_ARGUMENT, FALSE, GrubError
from parsers.formats.grub.language.numbers import count
from parsers.formats.grub.language.pieces import respell
from parsers.formats.grub.language.regex import Regex
from parsers.formats.grub.language.syntax import Block
from parsers.formats.grub.run.options import Options
from parsers.formats.grub.run.shell import Shell

_ESCAPES = {"\\": "\\", "a": "\a", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


_ECHO = Options(
    "-n",
    "-e",
    usage="echo [-e|-n] STRING",
    help="""Display a line of text.

-n                      Do not output the trailing newline.
-e                      Enable interpretation of backslash escapes.
-h, --help              Display this help and exit.
-u, --usage             Display the usage of this command and exit.
""",
)


_OPTION = re.compile(r"-[nehu]+|--(?:help|usage)?")


@command("echo")
def echo(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    """Print the words. Options come first, and count only if each letter is an option."""
    words = list(arguments)
    options: set[str] = set()
    while words and _OPTION.fullmatch(words[0]):
        option = words.pop(0)
        if option == "--":
            break
        options |= _ECHO.read([option])[0].keys()
    text, newline = " ".join(words), "n" not in options
    if "e" in options:
        text, rest = _unescape(text)
        newline = newline and rest
    shell.machine.say(text + "\n" if newline else text)
    return 0


def _unescape(text: str) -> tuple[str, bool]:
    """Replace \\n and the like, drop others; return False if \\c drops the last newline."""
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


_REGEXP = Options("--set|-s=", usage="regexp REGEXP STRING")
_GROUP = re.compile(r"(?:([0-9]*):)?([^:]*)")


@command("regexp")
def regexp(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    options, words = _REGEXP.read(arguments)
    if len(words) != 2:
        raise GrubError(BAD_ARGUMENT, "two arguments expected")
    try:
        regex = Regex(words[0], shell.machine.budget.spend)
    except GrubError as error:  # to GRUB it matches nothing
        shell.machine.complain(shell.config, shell.line, f"regexp: {error}")
        return FALSE
    groups = regex.search(words[1])
    if groups is None:
        return FALSE
    for option in options.get("set", ()):
        m = _GROUP.fullmatch(option)
        if not m:
            raise GrubError(BAD_ARGUMENT, f"invalid variable name format {option}")
        group = _group(shell, m[1])
        shell.set(m[2], groups[group] if group < len(groups) else "")
    return 0


def _group(shell: Shell, place: str | None) -> int:
    try:
        return 1 if place is None else count(place)
    except GrubError as error:
        shell.remark(error)
        return 0


_TR = Options(
    "--set|-s=",
    "--upcase|-U",
    "--downcase|-D",
    usage="tr [OPTIONS] [SET1] [SET2] [STRING]",
)
_UPPER = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


@command("tr")
def tr(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    options, words = _TR.read(arguments)
    name = options.get("set", [""])[-1]
    if "downcase" in options:
        words = [_UPPER, _UPPER.lower(), *words]
    elif "upcase" in options:
        words = [_UPPER.lower(), _UPPER, *words]
    if len(words) == 2 and name and shell.env[name]:
        words.append(shell.env[name])
    if len(words) != 3:
        raise GrubError(
            BAD_ARGUMENT, "too many parameters" if len(words) > 3 else "missing parameters"
        )
    old, new, text = words
    if len(old) != len(new):
        raise GrubError(BAD_ARGUMENT, "set sizes did not match")
    # The first of equal characters counts.
    table = {ord(a): b for a, b in reversed(list(zip(old, new, strict=True)))}
    text = respell(text, text.translate(table))
    if name:
        shell.set(name, text)
    else:
        shell.machine.say(f"{text}\n")
    return 0


@command("gettext")
def gettext(shell: Shell, arguments: Sequence[str], block: Block | None) -> int:
    if len(arguments) != 1:
        raise GrubError(BAD_ARGUMENT, "one argument expected")
    shell.machine.say(f"{arguments[0]}\n")
    return 0

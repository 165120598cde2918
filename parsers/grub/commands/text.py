"""Printing, and taking texts apart."""

from collections.abc import Sequence

from parsers.grub.commands import command
from parsers.grub.interp import Shell
from parsers.grub.options import Options
from parsers.grub.syntax import Block

_ESCAPES = {"\\": "\\", "a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


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
    """With \\n and the like replaced, others left out; false when a \\c forbids the final newline."""
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
        return 18
    text = words[2] if len(words) > 2 else shell.env[name]
    text = text.translate(str.maketrans(words[0], words[1]))
    if name:
        shell.set(name, text)
    else:
        shell.machine.say(f"{text}\n")
    return 0

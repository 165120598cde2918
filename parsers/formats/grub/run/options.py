"""The options of GRUB's commands, read as in grub-core/lib/arg.c."""

import re
from collections.abc import Mapping, Sequence

from parsers.formats.grub.language.errors import BAD_ARGUMENT, GrubError, Usage

_LONG = re.compile(r"--[a-z][a-z0-9-]*")
# Every command with options takes these.
_HELP = ("--help|-h", "--usage|-u")


class Options:
    """The options of a command: `-s`, `--set` and so on.

    A name that ends in `=` needs a value, one that ends in `?` may have one: after an equals sign,
    or as the next word if that is not like an option. `usage` and `help` are the texts that the
    command prints when it is asked for them.
    """

    def __init__(
        self,
        *options: str,
        lenient: bool = False,
        skips: bool = False,
        usage: str = "",
        help: str = "",
    ) -> None:
        self._kinds: dict[str, tuple[str, str]] = {}
        self._lenient = lenient  # an unknown option is an argument
        self._skips = skips  # an unknown long option is left out: it is of a newer GRUB
        self._usage, self._help = usage, help
        options = (*_HELP, *options)
        for option in options:
            kind = option[-1] if option[-1] in "=?" else ""
            spellings = option.removesuffix(kind).split("|") if kind else option.split("|")
            for spelling in spellings:
                self._kinds[spelling] = (spellings[0].lstrip("-"), kind)

    def read(self, words: Sequence[str]) -> tuple[Mapping[str, list[str]], list[str]]:
        """Return the options' values by name (empty texts without a value) and the arguments."""
        found: dict[str, list[str]] = {}
        arguments: list[str] = []
        rest = list(reversed(words))
        while rest:
            word = rest.pop()
            if word == "--":
                return found, arguments + rest[::-1]
            if word[:1] != "-" or word == "-":
                arguments.append(word)
            elif word[1] == "-":
                self._long(word, rest, found, arguments)
            else:
                self._short(word, rest, found, arguments)
        return found, arguments

    def _long(
        self, word: str, rest: list[str], found: dict[str, list[str]], arguments: list[str]
    ) -> None:
        spelling, equals, value = word.partition("=")
        if spelling not in self._kinds:
            if self._skips and _LONG.fullmatch(spelling):
                if spelling.startswith("--hint-") and not equals and _has_value(rest):
                    rest.pop()
                return None
            return self._unknown(word, spelling, arguments)
        name, kind = self._kinds[spelling]
        self._tell(name)
        if equals and not kind:
            raise GrubError(BAD_ARGUMENT, f"{spelling} takes no value, and gets {value!r}")
        if kind == "=" and not equals:
            value = _value(name, rest)
        elif kind == "?" and not equals:
            value = _optional(rest)
        found.setdefault(name, []).append(value)
        return None

    def _short(
        self, word: str, rest: list[str], found: dict[str, list[str]], arguments: list[str]
    ) -> None:
        if strange := next((c for c in word[1:] if f"-{c}" not in self._kinds), ""):
            return self._unknown(word, f"-{strange}", arguments)
        for number, letter in enumerate(word[1:], 2):
            name, kind = self._kinds[f"-{letter}"]
            self._tell(name)
            value = ""
            last = number == len(word)
            if kind == "=" and last:
                value = _value(name, rest)
            elif kind == "?" and last:
                value = _optional(rest)
            found.setdefault(name, []).append(value)
        return None

    def _tell(self, name: str) -> None:
        if name in ("help", "usage"):
            usage = f"Usage: {self._usage}\n" if self._usage else ""
            raise Usage(usage + self._help if name == "help" else usage)

    def _unknown(self, word: str, spelling: str, arguments: list[str]) -> None:
        if not self._lenient:
            raise GrubError(BAD_ARGUMENT, f"unknown argument `{spelling}'")
        arguments.append(word)


def _has_value(rest: Sequence[str]) -> bool:
    return bool(rest) and (len(rest[-1]) < 2 or rest[-1][0] != "-")


def _optional(rest: list[str]) -> str:
    return rest.pop() if _has_value(rest) else ""


def _value(name: str, rest: list[str]) -> str:
    if not _has_value(rest):
        raise GrubError(BAD_ARGUMENT, f"missing mandatory option for `{name}'")
    return rest.pop()

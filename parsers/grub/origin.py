"""Where a variable got its value, and so where a part of a command line comes from."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from parsers.api import Origin
from parsers.grub.syntax import Variable, Word

_MOST = 50  # variables of one entry; a script can make one of a thousand


class Setting(NamedTuple):
    """A value, the file and line that set it, and the variables that stood in that line."""

    value: str
    config: str
    line: int
    made_of: "tuple[tuple[str, Setting], ...]" = ()


def names(words: Sequence[Word]) -> list[str]:
    """Of the variables in the words."""
    return [
        part.name
        for word in words
        if not isinstance(word, str)
        for part in word
        if isinstance(part, Variable)
    ]


def origins(settings: Iterable[tuple[str, Setting]]) -> Iterator[Origin]:
    """Of the variables, and of those that they were made of in turn, the nearest first."""
    waiting = list(settings)
    met: set[tuple[str, str, int, str]] = set()
    for name, setting in waiting:
        key = (name, setting.config, setting.line, setting.value)
        if key not in met and len(met) < _MOST:
            met.add(key)
            what = f"${{{name}}}" if name.isdigit() and len(name) > 1 else f"${name}"
            yield Origin(what, setting.value, setting.config, setting.line)
            waiting.extend(setting.made_of)

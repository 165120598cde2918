"""Options of iPXE's commands, after its getopt: they stand before the first other word.

command = name, { option }, [ "--" ], { word } ;
option  = "--", name, [ "=", value ] | "--", name, value | "-", letter, [ value ] ;
"""

from collections.abc import Mapping, Sequence

from parsers.formats.ipxe.outcome import CommandError

Options = dict[str, str]


def parse_options(
    words: Sequence[str], flags: str = "", values: str = "", *, least: int = 0, most: int = 1000
) -> tuple[Options, list[str]]:
    """Return a command's options and the words after them. An option of `flags` takes no value.

    The first letter is short for an option: in iPXE no two options of a command begin alike. Raise
    CommandError for an unknown option, or for fewer words than `least` or more than `most`.
    """
    found: Options = {}
    rest = list(words)
    known: dict[str, bool] = {}
    if rest and rest[0][:1] == "-":
        known = dict.fromkeys(flags.split(), False) | dict.fromkeys(values.split(), True)
    while rest and rest[0][:1] == "-":
        word = rest.pop(0)
        if word == "--":
            break
        name, value = _parse_long(word, known) if word[:2] == "--" else _parse_short(word, known)
        if known[name] and value is None:
            # A word with a minus is the next option, not a value.
            if not rest or rest[0][:1] == "-":
                raise CommandError(f"--{name} needs a value")
            value = rest.pop(0)
        elif not known[name] and value:
            raise CommandError(f"--{name} takes no value")
        found[name] = value or ""
    if not least <= len(rest) <= most:
        raise CommandError("not enough words" if len(rest) < least else "too many words")
    return found, rest


def _parse_long(word: str, known: Mapping[str, bool]) -> tuple[str, str | None]:
    name, equals, value = word[2:].partition("=")
    if name not in known:
        raise CommandError(f"unknown option {word!r}")
    return name, value if equals else None


def _parse_short(word: str, known: Mapping[str, bool]) -> tuple[str, str | None]:
    name = next((name for name in known if name[0] == word[1:2]), None)
    if name is None:
        raise CommandError(f"unknown option {word!r}")
    return name, word[2:] or None

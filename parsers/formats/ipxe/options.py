"""Options of iPXE's commands, as its getopt takes them: only before the first other word."""

from collections.abc import Mapping, Sequence

from parsers.formats.ipxe.run import CommandError

Options = dict[str, str]


def options(
    words: Sequence[str], flags: str = "", values: str = "", *, least: int = 0, most: int = 1000
) -> tuple[Options, list[str]]:
    """The options that are there and the words after them; `flags` take no value.

    Each may be shortened to its first letter, as in iPXE, where no two of a command begin alike.
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
        name, value = _long(word, known) if word[:2] == "--" else _short(word, known)
        if known[name] and value is None:
            # What begins with a minus is the next option.
            if not rest or rest[0][:1] == "-":
                raise CommandError(f"--{name} needs a value")
            value = rest.pop(0)
        elif not known[name] and value:
            raise CommandError(f"--{name} takes no value")
        found[name] = value or ""
    if not least <= len(rest) <= most:
        raise CommandError("not enough words" if len(rest) < least else "too many words")
    return found, rest


def _long(word: str, known: Mapping[str, bool]) -> tuple[str, str | None]:
    name, equals, value = word[2:].partition("=")
    if name not in known:
        raise CommandError(f"unknown option {word!r}")
    return name, value if equals else None


def _short(word: str, known: Mapping[str, bool]) -> tuple[str, str | None]:
    name = next((name for name in known if name[0] == word[1:2]), None)
    if name is None:
        raise CommandError(f"unknown option {word!r}")
    return name, word[2:] or None

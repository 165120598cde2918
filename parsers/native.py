"""petitboot.conf, Petitboot's own format: a keyword, white space, and the rest of the line.

After discover/native of Petitboot, without what it does wrong: the last line may lack its newline,
`default` may stand anywhere, an empty value costs only itself, and repeated `args` are joined with
a space.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

import pyparsing as pp

from parsers.api import Entry, Files, Format, Item, Problem
from parsers.names import distinct
from parsers.openfirmware import place
from parsers.text import grammar, read, statements

GENERAL = ("default", "dev_description")
FILES = ("image", "initrd", "dtb")
JOINED = ("args", "description")


@dataclass(slots=True)
class Option:
    """What follows a `name`, up to the next."""

    name: str
    line: int
    settings: dict[str, str] = field(default_factory=dict)


def parse(files: Files, path: str) -> Iterator[Item]:
    text, problems = read(files, path)
    yield from problems
    general: dict[str, tuple[int, str]] = {}
    options: list[Option] = []
    yield from _read(path, text, general, options)
    line, default = general.get("default", (1, ""))
    if default and options and default not in [option.name for option in options]:
        yield Problem(path, line, f"no entry is called {default!r}")
    names = distinct([option.name for option in options])
    for option, name in zip(options, names, strict=True):
        if name != option.name:
            yield Problem(path, option.line, f"another entry is called {option.name!r} already")
        if "image" in option.settings:
            yield _entry(files, path, option, name, default=name == default)
        else:
            yield Problem(path, option.line, f"{option.name!r} names no kernel")


@cache
def _setting() -> pp.ParserElement:
    """A whole line."""
    keyword = "|".join((*GENERAL, "name", *FILES, *JOINED))
    return grammar(rf"(?P<key>{keyword})(?:[ \t]+(?P<value>[^\n]*)|(?=\n|\Z))|(?P<bad>\S[^\n]*)")


def _read(
    path: str, text: str, general: dict[str, tuple[int, str]], options: list[Option]
) -> Iterator[Problem]:
    for m, line, column in statements(_setting(), text):
        key, value = m["key"], m["value"] or ""
        if m["bad"]:
            yield Problem(path, line, f"not a setting: {m['bad'].strip()!r}", column)
        elif not value.strip():
            yield Problem(path, line, f"{key!r} has no value", column)
        elif key == "name":
            options.append(Option(value.strip(), line))
        elif key in GENERAL:
            if key in general:
                yield Problem(path, line, f"{key!r} is set a second time; the first value counts")
            general.setdefault(key, (line, value.strip()))
        elif not options:
            yield Problem(path, line, f"{key!r} belongs after a name; here it is ignored", column)
        else:
            yield from _set(path, line, options[-1].settings, key, value)


def _set(path: str, line: int, settings: dict[str, str], key: str, value: str) -> Iterator[Problem]:
    if key in JOINED:
        joint = "\n" if key == "description" else " "
        settings[key] = f"{settings[key].rstrip()}{joint}{value}" if key in settings else value
    elif key in settings:
        yield Problem(path, line, f"{key!r} is set a second time; the first value counts")
    else:
        settings[key] = value.strip()


def _entry(files: Files, path: str, option: Option, name: str, *, default: bool) -> Entry:
    s: Mapping[str, str] = option.settings
    kernel, initrd, dtb = (
        place(files, path, s[key], "", "") if key in s else None for key in FILES
    )
    return Entry(
        title=option.name,
        name=name,
        config=path,
        line=option.line,
        kernel=kernel,
        initrds=(initrd,) if initrd else (),
        devicetree=dtb,
        cmdline=s.get("args", ""),
        default=default,
        help=s.get("description", "").strip(),
    )


FORMAT = Format("native", ("/boot/petitboot.conf", "/petitboot.conf"), parse)

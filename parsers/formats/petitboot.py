"""petitboot.conf, Petitboot's own format: a keyword, white space, and the rest of the line.

It follows discover/native of Petitboot, without its faults: the last line may lack its newline,
`default` may stand anywhere, an empty value costs only itself, and repeated `args` are joined with
a space. In EBNF:

    file   = { common }, { option } ;
    option = "name", text, { ( "image" | "initrd" | "dtb" ), file | "args", text
           | "description", text | common } ;
    common = ( "default" | "dev_description" ), text ;
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import pyparsing as pp

from parsers.api import Entry, Files, Format, Item, Origin, Problem
from parsers.places.openfirmware import locate
from parsers.reading.cmdline import join_arguments
from parsers.reading.names import make_unique
from parsers.reading.text import build_grammar, read, scan_statements

COMMON = ("default", "dev_description")
FILES = ("image", "initrd", "dtb")
JOINED = ("args", "description")


Values = dict[str, list[tuple[int, str]]]  # keyword → lines and values


@dataclass(slots=True)
class Option:
    """A boot option: a `name` line and the lines up to the next one."""

    name: str
    line: int
    settings: Values = field(default_factory=dict)


def parse(files: Files, path: str) -> Iterator[Item]:
    text, problems = read(files, path)
    yield from problems
    common: dict[str, tuple[int, str]] = {}
    options: list[Option] = []
    yield from _read(path, text, common, options)
    line, default = common.get("default", (1, ""))
    if default and options and default not in [option.name for option in options]:
        yield Problem(path, line, f"no entry is called {default!r}")
    names = make_unique([option.name for option in options])
    for option, name in zip(options, names, strict=True):
        if name != option.name:
            yield Problem(path, option.line, f"another entry is called {option.name!r} already")
        if "image" in option.settings:
            yield _entry(files, path, option, name, line if name == default else 0)
        else:
            yield Problem(path, option.line, f"{option.name!r} names no kernel")


@cache
def _line() -> pp.ParserElement:
    """Build the grammar of a line.

    line = keyword, [ white, text ] | mistake ;
    """
    keyword = "|".join((*COMMON, "name", *FILES, *JOINED))
    return build_grammar(
        rf"(?P<key>{keyword})(?:[ \t]+(?P<value>[^\n]*)|(?=\n|\Z))|(?P<bad>\S[^\n]*)"
    )


def _read(
    path: str, text: str, common: dict[str, tuple[int, str]], options: list[Option]
) -> Iterator[Problem]:
    for m, line, column in scan_statements(_line(), text):
        key, value = m["key"], m["value"] or ""
        if m["bad"]:
            yield Problem(path, line, f"not a setting: {m['bad'].strip()!r}", column)
        elif not value.strip():
            yield Problem(path, line, f"{key!r} has no value", column)
        elif key == "name":
            options.append(Option(value.strip(), line))
        elif key in COMMON:
            if key in common:
                yield Problem(path, line, f"{key!r} is set a second time; the first value counts")
            common.setdefault(key, (line, value.strip()))
        elif not options:
            yield Problem(path, line, f"{key!r} belongs after a name; here it is ignored", column)
        else:
            yield from _set(path, line, options[-1].settings, key, value)


def _set(path: str, line: int, settings: Values, key: str, value: str) -> Iterator[Problem]:
    if key in settings and key not in JOINED:
        yield Problem(path, line, f"{key!r} is set a second time; the first value counts")
    else:
        settings.setdefault(key, []).append((line, value))


def _entry(files: Files, path: str, option: Option, name: str, default: int) -> Entry:
    """Return the entry. `default` is the line that makes it the default, or 0."""
    named = {key: option.settings[key][0] for key in FILES if key in option.settings}
    refs = {key: locate(files, path, value.strip(), "", "") for key, (_, value) in named.items()}
    arguments = option.settings.get("args", [])
    # Petitboot passes on the blanks at the end of the last line.
    texts = [value.rstrip() for _, value in arguments[:-1]] + [value for _, value in arguments[-1:]]
    parts = [
        ("args", value, line, text) for (line, value), text in zip(arguments, texts, strict=True)
    ]
    cmdline, origins = join_arguments(path, parts)
    return Entry(
        title=option.name,
        name=name,
        config=path,
        line=option.line,
        kernel=refs["image"],
        initrds=(refs["initrd"],) if "initrd" in refs else (),
        devicetree=refs.get("dtb"),
        cmdline=cmdline,
        default=default > 0,
        default_from=(Origin("default", name, path, default),) if default else (),
        origins=(*(Origin(k, v.strip(), path, n) for k, (n, v) in named.items()), *origins),
        help="\n".join(value.strip() for _, value in option.settings.get("description", [])),
    )


FORMAT = Format(
    "native",
    ("/boot/petitboot.conf", "/petitboot.conf"),
    parse,
    statements=frozenset((*COMMON, "name", *FILES, *JOINED)),
)

"""petitboot.conf, Petitboot's own format: a keyword, white space, and the rest of the line.

After discover/native of Petitboot, without what it does wrong: the last line may lack its newline,
`default` may stand anywhere, an empty value costs only itself, and repeated `args` are
joined with a space.
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

GENERAL = ("default", "dev_description")
FILES = ("image", "initrd", "dtb")
JOINED = ("args", "description")


Values = dict[str, list[tuple[int, str]]]  # keyword → lines and values


@dataclass(slots=True)
class Option:
    """What follows a `name`, up to the next."""

    name: str
    line: int
    settings: Values = field(default_factory=dict)


def parse(files: Files, path: str) -> Iterator[Item]:
    text, problems = read(files, path)
    yield from problems
    general: dict[str, tuple[int, str]] = {}
    options: list[Option] = []
    yield from _read(path, text, general, options)
    line, default = general.get("default", (1, ""))
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
def _setting() -> pp.ParserElement:
    """A whole line."""
    keyword = "|".join((*GENERAL, "name", *FILES, *JOINED))
    return build_grammar(
        rf"(?P<key>{keyword})(?:[ \t]+(?P<value>[^\n]*)|(?=\n|\Z))|(?P<bad>\S[^\n]*)"
    )


def _read(
    path: str, text: str, general: dict[str, tuple[int, str]], options: list[Option]
) -> Iterator[Problem]:
    for m, line, column in scan_statements(_setting(), text):
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


def _set(path: str, line: int, settings: Values, key: str, value: str) -> Iterator[Problem]:
    if key in settings and key not in JOINED:
        yield Problem(path, line, f"{key!r} is set a second time; the first value counts")
    else:
        settings.setdefault(key, []).append((line, value))


def _entry(files: Files, path: str, option: Option, name: str, default: int) -> Entry:
    """`default` is the line that makes it that, or 0."""
    named = {key: option.settings[key][0] for key in FILES if key in option.settings}
    refs = {key: locate(files, path, value.strip(), "", "") for key, (_, value) in named.items()}
    said = option.settings.get("args", [])
    # The last keeps the blanks at its end, as Petitboot hands them on.
    texts = [value.rstrip() for _, value in said[:-1]] + [value for _, value in said[-1:]]
    parts = [("args", value, line, text) for (line, value), text in zip(said, texts, strict=True)]
    cmdline, given = join_arguments(path, parts)
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
        origins=(*(Origin(k, v.strip(), path, n) for k, (n, v) in named.items()), *given),
        help="\n".join(value.strip() for _, value in option.settings.get("description", [])),
    )


FORMAT = Format("native", ("/boot/petitboot.conf", "/petitboot.conf"), parse)

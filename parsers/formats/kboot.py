"""kboot.conf: name='kernel initrd=… root=… arguments', for kboot, Petitboot and XeLL.

What is no setting of theirs is the name of an entry. As in their shell scripts, quotation marks of
either kind may stand around the value and within it.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import pyparsing as pp

from parsers.api import Entry, FileRef, Files, Format, Item, Origin, Preferences, Problem
from parsers.places.openfirmware import locate
from parsers.reading.cmdline import join_arguments
from parsers.reading.names import make_unique
from parsers.reading.text import build_grammar, read, scan_statements

# What stands for every entry that does not say it itself.
GENERAL = ("root", "initrd", "dtb", "video")
# Of kboot's screen and of XeLL's network: nothing for us.
IGNORED = (
    *("message", "delay", "videomode", "speedup", "asciiart"),
    *("ip", "netmask", "gateway", "tftp_server"),
)
_QUOTES = "\"'"


@dataclass(frozen=True, slots=True)
class Assignment:
    name: str
    value: str
    line: int


def parse(files: Files, path: str) -> Iterator[Item]:
    text, problems = read(files, path)
    yield from problems
    general: dict[str, Assignment] = {}
    images: list[Assignment] = []
    for item in _lines(path, text):
        if isinstance(item, Problem):
            yield item
        elif item.name in GENERAL or item.name in ("default", "timeout"):
            if item.name in general:
                yield Problem(
                    path, item.line, f"{item.name!r} is set a second time; this value counts"
                )
            general[item.name] = item
        elif item.name not in IGNORED:
            images.append(item)
    yield from _preferences(path, general)
    yield from _menu(files, path, general, images)


@cache
def _setting() -> pp.ParserElement:
    """A whole line; a mistake ends with it, too."""
    return build_grammar(
        r"(?P<name>[^\s=#;\"']+)[ \t]*=[ \t]*(?:"
        r"(?P<mark>[\"'])(?P<quoted>[^\n]*?)(?P=mark)[ \t]*(?:#[^\n]*)?(?=\n|\Z)"
        r"|(?P<bare>[^\n]*))"
        r"|(?P<bad>\S[^\n]*)",
        comment=r"[#;][^\n]*",
    )


def _lines(path: str, text: str) -> Iterator[Assignment | Problem]:
    for m, line, column in scan_statements(_setting(), text):
        if m["bad"]:
            yield Problem(path, line, f"not a setting: {m['bad'].strip()!r}", column)
            continue
        value = (m["quoted"] if m["mark"] else m["bare"]).strip()
        if not m["mark"] and value[:1] and value[0] in _QUOTES and value.count(value[0]) % 2:
            yield Problem(path, line, "the closing quotation mark is missing", column)
            value = value[1:].strip()
        if value:
            yield Assignment(m["name"], value, line)
        else:
            yield Problem(path, line, f"{m['name']!r} has no value", column)


def _preferences(path: str, general: Mapping[str, Assignment]) -> Iterator[Preferences | Problem]:
    """In seconds."""
    if "timeout" not in general:
        return
    said = general["timeout"]
    if re.fullmatch(r"[0-9]{1,9}", said.value):
        yield Preferences(timeout=float(said.value))
    else:
        yield Problem(path, said.line, f"the time-out is not a number: {said.value!r}")


def _menu(
    files: Files, path: str, general: Mapping[str, Assignment], images: list[Assignment]
) -> Iterator[Item]:
    default = general.get("default")
    names = make_unique([image.name for image in images])
    if default and images and default.value not in names:
        yield Problem(path, default.line, f"no entry is called {default.value!r}")
    for image, name in zip(images, names, strict=True):
        if name != image.name:
            yield Problem(path, image.line, f"another entry is called {image.name!r} already")
        entry = _entry(files, path, general, image, name)
        if entry.kernel is None:
            yield Problem(path, image.line, f"{image.name!r} names no kernel")
        else:
            yield entry


# A word; quotation marks within it hold it together.
_WORD = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*'|["'])+""")


def _entry(
    files: Files, path: str, general: Mapping[str, Assignment], image: Assignment, name: str
) -> Entry:
    kernel, *words = _WORD.findall(image.value)
    is_file = _bare(kernel) and kernel.partition("=")[0] not in GENERAL
    said = {key: word for word in words if (key := word.partition("=")[0]) in GENERAL}
    taken = ("initrd", "dtb")
    before = [
        (key, general[key].value, general[key].line, f"{key}={general[key].value}")
        for key in GENERAL
        if key in general and key not in said and key not in taken
    ]
    arguments = [word for word in words if not word.startswith(("initrd=", "dtb="))]
    own = (image.name, image.value, image.line, " ".join(arguments))
    cmdline, given = join_arguments(path, [*before, own])
    default = general.get("default")
    initrd, dtb = (_file(files, path, general, said, key) for key in taken)
    return Entry(
        title=image.name,
        name=name,
        config=path,
        line=image.line,
        kernel=locate(files, path, _bare(kernel), "", "") if is_file else None,
        initrds=initrd,
        devicetree=next(iter(dtb), None),
        cmdline=cmdline,
        default=default is not None and default.value == name,
        default_from=(Origin("default", name, path, default.line),)
        if default and default.value == name
        else (),
        origins=(*_written(path, general, said, image, kernel), *given),
    )


def _file(
    files: Files, path: str, general: Mapping[str, Assignment], said: Mapping[str, str], key: str
) -> tuple[FileRef, ...]:
    """What the entry says, else what holds for all; as many as commas part, as in QEMU's."""
    own = said[key].partition("=")[2] if key in said else ""
    value = own if key in said else general[key].value if key in general else ""
    names = _bare(value).split(",") if key == "initrd" else [_bare(value)]
    return tuple(locate(files, path, name, "", "") for name in names if name)


def _written(
    path: str,
    general: Mapping[str, Assignment],
    said: Mapping[str, str],
    image: Assignment,
    kernel: str,
) -> Iterator[Origin]:
    yield Origin("kernel", kernel, path, image.line)
    for key, what in (("initrd", "initrd"), ("dtb", "devicetree")):
        if key in said:
            yield Origin(what, said[key].partition("=")[2], path, image.line)
        elif key in general:
            yield Origin(what, general[key].value, path, general[key].line)


def _bare(word: str) -> str:
    return re.sub(r"""["']""", "", word)


FORMAT = Format(
    "kboot",
    (
        *("/kboot.conf", "/etc/kboot.conf", "/boot/kboot.conf"),
        *("/kboot.cnf", "/etc/kboot.cnf", "/boot/kboot.cnf"),
        *("/KBOOT.CONF", "/KBOOT.CNF", "/ETC/KBOOT.CONF", "/ETC/KBOOT.CNF"),
    ),
    parse,
)

"""kboot.conf: name='kernel initrd=… root=… arguments', for kboot, Petitboot and XeLL.

Any name but those of the settings is the name of an entry. These programs are shell scripts: a
value may have quotation marks of either kind around it and in it. In EBNF:

    file  = { line } ;
    entry = kernel, { "initrd=", file, { ",", file } | "dtb=", file | argument } ;

`_line` has the production of a line, and `_WORD` that of a word.
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

# Settings for every entry that has none of its own.
COMMON = ("root", "initrd", "dtb", "video")
# Settings of kboot's screen and of XeLL's network.
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
    common: dict[str, Assignment] = {}
    entries: list[Assignment] = []
    for item in _assignments(path, text):
        if isinstance(item, Problem):
            yield item
        elif item.name in COMMON or item.name in ("default", "timeout"):
            if item.name in common:
                yield Problem(
                    path, item.line, f"{item.name!r} is set a second time; this value counts"
                )
            common[item.name] = item
        elif item.name not in IGNORED:
            entries.append(item)
    yield from _preferences(path, common)
    yield from _entries(files, path, common, entries)


@cache
def _line() -> pp.ParserElement:
    """Build the grammar of a line. A comment begins with "#" or ";".

    line   = name, "=", ( quoted | bare ) | mistake ;
    quoted = mark, { character }, mark, [ "#", { character } ] ;
    bare   = { character } ;
    mark   = '"' | "'" ;
    """
    name = r"(?P<name>[^\s=#;\"']+)"
    quoted = r"(?P<mark>[\"'])(?P<quoted>[^\n]*?)(?P=mark)[ \t]*(?:#[^\n]*)?(?=\n|\Z)"
    bare = r"(?P<bare>[^\n]*)"
    mistake = r"(?P<bad>\S[^\n]*)"
    return build_grammar(
        rf"{name}[ \t]*=[ \t]*(?:{quoted}|{bare})|{mistake}", comment=r"[#;][^\n]*"
    )


def _assignments(path: str, text: str) -> Iterator[Assignment | Problem]:
    for m, line, column in scan_statements(_line(), text):
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


def _preferences(path: str, common: Mapping[str, Assignment]) -> Iterator[Preferences | Problem]:
    """Yield the time-out, in seconds."""
    if "timeout" not in common:
        return
    timeout = common["timeout"]
    if re.fullmatch(r"[0-9]{1,9}", timeout.value):
        yield Preferences(timeout=float(timeout.value))
    else:
        yield Problem(path, timeout.line, f"the time-out is not a number: {timeout.value!r}")


def _entries(
    files: Files, path: str, common: Mapping[str, Assignment], entries: list[Assignment]
) -> Iterator[Item]:
    default = common.get("default")
    names = make_unique([assignment.name for assignment in entries])
    if default and entries and default.value not in names:
        yield Problem(path, default.line, f"no entry is called {default.value!r}")
    for assignment, name in zip(entries, names, strict=True):
        if name != assignment.name:
            yield Problem(
                path, assignment.line, f"another entry is called {assignment.name!r} already"
            )
        entry = _entry(files, path, common, assignment, name)
        if entry.kernel is None:
            yield Problem(path, assignment.line, f"{assignment.name!r} names no kernel")
        else:
            yield entry


# word = { character | '"', { character }, '"' | "'", { character }, "'" } ;
_WORD = re.compile(r"""(?:[^\s"']|"[^"]*"|'[^']*'|["'])+""")


def _entry(
    files: Files, path: str, common: Mapping[str, Assignment], assignment: Assignment, name: str
) -> Entry:
    """Return the entry; its kernel is None if the first word is no file name."""
    kernel, *words = _WORD.findall(assignment.value)
    is_file = _strip_marks(kernel) and kernel.partition("=")[0] not in COMMON
    own = {key: word for word in words if (key := word.partition("=")[0]) in COMMON}
    taken = ("initrd", "dtb")
    before = [
        (key, common[key].value, common[key].line, f"{key}={common[key].value}")
        for key in COMMON
        if key in common and key not in own and key not in taken
    ]
    arguments = [word for word in words if not word.startswith(("initrd=", "dtb="))]
    last = (assignment.name, assignment.value, assignment.line, " ".join(arguments))
    cmdline, origins = join_arguments(path, [*before, last])
    default = common.get("default")
    initrd, dtb = (_file(files, path, common, own, key) for key in taken)
    return Entry(
        title=assignment.name,
        name=name,
        config=path,
        line=assignment.line,
        kernel=locate(files, path, _strip_marks(kernel), "", "") if is_file else None,
        initrds=initrd,
        devicetree=next(iter(dtb), None),
        cmdline=cmdline,
        default=default is not None and default.value == name,
        default_from=(Origin("default", name, path, default.line),)
        if default and default.value == name
        else (),
        origins=(*_file_origins(path, common, own, assignment, kernel), *origins),
    )


def _file(
    files: Files, path: str, common: Mapping[str, Assignment], own: Mapping[str, str], key: str
) -> tuple[FileRef, ...]:
    """Return the entry's own files, else the common ones. Several initrds have commas between them.

    QEMU's -initrd has the same commas.
    """
    default = common[key].value if key in common else ""
    value = own[key].partition("=")[2] if key in own else default
    names = _strip_marks(value).split(",") if key == "initrd" else [_strip_marks(value)]
    return tuple(locate(files, path, name, "", "") for name in names if name)


def _file_origins(
    path: str,
    common: Mapping[str, Assignment],
    own: Mapping[str, str],
    assignment: Assignment,
    kernel: str,
) -> Iterator[Origin]:
    yield Origin("kernel", kernel, path, assignment.line)
    for key, what in (("initrd", "initrd"), ("dtb", "devicetree")):
        if key in own:
            yield Origin(what, own[key].partition("=")[2], path, assignment.line)
        elif key in common:
            yield Origin(what, common[key].value, path, common[key].line)


def _strip_marks(word: str) -> str:
    return re.sub(r"""["']""", "", word)


FORMAT = Format(
    "kboot",
    (
        *("/kboot.conf", "/etc/kboot.conf", "/boot/kboot.conf"),
        *("/kboot.cnf", "/etc/kboot.cnf", "/boot/kboot.cnf"),
        *("/KBOOT.CONF", "/KBOOT.CNF", "/ETC/KBOOT.CONF", "/ETC/KBOOT.CNF"),
    ),
    parse,
    statements=frozenset((*COMMON, *IGNORED, "default", "timeout")),
)

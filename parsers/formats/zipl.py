"""zipl.conf: the boot menus that s390-tools' zipl installs on the disks of IBM mainframes.

It follows zipl(8), zipl.conf(5) and zipl/src/scan.c. The paths are those of the running system.
If there are Boot Loader Specification entries beside it, their own format lists them; zipl.conf
then holds their time-out and may name their default. In EBNF:

    file    = { section | menu } ;
    section = "[", name, "]", { setting } ;
    menu    = ":", name, { number, "=", section name | setting } ;

A section has one kernel or one dump tool. `_line` has the production of a line.
"""

import math
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import pyparsing as pp

from parsers.api import Entry, FileRef, Files, Format, Item, Origin, Preferences, Problem
from parsers.binary.kernel import describe_mismatch
from parsers.places.fstab import MountTable, find_systems
from parsers.reading.cmdline import Argument, join_arguments
from parsers.reading.names import make_unique
from parsers.reading.text import build_grammar, read, read_optional, scan_statements

_CONF = "/etc/zipl.conf"
DEFAULTBOOT = "defaultboot"
_LONGEST = 4096  # characters of a command line: the kernel takes no more
_TARGETS = ("target", "targetbase", "targettype", "targetgeometry", "targetblocksize")
# Sections without a Linux to boot: the deciding setting, and the reason for the user.
_OTHERS = {
    "segment": "it loads a data segment, and no kernel",
    "dumpto": "it installs a dump tool, and no kernel",
    "dumptofs": "it installs a dump tool, and no kernel",
    "mvdump": "it installs a dump tool, and no kernel",
    "kdump": "its kernel only saves the memory of a system that has stopped",
}
KEYS = frozenset(
    (
        *("default", "defaultmenu", "image", "parameters", "parmfile", "ramdisk", "prompt"),
        *("timeout", "secure", "optional", "tape", "targetoffset", *_TARGETS, *_OTHERS),
    )
)


@dataclass(slots=True)
class ZiplSection:
    name: str
    line: int
    settings: dict[str, tuple[int, str]] = field(default_factory=dict)
    # The lines of a menu: number → (line, section name).
    numbers: dict[int, tuple[int, str]] = field(default_factory=dict)

    def get(self, key: str) -> str:
        return self.settings.get(key, (0, ""))[1]


def parse(files: Files, path: str) -> Iterator[Item]:
    text, problems = read(files, path)
    yield from problems
    sections: list[ZiplSection] = []
    menus: list[ZiplSection] = []
    yield from _read(path, text, sections, menus)
    boot = next((s for s in sections if s.name == DEFAULTBOOT), ZiplSection(DEFAULTBOOT, 1))
    configurations = [s for s in sections if s.name != DEFAULTBOOT]
    menu, problems = _default_menu(path, boot, menus)
    yield from problems
    ordered = configurations
    if menu:
        yield from _missing_sections(path, menu, configurations)
        numbers = {name: n for n, (_, name) in sorted(menu.numbers.items(), reverse=True)}
        ordered = sorted(configurations, key=lambda s: numbers.get(s.name, math.inf))
    yield from _preferences(path, menu or boot, automatic=menu is not None or _is_automatic(boot))
    default, problems = _default(files, path, boot, menu, ordered)
    yield from problems
    settings = {**boot.settings, **(menu.settings if menu else {})}
    keys = [key for key in ("default", "defaultmenu", "defaultauto") if key in settings][:1]
    reasons = tuple(Origin(key, settings[key][1], path, settings[key][0]) for key in keys)
    yield from _entries(files, path, ordered, default, reasons)


def read_default(files: Files) -> Origin | None:
    """Return the title of the default Boot Loader Specification entry, with its place.

    The zipl.conf is that of the system on this volume, or else of a system on another volume that
    mounts this one on /boot. Return None if zipl.conf names no default.
    """
    for tree in (files, *find_systems(files)):
        sections: list[ZiplSection] = []
        deque(_read(_CONF, read_optional(tree, _CONF) or "", sections, []), maxlen=0)
        boot = next((s for s in sections if s.name == DEFAULTBOOT), None)
        if boot and "default" in boot.settings:
            line, value = boot.settings["default"]
            own = tree.volume == files.volume
            where = _CONF if own else f"({tree.volume.name}){_CONF}"
            return Origin("default", value.strip(), where, line)
    return None


@cache
def _line() -> pp.ParserElement:
    """Build the grammar of a line.

    line    = ( section | menu | setting | flag | mistake ), newline ;
    section = "[", name, "]" ;
    menu    = ":", letter or digit, { letter or digit } ;
    setting = key, "=", ( quoted | bare ) ;
    quoted  = mark, { character }, mark ;
    bare    = { character } ;
    mark    = '"' | "'" ;
    flag    = "defaultauto" ;
    """
    end = r"[ \t]*(?=\n|\Z)"
    section = rf"\[(?P<section>[^\]\n\s]+)\]{end}"
    menu = rf":(?P<menu>[A-Za-z0-9]+){end}"
    key = r"(?P<key>[^\s=\[:]+)"
    quoted = rf"(?P<mark>[\"'])(?P<quoted>[^\n]*?)(?P=mark){end}"
    setting = rf"{key}[ \t]*=[ \t]*(?:{quoted}|(?P<bare>[^\n]*))"
    flag = rf"(?P<flag>defaultauto){end}"
    mistake = r"(?P<bad>\S[^\n]*)"
    return build_grammar("|".join((section, menu, setting, flag, mistake)))


def _read(
    path: str, text: str, sections: list[ZiplSection], menus: list[ZiplSection]
) -> Iterator[Problem]:
    current: ZiplSection | None = None
    for m, line, column in scan_statements(_line(), text):
        if name := m["section"] or m["menu"]:
            current = ZiplSection(name, line)
            kind = sections if m["section"] else menus
            if any(other.name == name for other in kind[-200:]):
                yield Problem(path, line, f"another section is called {name!r} already")
            kind.append(current)
        elif m["bad"]:
            yield Problem(
                path, line, f"neither a section nor a setting: {m['bad'].strip()!r}", column
            )
        elif current is None:
            words = f"{m['key'] or m['flag']!r} stands before the first section"
            yield Problem(path, line, f"{words}: it is ignored", column)
        else:
            yield from _set(path, line, current, m, numbered=bool(menus) and current is menus[-1])


def _set(
    path: str, line: int, section: ZiplSection, m: re.Match[str], *, numbered: bool
) -> Iterator[Problem]:
    key, value = m["key"] or m["flag"], m["quoted"] if m["mark"] else m["bare"] or ""
    value = value if m["mark"] else value.strip()
    if not m["mark"] and value[:1] and value[0] in "\"'":
        yield Problem(path, line, "the closing quotation mark is missing")
        value = value[1:]
    if m["flag"]:
        section.settings[key] = (line, "1")
    elif not value.strip():
        yield Problem(path, line, f"{key!r} has no value")
    elif re.fullmatch(r"[0-9]{1,9}", key):
        if not numbered:
            yield Problem(path, line, f"the number {key} belongs into a menu")
        elif int(key) in section.numbers:
            yield Problem(path, line, f"place {key} of the menu is taken already")
        else:
            section.numbers[int(key)] = (line, value.strip())
    elif key not in KEYS:
        yield Problem(path, line, f"unknown setting: {key!r}")
    else:
        if key in section.settings:
            yield Problem(path, line, f"{key!r} is set a second time; this value counts")
        section.settings[key] = (line, value)


def _is_automatic(boot: ZiplSection) -> bool:
    """Return True if all sections are one menu, in the order of the file."""
    return "defaultauto" in boot.settings or "target" in boot.settings


def _default_menu(
    path: str, boot: ZiplSection, menus: Sequence[ZiplSection]
) -> tuple[ZiplSection | None, list[Problem]]:
    """Return the menu that boots by itself, and the problems.

    It is the `defaultmenu`. It is the first menu if [defaultboot] is missing or empty.
    """
    if "defaultmenu" in boot.settings:
        line, name = boot.settings["defaultmenu"]
        found = next((menu for menu in menus if menu.name == name), None)
        return found, [] if found else [Problem(path, line, f"no menu is called {name!r}")]
    silent = not boot.settings and menus
    return (menus[0] if silent else None), []


def _missing_sections(
    path: str, menu: ZiplSection, sections: Sequence[ZiplSection]
) -> Iterator[Problem]:
    known = {section.name for section in sections}
    for line, name in menu.numbers.values():
        if name not in known:
            yield Problem(path, line, f"no section is called {name!r}")


def _preferences(path: str, section: ZiplSection, *, automatic: bool) -> Iterator[Item]:
    """Yield the time-out. Without `prompt` zipl asks nobody; with it, 0 seconds are for ever."""
    if not automatic:
        return
    prompts = section.get("prompt") == "1"
    line, value = section.settings.get("timeout", (section.line, "0"))
    if not re.fullmatch(r"[0-9]{1,9}", value):
        yield Problem(path, line, f"the time-out is not a number: {value!r}")
        value = "0"
    timeout = (float(value) or math.inf) if prompts else 0.0
    yield Preferences(timeout=timeout, style="menu" if prompts else "hidden")


def _default(
    files: Files,
    path: str,
    boot: ZiplSection,
    menu: ZiplSection | None,
    ordered: Sequence[ZiplSection],
) -> tuple[str, list[Problem]]:
    """Return the name of the section that boots by itself, or "", and the problems."""
    known = {section.name for section in ordered}
    if menu:
        line, value = menu.settings.get("default", (menu.line, ""))
        numbers = {str(n): name for n, (_, name) in menu.numbers.items() if name in known}
        first = numbers[min(numbers, key=int)] if numbers else ""
        if value and value not in numbers:
            return first, [Problem(path, line, f"the menu has no place {value!r}")]
        return numbers.get(value, first), []
    line, name = boot.settings.get("default", (boot.line, ""))
    # The name may be the title of a Boot Loader Specification entry.
    if name and name not in known and MountTable(files).names("/boot/loader/entries") == []:
        return "", [Problem(path, line, f"no section is called {name!r}")]
    if not name and _is_automatic(boot):
        name = next((s.name for s in ordered if "image" in s.settings), "")
    return name, []


def _entries(
    files: Files,
    path: str,
    sections: Sequence[ZiplSection],
    default: str,
    reasons: tuple[Origin, ...],
) -> Iterator[Item]:
    table = MountTable(files)
    variables = _variables(files, path)
    names = make_unique([section.name for section in sections])
    for section, name in zip(sections, names, strict=True):
        s = {key: value.strip() for key, (_, value) in section.settings.items()}
        other = next((reason for key, reason in _OTHERS.items() if key in s), "")
        if "image" not in s and not other:
            yield Problem(path, section.line, f"the section {section.name!r} has no image")
            continue
        kernel = _locate(table, s["image"]) if "image" in s and not other else None
        if kernel and s.get("optional") == "1" and not table.has(kernel):
            continue  # as zipl does
        arguments, problems = _arguments(path, section, table, variables)
        cmdline, origins = join_arguments(path, arguments)
        yield from problems if kernel else ()
        foreign = (
            "" if files.host.machine == "s390x" else describe_mismatch("s390x", files.host.machine)
        )
        yield Entry(
            title=section.name,
            name=name,
            config=path,
            line=section.line,
            kernel=kernel,
            initrds=(_locate(table, s["ramdisk"]),) if kernel and "ramdisk" in s else (),
            cmdline=cmdline if kernel else "",
            default=name == default,
            default_from=reasons if name == default else (),
            origins=_file_origins(path, section) + origins if kernel else (),
            unbootable=other or foreign,
        )


def _file_origins(path: str, section: ZiplSection) -> tuple[Origin, ...]:
    names = {"image": "image", "ramdisk": "initrd"}
    found = ((what, section.settings.get(key)) for key, what in names.items())
    return tuple(Origin(what, at[1], path, at[0]) for what, at in found if at)


def _strip_address(name: str) -> str:
    """Return a file's name without the load address that may follow it."""
    return re.sub(r"\s*,\s*(?:0x)?[0-9a-fA-F]+$", "", name)


def _locate(table: MountTable, name: str) -> FileRef:
    return table.locate(_strip_address(name))


def _arguments(
    path: str, section: ZiplSection, table: MountTable, variables: Mapping[str, str]
) -> tuple[list[Argument], list[Problem]]:
    """Return the text of the parameter file, the parameters with their variables, and problems."""
    problems: list[Problem] = []
    arguments: list[Argument] = []
    if "parmfile" in section.settings:
        line, value = section.settings["parmfile"]
        text = table.read(_locate(table, value.strip()))
        if text is None:
            problems.append(
                Problem(path, line, f"the parameter file {_strip_address(value)} is not there")
            )
        whole = (text or "")[:_LONGEST].replace("\n", " ").strip()
        arguments.append(("parmfile", value, line, whole))
    line, value = section.settings.get("parameters", (1, ""))
    unknown = [n for n in re.findall(r"\$\{(\w+)\}", value) if n not in variables]
    if unknown:
        problems.append(Problem(path, line, f"zipl's variable {unknown[0]} is not known"))
    expanded = re.sub(r"\$\{(\w+)\}", lambda m: variables.get(m[1], m[0]), value[:_LONGEST])
    arguments.append(("parameters", value, line, expanded[:_LONGEST]))
    return arguments, problems


def _variables(files: Files, path: str) -> Mapping[str, str]:
    """Return the variables of ziplenv, the environment that zipl installs."""
    text = read_optional(files, path.removesuffix("zipl.conf") + "ziplenv") or ""
    lines = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {name.strip(): value.strip()[:1000] for name, mark, value in lines if mark}


FORMAT = Format("zipl", (_CONF,), parse, statements=KEYS)

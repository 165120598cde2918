"""zipl.conf: what s390-tools' zipl installs on IBM mainframes' disks.

[sections], each of one kernel or one dump, and :menus that number sections. After zipl(8),
zipl.conf(5) and zipl/src/scan.c. The paths are those of the running system. Boot Loader
Specification entries beside it are listed by their own format; zipl.conf has their time-out then,
and may name their default.
"""

import math
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import pyparsing as pp

from parsers.api import Entry, FileRef, Files, Format, Item, Origin, Preferences, Problem
from parsers.binary.kernel import for_another
from parsers.places.fstab import MountTable, find_systems
from parsers.reading.cmdline import Argument, join_arguments
from parsers.reading.names import make_unique
from parsers.reading.text import build_grammar, read, read_optional, scan_statements

_CONF = "/etc/zipl.conf"
DEFAULTBOOT = "defaultboot"
_LONGEST = 4096  # characters of a command line: the kernel takes no more
_TARGETS = ("target", "targetbase", "targettype", "targetgeometry", "targetblocksize")
# What a section is for, by the setting that decides, and why Linux cannot do it.
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
    places: dict[int, tuple[int, str]] = field(default_factory=dict)  # of a menu: number → name

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
    menu, problems = _menu(path, boot, menus)
    yield from problems
    ordered = configurations
    if menu:
        yield from _unknown(path, menu, configurations)
        numbers = {name: n for n, (_, name) in sorted(menu.places.items(), reverse=True)}
        ordered = sorted(configurations, key=lambda s: numbers.get(s.name, math.inf))
    yield from _preferences(path, menu or boot, automatic=menu is not None or _automatic(boot))
    default, problems = _default(files, path, boot, menu, ordered)
    yield from problems
    said = {**boot.settings, **(menu.settings if menu else {})}
    ways = [key for key in ("default", "defaultmenu", "defaultauto") if key in said][:1]
    why = tuple(Origin(key, said[key][1], path, said[key][0]) for key in ways)
    yield from _entries(files, path, ordered, default, why)


def wanted(files: Files) -> Origin | None:
    """The default that zipl.conf names for a volume's Boot Loader Specification entries, by the
    title of one: that of the system on this volume, or of one that parse_fstab it on /boot.
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
    """A whole line."""
    return build_grammar(
        r"\[(?P<section>[^\]\n\s]+)\][ \t]*(?=\n|\Z)|:(?P<menu>[A-Za-z0-9]+)[ \t]*(?=\n|\Z)"
        r"|(?P<key>[^\s=\[:]+)[ \t]*=[ \t]*(?:"
        r"(?P<mark>[\"'])(?P<quoted>[^\n]*?)(?P=mark)[ \t]*(?=\n|\Z)|(?P<bare>[^\n]*))"
        r"|(?P<flag>defaultauto)[ \t]*(?=\n|\Z)|(?P<bad>\S[^\n]*)"
    )


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
        elif int(key) in section.places:
            yield Problem(path, line, f"place {key} of the menu is taken already")
        else:
            section.places[int(key)] = (line, value.strip())
    elif key not in KEYS:
        yield Problem(path, line, f"unknown setting: {key!r}")
    else:
        if key in section.settings:
            yield Problem(path, line, f"{key!r} is set a second time; this value counts")
        section.settings[key] = (line, value)


def _automatic(boot: ZiplSection) -> bool:
    """All sections are a menu, in the order of the file."""
    return "defaultauto" in boot.settings or "target" in boot.settings


def _menu(
    path: str, boot: ZiplSection, menus: Sequence[ZiplSection]
) -> tuple[ZiplSection | None, list[Problem]]:
    """The menu that boots by itself; without a word on that, the first."""
    if "defaultmenu" in boot.settings:
        line, name = boot.settings["defaultmenu"]
        found = next((menu for menu in menus if menu.name == name), None)
        return found, [] if found else [Problem(path, line, f"no menu is called {name!r}")]
    silent = not boot.settings and menus
    return (menus[0] if silent else None), []


def _unknown(path: str, menu: ZiplSection, sections: Sequence[ZiplSection]) -> Iterator[Problem]:
    known = {section.name for section in sections}
    for line, name in menu.places.values():
        if name not in known:
            yield Problem(path, line, f"no section is called {name!r}")


def _preferences(path: str, said: ZiplSection, *, automatic: bool) -> Iterator[Item]:
    """Without `prompt` nobody is asked, and with it 0 seconds are for ever."""
    if not automatic:
        return
    prompts = said.get("prompt") == "1"
    line, value = said.settings.get("timeout", (said.line, "0"))
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
    """The name of the section that boots by itself, "" if none does."""
    known = {section.name for section in ordered}
    if menu:
        line, value = menu.settings.get("default", (menu.line, ""))
        places = {str(n): name for n, (_, name) in menu.places.items() if name in known}
        first = places[min(places, key=int)] if places else ""
        if value and value not in places:
            return first, [Problem(path, line, f"the menu has no place {value!r}")]
        return places.get(value, first), []
    line, name = boot.settings.get("default", (boot.line, ""))
    # It may be one of the Boot Loader Specification's, by its title.
    if name and name not in known and MountTable(files).names("/boot/loader/entries") == []:
        return "", [Problem(path, line, f"no section is called {name!r}")]
    if not name and _automatic(boot):
        name = next((s.name for s in ordered if "image" in s.settings), "")
    return name, []


def _entries(
    files: Files, path: str, sections: Sequence[ZiplSection], default: str, why: tuple[Origin, ...]
) -> Iterator[Item]:
    system = MountTable(files)
    variables = _variables(files, path)
    names = make_unique([section.name for section in sections])
    for section, name in zip(sections, names, strict=True):
        s = {key: value.strip() for key, (_, value) in section.settings.items()}
        other = next((reason for key, reason in _OTHERS.items() if key in s), "")
        if "image" not in s and not other:
            yield Problem(path, section.line, f"the section {section.name!r} has no image")
            continue
        kernel = _place(system, s["image"]) if "image" in s and not other else None
        if kernel and s.get("optional") == "1" and not system.has(kernel):
            continue  # zipl leaves it out, too
        parts, problems = _parts(path, section, system, variables)
        cmdline, given = join_arguments(path, parts)
        yield from problems if kernel else ()
        foreign = "" if files.host.machine == "s390x" else for_another("s390x", files.host.machine)
        yield Entry(
            title=section.name,
            name=name,
            config=path,
            line=section.line,
            kernel=kernel,
            initrds=(_place(system, s["ramdisk"]),) if kernel and "ramdisk" in s else (),
            cmdline=cmdline if kernel else "",
            default=name == default,
            default_from=why if name == default else (),
            origins=_named(path, section) + given if kernel else (),
            unbootable=other or foreign,
        )


def _named(path: str, section: ZiplSection) -> tuple[Origin, ...]:
    names = {"image": "image", "ramdisk": "initrd"}
    said = ((what, section.settings.get(key)) for key, what in names.items())
    return tuple(Origin(what, found[1], path, found[0]) for what, found in said if found)


def _bare(name: str) -> str:
    """Without the address in memory that may follow."""
    return re.sub(r"\s*,\s*(?:0x)?[0-9a-fA-F]+$", "", name)


def _place(system: MountTable, name: str) -> FileRef:
    return system.locate(_bare(name))


def _parts(
    path: str, section: ZiplSection, system: MountTable, variables: Mapping[str, str]
) -> tuple[list[Argument], list[Problem]]:
    """The parameter file's text, then the parameters, with zipl's variables put in."""
    problems: list[Problem] = []
    parts: list[Argument] = []
    if "parmfile" in section.settings:
        line, value = section.settings["parmfile"]
        text = system.read(_place(system, value.strip()))
        if text is None:
            problems.append(Problem(path, line, f"the parameter file {_bare(value)} is not there"))
        whole = (text or "")[:_LONGEST].replace("\n", " ").strip()
        parts.append(("parmfile", value, line, whole))
    line, value = section.settings.get("parameters", (1, ""))
    unknown = [n for n in re.findall(r"\$\{(\w+)\}", value) if n not in variables]
    if unknown:
        problems.append(Problem(path, line, f"zipl's variable {unknown[0]} is not known"))
    put_in = re.sub(r"\$\{(\w+)\}", lambda m: variables.get(m[1], m[0]), value[:_LONGEST])
    parts.append(("parameters", value, line, put_in[:_LONGEST]))
    return parts, problems


def _variables(files: Files, path: str) -> Mapping[str, str]:
    """Of the environment that zipl installs with the rest."""
    text = read_optional(files, path.removesuffix("zipl.conf") + "ziplenv") or ""
    lines = (line.partition("=") for line in text.splitlines() if not line.startswith("#"))
    return {name.strip(): value.strip()[:1000] for name, mark, value in lines if mark}


FORMAT = Format("zipl", (_CONF,), parse)

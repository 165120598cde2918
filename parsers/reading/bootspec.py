"""Boot Loader Specification (UAPI group): the rules that its two kinds of entries share.

The kinds are files that describe an entry (parsers/formats/bls.py) and unified kernel images
(parsers/formats/uki.py). Both count tries in file names, sort alike, and have their default in
loader.conf. `_setting` has the grammar of loader.conf and of the files.
"""

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import cache
from typing import NamedTuple, TypeVar

import pyparsing as pp

from parsers import machines
from parsers.api import Effect, FileRef, Files, Firmware, Origin, Problem, Style
from parsers.binary.kernel import describe_mismatch
from parsers.reading.text import build_grammar, decode_utf16, read, scan_statements

_LONGEST = 64 << 10  # characters of a file
_MOST = 2000  # files of a directory
_TOKEN = re.compile(r"[0-9]+|[A-Za-z]+|[~^.-]")
_SAVED, _LAST = "@saved", "LoaderEntryLastBooted"
_INTERFACE = "-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
_RANKS = {"~": 0, "-": 2, "^": 3, ".": 4}  # 1 is the end, 5 are letters, 6 are digits


class Field(NamedTuple):
    """A line `key value`, and its place."""

    key: str
    value: str
    line: int
    column: int = 1


@cache
def _setting() -> pp.ParserElement:
    """Build the grammar of a line.

    setting = key, [ white, value ] ;
    value   = '"', { character }, '"' | { character } ;
    """
    return build_grammar(r"(?P<key>\S+)(?:[ \t]+(?P<value>\S[^\n]*))?[^\n]*")


def parse_fields(text: str) -> Iterator[Field]:
    """Yield the settings of an entry or of loader.conf. Skip those without a value."""
    for match, line, column in scan_statements(_setting(), text):
        value = (match["value"] or "").rstrip()
        if len(value) > 1 and value[0] == value[-1] == '"':
            value = value[1:-1]
        if value:
            yield Field(match["key"], value, line, column)


class Tries(NamedTuple):
    """The counter in a file name (NAME+LEFT-DONE.conf or .efi): tries left, and tries made."""

    name: str  # without the counter
    left: int | None = None  # None: no counter
    done: int = 0

    @property
    def bad(self) -> bool:
        """Return True if no try is left: all other entries come before this one."""
        return self.left == 0


def stem(name: str) -> str:
    return re.sub(r"(?i)\.(conf|efi)$", "", name)


def parse_tries(name: str) -> Tries:
    if not (match := re.fullmatch(r"(.*)\+(\d{1,9})(?:-(\d{1,9}))?(\.[a-z]+)", name, re.I | re.S)):
        return Tries(name)
    return Tries(f"{match[1]}{match[4]}", int(match[2]), int(match[3] or 0))


def count_try(path: str) -> tuple[Effect, ...]:
    """Return the effect of one try on the file: a new name, if the name has a counter."""
    name, left, done = parse_tries(path.rpartition("/")[2])
    if not left:
        return ()
    stem, dot, suffix = name.rpartition(".")
    return (Effect(file=FileRef(path=path), rename=f"{stem}+{left - 1}-{done + 1}{dot}{suffix}"),)


class SortKeys(NamedTuple):
    """The values that decide an entry's position in the menu, and if it is the default."""

    id: str  # the file's name, without the counter
    bad: bool = False
    sort_key: str = ""
    machine_id: str = ""
    version: str = ""
    profile: int = 0  # of a unified kernel image
    left: int = 0
    done: int = 0


def version_key(text: str) -> list[tuple[int, int, str]]:
    """Return a sort key for a version, after the UAPI group's Version Format Specification."""
    key = []
    for token in _TOKEN.findall(text):
        if token.isdecimal():
            digits = token.lstrip("0")
            key.append((6, len(digits), digits))
        else:
            key.append((_RANKS.get(token, 5), 0, token))
    return [*key, (1, 0, "")]


Placed = TypeVar("Placed")


def sort_entries(found: Sequence[tuple[SortKeys, Placed]]) -> list[tuple[SortKeys, Placed]]:
    """Return the entries in the menu's order.

    Python's sort is stable: the last sort below has the first say.
    """
    order = sorted(found, key=lambda f: (f[0].profile, -f[0].left, f[0].done))
    order.sort(key=lambda f: version_key(stem(f[0].id)), reverse=True)
    # Without a sort-key only names count.
    order.sort(key=lambda f: version_key(f[0].version) if f[0].sort_key else [], reverse=True)
    order.sort(key=lambda f: (f[0].sort_key, f[0].machine_id if f[0].sort_key else ""))
    order.sort(key=lambda f: (f[0].bad, not f[0].sort_key))
    return order


@dataclass(frozen=True, slots=True)
class LoaderConf:
    """The settings of loader.conf and of EFI that choose the default."""

    path: str = ""
    default: Field | None = None  # patterns
    preferred: Field | None = None  # before `default`, but never an entry without tries
    timeout: float | None = None  # seconds
    style: Style = ""
    variables: Mapping[str, str] = field(default_factory=dict)  # EFI's: LoaderEntryDefault …
    problems: tuple[Problem, ...] = ()

    def choose_default(
        self, entries: Sequence[SortKeys]
    ) -> tuple[SortKeys | None, tuple[Origin, ...]]:
        """Return the entry that the settings name, else the first one, and the reasons."""
        for wish, may_be_bad in self._wishes():
            reasons, pattern = [self._reason(wish)], wish.value
            if pattern == _SAVED:
                pattern = self.variables.get(_LAST, "")
                reasons.append(Origin(_LAST, pattern, "", 0, how="efi"))
            for entry in entries:
                if _matches(entry, pattern) and (may_be_bad or not entry.bad):
                    return entry, tuple(reasons)
        return next(iter(entries), None), ()

    def _wishes(self) -> Iterator[tuple[Field, bool]]:
        """Yield the patterns in order of precedence, and False if a bad entry cannot be meant."""
        for name, own, may_be_bad in (
            ("LoaderEntryPreferred", self.preferred, False),
            ("LoaderEntryDefault", self.default, True),
        ):
            if name in self.variables:
                yield Field(name, self.variables[name], 0), may_be_bad
            if own:
                yield own, may_be_bad

    def _reason(self, wish: Field) -> Origin:
        if not wish.line:
            return Origin(wish.key, wish.value, "", 0, how="efi")
        return Origin(wish.key, wish.value, self.path, wish.line)

    def check_patterns(self, entries: Sequence[SortKeys]) -> Iterator[Problem]:
        """Report patterns that match no entry."""
        for wish in filter(None, (self.preferred, self.default)):
            if wish.value != _SAVED and not any(_matches(entry, wish.value) for entry in entries):
                words = f"{wish.key} {wish.value[:80]}: no entry here has such a name"
                yield Problem(self.path, wish.line, words, wish.column)


def _matches(entry: SortKeys, pattern: str) -> bool:
    """Return True if a shell pattern matches the entry's name, in any case.

    Patterns written by hand lack the suffix, which an older systemd-boot did not want.
    """
    id, pattern = entry.id.lower(), pattern.lower()
    if entry.profile:
        id = f"{id}@{entry.profile}"
    return fnmatchcase(id, pattern) or fnmatchcase(stem(id), pattern)


def read_loader_conf(files: Files, top: str) -> LoaderConf:
    """Read loader.conf below the directory `top`.

    At the root of a volume without one, read that of the EFI system partition on the same disk.
    """
    path = f"{top}/loader/loader.conf"
    try:
        tree = files if top or files.kind(path) else _boot_tree(files, path)
        text, problems = read(tree, path, _LONGEST)
    except OSError as error:
        return LoaderConf(path, problems=(Problem(path, 1, error.strerror or str(error)),))
    if tree.volume != files.volume:
        path = f"({tree.volume.name}){path}"
    settings = {one.key: one for one in parse_fields(text)}
    wait = settings.get("timeout", Field("", "", 0))
    timeout, style = _timeout(wait.value)
    if wait.value and timeout is None:
        words = f"timeout {wait.value[:40]}: not a number of seconds"
        problems.append(Problem(path, wait.line, words, wait.column))
    variables = _variables(files.host.firmware)
    default, preferred = settings.get("default"), settings.get("preferred")
    for wish in (default, preferred):
        if wish and wish.value == _SAVED and variables is None:
            words = f"{wish.key} @saved: only EFI keeps which entry booted last: the first it is"
            problems.append(Problem(path, wish.line, words, wish.column))
    return LoaderConf(path, default, preferred, timeout, style, variables or {}, tuple(problems))


def _variables(firmware: Firmware) -> dict[str, str] | None:
    """Return the variables of systemd's Boot Loader Interface, or None without EFI."""
    if firmware.variables is None:
        return None
    own = (v for v in firmware.variables.items() if v[0].endswith(_INTERFACE))
    texts = {name.removesuffix(_INTERFACE): decode_utf16(value) for name, value in own}
    return {name: text for name, text in texts.items() if text}


def _boot_tree(files: Files, path: str) -> Files:
    """Return the tree with the loader.conf: the EFI system partition on the same disk, if any.

    The configuration of an extended boot loader partition lies there.
    """
    own = files.volume
    for volume in files.host.volumes:
        if own.disk and volume.disk == own.disk and volume.fs == "vfat" and volume != own:
            tree = files.host.on(volume.name)
            if tree and tree.kind(path) == "file":
                return tree
    return files


def _timeout(text: str) -> tuple[float | None, Style]:
    match text:
        case "menu-force":
            return math.inf, "menu"
        case "menu-hidden" | "menu-disabled":
            return 0.0, "hidden"
    if not re.fullmatch(r"[0-9]{1,8}", text):
        return None, ""
    return float(text), "menu" if int(text) else "hidden"


class Snippet(NamedTuple):
    """A file that describes one entry."""

    path: str
    tries: Tries
    fields: tuple[Field, ...]
    obstacle: str = ""  # not empty: the entry is for another machine, in words

    def all(self, key: str) -> list[Field]:
        return [field for field in self.fields if field.key == key]

    def last(self, key: str) -> Field | None:
        return next((field for field in reversed(self.fields) if field.key == key), None)

    def value(self, key: str) -> str:
        field = self.last(key)
        return field.value if field else ""

    @property
    def sort_keys(self) -> SortKeys:
        return SortKeys(
            id=self.tries.name,
            bad=self.tries.bad,
            sort_key=self.value("sort-key"),
            machine_id=self.value("machine-id"),
            version=self.value("version"),
            left=self.tries.left or 0,
            done=self.tries.done,
        )


def read_snippets(files: Files, directory: str) -> Iterator[Snippet | Problem]:
    """Read the files of a directory, including those for other machines."""
    names = [name for name in files.names(directory) if re.fullmatch(r"[^.].*\.conf", name, re.I)]
    if len(names) > _MOST:
        names.sort(key=lambda name: version_key(stem(name)), reverse=True)  # the newest are wanted
        words = f"more than {_MOST} entries: this and older ones are left out"
        yield Problem(f"{directory}/{names[_MOST]}", 1, words)
    for name in sorted(names[:_MOST]):
        path = f"{directory}/{name}"
        if files.kind(path) != "file":
            continue
        try:
            text, problems = read(files, path, _LONGEST)
        except OSError as error:
            text, problems = "", [Problem(path, 1, error.strerror or str(error))]
        if problems:  # half of an entry is of no use
            yield from problems
            continue
        snippet = Snippet(path, parse_tries(name), tuple(parse_fields(text)))
        wanted, machine = snippet.value("architecture"), files.host.machine
        if wanted and not _is_for(wanted, machine):
            snippet = snippet._replace(obstacle=describe_mismatch(wanted, machine))
        yield snippet


def _is_for(architecture: str, machine: str) -> bool:
    name = architecture.lower().replace("x86-64", "x86_64").replace("arm64", "aa64")
    row = machines.EFI.get(name)
    return machine == name or bool(row and machine in (row.name, *row.aliases))

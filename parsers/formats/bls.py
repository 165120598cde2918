"""Boot Loader Specification entries (type 1): the files loader/entries/*.conf.

This follows the UAPI group's specification, with the keys that GRUB and others have added. The
grammar is in parsers/reading/bootspec.py. If a grub.cfg shows the same entries, the scan keeps
those.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from posixpath import dirname, normpath

from parsers.api import Entry, FileRef, Files, Format, Item, Origin, Preferences, Problem
from parsers.binary import envblock, pe
from parsers.formats import uki, zipl
from parsers.reading import bootspec
from parsers.reading.bootspec import Snippet, SortKeys

_VARIABLE = re.compile(r"\$(?:(\w+)|\{(\w+)\})", re.ASCII)
# Known keys, of systemd, GRUB, kernel-install and zipl. Any other key is reported.
_KNOWN = frozenset(
    """title version machine-id sort-key architecture options initrd linux efi uki profile
    devicetree id index blscfg-id""".split()  # noqa: SIM905
)
_ONCE = frozenset(
    ("title", "version", "machine-id", "sort-key", "architecture", "linux", "devicetree")
)
_WORDS = re.compile(r"([ \t]*)([^ \t]+)")
_KERNELS = ("linux", "uki", "efi")


def parse(files: Files, directory: str) -> Iterator[Item]:
    """Yield the entries of a directory, in the specification's order."""
    top = dirname(dirname(directory)).rstrip("/")
    builder = _EntryBuilder(files, top)
    found: list[tuple[SortKeys, Entry]] = []
    positions: list[tuple[SortKeys, None]] = []  # of the entries that may be the default
    for item in bootspec.read_snippets(files, directory):
        if isinstance(item, Problem):
            yield item
        elif entry := builder.entry(item):
            found.append((item.sort_keys, entry))
            positions += [] if item.obstacle else [(item.sort_keys, None)]
    yield from builder.problems
    if not found:
        return
    loader = bootspec.read_loader_conf(files, top)
    yield from loader.problems
    images = uki.read_images(files, f"{top}/EFI/Linux")
    positions += ((c.sort_keys, None) for c in images if isinstance(c, uki.UkiEntry))
    candidates = [position for position, _ in bootspec.sort_entries(positions)]
    chosen, reasons = loader.choose_default(candidates)
    if files.host.machine == "s390x" and not reasons and (wish := zipl.read_default(files)):
        with_title = (p for p, e in found if wish.value in (e.title, e.name))
        if (position := next(with_title, None)) is not None:
            chosen, reasons = position, (wish,)
    yield from loader.check_patterns(candidates)
    titles = _titles(found)
    for position, entry in bootspec.sort_entries(found):
        titled = replace(entry, title=titles[entry.config])
        marked = replace(titled, default=True, default_from=reasons)
        yield marked if position == chosen else titled
    if loader.timeout is not None:
        yield Preferences(timeout=loader.timeout, style=loader.style)


def _titles(found: list[tuple[SortKeys, Entry]]) -> Mapping[str, str]:
    """Return path → title. To equal titles add the version, then the machine, then the name."""
    titles = {entry.config: entry.title for _, entry in found}
    for which in range(3):
        count = Counter(titles.values())
        for position, entry in found:
            more = (position.version, position.machine_id[:8], entry.name)[which]
            if count[titles[entry.config]] > 1 and more:
                titles[entry.config] += f" ({more})"
    return titles


class _EntryBuilder:
    """Builder of the entries of one directory; it collects the problems."""

    def __init__(self, files: Files, top: str) -> None:
        self._files, self._top = files, top
        self._variables: Mapping[str, str] | None = None
        self._environment = "", ""  # path and text of the environment block
        self.problems: list[Problem] = []

    def entry(self, snippet: Snippet) -> Entry | None:
        self._check_settings(snippet)
        named = next((f for key in _KERNELS if (f := snippet.last(key))), None)
        if named is None:
            self.problems.append(Problem(snippet.path, 1, "it names no kernel: there is no linux"))
            return None
        path = self._path(named.value)
        cmdline, options = self._options(snippet)
        trees = snippet.last("devicetree")
        files = (named, *snippet.all("initrd"), *([trees] if trees else []))
        entry = Entry(
            title=snippet.value("title") or bootspec.stem(snippet.tries.name),
            name=bootspec.stem(snippet.tries.name),
            config=snippet.path,
            line=1,
            end=snippet.fields[-1].line,
            kernel=FileRef(path=path),
            initrds=tuple(self._initrds(snippet)),
            devicetree=FileRef(path=self._path(trees.value)) if trees else None,
            cmdline=cmdline,
            effects=bootspec.count_try(snippet.path),
            hotkey=snippet.value("grub_hotkey")[:1],
            classes=tuple(f.value for f in snippet.all("grub_class")),
            origins=(
                *(Origin(f.key, f.value, snippet.path, f.line) for f in files),
                *options,
            ),
        )
        if named.key != "linux" or path.lower().endswith(".efi"):
            entry = self._efi_program(snippet, entry, path, plain=named.key == "linux")
        return replace(entry, unbootable=snippet.obstacle or entry.unbootable)

    def _efi_program(self, snippet: Snippet, entry: Entry, path: str, *, plain: bool) -> Entry:
        """Return the entry of an EFI program: the parts of a unified image, else unbootable.

        `plain` is for the key `linux`: the program may be a kernel with an EFI stub.
        """
        if self._files.kind(path) is None:
            return entry  # the menu shows the file as missing
        try:
            unified = any(s.name == ".linux" for s in pe.read_program(self._files, path).sections)
        except (pe.PeError, OSError):
            unified = False
        if not unified:
            other = f"it starts an EFI program ({path}), which Linux cannot start"
            return entry if plain else replace(entry, kernel=None, unbootable=other)
        profile = snippet.value("profile").lstrip("@") or "0"
        for image in uki.read_image(self._files, self._top, path):
            if isinstance(image, Problem):
                self.problems.append(image)
            elif str(image.sort_keys.profile) == profile:
                return self._merge_image(snippet, entry, image.entry)
        return replace(entry, kernel=None, unbootable=f"{path} has no profile {profile}")

    @staticmethod
    def _merge_image(snippet: Snippet, entry: Entry, image: Entry) -> Entry:
        return replace(
            entry,
            title=snippet.value("title") or image.title,
            kernel=image.kernel,
            initrds=image.initrds,
            devicetree=image.devicetree or entry.devicetree,
            cmdline=entry.cmdline or image.cmdline,
            origins=entry.origins + (() if entry.cmdline else image.origins),
            unbootable=image.unbootable,
            itself=image.itself,
        )

    def _check_settings(self, snippet: Snippet) -> None:
        for field in snippet.fields:
            if field.key in _ONCE and field != (last := snippet.last(field.key)) and last:
                words = f"{field.key} is set a second time in line {last.line}, which counts"
            elif field.key == "devicetree-overlay":
                words = "device tree overlays cannot be applied: it boots without"
            elif field.key in ("uki-url", "extra"):
                words = f"{field.key} is not followed"
            elif field.key in _KNOWN or field.key.startswith(("grub_", "x-")):
                continue
            else:
                words = f"unknown setting {field.key[:40]}"
            self.problems.append(Problem(snippet.path, field.line, words, field.column))

    def _path(self, value: str) -> str:
        """Return the path of a file, relative to the file system of the entry.

        If that file system is mounted on another, or is a directory of it, either may be meant.
        The first directory with such a file counts.
        """
        path = normpath(f"/{value}").replace("//", "/")
        tops = [self._top]
        while tops[-1]:
            tops.append(dirname(tops[-1]).rstrip("/"))
        there = (f"{top}{path}" for top in tops if self._files.kind(f"{top}{path}") == "file")
        own = path if self._top and path.startswith(f"{self._top}/") else f"{self._top}{path}"
        return next(there, own)

    def _initrds(self, snippet: Snippet) -> Iterator[FileRef]:
        for field in snippet.all("initrd"):
            # Entries for GRUB have variables after the path. A variable may name another initrd.
            path, *more = re.split(r"[ \t]+(?=\$)", field.value)
            for text in (path, *(self._expand(word, snippet, field.line) for word in more)):
                if text:
                    yield FileRef(path=self._path(text))

    def _options(self, snippet: Snippet) -> tuple[str, list[Origin]]:
        text = ""
        origins: list[Origin] = []
        for field in snippet.all("options"):
            own: list[tuple[int, int]] = []
            variables: list[Origin] = []
            # The text stays as it is, blanks within quotes above all. A variable without a value
            # goes with the blanks before it.
            for number, (blanks, word) in enumerate(_WORDS.findall(field.value)):
                if value := self._expand(word, snippet, field.line):
                    between = (blanks if number else " ") if text else ""
                    start = len(text) + len(between)
                    text += between + value
                    span = start, len(text)
                    if value == word:
                        own = [(own[-1][0], span[1])] if own and not variables else [*own, span]
                    else:
                        variables.append(self._variable_origin(word, value, span))
            here = Origin("options", field.value, snippet.path, field.line, spans=tuple(own))
            origins += [here, *variables]
        return text, origins

    def _variable_origin(self, word: str, value: str, span: tuple[int, int]) -> Origin:
        path, block = self._environment
        name = word.strip("${}")
        line = block.partition(f"\n{name}=")[0].count("\n") + 2
        return Origin(f"${name}", value, path, line, how="load_env", spans=(span,))

    def _expand(self, word: str, snippet: Snippet, line: int) -> str:
        """Return a word, or the value of a variable from GRUB's environment block.

        The specification has no variables; entries for GRUB do.
        """
        if not (match := _VARIABLE.fullmatch(word)):
            return word
        name = match[1] or match[2]
        if self._variables is None:
            self._variables = self._read_environment()
        if name not in self._variables and not name.startswith("tuned_"):
            words = f"${name} has no value: only GRUB knows variables"
            self.problems.append(Problem(snippet.path, line, words))
        return self._variables.get(name, "").strip()

    def _read_environment(self) -> Mapping[str, str]:
        for name in ("grub2", "grub"):
            path = f"{self._top}/{name}/grubenv"
            try:
                text = self._files.read(path)
                if text is not None:
                    self._environment = path, text
                    return envblock.read(text)
            except (OSError, envblock.BlockError):
                continue
        return {}


FORMAT = Format(
    "bls",
    (
        "/loader/entries",
        "/boot/loader/entries",
        "/efi/loader/entries",
        "/boot/efi/loader/entries",
    ),
    parse,
    rank=20,
    binary=True,
    statements=_KNOWN,
)

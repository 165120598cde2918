"""Unified kernel images: EFI/Linux/*.efi, a kernel and all that it needs as sections of a program.

After the UAPI group's Unified Kernel Image and Boot Loader Specification (type 2), and what
systemd-stub and systemd-boot make of them. Kernel and initrds are parts of the file: kexec gets
the .linux section byte for byte, so a signature that the kernel itself carries is still there for
the running kernel to check. That of the whole image is the firmware's: no kernel on x86 or arm64
takes a unified image by kexec_file_load.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from posixpath import basename, dirname

from parsers import os_release, pe
from parsers.api import Effect, Entry, FileRef, Files, Format, Item, Preferences, Problem

_TEXT = 64 << 10  # bytes of a section that is text
_MOST = 32  # profiles in one image, addons in one directory
_PLAIN = {"osrel", "cmdline", "uname", "profile"}
# NAME+LEFT-DONE.efi counts the tries that are left, and those that have been made.
_COUNTED = re.compile(r"(.*)\+(\d{1,9})(?:-(\d{1,9}))?(\.efi)", re.I | re.S)


@dataclass(slots=True)
class Image:
    """What an image, one of its profiles or an addon brings."""

    linux: FileRef | None = None
    initrd: FileRef | None = None
    ucode: FileRef | None = None
    dtb: FileRef | None = None
    texts: dict[str, str] = field(default_factory=dict)  # osrel, cmdline, uname, profile
    ignored: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Candidate:
    """An entry, and what its place in the menu depends on."""

    entry: Entry
    bad: bool
    sort_key: str
    version: str


def parse(files: Files, directory: str) -> Iterator[Item]:
    """All images of a directory, in systemd-boot's order."""
    top = dirname(dirname(directory)).rstrip("/")
    found: list[Candidate] = []
    for name in files.names(directory):
        path = f"{directory}/{name}"
        if not name.lower().endswith(".efi") or files.kind(path) != "file":
            continue
        for item in _image(files, top, path):
            if isinstance(item, Candidate):
                found.append(item)
            else:
                yield item
    loader = _loader(files.read(f"{top}/loader/loader.conf") or "") if found else {}
    yield from _menu(found, loader.get("default", ""))
    if (seconds := _timeout(loader.get("timeout", ""))) is not None:
        yield Preferences(timeout=seconds)


def _menu(found: Sequence[Candidate], pattern: str) -> Iterator[Entry]:
    # Python keeps the order of equals: the profiles of one image stay as they are.
    order = sorted(found, key=lambda c: _natural(_counted(c.entry.config)[0]), reverse=True)
    order.sort(key=lambda c: _natural(c.version), reverse=True)
    order.sort(key=lambda c: (c.bad, not c.sort_key, c.sort_key))
    wanted = (c for c in order if pattern and fnmatch(c.entry.name.lower(), pattern.lower()))
    default = next(wanted, next(iter(order), None))
    for candidate in order:
        yield replace(candidate.entry, default=candidate is default)


def _natural(text: str) -> list[tuple[int, str]]:
    """Numbers in it count as such: 6.9 comes before 6.10."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part)
        for part in re.findall(r"[0-9]{1,18}|[^0-9]+", text)
    ]


def _image(files: Files, top: str, path: str) -> Iterator[Candidate | Problem]:
    try:
        program = pe.program(files, path)
        profiles = _profiles(files, path, program.sections)
    except (pe.Malformed, OSError) as error:
        yield Problem(path, 1, str(error))
        return
    if len(profiles) > _MOST:
        yield Problem(path, 1, f"more than {_MOST} profiles: the rest is left")
    addons: list[Image] = []
    for place in (f"{top}/loader/addons", f"{path}.extra.d"):
        yield from _addons(files, place, program.machine, profiles[0], addons)
    alone = len(profiles) == 1
    for number, profile in enumerate(profiles[:_MOST]):
        if profile.linux is None:
            yield Problem(path, 1, "it has no kernel: there is no .linux section")
            continue
        if profile.ignored:
            names = ", ".join(sorted(profile.ignored))
            yield Problem(path, 1, f"what is in {names} does not reach the kernel")
        title = _title(path, profile, number, alone)
        entry = _entry(path, profile, addons, title, number)
        if program.machine != files.machine:
            other = f"it is for {program.machine}, this machine is {files.machine}"
            entry = replace(entry, unbootable=other)
        release = os_release.read(profile.texts.get("osrel", ""))
        yield Candidate(
            entry=entry,
            bad=(match := _COUNTED.fullmatch(basename(path))) is not None and int(match[2]) == 0,
            sort_key=release.get("IMAGE_ID") or release.get("ID", ""),
            version=_version(release),
        )


def _profiles(files: Files, path: str, sections: Sequence[pe.Section]) -> list[Image]:
    """Every .profile opens one; what precedes the first is common to all, unless it is replaced."""
    starts = [n for n, section in enumerate(sections) if section.name == ".profile"]
    base = sections[: starts[0]] if starts else sections
    if not starts:
        return [_read(files, path, base, Image())]
    ends = [*starts[1:], len(sections)]
    found = []
    for start, end in zip(starts, ends, strict=True):
        common = _read(files, path, base, Image())
        found.append(_read(files, path, sections[start:end], common))
    return found


def _read(files: Files, path: str, sections: Sequence[pe.Section], image: Image) -> Image:
    for section in sections:
        name = section.name.removeprefix(".")
        part = FileRef(path=path, offset=section.offset, size=section.size)
        if name in _PLAIN:
            data = files.piece(path, section.offset, min(section.size, _TEXT))
            image.texts[name] = data.decode("utf-8", "surrogateescape").rstrip("\0")
        elif not section.size:
            continue
        elif name == "linux":
            image.linux = part
        elif name == "initrd":
            image.initrd = part
        elif name == "ucode":
            image.ucode = part
        elif name == "dtb":
            image.dtb = part
        elif name in ("dtbauto", "efifw"):
            image.ignored.add(section.name)
    return image


def _addons(
    files: Files, directory: str, machine: str, image: Image, addons: list[Image]
) -> Iterator[Problem]:
    """Takes a directory's addons into the list; gives what is wrong with them."""
    names = files.names(directory)
    for name in [n for n in names if n.lower().endswith(".addon.efi")][:_MOST]:
        path = f"{directory}/{name}"
        try:
            program = pe.program(files, path)
            addon = _read(files, path, program.sections, Image())
        except (pe.Malformed, OSError) as error:
            yield Problem(path, 1, str(error))
            continue
        theirs, ours = addon.texts.get("uname"), image.texts.get("uname")
        if addon.linux:
            yield Problem(path, 1, "an addon with a kernel of its own is none: ignored")
        elif program.machine == machine and (not theirs or not ours or theirs == ours):
            addons.append(addon)
    if passed := [n for n in names if n.lower().endswith((".cred", ".raw"))]:
        words = "credentials and extensions are not handed over: "
        yield Problem(f"{directory}/{passed[0]}", 1, words + ", ".join(passed[:_MOST]))


def _entry(path: str, image: Image, addons: Sequence[Image], title: str, number: int) -> Entry:
    initrds = (
        *(addon.ucode for addon in addons),
        image.ucode,
        image.initrd,
        *(addon.initrd for addon in addons),
    )
    lines = [image.texts.get("cmdline", ""), *(addon.texts.get("cmdline", "") for addon in addons)]
    name, effects = _counted(path)
    return Entry(
        title=title,
        name=name if number == 0 else f"{name}@{number}",
        config=path,
        line=1,
        kernel=image.linux,
        initrds=tuple(part for part in initrds if part),
        devicetree=next((addon.dtb for addon in reversed(addons) if addon.dtb), image.dtb),
        cmdline=" ".join(filter(None, map(_one_line, lines))),
        effects=effects,
    )


def _one_line(text: str) -> str:
    """As systemd-stub hands it over: control characters are blanks, those at the ends go."""
    return re.sub(r"[\x00-\x1f]", " ", text).strip()


def _counted(path: str) -> tuple[str, tuple[Effect, ...]]:
    """The name without its counter, and what a try makes of the file's name."""
    name = basename(path)
    if not (match := _COUNTED.fullmatch(name)):
        return name, ()
    left, done = int(match[2]), int(match[3] or 0)
    plain = f"{match[1]}{match[4]}"
    if left == 0:
        return plain, ()
    after = f"{match[1]}+{left - 1}-{done + 1}{match[4]}"
    return plain, (Effect(file=FileRef(path=path), rename=after),)


def _title(path: str, image: Image, number: int, alone: bool) -> str:
    release = os_release.read(image.texts.get("osrel", ""))
    names = (release.get(key) for key in ("PRETTY_NAME", "IMAGE_ID", "NAME", "ID"))
    system = next(filter(None, names), "Linux")
    which = _one_line(image.texts.get("uname", "")) or _counted(path)[0][: -len(".efi")]
    title = f"{system} ({which})"
    if alone and "profile" not in image.texts:
        return title
    profile = os_release.read(image.texts.get("profile", ""))
    words = profile.get("TITLE") or profile.get("ID") or (f"profile {number}" if number else "")
    return f"{title} ({words})" if words else title


def _version(release: dict[str, str]) -> str:
    keys = ("IMAGE_VERSION", "VERSION", "VERSION_ID", "BUILD_ID")
    return next(filter(None, (release.get(key) for key in keys)), "")


def _loader(text: str) -> dict[str, str]:
    """loader.conf: a word and its value on each line."""
    pairs = (line.split(None, 1) for line in text.splitlines() if not line.lstrip().startswith("#"))
    return {pair[0]: pair[1].strip() for pair in pairs if len(pair) == 2}


def _timeout(text: str) -> float | None:
    if text == "menu-force":
        return math.inf
    if text in ("menu-hidden", "menu-disabled"):
        return 0.0
    return float(text) if re.fullmatch(r"[0-9]{1,8}", text) else None


FORMAT = Format(
    "uki",
    ("/EFI/Linux", "/boot/EFI/Linux", "/boot/efi/EFI/Linux", "/efi/EFI/Linux"),
    parse,
    rank=30,
    binary=True,
)

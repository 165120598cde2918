"""Unified kernel images: EFI/Linux/*.efi, programs with kernel and initrds as their sections.

This follows the UAPI group's Unified Kernel Image and Boot Loader Specification (type 2), and the
behaviour of systemd-stub and systemd-boot. Kernel and initrds are parts of the file. kexec gets the
.linux section byte for byte, so the running kernel can check a signature of that kernel. The
signature of the whole image is for the firmware: no kernel on x86 or arm64 takes a unified image by
kexec_file_load.

Lanzaboote's thin stub (NixOS) has the sections of a unified image, but .linux and .initrd hold the
paths of the files on the same file system, and .linuxh and .initrdh their hashes. Before 2024 the
sections were .kernelp, .initrdp and .kernelh.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from posixpath import basename, dirname, normpath

from parsers.api import Entry, FileRef, Files, Format, Item, Origin, Preferences, Problem
from parsers.binary import initrd, kernel, os_release, pe
from parsers.reading import bootspec
from parsers.reading.bootspec import Snippet, SortKeys

_TEXT = 64 << 10  # bytes of a section that is text
_MOST = 32  # profiles in one image, addons in one directory
_PLAIN = {"osrel", "cmdline", "uname", "profile"}


@dataclass(slots=True)
class Sections:
    """The sections of an image, of one of its profiles or of an addon."""

    path: str = ""
    linux: FileRef | None = None
    initrd: FileRef | None = None
    ucode: FileRef | None = None
    dtb: FileRef | None = None
    texts: dict[str, str] = field(default_factory=dict)  # osrel, cmdline, uname, profile
    ignored: set[str] = field(default_factory=set)


@dataclass(slots=True)
class UkiEntry:
    """An entry, and the values that decide its position in the menu."""

    entry: Entry
    sort_keys: SortKeys


def parse(files: Files, directory: str) -> Iterator[Item]:
    """Yield the entries of a directory, in systemd-boot's order."""
    top = dirname(dirname(directory)).rstrip("/")
    found: list[tuple[SortKeys, Entry]] = []
    for item in read_images(files, directory):
        if isinstance(item, UkiEntry):
            found.append((item.sort_keys, item.entry))
        else:
            yield item
    if not found:
        return
    loader = bootspec.read_loader_conf(files, top)
    snippets = bootspec.read_snippets(files, f"{top}/loader/entries")
    described = [(s.sort_keys, None) for s in snippets if isinstance(s, Snippet) and not s.obstacle]
    positions = [position for position, _ in bootspec.sort_entries([*found, *described])]
    chosen, reasons = loader.choose_default(positions)
    if not described:  # else the format `bls` reports the problems
        yield from (*loader.problems, *loader.check_patterns(positions))
    for position, entry in bootspec.sort_entries(found):
        marked = replace(entry, default=True, default_from=reasons)
        yield marked if position == chosen else entry
    if loader.timeout is not None:
        yield Preferences(timeout=loader.timeout, style=loader.style)


def parse_program(files: Files, path: str) -> Iterator[Item]:
    """Yield an entry for each profile of one image; the first is the default."""
    default = True
    for item in read_image(files, dirname(path), path):
        if isinstance(item, Problem):
            yield item
        else:
            yield replace(item.entry, default=default)
            default = False


def read_images(files: Files, directory: str) -> Iterator[UkiEntry | Problem]:
    """Read the images of a directory, in the order of their names."""
    top = dirname(dirname(directory)).rstrip("/")
    for name in files.names(directory):
        path = f"{directory}/{name}"
        if name.lower().endswith(".efi") and files.kind(path) == "file":
            yield from read_image(files, top, path)


def read_image(files: Files, top: str, path: str) -> Iterator[UkiEntry | Problem]:
    """Yield an entry for each profile of an image. Its addons lie below the directory `top`."""
    try:
        program = pe.read_program(files, path)
        profiles = _profiles(files, path, program.sections)
    except (pe.PeError, OSError) as error:
        yield Problem(path, 1, str(error))
        return
    if len(profiles) > _MOST:
        yield Problem(path, 1, f"more than {_MOST} profiles: the rest is left")
    addons: list[Sections] = []
    for directory in (f"{top}/loader/addons", f"{path}.extra.d"):
        yield from _addons(files, directory, program.machine, profiles[0], addons)
    alone = len(profiles) == 1
    is_thin = any(section.name in (".linuxh", ".kernelh") for section in program.sections)
    for number, profile in enumerate(profiles[:_MOST]):
        if is_thin:
            profile.linux = _follow(files, top, profile.linux)
            profile.initrd = _follow(files, top, profile.initrd)
        if profile.linux is None:
            why = "the stub names no file" if is_thin else "there is no .linux section"
            yield Problem(path, 1, f"it has no kernel: {why}")
            continue
        if profile.ignored:
            names = ", ".join(sorted(profile.ignored))
            yield Problem(path, 1, f"what is in {names} does not reach the kernel")
        title = _title(path, profile, number, alone)
        entry = _entry(path, profile, addons, title, number)
        machine = _machine(files, program, profile.linux)
        if not kernel.can_run(machine, files.host.machine):
            other = kernel.describe_mismatch(machine, files.host.machine)
            entry = replace(entry, unbootable=other)
        release = os_release.read(profile.texts.get("osrel", ""))
        entry = replace(entry, itself=release.get("ID") == initrd.ID)
        yield UkiEntry(entry, _sort_keys(path, release, number))


def _follow(files: Files, top: str, section: FileRef | None) -> FileRef | None:
    """Return the file that a section of a thin stub names, or None without a path in it.

    The path is EFI's: UTF-8 with backslashes, from the top of the image's file system.
    """
    if section is None:
        return None
    data = files.piece(section.path, section.offset, min(section.size, _TEXT))
    path = data.decode("utf-8", "surrogateescape").rstrip("\0").replace("\\", "/").strip()
    if not path.strip("/") or "\0" in path:
        return None
    return FileRef(path=f"{top}/{normpath(f'/{path}').lstrip('/')}")


def _machine(files: Files, program: pe.EfiProgram, linux: FileRef) -> str:
    """Return the image's machine. EFI has no number for POWER and s390: there ask the kernel."""
    if program.is_known:
        return program.machine
    return kernel.detect_machine(files, linux.path, linux.offset) or program.machine


def _profiles(files: Files, path: str, sections: Sequence[pe.PeSection]) -> list[Sections]:
    """Return the profiles: a .profile section opens one.

    The sections before the first are common to all. A profile's own section replaces a common one.
    """
    starts = [n for n, section in enumerate(sections) if section.name == ".profile"]
    base = sections[: starts[0]] if starts else sections
    if not starts:
        return [_read_sections(files, path, base, Sections())]
    ends = [*starts[1:], len(sections)]
    found = []
    for start, end in zip(starts, ends, strict=True):
        common = _read_sections(files, path, base, Sections())
        found.append(_read_sections(files, path, sections[start:end], common))
    return found


def _read_sections(
    files: Files, path: str, sections: Sequence[pe.PeSection], image: Sections
) -> Sections:
    image.path = path
    for section in sections:
        name = section.name.removeprefix(".")
        part = FileRef(path=path, offset=section.offset, size=section.size)
        if name in _PLAIN:
            data = files.piece(path, section.offset, min(section.size, _TEXT))
            image.texts[name] = data.decode("utf-8", "surrogateescape").rstrip("\0")
        elif not section.size:
            continue
        elif name in ("linux", "kernelp"):
            image.linux = part
        elif name in ("initrd", "initrdp"):
            image.initrd = part
        elif name == "ucode":
            image.ucode = part
        elif name == "dtb":
            image.dtb = part
        elif name in ("dtbauto", "efifw"):
            image.ignored.add(section.name)
    return image


def _addons(
    files: Files, directory: str, machine: str, image: Sections, addons: list[Sections]
) -> Iterator[Problem]:
    """Append a directory's addons to the list. Yield the problems."""
    names = files.names(directory)
    found = [n for n in names if n.lower().endswith(".addon.efi")]
    if len(found) > _MOST:
        words = f"more than {_MOST} addons: this and the rest are left out"
        yield Problem(f"{directory}/{found[_MOST]}", 1, words)
    for name in found[:_MOST]:
        path = f"{directory}/{name}"
        try:
            program = pe.read_program(files, path)
            addon = _read_sections(files, path, program.sections, Sections())
        except (pe.PeError, OSError) as error:
            yield Problem(path, 1, str(error))
            continue
        theirs, ours = addon.texts.get("uname"), image.texts.get("uname")
        if addon.linux:
            yield Problem(path, 1, "an addon with a kernel of its own is none: ignored")
        elif program.machine == machine and (not theirs or not ours or theirs == ours):
            addons.append(addon)
    if unused := [n for n in names if n.lower().endswith((".cred", ".raw"))]:
        words = "credentials and extensions are not handed over: "
        yield Problem(f"{directory}/{unused[0]}", 1, words + ", ".join(unused[:_MOST]))


def _entry(
    path: str, image: Sections, addons: Sequence[Sections], title: str, number: int
) -> Entry:
    initrds = (
        *(addon.ucode for addon in addons),
        image.ucode,
        image.initrd,
        *(addon.initrd for addon in addons),
    )
    cmdline, origins = _cmdline((image, *addons))
    name = bootspec.parse_tries(basename(path)).name
    return Entry(
        title=title,
        name=name if number == 0 else f"{name}@{number}",
        config=path,
        line=1,
        kernel=image.linux,
        initrds=tuple(part for part in initrds if part),
        devicetree=next((addon.dtb for addon in reversed(addons) if addon.dtb), image.dtb),
        cmdline=cmdline,
        effects=bootspec.count_try(path),
        origins=origins,
    )


def _cmdline(images: Sequence[Sections]) -> tuple[str, tuple[Origin, ...]]:
    """Return the command lines of the image and of its addons as one, and their origins.

    An origin has line 0: a program has no lines.
    """
    text, origins = "", []
    for image in images:
        if line := _one_line(image.texts.get("cmdline", "")):
            text += f" {line}" if text else line
            span = len(text) - len(line), len(text)
            origins.append(Origin(".cmdline", line, image.path, 0, spans=(span,)))
    return text, tuple(origins)


def _one_line(text: str) -> str:
    """Return a text as systemd-stub passes it on: control characters are blanks, stripped."""
    return re.sub(r"[\x00-\x1f]", " ", text).strip()


def _title(path: str, image: Sections, number: int, alone: bool) -> str:
    release = os_release.read(image.texts.get("osrel", ""))
    names = (release.get(key) for key in ("PRETTY_NAME", "IMAGE_ID", "NAME", "ID"))
    system = next(filter(None, names), "Linux")
    which = (
        _one_line(image.texts.get("uname", ""))
        or bootspec.parse_tries(basename(path)).name[: -len(".efi")]
    )
    title = f"{system} ({which})"
    if alone and "profile" not in image.texts:
        return title
    profile = os_release.read(image.texts.get("profile", ""))
    words = profile.get("TITLE") or profile.get("ID") or (f"profile {number}" if number else "")
    return f"{title} ({words})" if words else title


def _sort_keys(path: str, release: dict[str, str], profile: int) -> SortKeys:
    counter = bootspec.parse_tries(basename(path))
    return SortKeys(
        id=counter.name,
        bad=counter.bad,
        sort_key=release.get("IMAGE_ID") or release.get("ID", ""),
        version=_version(release),
        profile=profile,
        left=counter.left or 0,
        done=counter.done,
    )


def _version(release: dict[str, str]) -> str:
    keys = ("IMAGE_VERSION", "VERSION", "VERSION_ID", "BUILD_ID")
    return next(filter(None, (release.get(key) for key in keys)), "")


FORMAT = Format(
    "uki",
    ("/EFI/Linux", "/boot/EFI/Linux", "/boot/efi/EFI/Linux", "/efi/EFI/Linux"),
    parse,
    rank=30,
    binary=True,
    program=parse_program,
    file_names=("*.efi",),
)

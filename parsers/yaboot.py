"""yaboot.conf: `key = value` and flags; `image =` opens an entry, what precedes is for all.

After yaboot 1.3.17's second/cfg.c (the tokens, what is inherited), yaboot.c (the command line)
and file.c (device:partition,path), with SUSE's image[32bit] and image[64bit]. Where yaboot gives
up the whole file we lose one setting.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from posixpath import basename, dirname

import pyparsing as pp

from parsers.api import Entry, Files, Format, Item, Preferences, Problem
from parsers.openfirmware import place

# yaboot itself reads 32 KiB and no more.
MAX_TEXT = 256 << 10


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


COMMON = _words(
    "append bgcolor default device fgcolor init-code init-message initrd initrd-size message"
    " partition password pause-message ptypewarning ramdisk root timeout"
)
IMAGE = _words(
    "alias append device image initrd initrd-size label literal partition pause-message ramdisk"
    " root sysmap"
)
COMMON_FLAGS = _words("initrd-prompt pause-after read-only read-write restricted")
IMAGE_FLAGS = COMMON_FLAGS | _words("novideo single-key")
# Settings of the programs that install yaboot (ybin, mkofboot, SUSE's lilo): nothing for us.
INSTALLER = _words(
    "activate boot bootfolder brokenosx bsd clone copy darwin defaultos delay dontuse"
    " enablecdboot enablenetboot enableofboot fakeofboot fileset fstype force force_fat"
    " hfscreator hfstype hide install macos macosx magicboot mntpoint mount nobless nonvram"
    " ofboot optional other progressbar protect solaris usemount"
)


@dataclass(slots=True)
class Block:
    """The settings between two `image` lines, or before the first: key → (line, value)."""

    line: int = 1
    bits: int = 0  # 32 or 64 for SUSE's images of one kind of machine
    settings: dict[str, tuple[int, str]] = field(default_factory=dict)

    def get(self, key: str) -> str:
        return self.settings.get(key, (0, ""))[1]


def parse(files: Files, path: str) -> Iterator[Item]:
    text = (files.read(path) or "").removeprefix("\ufeff")
    if len(text) > MAX_TEXT:
        yield Problem(path, 1, f"longer than {MAX_TEXT} characters: the rest is not read")
    # yaboot ends lines at either character, and Macs wrote the one that Unix does not know.
    text = re.sub(r"\r\n?", "\n", text[:MAX_TEXT])
    common, images = Block(), list[Block]()
    yield from _read(path, text, common, images)
    yield from _preferences(path, common)
    ours = [image for image in images if image.bits in (0, _bits(files.machine))]
    yield from _menu(files, path, common, [image for image in ours if image.get("image")])


@cache
def _line() -> pp.ParserElement:
    """One token is one whole setting, white space with comments, or the rest of a bad line.

    A bare value ends, in yaboot, at a space, and unknown words after it are passed over; here
    they belong to the value, until the next setting that yaboot knows. A value with a bare =
    ends yaboot's reading altogether: that is a command line without its quotation marks.
    """
    setting = "|".join(map(re.escape, sorted(COMMON | IMAGE)))
    flag = "|".join(map(re.escape, sorted(IMAGE_FLAGS)))
    known = rf"(?i:(?:{setting}|image\[\w*\])[ \t]*=|(?:{flag})(?![^\s#]))"
    word = r"(?:\\[\s\S]|[^\s#\\])+"
    line = pp.Regex(
        r"(?P<blank>\s+|#[^\n]*)"
        r"|(?P<key>[^\s#=\"\\]+)(?:[ \t]*(?P<equals>=)[ \t]*(?:"
        r"\"(?P<quoted>(?:[^\"\\\n]|\\[\s\S])*)(?P<closed>\"?)"
        rf"|(?P<bare>(?![=\"])(?:(?:\\[\s\S]|[^\s#\\=])+={word}(?:[ \t]+{word})*"
        rf"|{word}(?:[ \t]+(?!{known}){word})*)))?)?"
        r"|(?P<bad>\S[^\n]*)",
        as_match=True,
    )
    return line.leave_whitespace().parse_with_tabs()


def _read(path: str, text: str, common: Block, images: list[Block]) -> Iterator[Problem]:
    """Fills the blocks; gives what is wrong."""
    line, counted, grumbled = 1, 0, 0
    for (m,), start, _ in _line().scan_string(text, always_skip_whitespace=False):
        if m["blank"]:
            continue
        line, counted = line + text.count("\n", counted, start), start
        key = (m["key"] or "").lower()
        if opened := re.fullmatch(r"image(\[.*\])?", key):
            key = "image"
            images.append(Block(line=line, bits=_WIDTHS.get(opened[1] or "", -1)))
        block = images[-1] if images else common
        for message in _set(block, key, m, line, common=not images):
            # A line of prose gives one problem, not one for each word.
            if line != grumbled:
                yield Problem(path, line, message, start - text.rfind("\n", 0, start))
            grumbled = line


_WIDTHS = {"": 0, "[32bit]": 32, "[64bit]": 64}


def _bits(machine: str) -> int:
    return 64 if "64" in machine or machine == "s390x" else 32


def _set(block: Block, key: str, m: re.Match[str], line: int, common: bool) -> Iterator[str]:
    """Takes one setting into the block; gives the messages about it."""
    value, complaints = _value(m)
    yield from complaints
    if m["bad"]:
        yield f"not a setting: {m['bad'].strip()!r}"
    elif key in (COMMON_FLAGS if common else IMAGE_FLAGS):
        if m["equals"]:
            yield f"{key!r} takes no value, so it is ignored"
        else:
            block.settings[key] = (line, key)
    elif key in (COMMON if common else IMAGE):
        if not value:
            yield f"{key!r} has no value"
            return
        if key in block.settings:
            yield f"{key!r} is set a second time; this value counts"
        if key == "partition" and not value.isdecimal():
            yield f"the partition is not a number: {value!r}"
        block.settings[key] = (line, value)
    elif key in COMMON:
        yield f"{key!r} must stand before the first image; here it is ignored"
    elif key in IMAGE | IMAGE_FLAGS:
        yield f"{key!r} belongs to an image; before the first it is ignored"
    elif key not in INSTALLER:
        yield f"unknown setting: {m['key']!r}"


def _value(m: re.Match[str]) -> tuple[str, list[str]]:
    complaints = []
    if m["quoted"] is not None:
        if not m["closed"]:
            complaints.append("the closing quotation mark is missing")
        if re.search(r'(?<!\\)(?:\\\\)*\\[^\\"n\n]', m["quoted"]):
            complaints.append('a backslash in quotation marks can only precede \\, ", n or newline')
        return _ESCAPE.sub(_escaped, m["quoted"]), complaints
    bare = m["bare"] or ""
    if re.search(r"(?<!\\)[ \t=]", bare):
        complaints.append("a value with a space or = needs quotation marks; taken as it stands")
    return re.sub(r"\\([\s\S])", lambda e: {"\n": "", "\t": " "}.get(e[1], e[1]), bare), complaints


_ESCAPE = re.compile(r"\\(\n[ \t]*|[\s\S])")


def _escaped(m: re.Match[str]) -> str:
    if m[1][0] == "\n":
        return " "
    return {"n": "\n", '"': '"', "\\": "\\"}.get(m[1], m[0])


def _preferences(path: str, common: Block) -> Iterator[Item]:
    if "password" in common.settings and "restricted" not in common.settings:
        line, _ = common.settings["password"]
        yield Problem(path, line, "the password is not asked for")
    if "timeout" not in common.settings:
        return
    line, value = common.settings["timeout"]
    # Tenths of a second as C reads numbers; a negative one makes yaboot wait for ever.
    if not (m := re.fullmatch(r"(-?)(?:(0x[0-9a-f]+)|(0[0-7]*)|([1-9][0-9]*))", value, re.I)):
        yield Problem(path, line, f"the time-out is not a number: {value!r}")
        return
    # Python refuses to read numbers of thousands of digits.
    digits = (m[2] or m[3] or m[4])[:20]
    tenths = int(digits, 16 if m[2] else 8 if m[3] else 10)
    # More than a year is no time-out either.
    endless = (m[1] and tenths) or tenths > 10 * 365 * 86400
    yield Preferences(timeout=math.inf if endless else tenths / 10)


def _menu(files: Files, path: str, common: Block, images: list[Block]) -> Iterator[Item]:
    """The entries, each with a name of its own, and one of them the default."""
    line, default = common.settings.get("default", (1, ""))
    entries = [_entry(files, path, common, image) for image in images]
    names = [(entry.name, image.get("alias")) for entry, image in zip(entries, images, strict=True)]
    chosen = next((i for i, known in enumerate(names) if default and default in known), None)
    if default and entries and chosen is None:
        yield Problem(path, line, f"no image is called {default!r}, so the first is the default")
    taken: set[str] = set()
    for i, entry in enumerate(entries):
        name, count = entry.name, 1
        while name in taken:
            name, count = f"{entry.name}~{count + 1}", count + 1
        if count == 2:
            yield Problem(path, entry.line, f"another image is called {entry.name!r} already")
        taken.add(name)
        yield replace(entry, name=name, default=i == (chosen or 0))


def _entry(files: Files, path: str, common: Block, image: Block) -> Entry:
    inherited = {k: v for k, (_, v) in common.settings.items() if k in IMAGE | IMAGE_FLAGS}
    s = inherited | {k: v for k, (_, v) in image.settings.items()}
    kernel, *initrds = [
        place(files, path, name, s.get("device", ""), s.get("partition", ""))
        for name in _images(files, path, s, image.bits)
        if name
    ]
    label = s.get("label") or basename(s["image"]) or s["image"]
    return Entry(
        title=label,
        name=label,
        config=path,
        line=image.line,
        kernel=kernel,
        initrds=tuple(initrds),
        cmdline=_cmdline(s),
    )


def _images(files: Files, path: str, s: Mapping[str, str], bits: int) -> tuple[str, str]:
    """Kernel and initrd. SUSE's instNN packs both in a form that only firmware can start."""
    beside = dirname(path).rstrip("/")
    kernel, initrd = f"{beside}/vmlinux{bits}", f"{beside}/initrd{bits}"
    packed = bits and "/" not in s["image"] and "initrd" not in s
    if packed and files.kind(kernel) == files.kind(initrd) == "file":
        return kernel, initrd
    return s["image"], s.get("initrd", "")


def _cmdline(s: Mapping[str, str]) -> str:
    if "literal" in s:
        return s["literal"].strip()
    words = (
        "root" in s and f"root={s['root']}",
        "read-only" in s and "ro",
        "read-write" in s and "rw",
        "ramdisk" in s and f"ramdisk={s['ramdisk']}",
        "initrd-size" in s and f"ramdisk_size={s['initrd-size']}",
        "novideo" in s and "video=ofonly",
        s.get("append", "").strip(),
    )
    return " ".join(word for word in words if word)


FORMAT = Format(
    "yaboot",
    (
        *("/etc/yaboot.conf", "/yaboot.conf", "/boot/etc/yaboot.conf", "/boot/yaboot.conf"),
        *("/etc/yaboot.cnf", "/yaboot.cnf", "/suseboot/yaboot.cnf", "/suseboot/yaboot.conf"),
        # Installation media: Fedora and Red Hat, Debian and Ubuntu.
        *("/ppc/ppc64/yaboot.conf", "/ppc/chrp/yaboot.conf", "/ppc/yaboot.conf"),
        *("/install/yaboot.conf", "/yaboot/yaboot.conf"),
        # iso9660 without Rock Ridge or Joliet.
        *("/ETC/YABOOT.CONF", "/YABOOT.CONF", "/YABOOT.CNF", "/SUSEBOOT/YABOOT.CNF"),
    ),
    parse,
)

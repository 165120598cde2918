"""The language of lilo, silo and yaboot: `key = value` and flags, common ones, then images.

yaboot has it from silo and silo from lilo: their cfg.c is one program. An `image` (or `other`) line
opens a stanza; what precedes the first is for all. Where they give up the whole file we lose one
setting.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache

import pyparsing as pp

from parsers.api import Origin, Password, Preferences, Problem
from parsers.reading.cmdline import Argument
from parsers.reading.names import make_unique
from parsers.reading.text import build_grammar, scan_statements


@dataclass(frozen=True, slots=True, kw_only=True)
class Keywords:
    """What a boot loader knows. It is told of all else but `ignored`, which is for installers."""

    common: frozenset[str]  # before the first image, with a value
    image: frozenset[str]
    common_flags: frozenset[str]
    image_flags: frozenset[str]
    ignored: frozenset[str]
    openers: tuple[str, ...] = ("image",)
    blank: frozenset[str] = frozenset()  # that mean something with the value "", too


@dataclass(slots=True)
class Stanza:
    """The settings of one stanza, or of the common part: key → (line, value)."""

    line: int = 1
    opener: str = ""
    scope: str = ""  # image[64bit], image[sun4u]: the machines that it is for
    settings: dict[str, tuple[int, str]] = field(default_factory=dict)

    def get(self, key: str) -> str:
        return self.settings.get(key, (0, ""))[1]

    def inherit(self, common: "Stanza", known: Keywords) -> "Values":
        """All that counts for this image: its own, and what it says nothing of. With `key=""` it
        has none of what is for all; a `literal` that is empty is a command line, though."""
        inherited = {
            key: said
            for key, said in common.settings.items()
            if key in known.image or key in known.image_flags
        }
        said = inherited | self.settings
        return {key: at for key, at in said.items() if at[1] or key == "literal"}


Values = Mapping[str, tuple[int, str]]  # key → line, value


def keywords(text: str) -> frozenset[str]:
    return frozenset(text.split())


def read(
    path: str, text: str, known: Keywords, common: Stanza, images: list[Stanza]
) -> Iterator[Problem]:
    """Fills the blocks; gives what is wrong."""
    grumbled = 0
    for m, line, column in scan_statements(_setting(known), text):
        key, _, scope = (m["key"] or "").lower().partition("[")
        if key in known.openers:
            images.append(Stanza(line=line, opener=key, scope=scope.removesuffix("]")))
        elif scope:
            key = f"{key}[{scope}"
        block = images[-1] if images else common
        for message in _set(block, key, m, line, known, common=not images):
            # A line of prose gives one problem, not one for each word.
            if line != grumbled:
                yield Problem(path, line, message, column)
            grumbled = line


@cache
def _setting(known: Keywords) -> pp.ParserElement:
    """A setting, or the rest of a bad line.

    A bare value ends, in yaboot, at a space, and unknown words after it are passed over; here
    they belong to the value, until the next setting that is known. A value with a bare = ends
    yaboot's reading altogether: that is a command line without its quotation marks.
    """
    setting = "|".join(map(re.escape, sorted(known.common | known.image)))
    flag = "|".join(map(re.escape, sorted(known.image_flags)))
    opener = "|".join(known.openers)
    next_one = rf"(?i:(?:{setting}|(?:{opener})\[[^\]\s]*\])[ \t]*=|(?:{flag})(?![^\s#]))"
    word = r"(?:\\[\s\S]|[^\s#\\])+"
    return build_grammar(
        r"(?P<key>[^\s#=\"\\]+)(?:[ \t]*(?P<equals>=)[ \t]*(?:"
        r"\"(?P<quoted>(?:[^\"\\\n]|\\[\s\S])*)(?P<closed>\"?)"
        rf"|(?P<bare>(?![=\"])(?:(?:\\[\s\S]|[^\s#\\=])+={word}(?:[ \t]+{word})*"
        rf"|{word}(?:[ \t]+(?!{next_one}){word})*)))?)?"
        r"|(?P<bad>\S[^\n]*)"
    )


def _set(
    block: Stanza, key: str, m: re.Match[str], line: int, known: Keywords, common: bool
) -> list[str]:
    """Takes one setting into the block; gives the messages about it."""
    value, said = _value(m) if m["equals"] else ("", [])
    if key in (known.common if common else known.image):
        if not value and not (m["quoted"] is not None and _may_be_blank(key, known, common)):
            return [*said, f"{key!r} has no value"]
        if key in block.settings:
            said = [*said, f"{key!r} is set a second time; this value counts"]
        if key == "partition" and value and not value.isdecimal():
            said = [*said, f"the partition is not a number: {value!r}"]
        block.settings[key] = (line, value)
    elif key in (known.common_flags if common else known.image_flags):
        if m["equals"]:
            return [*said, f"{key!r} takes no value, so it is ignored"]
        block.settings[key] = (line, key)
    elif key not in known.ignored:
        return [*said, _misplaced(key, m, known)]
    elif m["equals"] and not value:
        return [*said, f"{key!r} has no value"]
    return said


def _may_be_blank(key: str, known: Keywords, common: bool) -> bool:
    """In an image it takes back what holds for all."""
    return key in known.blank or (not common and (key in known.common or key == "literal"))


def _misplaced(key: str, m: re.Match[str], known: Keywords) -> str:
    if m["bad"]:
        return f"not a setting: {m['bad'].strip()!r}"
    if key in known.common or key in known.common_flags:
        return f"{key!r} must stand before the first image; here it is ignored"
    if key in known.image or key in known.image_flags:
        return f"{key!r} belongs to an image; before the first it is ignored"
    return f"unknown setting: {m['key']!r}"


def _value(m: re.Match[str]) -> tuple[str, list[str]]:
    value, complaints = m["quoted"], []
    if value is not None:
        if not m["closed"]:
            complaints.append("the closing quotation mark is missing")
        if "\\" in value:
            if _ODD_BACKSLASH.search(value):
                complaints.append(
                    'a backslash in quotation marks can only precede \\, ", n or newline'
                )
            value = _ESCAPE.sub(_escaped, value)
        return value, complaints
    bare: str = m["bare"] or ""
    if _NEEDS_MARKS.search(bare):
        complaints.append("a value with a space or = needs quotation marks; taken as it stands")
    if "\\" in bare:
        bare = _ANY.sub(lambda e: {"\n": "", "\t": " "}.get(e[1], e[1]), bare)
    return bare, complaints


_ODD_BACKSLASH = re.compile(r'(?<!\\)(?:\\\\)*\\[^\\"n\n]')
_ESCAPE = re.compile(r"\\(\n[ \t]*|[\s\S])")
_ANY = re.compile(r"\\([\s\S])")
_NEEDS_MARKS = re.compile(r"(?<!\\)[ \t=]")


def _escaped(m: re.Match[str]) -> str:
    if m[1][0] == "\n":
        return " "
    return {"n": "\n", '"': '"', "\\": "\\"}.get(m[1], m[0])


def parse_tenths(value: str) -> float | None:
    """Seconds: the number of tenths, as C reads numbers; None when it is none.

    A negative one makes yaboot wait for ever, and more than a year is no time-out either.
    """
    m = re.fullmatch(r"(-?)(?:(0x[0-9a-f]+)|(0[0-7]*)|([1-9][0-9]*))", value, re.I)
    if not m:
        return None
    # Python refuses to read numbers of thousands of digits.
    digits = (m[2] or m[3] or m[4])[:20]
    count = int(digits, 16 if m[2] else 8 if m[3] else 10)
    endless = (m[1] and count) or count > 10 * 365 * 86400
    return math.inf if endless else count / 10


# What silo and yaboot put together for the kernel: the setting, and what it gives.
OPTIONS = (
    ("root", "root={}"),
    ("read-only", "ro"),
    ("read-write", "rw"),
    ("ramdisk", "ramdisk={}"),
    ("initrd-size", "ramdisk_size={}"),
    ("novideo", "video=ofonly"),
    ("append", "{}"),
)


def build_arguments(s: Values, options: Iterable[tuple[str, str]] = OPTIONS) -> list[Argument]:
    """Of the command line; `literal` stands for all of it."""
    if "literal" in s:
        options = (("literal", "{}"),)
    said = ((key, *s[key], form) for key, form in options if key in s)
    return [
        (key, value, line, form.replace("{}", value.strip())) for key, line, value, form in said
    ]


def file_origins(path: str, s: Values) -> tuple[Origin, ...]:
    """Of what an image's files are called."""
    named = (key for key in ("image", "initrd") if key in s)
    return tuple(Origin(key, s[key][1], path, s[key][0]) for key in named)


def default_origins(path: str, common: Stanza, image: Stanza, label: str) -> tuple[Origin, ...]:
    """Why the image with that label is the default, when the configuration says so."""
    line, value = common.settings.get("default", (0, ""))
    said = line and value in (label, image.get("alias"))
    return (Origin("default", value, path, line),) if said else ()


def hotkey(s: Values) -> str:
    """With `single-key` a name of one character boots at once."""
    one = (s[key][1] for key in ("label", "alias") if key in s and "single-key" in s)
    return next((name for name in one if len(name) == 1), "")


def passwords(common: Stanza, images: Iterable[tuple[Stanza, str]]) -> tuple[Password, ...]:
    """One for all, whose user has no name, and those of single images, whose user is the image."""
    every = [("", common.get("password"))]
    every += [(name, image.get("password")) for image, name in images]
    return tuple(
        Password(user=user, secret=secret, hashed=secret.startswith("$1$"), nameless=True)
        for user, secret in every
        if secret
    )


def users(common: Stanza, image: Stanza, name: str) -> tuple[str, ...] | None:
    """Who may boot it as it stands: with `restricted` anybody, who may not change it then."""
    own = "password" in image.settings
    if not own and "password" not in common.settings:
        return None
    modes = ("bypass", "restricted", "mandatory")
    said = [mode for block in (image, common) for mode in modes if mode in block.settings]
    if said and said[0] != "mandatory":
        return None
    return ("", name) if own else ("",)


def preferences(path: str, common: Stanza) -> Iterator[Preferences | Problem]:
    """Of silo and yaboot: `timeout`, and one password for all."""
    line, value = common.settings.get("timeout", (1, ""))
    timeout = parse_tenths(value)
    if value and timeout is None:
        yield Problem(path, line, f"the time-out is not a number: {value!r}")
    found = passwords(common, ())
    if timeout is not None or found:
        superusers = ("",) if found else None
        yield Preferences(timeout=timeout, superusers=superusers, passwords=found)


def name_images(
    path: str,
    common: Stanza,
    images: Iterable[tuple[Stanza, str]],
    is_ours: Callable[[Stanza], bool] = lambda image: True,
) -> tuple[list[tuple[Stanza, str, bool]], list[Problem]]:
    """The images by their labels, each with a name of its own, and whether it is the default.

    Those that are not ours, but for another machine, take no name and no default from ours.
    """
    every = list(images)
    found = [(image, label) for image, label in every if is_ours(image)]
    others = [(image, label) for image, label in every if not is_ours(image)]
    line, default = common.settings.get("default", (1, ""))
    names = [(label, image.get("alias")) for image, label in found]
    chosen = next((i for i, known in enumerate(names) if default and default in known), None)
    unique = make_unique([label for _, label in (*found, *others)])
    problems = [
        Problem(path, image.line, f"another image is called {label!r} already")
        for (image, label), name in zip(found, unique, strict=False)
        if label != name
    ]
    if default and found and chosen is None:
        words = f"no image is called {default!r}, so the first is the default"
        problems.insert(0, Problem(path, line, words))
    marked = [(image, unique[i], i == (chosen or 0)) for i, (image, _) in enumerate(found)]
    rest = zip(others, unique[len(found) :], strict=True)
    marked += ((image, name, False) for (image, _), name in rest)
    return sorted(marked, key=lambda m: m[0].line), problems

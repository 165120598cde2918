"""Read the language of lilo, silo and yaboot: settings and flags, first common ones, then images.

yaboot has it from silo and silo from lilo: their cfg.c is one program. An `image` (or `other`) line
opens a stanza; the settings before the first stanza hold for every image. These loaders reject the
whole file for a mistake; here it costs one setting. In EBNF:

    file    = { setting }, { stanza } ;
    stanza  = ( "image" | "other" ), [ "[", scope, "]" ], "=", value, { setting } ;
    setting = key, "=", value | flag ;

The production of one statement is in `_setting`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

import pyparsing as pp

from parsers.api import Files, Problem
from parsers.reading.text import build_grammar, scan_statements
from parsers.reading.text import read as text_of

_MOST = 256 << 10  # characters of a file; yaboot itself reads 32 KiB


@dataclass(frozen=True, slots=True, kw_only=True)
class Keywords:
    """The keywords of one boot loader. Any other keyword is reported."""

    common: frozenset[str]  # with a value, before the first image
    image: frozenset[str]  # with a value, in an image
    common_flags: frozenset[str]
    image_flags: frozenset[str]
    ignored: frozenset[str]  # for the program that installs the boot loader
    openers: tuple[str, ...] = ("image",)
    blank: frozenset[str] = frozenset()  # an empty value means something, too

    def names(self) -> frozenset[str]:
        """Return all of them."""
        flags = self.common_flags | self.image_flags
        return self.common | self.image | flags | self.ignored | set(self.openers)


@dataclass(slots=True)
class Stanza:
    """The settings of one image, or the common ones: key → (line, value)."""

    line: int = 1
    opener: str = ""
    scope: str = ""  # the machines that the image is for: image[64bit], image[sun4u]
    settings: dict[str, tuple[int, str]] = field(default_factory=dict)

    def get(self, key: str) -> str:
        return self.settings.get(key, (0, ""))[1]

    def target(self) -> str:
        """Return the file that the opening line names."""
        return self.get(self.opener)

    def label(self) -> str:
        """Return the label, or else the name of the file."""
        if label := self.get("label"):
            return label
        target = self.target()
        return target.rpartition("/")[2] or target

    def inherit(self, common: "Stanza", known: Keywords) -> "Values":
        """Return the image's own settings over the common ones.

        An empty value (`key=""`) takes a common setting back. An empty `literal` is different: it
        is an empty command line.
        """
        inherited = {
            key: at
            for key, at in common.settings.items()
            if key in known.image or key in known.image_flags
        }
        values = inherited | self.settings
        return {key: at for key, at in values.items() if at[1] or key == "literal"}


Values = Mapping[str, tuple[int, str]]  # key → line, value


def keywords(text: str) -> frozenset[str]:
    return frozenset(text.split())


def read(files: Files, path: str, known: Keywords) -> tuple[Stanza, list[Stanza], list[Problem]]:
    """Return the common settings, the images and the problems, at most one for each line.

    A line of prose would else give one problem for each of its words.
    """
    text, problems = text_of(files, path, _MOST)
    common, images = Stanza(), list[Stanza]()
    last_problem = 0
    for m, line, column in scan_statements(_setting(known), text):
        key, _, scope = (m["key"] or "").lower().partition("[")
        if key in known.openers:
            images.append(Stanza(line=line, opener=key, scope=scope.removesuffix("]")))
        elif scope:
            key = f"{key}[{scope}"
        stanza = images[-1] if images else common
        for message in _set(stanza, key, m, line, known, common=not images):
            if line != last_problem:
                problems.append(Problem(path, line, message, column))
            last_problem = line
    return common, images, problems


@cache
def _setting(known: Keywords) -> pp.ParserElement:
    r"""Build the grammar of one statement.

        statement  = key, [ "=", [ quoted | bare ] ] | mistake ;
        quoted     = '"', { character | "\", character }, [ '"' ] ;
        bare       = assignment, { word } | word, { word - keyword } ;
        assignment = characters, "=", word ;
        keyword    = known setting, "=" | known flag ;
        word       = { character | "\", character } ;

    In yaboot a bare value ends at a space, and yaboot skips unknown words after it. Here these
    words belong to the value, up to the next known setting. A bare value with a "=" ends yaboot's
    reading of the file altogether: such a value is a command line without its quotation marks.
    """
    settings = "|".join(map(re.escape, sorted(known.common | known.image)))
    flags = "|".join(map(re.escape, sorted(known.image_flags)))
    openers = "|".join(known.openers)
    keyword = rf"(?i:(?:{settings}|(?:{openers})\[[^\]\s]*\])[ \t]*=|(?:{flags})(?![^\s#]))"
    word = r"(?:\\[\s\S]|[^\s#\\])+"
    assignment = rf"(?:\\[\s\S]|[^\s#\\=])+={word}"
    key = r"(?P<key>[^\s#=\"\\]+)"
    quoted = r"\"(?P<quoted>(?:[^\"\\\n]|\\[\s\S])*)(?P<closed>\"?)"
    bare = (
        rf"(?P<bare>(?![=\"])(?:{assignment}(?:[ \t]+{word})*"
        rf"|{word}(?:[ \t]+(?!{keyword}){word})*))"
    )
    mistake = r"(?P<bad>\S[^\n]*)"
    return build_grammar(rf"{key}(?:[ \t]*(?P<equals>=)[ \t]*(?:{quoted}|{bare})?)?|{mistake}")


def _set(
    stanza: Stanza, key: str, m: re.Match[str], line: int, known: Keywords, common: bool
) -> list[str]:
    """Store one setting in the stanza. Return the messages about it."""
    value, messages = _value(m) if m["equals"] else ("", [])
    if key in (known.common if common else known.image):
        if not value and not (m["quoted"] is not None and _may_be_blank(key, known, common)):
            return [*messages, f"{key!r} has no value"]
        if key in stanza.settings:
            messages = [*messages, f"{key!r} is set a second time; this value counts"]
        if key == "partition" and value and not value.isdecimal():
            messages = [*messages, f"the partition is not a number: {value!r}"]
        stanza.settings[key] = (line, value)
    elif key in (known.common_flags if common else known.image_flags):
        if m["equals"]:
            return [*messages, f"{key!r} takes no value, so it is ignored"]
        stanza.settings[key] = (line, key)
    elif key not in known.ignored:
        return [*messages, _explain_misplaced(key, m, known)]
    elif m["equals"] and not value:
        return [*messages, f"{key!r} has no value"]
    return messages


def _may_be_blank(key: str, known: Keywords, common: bool) -> bool:
    """Return True if an empty value is allowed: in an image it takes a common setting back."""
    return key in known.blank or (not common and (key in known.common or key == "literal"))


def _explain_misplaced(key: str, m: re.Match[str], known: Keywords) -> str:
    if m["bad"]:
        return f"not a setting: {m['bad'].strip()!r}"
    if key in known.common or key in known.common_flags:
        return f"{key!r} must stand before the first image; here it is ignored"
    if key in known.image or key in known.image_flags:
        return f"{key!r} belongs to an image; before the first it is ignored"
    return f"unknown setting: {m['key']!r}"


def _value(m: re.Match[str]) -> tuple[str, list[str]]:
    """Return a setting's value without its quotation marks and backslashes, and the messages."""
    value, messages = m["quoted"], []
    if value is not None:
        if not m["closed"]:
            messages.append("the closing quotation mark is missing")
        if "\\" in value:
            if _ODD_BACKSLASH.search(value):
                messages.append(
                    'a backslash in quotation marks can only precede \\, ", n or newline'
                )
            value = _ESCAPE.sub(_unescape, value)
        return value, messages
    bare: str = m["bare"] or ""
    if _NEEDS_MARKS.search(bare):
        messages.append("a value with a space or = needs quotation marks; taken as it stands")
    if "\\" in bare:
        bare = _ANY.sub(lambda e: {"\n": "", "\t": " "}.get(e[1], e[1]), bare)
    return bare, messages


_ODD_BACKSLASH = re.compile(r'(?<!\\)(?:\\\\)*\\[^\\"n\n]')
_ESCAPE = re.compile(r"\\(\n[ \t]*|[\s\S])")
_ANY = re.compile(r"\\([\s\S])")
_NEEDS_MARKS = re.compile(r"(?<!\\)[ \t=]")


def _unescape(m: re.Match[str]) -> str:
    if m[1][0] == "\n":
        return " "
    return {"n": "\n", '"': '"', "\\": "\\"}.get(m[1], m[0])

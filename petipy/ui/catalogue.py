"""The catalogues of translations: gettext's .po files, one for each language.

petipy/ui/README.md says what a catalogue has. It is read as it is, so that no build comes between a
change and its effect. The image has the same files, compressed.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from zlib import decompress

PLACE = "/usr/share/petipy/languages"  # in the image: CODE.po, compressed by zlib
SOURCES = f"{__file__.rpartition('/')[0]}/languages"
_SUFFIX = ".po"
_ESCAPE = re.compile(r"\\(.)")
_ESCAPED = {"n": "\n", "t": "\t"}

Messages = Mapping[str, tuple[str, ...]]  # English text (the singular) → forms


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The head of a catalogue.

    `substitutes` has the text for a letter that a console may not show. With it, every console
    shows the language; without it, only one that shows the letters of the title.
    """

    code: str  # "de", "pt_BR"
    title: str  # for those who speak it
    english: str = ""  # the title in English
    machine_made: bool = False  # nobody who speaks it has read it yet
    substitutes: Mapping[str, str] = field(default_factory=dict)
    plural: str = ""  # gettext's rule: "nplurals=2; plural=(n != 1);"


BUILT_IN = Header(code="en", title="English", english="English")


def list_headers() -> list[Header]:
    """Return the languages in the order of their codes. English needs no catalogue."""
    codes = {BUILT_IN.code: BUILT_IN}
    for place in (SOURCES, PLACE):
        try:
            names = os.listdir(place)  # noqa: PTH208  pathlib takes long to import
        except OSError:  # the image has no sources, a checkout no such place
            continue
        for name in names:
            code = name.removesuffix(_SUFFIX)
            if code != name and code not in codes:
                header, _ = read(code)
                codes[code] = header
    return [codes[code] for code in sorted(codes)]


def find_code(locale: str) -> str:
    """Return the code of the catalogue for a locale such as "de_AT"; "" if there is none."""
    for code in (locale, locale.partition("_")[0]):
        paths = (f"{place}/{code}{_SUFFIX}" for place in (PLACE, SOURCES))
        if code == BUILT_IN.code or any(map(os.path.exists, paths)):
            return code
    return ""


def read(code: str) -> tuple[Header, Messages]:
    """Return a catalogue. OSError if there is none."""
    try:
        with open(f"{PLACE}/{code}{_SUFFIX}", "rb") as file:
            text = decompress(file.read()).decode()
    except FileNotFoundError:
        with open(f"{SOURCES}/{code}{_SUFFIX}", encoding="utf-8") as plain:
            text = plain.read()
    messages: dict[str, tuple[str, ...]] = {}
    for entry in parse(text):
        forms = (value for name, value in entry.items() if name.startswith("msgstr"))
        messages[entry["msgid"]] = tuple(forms)
    (head,) = messages.pop("")
    return _read_header(code, head), messages


def _read_header(code: str, text: str) -> Header:
    lines = (line.partition(":") for line in text.splitlines())
    fields = {name.strip().lower(): value.strip() for name, _, value in lines}
    pairs = (word.partition("=") for word in fields.get("x-ascii", "").split())
    return Header(
        code=code,
        title=fields.get("x-title", code),
        english=fields.get("x-english-title", code),
        machine_made=fields.get("x-machine-made", "") == "yes",
        substitutes={letter: text for letter, _, text in pairs},
        plural=fields.get("plural-forms", ""),
    )


def parse(text: str) -> Iterator[Mapping[str, str]]:
    """Yield the entries of a .po file, each with its fields: msgid, msgid_plural, msgstr[0] …"""
    entry: dict[str, str] = {}
    name = ""
    for line in text.splitlines():
        if line.startswith("msgid "):
            if entry:
                yield entry
            entry = {}
        if line.startswith("msg"):
            name, _, value = line.partition(" ")
            entry[name] = _unquote(value)
        elif line.startswith('"'):
            entry[name] += _unquote(line)
    if entry:
        yield entry


def _unquote(text: str) -> str:
    return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), text.strip()[1:-1])

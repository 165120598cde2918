"""The lines of a SYSLINUX configuration: a keyword in any case, and the rest of the line."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import pyparsing as pp

# What SYSLINUX takes for white space: every control character.
_SPACE = r"[\x00-\x20]"
_GAP = r"[\x00-\x09\x0b-\x20]"
_WORD = r"[^\x00-\x20=]+"


class Line(NamedTuple):
    """One statement. `key` is in lower case; `value` is without white space around it."""

    config: str
    number: int
    key: str
    value: str
    written: str = ""  # the keyword as it stands there
    last: int = 0  # of its lines, when it has several

    @property
    def word(self) -> str:
        return first(self.value)


def first(text: str) -> str:
    return next(iter(text.split(None, 1)), "")


def after(text: str) -> str:
    """What follows the first word."""
    return next(iter(text.split(None, 1)[1:]), "")


@cache
def _grammar() -> pp.ParserElement:
    """One token is one line with the white space after it; TEXT with all up to its ENDTEXT.

    `key=value` is none of SYSLINUX's, but of Petitboot's reading of it, and so is written.
    """
    line = pp.Regex(
        rf"{_SPACE}+"
        rf"|#[^\n]*{_SPACE}*"
        rf"|(?i:text)(?={_SPACE}){_GAP}*(?P<kind>[^\n]*)\n"
        rf"(?P<text>(?:(?!{_GAP}*(?i:endtext){_SPACE})[^\n]*\n)*)(?P<end>[^\n]*){_SPACE}*"
        rf"|(?P<key>{_WORD})(?:={_GAP}*|{_GAP}+|(?=\n))(?P<value>[^\n]*){_SPACE}*"
        rf"|(?P<bad>[^\n]+){_SPACE}*",
        as_match=True,
    )
    return line.leave_whitespace().parse_with_tabs()


def lines(config: str, text: str) -> Iterator[Line]:
    """The statements; a help text is one of key "help", and where it never ends, of key "text".

    What is no statement at all has the key "".
    """
    text = re.sub(r"\r\n?", "\n", text.removeprefix("\ufeff")) + "\n"
    number, counted = 1, 0
    for (m,), start, _ in _grammar().scan_string(text, always_skip_whitespace=False):
        number, counted = number + text.count("\n", counted, start), start
        if m["key"]:
            yield Line(config, number, m["key"].lower(), m["value"].strip(_BLANK), m["key"])
        elif m["bad"]:
            yield Line(config, number, "", m["bad"].strip(_BLANK))
        elif m["kind"] is not None:
            if m["kind"].strip(_BLANK).lower() == "help":
                last = number + m[0].rstrip(_BLANK).count("\n")
                yield Line(config, number, "help", _outdented(m["text"]), last=last)
            if not m["end"]:
                yield Line(config, number, "text", "")


def _outdented(text: str) -> str:
    """Without the white space that all its lines begin with."""
    rows = [row.rstrip(_BLANK) for row in text.expandtabs().split("\n")]
    edge = min((len(row) - len(row.lstrip(_BLANK)) for row in rows if row), default=0)
    return "\n".join(row[edge:] for row in rows).strip("\n")


_BLANK = "".join(map(chr, range(0x21)))

"""The lines of a SYSLINUX configuration: a keyword in any case, and the rest of the line."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import pyparsing as pp

from parsers.reading.text import build_grammar, scan_statements

# What SYSLINUX takes for white space: every control character.
_SPACE = r"[\x00-\x20]"
_GAP = r"[\x00-\x09\x0b-\x20]"
_WORD = r"[^\x00-\x20=]+"


class Statement(NamedTuple):
    """One statement. `key` is in lower case; `value` is without white space around it."""

    config: str
    number: int
    key: str
    value: str
    written: str = ""  # the keyword as it stands there
    last: int = 0  # of its lines, when it has several
    column: int = 0  # from 1, where it begins

    @property
    def word(self) -> str:
        return first(self.value)


def first(text: str) -> str:
    return next(iter(text.split(None, 1)), "")


def after(text: str) -> str:
    """What follows the first word."""
    return next(iter(text.split(None, 1)[1:]), "")


@cache
def _line() -> pp.ParserElement:
    """A whole line; of TEXT all up to its ENDTEXT.

    `key=value` is none of SYSLINUX's, but of Petitboot's reading of it, and so is written.
    """
    return build_grammar(
        rf"(?i:text)(?={_SPACE}){_GAP}*(?P<kind>[^\n]*)\n"
        rf"(?P<text>(?:(?!{_GAP}*(?i:endtext){_SPACE})[^\n]*\n)*)(?P<end>[^\n]*)"
        rf"|(?P<key>{_WORD})(?:={_GAP}*|{_GAP}+|(?=\n))(?P<value>[^\n]*)"
        r"|(?P<bad>[^\n]+)"
    )


def parse_statements(config: str, text: str) -> Iterator[Statement]:
    """The statements; a help text is one of key "help", and where it never ends, of key "text".

    What is no statement at all has the key "".
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n") + "\n"
    for m, number, column in scan_statements(_line(), text):
        if m["key"]:
            value = m["value"].strip(_BLANK)
            yield Statement(config, number, m["key"].lower(), value, m["key"], column=column)
        elif m["bad"]:
            yield Statement(config, number, "", m["bad"].strip(_BLANK), column=column)
        else:
            if m["kind"].strip(_BLANK).lower() == "help":
                last = number + m["text"].count("\n") + 1 if m["end"] else number
                yield Statement(config, number, "help", _outdented(m["text"]), last=last)
            if not m["end"]:
                yield Statement(config, number, "text", "", column=column)


def _outdented(text: str) -> str:
    """Without the white space that all its lines begin with."""
    rows = [row.rstrip(_BLANK) for row in text.expandtabs().split("\n")]
    edge = min((len(row) - len(row.lstrip(_BLANK)) for row in rows if row), default=0)
    return "\n".join(row[edge:] for row in rows).strip("\n")


_BLANK = "".join(map(chr, range(0x21)))

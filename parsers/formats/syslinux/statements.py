"""The statements of a SYSLINUX configuration: a keyword in any case, and the rest of the line.

In EBNF, with SYSLINUX's own white space, which is every control character:

    file  = { global }, { label } ;
    label = "LABEL", name, { setting } ;

There is no other nesting: after a LABEL, most settings belong to the label. `_statement` has the
production of a statement.
"""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

import pyparsing as pp

from parsers.reading.text import build_grammar, scan_statements

# White space in SYSLINUX is every control character.
_SPACE = r"[\x00-\x20]"
_GAP = r"[\x00-\x09\x0b-\x20]"
_WORD = r"[^\x00-\x20=]+"
_MARKS = "\"'"
_FIRST_QUOTED = re.compile(rf"""(?P<mark>["'])(?:(?!(?P=mark)).)+(?P=mark){_SPACE}""")


class Statement(NamedTuple):
    """One statement. `key` is in lower case; `value` is without white space around it."""

    config: str
    number: int
    key: str
    value: str
    keyword: str = ""  # the keyword in its own case
    last: int = 0  # its last line, if it has several
    column: int = 0  # of its beginning, from 1

    @property
    def word(self) -> str:
        return first_word(self.value)


def strip_quotes(statement: Statement) -> Statement:
    """Return a statement without the quotation marks at the ends of its value.

    Petitboot takes away every mark and blank there. A mark that closes one inside stays here, and
    so do those around the first of several words.
    """
    value = statement.value
    bare = value.strip(_MARKS + _BLANKS)
    if bare == value or _FIRST_QUOTED.match(value):
        return statement
    taken = value[value.index(bare) + len(bare) :] if bare else ""
    for mark in _MARKS:
        if mark in taken and bare.count(mark) % 2:
            bare += mark
    return statement._replace(value=bare)


def first_word(text: str) -> str:
    return next(iter(text.split(None, 1)), "")


def after_first(text: str) -> str:
    """Return the text after the first word."""
    return next(iter(text.split(None, 1)[1:]), "")


@cache
def _statement() -> pp.ParserElement:
    """Build the grammar of a statement: a line, or TEXT with the lines up to ENDTEXT.

        statement = help | setting | mistake ;
        help      = "TEXT", [ white, kind ], newline, { line }, "ENDTEXT", rest ;
        setting   = keyword, ( "=" | white | newline ), value ;
        value     = { character } ;

    `keyword=value` is not SYSLINUX's, but Petitboot reads it, and so people write it.
    """
    help_text = (
        rf"(?i:text)(?={_SPACE}){_GAP}*(?P<kind>[^\n]*)\n"
        rf"(?P<text>(?:(?!{_GAP}*(?i:endtext){_SPACE})[^\n]*\n)*)(?P<end>[^\n]*)"
    )
    setting = rf"(?P<key>{_WORD})(?:={_GAP}*|{_GAP}+|(?=\n))(?P<value>[^\n]*)"
    mistake = r"(?P<bad>[^\n]+)"
    return build_grammar(f"{help_text}|{setting}|{mistake}")


def parse_statements(config: str, text: str) -> Iterator[Statement]:
    """Yield the statements. The key of a mistake is "".

    A help text has the key "help". If it has no ENDTEXT, another one with the key "text" follows.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n") + "\n"
    for m, number, column in scan_statements(_statement(), text):
        if m["key"]:
            value = m["value"].strip(_BLANKS)
            yield Statement(config, number, m["key"].lower(), value, m["key"], column=column)
        elif m["bad"]:
            yield Statement(config, number, "", m["bad"].strip(_BLANKS), column=column)
        else:
            if m["kind"].strip(_BLANKS).lower() == "help":
                last = number + m["text"].count("\n") + 1 if m["end"] else number
                yield Statement(config, number, "help", _outdent(m["text"]), last=last)
            if not m["end"]:
                yield Statement(config, number, "text", "", column=column)


def _outdent(text: str) -> str:
    """Return a text without the white space that all its lines begin with."""
    rows = [row.rstrip(_BLANKS) for row in text.expandtabs().split("\n")]
    edge = min((len(row) - len(row.lstrip(_BLANKS)) for row in rows if row), default=0)
    return "\n".join(row[edge:] for row in rows).strip("\n")


_BLANKS = "".join(map(chr, range(0x21)))

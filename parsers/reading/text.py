"""Read a configuration's text and cut it into statements, as the line formats need it.

A statement is one pyparsing token: one Regex with a named group for each part. The production is
in the docstring of each grammar. One token for each part reads a little better, but it multiplies
the instructions of the cutting: by nine for kboot.conf, by twelve for petitboot.conf and by ten for
yaboot.conf.
"""

import re
from collections.abc import Iterator

import pyparsing as pp

from parsers.api import Files, Problem

MOST = 1 << 20  # characters of a file; none of these boot loaders reads as many


def read(files: Files, path: str, most: int = MOST) -> tuple[str, list[Problem]]:
    """Return the text of a file, and a problem if the file is longer than `most` characters.

    Every line ends with a plain newline, and there is no byte order mark. A carriage return ends
    a line, too: Macs and DOS wrote these files.
    """
    text = (files.read(path) or "").removeprefix("\ufeff")
    problems = []
    if len(text) > most:
        words = f"longer than {most} characters: the rest is not read"
        problems.append(Problem(path, 1, words, cut=True))
    return text[:most].replace("\r\n", "\n").replace("\r", "\n"), problems


def read_optional(files: Files, path: str) -> str | None:
    """Return the text of a further file, or None if it is missing or damaged.

    An error in that file must not cost the configuration that names it.
    """
    try:
        return files.read(path)
    except OSError:
        return None


def decode_utf16(data: bytes) -> str:
    """Return EFI's text (UTF-16, little endian) up to its end.

    The byte order mark selects the codec that is built into Python. "utf-16-le" is a module of its
    own, and a scan can no longer import it.
    """
    return (b"\xff\xfe" + data).decode("utf-16", "replace").partition("\0")[0]


def build_grammar(statement: str, comment: str = r"#[^\n]*") -> pp.ParserElement:
    """Build the grammar of one statement, with the white space and the comments before it.

        token = { white | comment }, ( statement | end of text ) ;

    `statement` is a regular expression that takes any text but white space and comments: its last
    alternative is for mistakes.
    """
    token = pp.Regex(rf"(?:\s+|{comment})*+(?P<at>)(?:{statement}|\Z)", as_match=True)
    return token.leave_whitespace().parse_with_tabs()


def scan_statements(rules: pp.ParserElement, text: str) -> Iterator[tuple[re.Match[str], int, int]]:
    """Yield each statement's match with its line and column; both count from 1."""
    line, counted = 1, 0
    for (m,), _, end in rules.scan_string(text, always_skip_whitespace=False):
        start = m.start("at")
        if start < end:  # the white space at the end of the text is no statement
            line += text.count("\n", counted, start)
            counted = start
            yield m, line, start - text.rfind("\n", 0, start)

"""A configuration's text, and its statements, as every line format here reads them."""

import re
from collections.abc import Iterator

import pyparsing as pp

from parsers.api import Files, Problem

MOST = 1 << 20  # characters; no boot loader of these reads as many


def read(files: Files, path: str, most: int = MOST) -> tuple[str, list[Problem]]:
    """The text with a plain newline at the end of each line and no byte order mark.

    Lines end at a carriage return, too: Macs and DOS wrote these files.
    """
    text = (files.read(path) or "").removeprefix("\ufeff")
    problems = []
    if len(text) > most:
        problems.append(Problem(path, 1, f"longer than {most} characters: the rest is not read"))
    return text[:most].replace("\r\n", "\n").replace("\r", "\n"), problems


def decode_utf16(data: bytes) -> str:
    """EFI's text, to its end. With a mark of its order it is one of the codings that Python has
    built in; any other is a module, which a scan can no longer import.
    """
    return (b"\xff\xfe" + data).decode("utf-16", "replace").partition("\0")[0]


def read_optional(files: Files, path: str) -> str | None:
    """Another file's text; None when it is not there, or damaged: that must not cost the rest."""
    try:
        return files.read(path)
    except OSError:
        return None


def build_grammar(statement: str, comment: str = r"#[^\n]*") -> pp.ParserElement:
    """One token is a whole statement, with what is white or comment before it.

    `statement` is a regex that takes anything but these: its last branch is for mistakes.
    """
    token = pp.Regex(rf"(?:\s+|{comment})*+(?P<at>)(?:{statement}|\Z)", as_match=True)
    return token.leave_whitespace().parse_with_tabs()


def scan_statements(rules: pp.ParserElement, text: str) -> Iterator[tuple[re.Match[str], int, int]]:
    """What `grammar` finds, each with line and column, both from 1."""
    line, counted = 1, 0
    for (m,), _, end in rules.scan_string(text, always_skip_whitespace=False):
        start = m.start("at")
        if start < end:  # else it is white space at the text's end
            line += text.count("\n", counted, start)
            counted = start
            yield m, line, start - text.rfind("\n", 0, start)

"""GRUB script's words, as GRUB's own lexer cuts them (grub-core/script/yylex.l)."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pyparsing as pp

from parsers.formats.grub.language.dialect import DEBIAN, Dialect
from parsers.formats.grub.language.syntax import Part, Text, Variable, Word

_NAME = r"[A-Za-z_][A-Za-z0-9_]*+|[0-9]++|[@*\#?]"
_VARIABLE = rf"\$(?:{_NAME}|\{{(?:{_NAME})\}})"
_PLAIN = r"[^ \t\n;{}&|<>$'\"\\]++"
_LONE = r"[^ \t\n;{}&|<>$'\"\\*?]++"
_DOUBLE = rf'"(?:[^"\\$]++|\\[\s\S]|{_VARIABLE})*+'
_GETTEXT = r'\$"(?:[^"\\]++|\\[\s\S])*+'  # for translation: any $ will do
# A line that goes on needs a line to go on with.
_ESCAPED = r"\\(?:[^\n]|\n(?!\Z))"
_WORD = rf"""(?:{_PLAIN}|{_ESCAPED}|'[^']*+'|{_DOUBLE}"|{_GETTEXT}"|{_VARIABLE})++"""

# pyparsing pays per token, so blanks and comments are part of the token that follows them. A
# continued line is a word or a part of one, so no keyword begins it.
# Every repetition is possessive: no text makes the expression go back and forth.
_TOKEN = pp.Regex(
    r"(?:[ \t]++|\#[^\n]*+)*+"
    rf"(?:(?P<word>(?!(?:\[\[|]])[ \t\n;{{}}]){_LONE}(?=[ \t\n;{{}}]))"
    rf"|(?P<newline>\n(?:[ \t]*+\n)*+)|(?P<bad>[&|<>]|(?:\[\[|]])(?=[ \t\n;{{}}]))"
    rf"|(?P<parts>{_WORD})|(?P<sign>[;{{}}])|(?P<lone>{_DOUBLE}|{_GETTEXT}|'[^']*+|[\\$])"
    r"|(?P<end>\Z))",
    as_match=True,
)
_TOKEN.leave_whitespace().parse_with_tabs()

_PART = re.compile(
    rf"""(?P<plain>{_PLAIN})|'(?P<single>[^']*+)'|(?P<double>{_DOUBLE}")"""
    rf"""|(?P<gettext>{_GETTEXT}")|(?P<variable>{_VARIABLE})|(?P<hex>\\x[0-9a-fA-F]{{2}})"""
    r"""|\\(?P<escape>[\s\S])"""
)
_INSIDE = re.compile(rf'(?P<text>[^\\$]++)|{_VARIABLE}|\\(?P<escape>[$"\\\n])|(?P<lone>[\\$])')


_BATCH = 64


class Token(NamedTuple):
    """`kind`: word (nothing in it to expand), parts, newline, sign, bad, lone or end.

    `lone` is a quote that nothing closes, or a `$` or `\\` with nothing to apply to.
    """

    kind: str
    text: str
    start: int
    end: int


_COMMENT_LINES = re.compile(r"^(?:\#[^\n]*+(?:\n|\Z))++", re.MULTILINE)


class Source:
    """A file as GRUB reads it, by lines: without carriage returns, without lines that begin with
    `#` (even inside a string), a line ending at its first NUL.

    `spend` is told of the tokens read, and may raise to end it.
    """

    def __init__(
        self,
        text: str,
        spend: Callable[[int], None] = lambda _: None,
        dialect: Dialect = DEBIAN,
    ) -> None:
        text = re.sub(r"\0[^\n]*", "", text.replace("\r", ""))
        kept: list[str] = []
        self._gaps: list[tuple[int, int]] = []  # where lines are missing, and how many so far
        at = size = missing = 0
        for m in _COMMENT_LINES.finditer(text):
            kept.append(text[at : m.start()])
            size += m.start() - at
            missing += m[0].count("\n")
            self._gaps.append((size, missing))
            at = m.end()
        rest = text[at:]
        self.text = "".join(kept) + (rest if rest[-1:] in ("", "\n") else f"{rest}\n")
        self.dialect = dialect
        self._spend = spend
        self._last = (0, 1)

    def line(self, at: int) -> int:
        """The number, in the file, of the line of the character `at`. Fast while `at` grows."""
        last, number = self._last
        if at < last:
            last, number = 0, 1
        number += self.text.count("\n", last, at)
        self._last = at, number
        gap = bisect_right(self._gaps, (at, len(self.text) + at)) - 1
        return number + (self._gaps[gap][1] if gap >= 0 else 0)

    def column(self, at: int) -> int:
        """The place of the character in its line, from 1; carriage returns do not count."""
        return at - self.text.rfind("\n", 0, at)

    def tokens(self, start: int = 0) -> Iterator[Token]:
        text, number = self.text, 0
        # What scan_string does around each match takes more than twice the time of the match.
        match = _TOKEN.re.match
        while m := match(text, start):
            kind, start = m.lastgroup or "end", m.end()
            if kind == "end":
                break
            number += 1
            if not number % _BATCH:
                self._spend(_BATCH // 2)
            yield Token(kind, m[kind], m.start(kind), start)
        while True:  # where the file ends is still in its last line
            yield Token("end", "", max(len(text) - 1, 0), len(text))


def word(text: str, dialect: Dialect = DEBIAN) -> Word:
    """A token of parts, taken apart: quotes removed, variables found. Without any it is no word:
    just a line's end that a backslash took away.
    """
    parts: list[Part] = []
    for m in _PART.finditer(text):
        match m.lastgroup:
            case "plain":
                parts.append(Text(m[0], False))
            case "single":
                parts.append(Text(m["single"], True))
            case "variable":
                parts.append(Variable(m[0].strip("${}"), False))
            case "double":
                parts.extend(_inside(m[0][1:-1]))
            case "gettext":
                # Translation knows no positional parameters: they are empty there.
                parts.extend(
                    p
                    for p in _inside(m[0][2:-1])
                    if not (isinstance(p, Variable) and p.name.isdigit())
                )
            case "hex":
                parts.append(Text(m[0] if dialect.keeps_hex else m[0][1:], True))
            case _ if m["escape"] != "\n":  # else a line continued inside a word
                parts.append(Text(m["escape"], True))
    if parts and all(
        isinstance(part, Text) and (part.quoted or not is_wild(part.text)) for part in parts
    ):
        return "".join(part[0] for part in parts)
    return tuple(parts)


def is_wild(text: str) -> bool:
    return "*" in text or "?" in text


def _inside(text: str) -> Iterator[Part]:
    if not text:
        yield Text("", True)  # an empty pair of quotes is a word, too
    for m in _INSIDE.finditer(text):
        if m.lastgroup is None:
            yield Variable(m[0].strip("${}"), True)
        else:
            yield Text("" if m[0] == "\\\n" else m[m.lastgroup], True)

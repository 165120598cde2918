"""The lexer: it cuts words as GRUB's own does (grub-core/script/yylex.l)."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pyparsing as pp

from parsers.formats.grub.language.family import DEBIAN, Family
from parsers.formats.grub.language.pieces import cut, join
from parsers.formats.grub.language.syntax import Part, Text, Variable, Word

_NAME = r"[A-Za-z_][A-Za-z0-9_]*+|[0-9]++|[@*\#?]"
_VARIABLE = rf"\$(?:{_NAME}|\{{(?:{_NAME})\}})"
_PLAIN = r"[^ \t\n;{}&|<>$'\"\\]++"
_LONE = r"[^ \t\n;{}&|<>$'\"\\*?]++"
_DOUBLE = rf'"(?:[^"\\$]++|\\[\s\S]|{_VARIABLE})*+'
_GETTEXT = r'\$"(?:[^"\\]++|\\[\s\S])*+'  # for translation: any $ is taken
# The last line cannot be continued.
_ESCAPED = r"\\(?:[^\n]|\n(?!\Z))"
_WORD = rf"""(?:{_PLAIN}|{_ESCAPED}|'[^']*+'|{_DOUBLE}"|{_GETTEXT}"|{_VARIABLE})++"""

# pyparsing takes time per token, so blanks and comments are part of the token after them. A
# continued line is a word or a part of one, so no keyword begins it.
# Every repetition is possessive: no text makes the expression backtrack.
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
    """A token. `kind` is word (with nothing to expand), parts, newline, sign, bad, lone or end.

    `lone` is a quote that nothing closes, or a `$` or `\\` with nothing to apply to.
    """

    kind: str
    text: str
    start: int
    end: int


_NO_TEXT = re.compile(r"\r|\0[^\n]*+")
_COMMENT_LINES = re.compile(r"^(?:\#[^\n]*+(?:\n|\Z))++", re.MULTILINE)


class ScriptText:
    """A file as GRUB reads it, line by line.

    Carriage returns and lines that begin with `#` (even in a string) are dropped, and a line ends
    at its first NUL. `spend` gets the number of tokens read, and may raise an exception.
    """

    def __init__(
        self,
        text: str,
        spend: Callable[[int], None] = lambda _: None,
        family: Family = DEBIAN,
    ) -> None:
        text = _without(text, _NO_TEXT)
        kept: list[str] = []
        self._gaps: list[tuple[int, int]] = []  # place, lines missing before
        at = size = missing = 0
        for m in _COMMENT_LINES.finditer(text):
            kept.append(cut(text, at, m.start()))
            size += m.start() - at
            missing += m[0].count("\n")
            self._gaps.append((size, missing))
            at = m.end()
        kept.append(cut(text, at))
        if kept[-1][-1:] not in ("", "\n"):
            kept.append("\n")
        self.text = join("", kept)
        self.is_plain = type(self.text) is str
        self.family = family
        self._spend = spend
        self._last = (0, 1)

    def line(self, at: int) -> int:
        """Return the file's number of the line of the character `at`. Fast while `at` grows."""
        last, number = self._last
        if at < last:
            last, number = 0, 1
        number += self.text.count("\n", last, at)
        self._last = at, number
        gap = bisect_right(self._gaps, (at, len(self.text) + at)) - 1
        return number + (self._gaps[gap][1] if gap >= 0 else 0)

    def column(self, at: int) -> int:
        """Return the place of the character in its line, from 1, without carriage returns."""
        return at - self.text.rfind("\n", 0, at)

    def tokens(self, start: int = 0) -> Iterator[Token]:
        text, number = self.text, 0
        # scan_string takes more than twice the time of the match itself.
        match = _TOKEN.re.match
        while m := match(text, start):
            kind, start = m.lastgroup or "end", m.end()
            if kind == "end":
                break
            number += 1
            if not number % _BATCH:
                self._spend(_BATCH // 2)
            yield Token(kind, m[kind], m.start(kind), start)
        while True:  # the end of the file is in its last line
            yield Token("end", "", max(len(text) - 1, 0), len(text))


def _without(text: str, what: "re.Pattern[str]") -> str:
    if not what.search(text):
        return text
    kept, at = [], 0
    for match in what.finditer(text):
        kept.append(cut(text, at, match.start()))
        at = match.end()
    return join("", [*kept, cut(text, at)])


def word(text: str, family: Family = DEBIAN) -> Word:
    """Take a token of parts apart: remove quotes, find variables.

    Without any part it is no word, just a line's end that a backslash took away.
    """
    parts: list[Part] = []
    plain = type(text) is str
    for m in _PART.finditer(text):
        kind = m.lastgroup or ""
        found = m[kind] if plain else cut(text, *m.span(kind))
        match kind:
            case "plain":
                parts.append(Text(found, False))
            case "single":
                parts.append(Text(found, True))
            case "variable":
                parts.append(Variable(_name(found), False))
            case "double":
                parts.extend(_inside(cut(found, 1, -1)))
            case "gettext":
                # Positional parameters are empty in a translated text.
                parts.extend(
                    p
                    for p in _inside(cut(found, 2, -1))
                    if not (isinstance(p, Variable) and p.name.isdigit())
                )
            case "hex":
                parts.append(Text(found if family.keeps_hex else cut(found, 1), True))
            case _ if found != "\n":  # else a line is continued inside a word
                parts.append(Text(found, True))
    if parts and all(isinstance(p, Text) and (p.quoted or not is_wild(p.text)) for p in parts):
        return join("", [p[0] for p in parts])
    return tuple(parts)


def _name(variable: str) -> str:
    """Take the name out of `$NAME` or `${NAME}`."""
    if type(variable) is str:
        return variable.strip("${}")
    braces = variable[1] == "{"
    return cut(variable, 1 + braces, len(variable) - braces)


def is_wild(text: str) -> bool:
    return "*" in text or "?" in text


def _inside(text: str) -> Iterator[Part]:
    if not text:
        yield Text("", True)  # an empty pair of quotes is a word
    plain = type(text) is str
    for m in _INSIDE.finditer(text):
        kind = m.lastgroup or 0
        found = m[kind] if plain else cut(text, *m.span(kind))
        if not kind:
            yield Variable(_name(found), True)
        else:
            yield Text("" if found == "\n" and kind == "escape" else found, True)

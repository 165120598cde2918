"""The lines of an iPXE script, after src/image/script.c and src/core/exec.c of iPXE.

There is no quoting: a word ends at white space. iPXE expands settings afterwards, so a value with
spaces stays one word. In EBNF:

    script   = "#!ipxe", newline, { line, newline } ;
    line     = [ label ], [ commands ], [ comment ] ;
    label    = ":", word ;
    commands = command, { ( "||" | "&&" | ";" ), command } ;
    command  = { word } ;
    comment  = "#", { character } ;
    word     = { character | "${", setting, "}" } ;

A backslash before a newline continues the line. A line is cut into words when it is run, since most
lines of a script are never run. A pyparsing grammar of these productions takes 50 times as long as
the code below.
"""

import re
from functools import cache
from typing import NamedTuple

import pyparsing as pp

_MAGIC = re.compile(r"#![ig]pxe(?=[ \t\n\v\f\r]|\Z)")
_CONTINUED = re.compile(r"\\\r?\n")
_BLANKS = " \t\v\f\r"
_WORD = re.compile(r"[^ \t\n\v\f\r]+")
_JOINTS = frozenset(("||", "&&", ";"))
_STARTS = "${"


def is_script(text: str) -> bool:
    return _MAGIC.match(text.removeprefix("\ufeff")) is not None


class ScriptCommand(NamedTuple):
    """The words of a command before expansion, and its joint to the next command of the line."""

    words: tuple[str, ...]
    is_plain: bool  # the words have nothing to expand
    joint: str  # || && ; or "" at the end


class ScriptLine:
    """A line with its continuations. It is parsed when it is run."""

    __slots__ = ("_commands", "_text", "number")

    def __init__(self, number: int, text: str) -> None:
        self.number = number
        self._text = text
        self._commands: tuple[ScriptCommand, ...] = ()

    @property
    def commands(self) -> tuple[ScriptCommand, ...]:
        """Return the commands: at least one, which may be empty."""
        if not self._commands:
            self._commands = tuple(_commands(self._text))
        return self._commands


def _commands(text: str) -> list[ScriptCommand]:
    commands: list[ScriptCommand] = []
    words: list[str] = _WORD.findall(text)
    if "#" not in text and _JOINTS.isdisjoint(words):
        return [ScriptCommand(tuple(words), _STARTS not in text, "")]
    words, every = [], words
    for word in every:
        if word[0] == "#":
            break
        if word in _JOINTS:
            commands.append(_command(words, word))
            words = []
        else:
            words.append(word)
    return [*commands, _command(words, "")]


def _command(words: list[str], joint: str) -> ScriptCommand:
    return ScriptCommand(tuple(words), not [word for word in words if _STARTS in word], joint)


class Script:
    """A script. `where` is its URL or its path."""

    def __init__(self, where: str, text: str) -> None:
        self.where = where
        self.lines: list[ScriptLine] = []
        self.labels: dict[str, int] = {}  # name → index of the first line with it
        self.unfinished = 0  # number of a last line that ends with a backslash
        number, at = 1, 0
        for (m,), start, _ in _lines().scan_string(
            text.removeprefix("\ufeff"), always_skip_whitespace=False
        ):
            number, at = number + m.string.count("\n", at, start), start
            if m["open"]:
                self.unfinished = number  # iPXE never runs it
            elif m["lines"] is None:
                self._add(number, _CONTINUED.sub("", m["line"]))
            else:
                for offset, line in enumerate(m["lines"].split("\n")):
                    self._add(number + offset, line)

    def _add(self, number: int, text: str) -> None:
        text = text.lstrip(_BLANKS)
        if text[:1] in ("", "#"):
            return
        if text[0] == ":":
            label = m[0] if (m := _WORD.match(text, 1)) else ""
            self.labels.setdefault(label, len(self.lines))
            text = text[1 + len(label) :]
            if not text.strip(_BLANKS):
                return
        self.lines.append(ScriptLine(number, text))

    @property
    def last(self) -> int:
        """Return the number of the last line."""
        return self.lines[-1].number if self.lines else 1


@cache
def _lines() -> pp.ParserElement:
    r"""Build the grammar: a token is a line with its continuations, or many lines at once.

    token = { line without "\" } | line, { "\", newline, line }, ( newline | unfinished ) ;
    """
    line = pp.Regex(
        r"(?P<lines>[^\\]*\n)"
        r"|(?P<line>(?=[\s\S])(?:[^\n\\]|\\(?!\r?+(?:\n|\Z))|\\\r?+\n(?!\Z))*+)"
        r"(?:(?P<open>\\\r?+\n?\Z)|\n|\Z)",
        as_match=True,
    )
    return line.leave_whitespace().parse_with_tabs()

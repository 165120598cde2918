"""An iPXE script's lines, as iPXE cuts them (src/image/script.c, src/core/exec.c).

There is no quoting: words end at white space, and settings are put in afterwards, so that a
value with spaces stays one word. A word that begins with # ends the line.
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
    """Words as they are written, and what stands between them and the line's next command."""

    words: tuple[str, ...]
    is_plain: bool  # there is nothing in them to expand
    joint: str  # || && ; or "" at the end


class ScriptLine:
    """One line, continuations included; what it says is only looked at when it is run."""

    __slots__ = ("_commands", "_text", "number")

    def __init__(self, number: int, text: str) -> None:
        self.number = number
        self._text = text
        self._commands: tuple[ScriptCommand, ...] = ()

    @property
    def commands(self) -> tuple[ScriptCommand, ...]:
        """At least one, which may be empty."""
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
    """A text that is one; `where` is its URL or its path."""

    def __init__(self, where: str, text: str) -> None:
        self.where = where
        self.lines: list[ScriptLine] = []
        self.labels: dict[str, int] = {}  # name → index of the line; the first of a name counts
        self.open_end = 0  # the number of a last line that wants to be continued
        number, at = 1, 0
        for (m,), start, _ in _line().scan_string(
            text.removeprefix("\ufeff"), always_skip_whitespace=False
        ):
            number, at = number + m.string.count("\n", at, start), start
            if m["open"]:
                self.open_end = number  # iPXE never runs it
            elif m["lines"] is None:
                self._add(number, _CONTINUED.sub("", m["line"]))
            else:
                for below, line in enumerate(m["lines"].split("\n")):
                    self._add(number + below, line)

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
        """The number of the last line that is run."""
        return self.lines[-1].number if self.lines else 1


@cache
def _line() -> pp.ParserElement:
    """One token is one line with all that continues it, or all lines up to one that may go on."""
    line = pp.Regex(
        r"(?P<lines>[^\\]*\n)"
        r"|(?P<line>(?=[\s\S])(?:[^\n\\]|\\(?!\r?+(?:\n|\Z))|\\\r?+\n(?!\Z))*+)"
        r"(?:(?P<open>\\\r?+\n?\Z)|\n|\Z)",
        as_match=True,
    )
    return line.leave_whitespace().parse_with_tabs()

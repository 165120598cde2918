"""The syntax tree of a GRUB script, in tuples: nothing in it ever changes."""

from typing import NamedTuple


class Text(NamedTuple):
    """Literal text. Wildcards in it count only outside quotes."""

    text: str
    quoted: bool


class Variable(NamedTuple):
    """`$name`. Outside quotes its value is split at blanks."""

    name: str
    quoted: bool


Part = Text | Variable
# A word with nothing to expand is its text. Nearly all words are.
Word = str | tuple[Part, ...]


class Command(NamedTuple):
    """`name word word { block }`. Assignments, `menuentry` and `[` are commands, too."""

    line: int
    words: tuple[Word, ...]
    block: "Block | None" = None
    column: int = 0


class Block(NamedTuple):
    """A `{ … }` after a command: its text, with the braces, and its syntax tree."""

    source: str
    body: "Body"
    end: int = 0  # its last line


class If(NamedTuple):
    condition: "Body"
    then: "Body"
    otherwise: "Body"


class For(NamedTuple):
    name: str
    words: tuple[Word, ...]
    body: "Body"
    line: int = 0


class While(NamedTuple):
    condition: "Body"
    body: "Body"
    until: bool


class Function(NamedTuple):
    name: str
    body: "Body"


Statement = Command | If | For | While | Function
Body = tuple[Statement, ...]


class Mistake(NamedTuple):
    """A part of the file that is no script. GRUB goes on with the line after it."""

    line: int
    message: str
    column: int = 0

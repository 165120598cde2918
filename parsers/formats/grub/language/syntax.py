"""What a GRUB script means, as a tree. Tuples all through: nothing in it ever changes."""

from typing import NamedTuple


class Text(NamedTuple):
    """Literal text; wildcards in it are only alive when it stood outside quotes."""

    text: str
    quoted: bool


class Variable(NamedTuple):
    """`$name`: outside quotes its value falls apart at blanks."""

    name: str
    quoted: bool


Part = Text | Variable
# A word in which nothing is to be expanded is simply its text: nearly all of them are.
Word = str | tuple[Part, ...]


class Command(NamedTuple):
    """`name word word { block }`. Assignments, `menuentry` and `[` are commands like any other."""

    line: int
    words: tuple[Word, ...]
    block: "Block | None" = None
    column: int = 0


class Block(NamedTuple):
    """A `{ … }` given to a command, as it was written (braces included) and as it was read."""

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
    """A piece of the file that is no script; GRUB goes on with the line after it."""

    line: int
    message: str
    column: int = 0

"""The interpreter: it expands words, looks commands up in a table, and runs blocks.

The order of things, the status of each and the reach of `break` and `return` are GRUB's own
(grub-core/script/execute.c). Nothing is written: see `effects`.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from parsers.api import Action, Effect, FileRef, Origin, Volume
from parsers.formats.grub.language.errors import (
    BAD_ARGUMENT,
    EXTRACTING,
    TOO_DEEP,
    UNKNOWN_COMMAND,
    GrubError,
    Usage,
)
from parsers.formats.grub.language.lexer import ScriptText
from parsers.formats.grub.language.parse import units
from parsers.formats.grub.language.pieces import Assignment, cut
from parsers.formats.grub.language.syntax import (
    Block,
    Body,
    Command,
    For,
    If,
    Mistake,
    Statement,
    While,
)
from parsers.formats.grub.run.env import Environment, EnvironmentBlock, Scope
from parsers.formats.grub.run.machine import GrubMachine
from parsers.formats.grub.run.state import State
from parsers.formats.grub.snippets import Snippets

# Bodies within each other: of functions, files, branches, loops. The limit is GRUB's own. It also
# keeps Python's stack small.
_DEPTH = 30

# The commands that run if only a menu's entries are wanted.
_EXTRACTED = frozenset(["[", "hiddenentry", "menuentry", "search", "set", "submenu", "test"])
_MISTAKE = 10  # steps

Run = Callable[["Shell", Sequence[str], Block | None], int]


class Boot(Exception):
    """The command `boot`: nothing after it runs."""


class Exit(Exception):
    """A command that leaves the script for good: exit, reboot, halt."""


@dataclass(slots=True)
class Payload:
    """The kernel, or whatever else, that `boot` would start."""

    kernel: FileRef | None = None
    cmdline: str = ""
    initrds: tuple[FileRef, ...] = ()
    devicetree: FileRef | None = None
    origins: tuple[Origin, ...] = ()
    waits_for: str = ""
    unbootable: str = ""
    action: Action = ""


class MenuLine(NamedTuple):
    """A line of GRUB's menu, with the body that runs when it is chosen."""

    title: str
    id: str
    arguments: tuple[str, ...]  # $1, the title, and so on
    body: Body
    submenu: bool
    config: str
    line: int
    end: int
    hotkey: str = ""
    classes: tuple[str, ...] = ()
    users: frozenset[str] | None = frozenset()  # besides the superusers; None: anybody
    hidden: bool = False
    parameters: Assignment | None = None  # of all its arguments


class Shell(State):
    """One run of a configuration, a submenu or an entry, with an environment of its own."""

    def __init__(
        self,
        machine: GrubMachine,
        commands: "Mapping[str, GrubCommand]",
        env: Environment,
        config: str,
        scope: Scope | None = None,
    ) -> None:
        super().__init__(machine, env, config, scope)
        self.commands = commands
        self.menu: list[MenuLine] = []
        self.nested: list[Shell] = []  # the menus of `configfile`
        self.menus: tuple[str, ...] = (config,)  # the files that made this menu and those around
        self.in_entry = False
        self.is_default = False  # it runs on the way to the entry that boots by itself
        self.extracting = False  # only the entries of a file are wanted
        self.payload = Payload()
        self.searches: dict[tuple[str, str], Volume] = {}  # by kind and key
        self.effects: dict[FileRef, dict[str, str | None]] = {}
        self.used_up: dict[FileRef, set[str]] = {}  # effects that end a wish for one boot
        self.blocks: dict[FileRef, EnvironmentBlock] = {}  # as save_env leaves them
        self.functions: dict[str, tuple[str, Body]] = {}  # name: file, body
        self.snippets = Snippets()  # that blscfg has read
        self._depth = self._loops = self._breaks = 0
        self._continuing = self._returning = False

    def fork(self, *, inherit: bool, scope: Scope | None = None) -> "Shell":
        """Return a shell that starts from here and has no effect here, except on the functions.

        GRUB never forgets a function. With `inherit` the shell is a submenu's or a nested
        configuration's.
        """
        alone = inherit and not self.machine.family.copies_all
        env = self.env.inherit() if alone else self.env.copy()
        new = Shell(self.machine, self.commands, env, self.config, scope)
        new.line, new.menus, new.in_entry = self.line, self.menus, self.in_entry
        new.is_default, new.checks = self.is_default, self.checks.copy()
        new.payload = replace(self.payload)
        new.missing_devices, new.searches = dict(self.missing_devices), dict(self.searches)
        new.effects = {file: dict(values) for file, values in self.effects.items()}
        new.used_up = {file: set(names) for file, names in self.used_up.items()}
        new.blocks = dict(self.blocks)
        new.snippets, new.subvolumes = self.snippets.copy(), self.subvolumes
        new.functions = self.functions if inherit else dict(self.functions)
        new._depth = self._depth
        return new

    def list_effects(self, *, default: bool) -> Iterator[Effect]:
        """Yield the writes of an entry. A wish for one boot is for the default."""
        for file, values in self.effects.items():
            wishes = set() if default else self.used_up.get(file, set())
            for once in (False, True):
                if found := tuple((n, v) for n, v in values.items() if (n in wishes) == once):
                    yield Effect(file=file, values=found, once=once)

    def run_text(self, text: str, *, stop: bool = False) -> int:
        """Run a file's text, unit by unit; with `stop` (eval) up to the first syntax error."""
        status = 0
        self.machine.budget.spend(len(text) // 64)
        for unit in units(ScriptText(text, self._spend, self.machine.family)):
            if isinstance(unit, Mistake):
                self._spend(_MISTAKE)
                self.line, self.column = self.eval_line or unit.line, unit.column
                status = self.error(UNKNOWN_COMMAND, unit.message, said="syntax error")
                if stop:
                    status = 0
                    break
            else:
                status = self.run(unit)
        return status

    def run(self, body: Body) -> int:
        if self.is_deep:
            return self.too_deep()
        status = 0
        self._depth += 1
        try:
            for statement in body:
                status = self._statement(statement)
                if self._breaks or self._returning:
                    break
        finally:  # also after a boot in a function: the next run begins at the top
            self._depth -= 1
        return status

    @property
    def is_deep(self) -> bool:
        """Return True if nothing more can run within this."""
        return self._depth >= _DEPTH

    def too_deep(self) -> int:
        return self.error(TOO_DEEP, "maximum recursion depth exceeded")

    def run_entry(self, body: Body) -> int:
        """Run the body of an entry or a submenu. To GRUB it is a text, which it runs line by line.

        So `return` leaves no more than its line, and each later line runs only its beginning.
        """
        status = last = 0
        for statement in body:
            line = _line(statement)
            if not self._returning or line > last:
                status = self._statement(statement)
            last = max(line, self.line)
        return status

    def _statement(self, statement: Statement) -> int:
        if isinstance(statement, Command):
            return self._command(statement)
        if isinstance(statement, If):
            status = self.run(statement.condition)
            if self._returning:
                return status
            if status == 0:
                return self.run(statement.then)
            return self.run(statement.otherwise) if statement.otherwise else self._status(0)
        if isinstance(statement, For):
            return self._for(statement)
        if isinstance(statement, While):
            return self._while(statement)
        self.functions[statement.name] = (self.config, statement.body)
        return 0

    def _for(self, loop: For) -> int:
        words = self._expand(loop.words)
        status = 0 if words else self._status(0)
        self._loops += 1
        for word in words:
            if self._continuing and self._breaks == 1:
                self._breaks = 0
            if self._breaks or self._returning:
                break
            self.machine.budget.spend()
            self.line, self.command, self.words = self.eval_line or loop.line, "for", words
            self.set(loop.name, word)
            status = self.run(loop.body)
        self._loops -= 1
        self._breaks = max(self._breaks - 1, 0)
        return status

    def _while(self, loop: While) -> int:
        self._loops += 1
        while True:
            self.machine.budget.spend()
            status = self.run(loop.condition)
            if (status == 0) == loop.until or self._returning:
                break
            status = self.run(loop.body)
            if self._continuing and self._breaks == 1:
                self._breaks = 0
            if self._breaks or self._returning:
                break
        self._loops -= 1
        self._breaks = max(self._breaks - 1, 0)
        return status

    def _command(self, command: Command) -> int:
        words = self._expand(command.words)
        self.line, self.column = self.eval_line or command.line, command.column
        self.words = words
        self.machine.budget.spend(1 + len(words))
        if not words and not command.block:
            return self._status(0)
        invert = words[0] == "!"
        if invert:
            words = words[1:]
            if not words:
                return self._status(self.error(BAD_ARGUMENT, "no command is specified"))
        status = self.run_command(words, command.block, invert=invert)
        if invert and (words[0] in self.commands or words[0] in self.functions):
            status = 0 if status else 1
        return self._status(status)

    def run_command(
        self, words: Sequence[str], block: Block | None = None, *, invert: bool = False
    ) -> int:
        """Run a command with its arguments, a function, or an assignment."""
        self.command = str(words[0])
        found = self.commands.get(words[0])
        if found is not None and self.extracting and words[0] not in _EXTRACTED:
            return self.error(EXTRACTING, f"{words[0]} isn't allowed to execute in an extractor")
        if found is not None:
            arguments = list(words[1:])
            if block and not found.takes_block:
                arguments.append(block.source)
            try:
                status = found.run(self, arguments, block)
            except GrubError as error:
                return self.error(error.number, str(error))
            except Usage as usage:
                self.machine.say(str(usage))
                return 0
            if self.minor:
                # `!` makes a failure of a success, and this failure is the later error.
                if status or not invert:
                    self.error(self.minor[0].number, str(self.minor[0]), harmless=self.minor[1])
                self.minor = None
            return status
        if words[0] in self.functions:
            return self.call(words[0], words[1:])
        self.command = "set"
        return self._assign(words[0])

    def _status(self, status: int) -> int:
        self.env["?"] = str(status)
        return status

    def _assign(self, word: str) -> int:
        """Assign, if the word is an assignment. Any other unknown word fails, and succeeds."""
        name, equals, _ = word.partition("=")
        if not equals:
            self.error(UNKNOWN_COMMAND, f"can't find command `{word[:20]}'")
        elif name.isdigit():
            self.error(BAD_ARGUMENT, f"invalid variable name `{name}'")
        else:
            self.set(name, cut(word, len(name) + 1))
        return 0

    def call(self, name: str, arguments: Sequence[str]) -> int:
        if self.is_deep:
            return self.too_deep()
        config, body = self.functions[name]
        outer = self.scope, self._loops, self.config, self.line, self.eval_line
        parameters, callers = self.assignment("$@", " ".join(arguments)), self.callers
        call = Origin(name, parameters.value, self.config, self.line, how="call")
        self.callers = (call, *callers)
        self.scope, self._loops, self.config = Scope(arguments, parameters), 0, config
        self.eval_line = 0
        status = self.run(body)
        self.scope, self._loops, self.config, self.line, self.eval_line = outer
        self.callers, self._returning = callers, False
        return status

    def leave_loops(self, count: int, *, go_on: bool) -> None:
        self._continuing = go_on
        self._breaks = min(self._loops, count)

    def leave_function(self) -> None:
        self._returning = True

    def _spend(self, steps: int) -> None:
        self.machine.budget.spend(steps)


def _line(statement: Statement) -> int:
    """Return the first line of a statement."""
    while isinstance(statement, If | While):
        statement = statement.condition[0]
    return statement.line if isinstance(statement, Command | For) else 0


class GrubCommand(NamedTuple):
    run: Run
    takes_block: bool = False

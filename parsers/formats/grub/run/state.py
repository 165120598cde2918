"""What a script that runs knows: its variables and where each was made, the files that it reaches,
and which command it is at.
"""

from collections.abc import Sequence
from typing import NamedTuple

from parsers.api import Origin
from parsers.formats.grub.language.errors import (
    BAD_DEVICE,
    BAD_FILE,
    BAD_NAME,
    NOT_FOUND,
    UNKNOWN_DEVICE,
    UNKNOWN_FILE_SYSTEM,
    GrubError,
)
from parsers.formats.grub.language.syntax import Word
from parsers.formats.grub.language.words import Pattern, expand, split
from parsers.formats.grub.run.env import Environment, Scope
from parsers.formats.grub.run.machine import Machine, Place
from parsers.formats.grub.run.origin import Made, Setting, Spans, Stretch, given, names, origins

_LONGEST = 1 << 19  # characters of a file


class Lost(NamedTuple):
    """A device that `search` has not found, in words, and where it was asked for."""

    what: str
    config: str
    line: int
    told: bool  # already, as a Problem


class State:
    """One environment, and the command that is being run in it."""

    def __init__(
        self, machine: Machine, env: Environment, config: str, scope: Scope | None
    ) -> None:
        self.machine = machine
        self.env = env
        self.scope = scope
        self.config = config  # the file whose text is being run, and the line in it
        self.line = self.column = 0
        self.command = ""  # that is being run: its name, and its words
        self.words: tuple[Word, ...] = ()
        self.callers: tuple[Origin, ...] = ()  # of the functions that are being run
        self.within = 0  # the line of the eval whose text is being run
        self.around: Made = ()  # variables in the text that eval runs
        self.minor: tuple[GrubError, bool] | None = None  # see `remark`
        self.lost: dict[str, Lost] = {}  # by variable

    def error(
        self,
        number: int,
        message: str,
        *,
        said: str = "",
        quiet: bool = False,
        waits: bool = False,
    ) -> int:
        """Says what GRUB would; returns the number, for a command to return in turn.

        Quiet: GRUB prints it, but nobody has to mend anything here. Waits: for a device.
        """
        self.machine.say(f"error: {said or message}.\n")
        if not quiet:
            column = 0 if self.within else self.column
            # What is said otherwise is a mistake in the syntax, to be mended at each place.
            each = bool(said)
            self.machine.complain(self.config, self.line, message, column, waits=waits, each=each)
        return number

    def remark(self, error: GrubError, *, quiet: bool = False) -> None:
        """What goes wrong in a command that does not fail for it: said at its end, and of several
        the last.
        """
        self.minor = error, quiet

    def lose(self, name: str, what: str, *, told: bool = False) -> None:
        """The device that the variable should have named, or that is called so, is not there."""
        self.lost[name] = Lost(what, self.config, self.line, told)

    # Variables

    def set(self, name: str, value: str) -> None:
        self.machine.budget.hold(value)
        self.lost.pop(name, None)
        made = self.setting(value)  # of what was, perhaps of the variable itself
        self.env[name] = value
        self.env.settings[name] = made

    def setting(self, value: str) -> Setting:
        """That the command that is being run gives a variable this value."""
        made = self.made_of()
        words = self.words if made else ()
        return Setting(value, self.config, self.line, made, self.command, words)

    def made_of(self) -> Made:
        """The variables in the command that is being run."""
        used = names(self.words)
        if not used:
            return self.around
        found = [(name, self._setting(name)) for name in dict.fromkeys(used)]
        return (*((name, setting) for name, setting in found if setting), *self.around)

    def _setting(self, name: str) -> Setting | None:
        if name in "@*#" or name.isdigit():
            return self.scope.given(int(name[:9]) if name.isdigit() else 0) if self.scope else None
        if name in self.env.settings:
            return self.env.settings[name]
        value = self.env.get(name)
        return Setting(value, "", 0) if value else None

    def origins(self, what: str, value: str, *more: str) -> tuple[Origin, ...]:
        """Of the command that is being run, its variables, and more variables.

        Of those that went into the text around it only what it has got something of.
        """
        here = Origin(what, value, self.config, self.line)
        idle = {id(s) for _, s in self.around if not s.value or s.value not in value}
        used = ((name, setting) for name, setting in self._used(more) if id(setting) not in idle)
        return (here, *self.callers, *origins(tuple(used)))

    def traced(
        self, path: str, cmdline: str, arguments: Sequence[str], *more: str
    ) -> tuple[Origin, ...]:
        """As `origins`, of a command whose `arguments`, quoted, make up a kernel's command line."""
        used = self._used(more)
        spans: Spans = ((0, len(cmdline)),)
        named: list[tuple[str, Stretch]] = []
        if names(self.words) or self.around:
            parameters = self.scope.arguments if self.scope else ()
            found = [p for word in self.words for p in split(word, self._value, parameters)]
            spans, named = given(found, arguments, cmdline, self.around)
        here = Origin("linux", path, self.config, self.line, spans=spans)
        return (here, *self.callers, *origins(used, named))

    def _used(self, more: Sequence[str]) -> Made:
        also = ((name, self.env.settings[name]) for name in more if name in self.env.settings)
        return (*self.made_of(), *also)

    def _expand(self, words: Sequence[Word]) -> list[str]:
        parameters = self.scope.arguments if self.scope else ()
        return expand(words, self._value, parameters, self._found)

    def _value(self, name: str) -> str:
        if name.isdigit():
            value = self.scope[int(name[:9])] if self.scope else ""
        elif name in ("@", "*"):
            value = " ".join(self.scope.arguments) if self.scope else ""
        elif name == "#":
            value = str(len(self.scope.arguments)) if self.scope else ""
        else:
            value = self.env[name]
        self.machine.budget.spend(1 + len(value) // 64)
        return value

    def _found(self, pattern: Pattern) -> Sequence[str]:
        return self.machine.found(pattern, self.env["root"])

    # Files

    def place(self, path: str) -> Place:
        """Where `(device)/path`, or `/path` on $root, is."""
        return self.machine.place(path, self.env["root"])

    def there(self, path: str, *, directory: bool = False) -> Place:
        """Where the file is; GrubError when it is not there (or is a directory) or has no place."""
        if path[:1] == "(" and ")" not in path:
            raise GrubError(BAD_NAME, "missing `)' symbol")
        place = self.place(path)
        within = path.partition(")")[2] if path[:1] == "(" else path
        if not place.device:
            raise GrubError(BAD_DEVICE, "variable `root' isn't set")
        if place.volume is None and not place.url:
            raise GrubError(UNKNOWN_DEVICE, self.machine.devices.unknown(place.device))
        if place.volume and not (place.volume.fs or place.kind()):
            raise GrubError(UNKNOWN_FILE_SYSTEM, "unknown filesystem")
        if within[:1] != "/":
            raise GrubError(BAD_NAME, f"invalid file name `{within}'")
        kind = place.kind()
        if kind is None and not place.url:
            raise GrubError(NOT_FOUND, f"file `{within}' not found")
        if kind == "directory" and not directory:
            raise GrubError(BAD_FILE, "not a regular file")
        return place

    def text(self, path: str) -> str | None:
        """A file's text, or None. What keeps it from being read is a Problem."""
        if (path.partition(")")[2] if path[:1] == "(" else path)[:1] != "/":
            return None  # to GRUB, it is no file's name
        try:
            text = self.place(path).read()
        except OSError as error:
            self.machine.complain(self.config, self.line, f"{path}: {error.strerror or error}")
            return None
        if text is None or len(text) <= _LONGEST:
            return text
        most = f"only its first {_LONGEST >> 10} KiB are read"
        self.machine.complain(
            self.config, self.line, f"{path} is too long for a boot configuration: {most}"
        )
        return text[: text.rfind("\n", 0, _LONGEST) + 1]

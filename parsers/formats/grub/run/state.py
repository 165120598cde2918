"""The state of a script that runs: variables and their sources, files, the command at hand."""

from collections.abc import Sequence
from typing import NamedTuple

from parsers.api import FileRef, Origin, Volume
from parsers.formats.grub.language.errors import (
    BAD_DEVICE,
    BAD_FILE,
    BAD_NAME,
    NOT_FOUND,
    UNKNOWN_DEVICE,
    UNKNOWN_FILE_SYSTEM,
    GrubError,
)
from parsers.formats.grub.language.pieces import Assignment, cut, pieces_of, sources
from parsers.formats.grub.language.syntax import Word
from parsers.formats.grub.language.words import Pattern, expand
from parsers.formats.grub.run.checks import Checks
from parsers.formats.grub.run.env import Environment, Scope
from parsers.formats.grub.run.machine import GrubMachine, Place
from parsers.formats.grub.run.origins import origins, sort_lines, split_sources
from parsers.formats.grub.run.subvolumes import Subvolumes, strip_default

LONGEST = 3 << 19  # characters of a file; a menu of 2,500 snapshots has as many


class MissingDevice(NamedTuple):
    """A device that `search` has not found, in words, and the place of the search."""

    what: str
    config: str
    line: int
    reported: bool  # it is a Problem already


class State:
    """One environment, and the command that runs in it."""

    def __init__(
        self, machine: GrubMachine, env: Environment, config: str, scope: Scope | None
    ) -> None:
        self.machine = machine
        self.env = env
        self.scope = scope
        self.config = config  # the file that runs, and the line in it
        self.line = self.column = 0
        self.command = ""  # the name of the command at hand
        self.words: Sequence[str] = ()  # its words, expanded
        self.callers: tuple[Origin, ...] = ()  # of the functions that run
        self.eval_line = 0  # the line of the eval whose text runs
        self.minor: tuple[GrubError, bool] | None = None  # see `remark`
        self.missing_devices: dict[str, MissingDevice] = {}  # by variable
        self.subvolumes = Subvolumes()
        self.checks = Checks()

    def error(
        self,
        number: int,
        message: str,
        *,
        said: str = "",
        harmless: bool = False,
        waits: bool = False,
    ) -> int:
        """Report an error as GRUB does. Return its number, for a command to return in turn.

        `harmless`: GRUB prints it, but it needs no repair here. `waits`: for a device.
        """
        self.machine.say(f"error: {said or message}.\n")
        if not harmless:
            column = 0 if self.eval_line else self.column
            # Another text for the console means a syntax error, to be repaired at each place.
            each = bool(said)
            self.machine.complain(self.config, self.line, message, column, waits=waits, each=each)
        return number

    def remark(self, error: GrubError, *, harmless: bool = False) -> None:
        """Keep an error that does not fail the command. Its end reports the last of them."""
        self.minor = error, harmless

    def note_missing(self, name: str, what: str, *, reported: bool = False) -> None:
        """Note that the device for this variable, or of this name, is not there."""
        self.missing_devices[name] = MissingDevice(what, self.config, self.line, reported)

    # Variables

    def set(self, name: str, value: str, *, computed: bool = False) -> None:
        """Give a variable a value: one of the command's words, or one that it `computed`."""
        self.machine.budget.check_length(value, "variable")
        self.missing_devices.pop(name, None)
        setting = self.assignment(f"${name}", value, computed=computed)
        if name == "root" and value[:1] == "(" and value[-1:] == ")" and setting.pieces:
            # The variable's value has no parentheses, so its pieces have none.
            setting = setting._replace(pieces=pieces_of(cut(value, 1, len(value) - 1)))
        self.env.assignments[name] = setting
        if name == "check_signatures":
            self.checks.enforced = value[:1] in ("1", "e")
        if name.startswith("btrfs_") and self.machine.family.subvolumes:
            self._choose_subvolume(name, value)
        self.env[name] = value

    def _choose_subvolume(self, name: str, value: str) -> None:
        self.subvolumes = self.subvolumes.choose(name, value)
        if name == "btrfs_relative_path" and value[:1] in ("1", "y"):
            files = self.machine.devices.tree(self.machine.devices.own)
            for said in ("prefix", "config_file", "config_directory") if files else ():
                assert files
                self.env[said] = strip_default(files, self.env[said])

    def unset(self, name: str) -> None:
        if self.machine.family.subvolumes:
            self.subvolumes = self.subvolumes.choose(name, "")
        self.env.unset(name)

    def assignment(self, what: str, value: str, *, computed: bool = False) -> Assignment:
        """Record the value that the command at hand gives, and its sources."""
        made_of = sources(self.words)
        pieces = pieces_of(value) if made_of and not computed else ()
        return Assignment(what, str(value), self.config, self.line, self.command, made_of, pieces)

    def origins(self, what: str, value: str, *more: str) -> tuple[Origin, ...]:
        """Return the origins of the command that is being run, of its and of more variables."""
        here = Origin(what, value, self.config, self.line)
        return (here, *self.callers, *origins(self._sources(more)))

    def origins_of_kernel(
        self,
        path: str,
        cmdline: str,
        arguments: Sequence[str],
        places: Sequence[Sequence[int]],
        *more: str,
    ) -> tuple[Origin, ...]:
        """Return the origins of a command whose arguments make up the kernel's command line.

        `places` has the place of each character of each argument in the command line. `more` are
        other variables that took part.
        """
        spans, stretches = split_sources(arguments, places, cmdline)
        here = Origin("linux", path, self.config, self.line, spans=spans)
        found = (here, *self.callers, *origins(self._sources(more), stretches))
        return sort_lines(found, cmdline.find(" ") + 1 or len(cmdline))

    def _sources(self, more: Sequence[str]) -> Sequence[Assignment]:
        settings = self.env.assignments
        return (*sources(self.words), *(settings[name] for name in more if name in settings))

    def _expand(self, words: Sequence[Word]) -> list[str]:
        parameters = self.scope.arguments if self.scope else ()
        return expand(words, self._look_up, parameters, self._match)

    def _look_up(self, name: str) -> tuple[str, Assignment | None]:
        """Return a variable's value and the setting that gave it."""
        setting: Assignment | None
        if name in "@*#" or name.isdigit():
            value, setting = self.scope.look_up(name) if self.scope else ("", None)
        else:
            value = self.env[name]
            setting = self.env.assignments.get(name)
            if setting is None and value:
                setting = Assignment(f"${name}", value, "", 0)
        self.machine.budget.spend(1 + len(value) // 64)
        return value, setting

    def _match(self, pattern: Pattern) -> Sequence[str]:
        return self.machine.match(pattern, self.env["root"], self.locate)

    # Files

    def place(self, path: str) -> Place:
        """Return the place of `(device)/path`, or of `/path` on $root."""
        place = self.machine.place(path, self.env["root"])
        if place.volume and self.machine.family.subvolumes:
            return place._replace(path=self.locate(place.volume, place.path))
        return place

    def locate(self, volume: Volume, path: str) -> str:
        """Return a path in the whole file system; GRUB's may begin in a subvolume of a btrfs."""
        if not self.machine.family.subvolumes or volume.fs not in ("btrfs", ""):
            return path
        relative = self.env["btrfs_relative_path"][:1] in ("1", "y")
        tree = self.machine.devices.tree(volume)
        return self.subvolumes.locate(tree, path, relative=relative) if tree else path

    def file(self, path: str) -> FileRef:
        """Return a file by the name that GRUB has for it."""
        return self.machine.file(self.place(path))

    def find_file(self, path: str, *, directory: bool = False) -> Place:
        """Return the place of a file; GrubError if it is not there, or is a directory."""
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
        if within[:1] != "/" and not place.is_remote:
            raise GrubError(BAD_NAME, f"invalid file name `{within}'")
        kind = place.kind()
        if kind is None and not place.url:
            raise GrubError(NOT_FOUND, f"file `{within}' not found")
        if kind == "directory" and not directory:
            raise GrubError(BAD_FILE, "not a regular file")
        return place

    def require_signature(self, path: str) -> None:
        """Note that a file needs its signature, if GRUB checks each file that it opens."""
        if self.checks.enforced:
            self.checks.add(self.file(path), self.file(f"{path}.sig"))

    def text(self, path: str, *, checked: bool = True) -> str | None:
        """Return a file's text, or None. If it cannot be read, that is a Problem.

        Without `checked` GRUB reads it whatever its signature is.
        """
        place = self.place(path)
        within = path.partition(")")[2] if path[:1] == "(" else path
        if within[:1] != "/" and not place.is_remote:
            return None  # to GRUB it is no file name
        try:
            text = place.read()
        except OSError as error:
            self.machine.complain(self.config, self.line, f"{path}: {error.strerror or error}")
            return None
        if text is None:
            return None
        if checked:
            self.require_signature(path)
        if self.checks.is_any:
            self.checks.note_text(self.machine.file(place), text)
        if len(text) <= LONGEST:
            return text
        most = f"only its first {LONGEST >> 10} KiB are read"
        words = f"{path} is too long for a boot configuration: {most}"
        self.machine.complain(self.config, self.line, words, always=True, cut=True)
        return text[: text.rfind("\n", 0, LONGEST) + 1]

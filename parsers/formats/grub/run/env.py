"""GRUB's variables, and the environment blocks that keep some of them on disk."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from parsers.binary import envblock
from parsers.formats.grub.language.errors import GrubError
from parsers.formats.grub.language.pieces import Assignment, join, pieces_of


class Environment:
    """Variables and values. Submenus and nested configurations see the exported ones."""

    def __init__(
        self, values: Mapping[str, str] | None = None, exported: Iterable[str] = ()
    ) -> None:
        """`values` are exported; `exported` are the names of others that always are, once set."""
        self._values = dict(values or {})
        self._always = tuple(exported)
        self._exported = {*self._values, *self._always}
        self.assignments: dict[str, Assignment] = {}  # without those of GRUB itself

    def __getitem__(self, name: str) -> str:
        return self._values.get(name, "")

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __setitem__(self, name: str, value: str) -> None:
        if name == "root" and value[:1] == "(" and value[-1:] == ")":
            value = value[1:-1]
        self._values[name] = str(value)

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    def items(self) -> list[tuple[str, str]]:
        return sorted(self._values.items())

    def unset(self, name: str) -> None:
        self._values.pop(name, None)
        self.assignments.pop(name, None)

    def export(self, name: str) -> None:
        """Export a variable. GRUB gives one that is not set an empty value."""
        self._exported.add(name)
        self._values.setdefault(name, "")

    def copy(self) -> "Environment":
        new = Environment(exported=self._always)
        new._values, new._exported = dict(self._values), set(self._exported)
        new.assignments = dict(self.assignments)
        return new

    def inherit(self) -> "Environment":
        """Return an environment with the exported variables only."""
        values = {k: v for k, v in self._values.items() if k in self._exported}
        new = Environment(values, self._always)
        new.assignments = {k: v for k, v in self.assignments.items() if k in self._exported}
        return new


class Scope:
    """The parameters of a function or of a menu entry: $1 and so on."""

    def __init__(self, arguments: Iterable[str] = (), setting: Assignment | None = None) -> None:
        self.arguments = list(arguments)
        self._setting = setting  # of all of them

    def look_up(self, name: str) -> tuple[str, Assignment | None]:
        """Return the value of a parameter, or of @, * or #, and the setting that gave it."""
        if name.isdigit():
            value = self[int(name[:9])]
            what = f"${name}" if len(name) == 1 else f"${{{name}}}"
        elif name == "#":
            value, what = str(len(self.arguments)), "$#"
        else:
            value, what = join(" ", self.arguments), f"${name}"
        if self._setting is None:
            return value, None
        setting = self._setting._replace(what=what, value=str(value), pieces=pieces_of(value))
        return value, setting

    def shift(self, count: int) -> "Scope":
        return Scope(self.arguments[count:], self._setting)

    def __getitem__(self, position: int) -> str:
        return self.arguments[position - 1] if 0 < position <= len(self.arguments) else ""


class EnvironmentBlock(NamedTuple):
    """A grubenv: its text and its variables."""

    text: str
    values: Mapping[str, str]

    @classmethod
    def read(cls, text: str) -> "EnvironmentBlock":
        try:
            return cls(text, envblock.read(text))
        except envblock.BlockError as error:
            raise GrubError(error.number, str(error)) from error

    def line(self, name: str) -> int:
        """Return the line of a variable in the file, from 1."""
        return self.text.partition(f"\n{name}=")[0].count("\n") + 2

    def with_values(self, values: Mapping[str, str | None]) -> "EnvironmentBlock":
        """Return the block with variables set or (None) removed; GrubError if it has no room."""
        try:
            return self.read(envblock.write(self.text, values))
        except envblock.BlockError as error:
            raise GrubError(error.number, str(error)) from error

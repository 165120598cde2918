"""GRUB's variables, and the environment blocks that keep some of them on disk."""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from parsers.grub.errors import BAD_ARGUMENT, BAD_FILE, GrubError

_SIGNATURE = "# GRUB Environment Block\n"


class Environment:
    """Variables with values; the exported ones are seen in submenus and nested configurations."""

    def __init__(self, values: Mapping[str, str] | None = None) -> None:
        self._values = dict(values or {})
        self._exported = set(self._values)

    def __getitem__(self, name: str) -> str:
        return self._values.get(name, "")

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def __setitem__(self, name: str, value: str) -> None:
        if name == "root" and value[:1] == "(" and value[-1:] == ")":
            value = value[1:-1]
        self._values[name] = value

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    def items(self) -> list[tuple[str, str]]:
        return sorted(self._values.items())

    def unset(self, name: str) -> None:
        self._values.pop(name, None)

    def export(self, name: str) -> None:
        """GRUB gives a variable that is not there an empty value by exporting it."""
        self._exported.add(name)
        self._values.setdefault(name, "")

    def copy(self) -> "Environment":
        new = Environment()
        new._values, new._exported = dict(self._values), set(self._exported)
        return new

    def inherit(self) -> "Environment":
        """What a submenu or a nested configuration begins with: the exported variables."""
        return Environment({k: v for k, v in self._values.items() if k in self._exported})


class Scope:
    """The parameters of a function or of a menu entry: $1 and so on."""

    def __init__(self, arguments: Iterable[str] = ()) -> None:
        self.arguments = list(arguments)

    def __getitem__(self, position: int) -> str:
        return self.arguments[position - 1] if 0 < position <= len(self.arguments) else ""


class EnvironmentBlock(NamedTuple):
    """A grubenv: a signature, `name=value` lines, then `#` up to its fixed size in bytes.

    In values a backslash is doubled and a newline has one before it (grub-core/lib/envblk.c).
    """

    size: int
    values: Mapping[str, str]

    @classmethod
    def read(cls, text: str) -> "EnvironmentBlock":
        if not text.startswith(_SIGNATURE):
            raise GrubError(BAD_FILE, "invalid environment block")
        return cls(_bytes(text), dict(_settings(text.removeprefix(_SIGNATURE))))

    def saved(self, values: Mapping[str, str | None]) -> "EnvironmentBlock":
        """With variables set, or (None) removed; GrubError when there is no room for them."""
        new = {**self.values, **{k: v or "" for k, v in values.items()}}
        new = {k: v for k, v in new.items() if values.get(k, "") is not None}
        lines = [f"{name}={_escaped(value)}\n" for name, value in new.items()]
        if _bytes(_SIGNATURE + "".join(lines)) > self.size:
            raise GrubError(BAD_ARGUMENT, "environment block too small")
        return EnvironmentBlock(self.size, new)


def _bytes(text: str) -> int:
    return len(text.encode(errors="surrogateescape"))


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace("\n", "\\\n")


def _settings(text: str) -> Iterator[tuple[str, str]]:
    """Every complete line with a `=` in it; what follows the last newline is padding."""
    line = ""
    for piece in text.split("\n")[:-1]:
        line += piece
        if (len(piece) - len(piece.rstrip("\\"))) % 2 and not line.startswith("#"):
            line = f"{line[:-1]}\n"
            continue
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            yield name, _unescaped(value)
        line = ""


def _unescaped(value: str) -> str:
    return value.replace("\\\\", "\\")

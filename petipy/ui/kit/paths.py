"""Completion and checks of paths that a person types: "(vda2)/boot/vml", "/vmlinux"."""

import re
from collections.abc import Awaitable, Callable, Sequence
from os.path import commonprefix

from petipy.ui.translator import Phrase

_URL = re.compile(r"[a-z][a-z0-9+.-]*:/")  # also while it is typed
_PACKED = re.compile(r"newc:[^:]+:")  # before an initrd that is to be packed
_DEVICE = re.compile(r"\([^()]*\)")  # an image's name has a path of its own
_EXTENT = re.compile(r"@\d+\+\d+\Z")  # a part of a file

# Returns the names in a directory, those of directories with "/". ValueError, with a sentence.
List = Callable[[str], Awaitable[Sequence[str]]]


class Paths:
    """The directories that a person has named so far, each looked at once."""

    def __init__(self, list_directory: List, list_devices: Callable[[], Sequence[str]]) -> None:
        self._list, self._list_devices = list_directory, list_devices
        self._names: dict[str, Sequence[str]] = {}
        self._faults: dict[str, str] = {}

    def find_unknown(self, path: str) -> str:
        """Return the directory that has to be looked at for a path; "" if none has."""
        directory, _ = split(path)
        known = not directory or directory in self._names or directory in self._faults
        return "" if known else directory

    async def look(self, directory: str) -> None:
        try:
            self._names[directory] = await self._list(directory)
        except ValueError as error:
            self._faults[directory] = str(error)

    def complete(self, path: str) -> tuple[str, Sequence[str]]:
        """Return what follows the path for certain, and the names that may."""
        directory, begun = split(path)
        known = self._names.get(directory, ())
        if path[:1] == "(" and not _DEVICE.match(path):
            begun, known = path, [f"({name})/" for name in self._list_devices()]
        names = [name for name in known if name.startswith(begun)]
        return commonprefix(names)[len(begun) :], names  # noqa: RUF071  letters are compared

    def check(self, path: str, phrase: Phrase = str.format) -> str:
        """Return what is wrong with a path, in words; "" if nothing is known to be."""
        directory, name = split(path)
        if fault := self._faults.get(directory, ""):
            return fault
        if not directory or directory not in self._names:
            return ""
        if not name or f"{name}/" in self._names[directory]:
            return phrase("{path} is a directory", path=path)
        if name in self._names[directory]:
            return ""
        return phrase("{path}: there is no such file", path=path)


def split(path: str) -> tuple[str, str]:
    """Return the directory as typed, and the name in it; two empty texts for no path."""
    path = _EXTENT.sub("", _PACKED.sub("", path))
    device = _DEVICE.match(path)
    start = device.end() if device else 0
    if _URL.match(path) or "/" not in path[start:] or (path[:1] == "(" and not device):
        return "", ""
    directory, slash, name = path[start:].rpartition("/")
    return path[:start] + directory + slash, name

"""The texts, the problems and the limits that all runs of one configuration share."""

import re
from posixpath import dirname, normpath

from parsers.api import FileRef, Files, Problem
from parsers.formats.ipxe.script import Script, is_script
from parsers.places.urls import is_url, join
from parsers.reading.budget import Budget, OutOfBudget

_MOST_PROBLEMS = 100
_MOST_FETCHES = 200  # files of one configuration; public catalogues have a hundred scripts
_MOST_SILENT = 16  # URLs that do not answer; each may cost a time-out
_LARGEST = 1 << 20  # characters of a script
_CHECKSUM = re.compile(r"sha(?:256|512)=[0-9a-fA-F]+")
STEPS = 60_000  # of the budget of one script


class IpxeContext:
    """The files, the network, and the problems so far."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.budget = Budget(STEPS)
        self.problems: dict[tuple[str, int, str], Problem] = {}
        self._texts: dict[str, str | None] = {}
        self._scripts: dict[str, Script] = {}
        self._fetches = self._silent = 0

    def hold(self, text: str) -> str:
        """Return a text that a run keeps. Its length costs steps."""
        self.budget.check_length(text, "setting")
        self.budget.spend(len(text) >> 10)
        return text

    def complain(self, config: str, line: int, message: str) -> None:
        if len(self.problems) == _MOST_PROBLEMS:
            message = "more problems than are worth listing"
        if len(self.problems) <= _MOST_PROBLEMS:
            problem = Problem(config, max(line, 1), message)
            self.problems.setdefault((config, line, message), problem)

    def locate(self, base: str, name: str) -> str:
        """Return the URL or the path that a name in the script at `base` means."""
        # The part after # is not for the server: iPXE has the parameters of a POST there. A
        # checksum is for those who fetch the file.
        name, _, fragment = name.partition("#")
        if _CHECKSUM.fullmatch(fragment):
            name = f"{name}#{fragment}"
        if is_url(base) or is_url(name):
            return join(base, name) if is_url(base) else name
        # On UEFI, file: is the file system that iPXE came from.
        name = name.removeprefix("file:")
        path = name.replace("\\", "/") if "\\" in name else name
        return "/" + normpath(f"/{path}" if path[:1] == "/" else f"{dirname(base)}/{path}").lstrip(
            "/"
        )

    def ref(self, where: str) -> FileRef:
        return FileRef(url=where) if is_url(where) else FileRef(path=where)

    def lacks(self, where: str) -> bool:
        """Return True if a file is known to be missing. A URL must be tried instead."""
        return not is_url(where) and self.files.kind(where) != "file"

    def script(self, where: str) -> Script | None:
        """Return the script at a URL or a path, or None without a script there."""
        if where not in self._scripts:
            text = self.text(where)
            if text is None or not is_script(text):
                return None
            self.budget.spend(len(text) >> 8)
            if len(text) > _LARGEST:
                self.complain(where, 1, f"longer than {_LARGEST} characters: the rest is not read")
            self._scripts[where] = Script(where, text[:_LARGEST])
        return self._scripts[where]

    def text(self, where: str) -> str | None:
        """Return the text at a URL or a path, or None if there is none."""
        if where not in self._texts:
            self._texts[where] = self._fetch(where) if is_url(where) else self._read(where)
        return self._texts[where]

    def _read(self, path: str) -> str | None:
        """Return a script's text, but only the beginning of another file, which may be a kernel."""
        if self.files.kind(path) != "file":
            return None
        head = self.files.piece(path, 0, 1024).decode("utf-8", "surrogateescape")
        return self.files.read(path) if is_script(head) else head

    def _fetch(self, url: str) -> str | None:
        if self._fetches >= _MOST_FETCHES:
            raise OutOfBudget(f"it wants more than {_MOST_FETCHES} files: given up")
        if self._silent >= _MOST_SILENT:
            raise OutOfBudget(f"{_MOST_SILENT} files could not be fetched: no more are asked for")
        text = self.files.host.fetch(url)
        self._fetches += 1
        self._silent += text is None
        return text

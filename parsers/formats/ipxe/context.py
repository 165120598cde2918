"""What all runs of one configuration share: the texts, the problems, the limits on its work."""

from posixpath import dirname, normpath

from parsers.api import FileRef, Files, Problem
from parsers.formats.ipxe.script import Script, is_script
from parsers.places.urls import is_url, join

_LONGEST = 1 << 16  # characters of a setting
_MOST_PROBLEMS = 100
_MOST_FETCHES = 200  # of one configuration: public catalogues have a hundred scripts
_MOST_SILENT = 16  # URLs that do not answer: each may cost a time-out
_LARGEST = 1 << 20  # characters of a script


class LimitExceeded(Exception):
    """The script does more than any boot configuration has a reason to."""


class Budget:
    """Limits a script's work, and with it its memory; a step is some twenty microseconds."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def spend(self, steps: int = 1) -> None:
        self.steps -= steps
        if self.steps < 0:
            raise LimitExceeded("it does not come to an end: given up")

    def hold(self, text: str) -> str:
        if len(text) > _LONGEST:
            raise LimitExceeded("a setting grows without end: given up")
        self.spend(len(text) >> 10)
        return text


class IpxeContext:
    """The files and the network, and what was wrong so far."""

    def __init__(self, files: Files) -> None:
        self.files = files
        self.budget = Budget(60_000)
        self.problems: dict[tuple[str, int, str], Problem] = {}
        self._texts: dict[str, str | None] = {}
        self._scripts: dict[str, Script] = {}
        self._fetches = self._silent = 0

    def complain(self, config: str, line: int, message: str) -> None:
        if len(self.problems) < _MOST_PROBLEMS:
            problem = Problem(config, max(line, 1), message)
            self.problems.setdefault((config, line, message), problem)

    def locate(self, base: str, name: str) -> str:
        """The URL or the path that a name in the script at `base` means."""
        # No server is told what follows a #; iPXE names there what it would send by POST.
        name = name.partition("#")[0]
        if is_url(base) or is_url(name):
            return join(base, name) if is_url(base) else name
        # UEFI's iPXE calls the file system that it came from file:.
        name = name.removeprefix("file:")
        path = name.replace("\\", "/") if "\\" in name else name
        return "/" + normpath(f"/{path}" if path[:1] == "/" else f"{dirname(base)}/{path}").lstrip(
            "/"
        )

    def ref(self, where: str) -> FileRef:
        return FileRef(url=where) if is_url(where) else FileRef(path=where)

    def lacks(self, where: str) -> bool:
        """Whether it is known not to be there; of URLs only trying would tell."""
        return not is_url(where) and self.files.kind(where) != "file"

    def script(self, where: str) -> Script | None:
        """The script at a URL or a path; None when something else, or nothing, is there."""
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
        """None when it is not there, or cannot be had."""
        if where not in self._texts:
            self._texts[where] = self._fetched(where) if is_url(where) else self._read(where)
        return self._texts[where]

    def _read(self, path: str) -> str | None:
        """Of what is no script only the beginning: it may be a kernel."""
        if self.files.kind(path) != "file":
            return None
        head = self.files.piece(path, 0, 1024).decode("utf-8", "surrogateescape")
        return self.files.read(path) if is_script(head) else head

    def _fetched(self, url: str) -> str | None:
        if self._fetches >= _MOST_FETCHES:
            raise LimitExceeded(f"it wants more than {_MOST_FETCHES} files: given up")
        if self._silent >= _MOST_SILENT:
            raise LimitExceeded(f"{_MOST_SILENT} files could not be fetched: no more are asked for")
        text = self.files.host.fetch(url)
        self._fetches += 1
        self._silent += text is None
        return text

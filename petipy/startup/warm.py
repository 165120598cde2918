"""Let each parser build its grammar before the scanner forks: one child per device would pay."""

from collections import deque
from fnmatch import fnmatchcase

from parsers.api import Format, Host, Volume
from parsers.empty import EmptyFiles
from petipy.startup import PLAIN


class _StubFiles(EmptyFiles):
    """A tree with every file there and next to nothing in it."""

    volume = Volume(name="none")
    host = Host(machine="none", volumes=(volume,))

    def read(self, path: str) -> str | None:
        return "timeout=1\n"

    def names(self, directory: str) -> list[str]:
        return ["vmlinux-1"]


def warm(form: Format) -> None:
    """Parse a small file; compile the patterns by which the format's files are found."""
    if PLAIN:
        return
    for name in (name for path in form.paths for name in path.split("/") if "*" in name):
        fnmatchcase("", name)
    for path in form.paths[:1]:
        deque(form.parse(_StubFiles(), path.replace("*", "a")), maxlen=0)

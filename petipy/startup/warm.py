"""Let each parser build its grammar before the scanner forks: one child per device would pay."""

from collections import deque
from fnmatch import fnmatchcase

from parsers.api import Format, Host, Volume
from petipy.startup import PLAIN


class _StubFiles:
    """`parsers.api.Files` with every file there and next to nothing in it."""

    volume = Volume(name="none")
    host = Host(machine="none", volumes=(volume,))

    def read(self, path: str) -> str | None:
        return "timeout=1\n"

    def piece(self, path: str, offset: int, length: int) -> bytes:
        return b""

    def names(self, directory: str) -> list[str]:
        return ["vmlinux-1"]

    def kind(self, path: str) -> None:
        return None

    def size(self, path: str) -> int:
        return 0

    def modified(self, path: str) -> int:
        return 0

    def link(self, path: str) -> str:
        return ""

    def default(self, path: str) -> str:
        return path


def warm(form: Format) -> None:
    """Parse a small file; compile the patterns by which the format's files are found."""
    if PLAIN:
        return
    for name in (name for path in form.paths for name in path.split("/") if "*" in name):
        fnmatchcase("", name)
    for path in form.paths[:1]:
        deque(form.parse(_StubFiles(), path.replace("*", "a")), maxlen=0)

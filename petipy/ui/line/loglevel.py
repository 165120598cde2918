"""The kernel's console messages are held back while a menu is drawn: they would be drawn over it.

They stay in the kernel's log. There is one level for the whole machine, so this counts menus.
"""

from collections.abc import Iterator
from contextlib import contextmanager

PRINTK = "/proc/sys/kernel/printk"  # four numbers, of which the first is the console's level
_LEVEL = 3  # only what is worse than an error


class Hush:
    """The kernel's console log level, lowered while any menu is up."""

    def __init__(self, path: str = PRINTK) -> None:
        self._path = path
        self._menus, self._before = 0, ""

    @contextmanager
    def held(self) -> Iterator[None]:
        if self._menus == 0:
            self._before = self._lower()
        self._menus += 1
        try:
            yield
        finally:
            self._menus -= 1
            if self._menus == 0 and self._before:
                self._write(self._before)

    def _lower(self) -> str:
        """The level that was, or "" when it was low enough or cannot be changed."""
        try:
            with open(self._path) as file:
                before = file.read().split()[0]
        except (OSError, IndexError):
            return ""
        if not before.isdigit() or int(before) <= _LEVEL:
            return ""
        return before if self._write(str(_LEVEL)) else ""

    def _write(self, level: str) -> bool:
        try:
            with open(self._path, "w") as file:
                file.write(level)
        except OSError:  # not ours to change, as on a developer's machine
            return False
        return True


HUSH = Hush()

"""The kernel's console log level, lowered while a menu is up: messages would be drawn over it.

The messages stay in the kernel's log. The machine has one level for all consoles, so this module
counts menus.
"""

from collections.abc import Iterator
from contextlib import contextmanager

PRINTK = "/proc/sys/kernel/printk"  # four numbers; the first is the console's level
_LEVEL = 1  # emergencies only: a stick that is pulled is an alert of its file system


class KernelLogLevel:
    """The kernel's console log level."""

    def __init__(self, path: str = PRINTK) -> None:
        self._path = path
        self._menus, self._before = 0, ""

    @contextmanager
    def hold_low(self) -> Iterator[None]:
        """Keep the level low for the time of the context; contexts may overlap."""
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
        """Return the level as it was, or "" if it is low enough or cannot be changed."""
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
        except OSError:  # no right to write there, as on a developer's machine
            return False
        return True


KERNEL_LOG_LEVEL = KernelLogLevel()

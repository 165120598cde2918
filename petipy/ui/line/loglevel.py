"""The kernel's console log level, lowered while its messages would be drawn over ours.

The messages stay in the kernel's log. The machine has one level for all consoles, so this module
counts those who want it low.
"""

from collections.abc import Iterator
from contextlib import contextmanager

PRINTK = "/proc/sys/kernel/printk"  # four numbers; the first is the console's level
_LEVEL = 1  # emergencies only: a stick that is pulled is an alert of its file system


class KernelLogLevel:
    """The kernel's console log level."""

    def __init__(self, path: str = PRINTK) -> None:
        self._path = path
        self._low = self._lifted = 0  # contexts
        self._before = ""  # the level as it was; "" while it is not lowered

    @property
    def hidden(self) -> range:
        """The levels of messages that the consoles would show if it were not lowered."""
        return range(_LEVEL, int(self._before or _LEVEL))

    @contextmanager
    def hold_low(self) -> Iterator[None]:
        """Keep the level low for the time of the context; contexts may overlap."""
        self._low += 1
        self._apply()
        try:
            yield
        finally:
            self._low -= 1
            self._apply()

    @contextmanager
    def lift(self) -> Iterator[None]:
        """Let messages through for the time of the context, for a person in a shell."""
        self._lifted += 1
        self._apply()
        try:
            yield
        finally:
            self._lifted -= 1
            self._apply()

    def _apply(self) -> None:
        wanted = self._low and not self._lifted
        if wanted and not self._before:
            self._before = self._lower()
        elif not wanted and self._before:
            self._write(self._before)
            self._before = ""

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

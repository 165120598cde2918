"""The log: kept for the log screen, in /run/petipy/log, and in the kernel's log.

A line may have words of disks and of other programs: here they become visible, for all who read.
"""

import os
import time
from collections import deque
from collections.abc import Callable
from typing import Literal, TextIO

from parsers.places.urls import hide_credentials
from petipy.report.visible import escape
from petipy.state.model import Status

Level = Literal["debug", "info", "warning", "error"]
_KEPT = 2000
_LONGEST = 4000  # characters of a line; the rest is cut off
_KMSG_LONGEST = 900  # bytes; the kernel refuses a record of more than 1 kB
_KERN_DEBUG = 7 | 1 << 3  # facility "user", level "debug", which no console shows


def uptime() -> float:
    """Return the seconds since the kernel started."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Log:
    """The last lines. `show` is called with each that deserves a person's attention.

    Lines of the level "debug" are kept while `debug` returns True.
    """

    def __init__(
        self,
        show: Callable[[Status], None] = lambda _: None,
        *,
        debug: Callable[[], bool] = lambda: False,
        files: tuple[str, ...] = ("/run/petipy/log", "/dev/kmsg"),
    ) -> None:
        self.lines: deque[Status] = deque(maxlen=_KEPT)
        self._show = show
        self._debug = debug
        self._listeners: list[Callable[[], None]] = []
        self._files = [fd for path in files if (fd := _open(path)) is not None]

    def listen(self, listener: Callable[[], None]) -> None:
        """Call `listener` after each line. It must only take note."""
        self._listeners.append(listener)

    def debug(self, text: str) -> None:
        self._add("debug", text)

    def info(self, text: str) -> None:
        self._add("info", text)

    def announce(self, text: str) -> None:
        """Add an "info" line that consoles show as well."""
        self._add("info", text, show=True)

    def warning(self, text: str) -> None:
        self._add("warning", text, show=True)

    def error(self, text: str) -> None:
        self._add("error", text, show=True)

    def relay(self, severity: int, text: str) -> None:
        """Add a line that the kernel's log has already, with its severity there (0 to 7)."""
        self._add(
            "error" if severity < 4 else "warning" if severity == 4 else "info", text, own=False
        )

    def _add(self, level: Level, text: str, *, show: bool = False, own: bool = True) -> None:
        if level == "debug" and not self._debug():
            return
        status = Status(at=uptime(), level=level, text=_clean(text))
        self.lines.append(status)
        for fd, head in self._files:
            if head and not own:
                continue
            line = f"{head or f'{status.at:9.3f} '}{level}: {status.text}".encode()
            if head and len(line) > _KMSG_LONGEST:
                line = line[:_KMSG_LONGEST].decode(errors="ignore").encode() + b"..."
            try:
                os.write(fd, line + b"\n")
            except OSError:  # a log that cannot be written stops nothing
                continue
        if show:
            self._show(status)
        for listener in self._listeners:
            listener()


def _clean(text: str) -> str:
    text = escape(hide_credentials(text[: _LONGEST + 1]))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _open(path: str) -> tuple[int, str] | None:
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120  no pathlib here
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
    return fd, f"<{_KERN_DEBUG}>petipy: " if path.endswith("/kmsg") else ""


class Trace:
    """The stages of a start. With petipy.trace, prints a line the first time one is reached."""

    def __init__(self, on: bool, fd: int = 2) -> None:
        self._on, self._fd = on, fd
        self.stages: dict[str, float] = {}  # seconds since the kernel started

    def __call__(self, stage: str) -> None:
        if stage in self.stages:
            return
        self.stages[stage] = seconds = uptime()
        if self._on:
            os.write(self._fd, f"\r\npetipy-trace: {stage} {seconds:.3f}\r\n".encode())


class FaultStream:
    """A text stream for the faults of the program: Python prints them with the words of others.

    It passes lines on to `stream` with all else that is not printable made visible.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        self._stream.write("\n".join(escape(line) for line in text.split("\n")))
        return len(text)

    def flush(self) -> None:
        self._stream.flush()

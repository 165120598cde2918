"""What happened: kept for the log screen, in /run/petipy/log, and in the kernel's log."""

import os
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from petipy.state.model import Status

Level = Literal["debug", "info", "warning", "error"]
_KEPT = 2000
_KERN_DEBUG = 7 | 1 << 3  # facility user; below every console log level, so no console shows it


def uptime() -> float:
    """Seconds since the kernel started."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Log:
    """Keeps the last lines; `tell` is called with each that deserves a person's attention.

    `debug` says for each line of that level whether it is kept.
    """

    def __init__(
        self,
        *,
        debug: Callable[[], bool] = lambda: False,
        files: tuple[str, ...] = ("/run/petipy/log", "/dev/kmsg"),
    ) -> None:
        self.lines: deque[Status] = deque(maxlen=_KEPT)
        self.tell: Callable[[Status], None] = lambda _: None
        self._debug = debug
        self._files = [fd for path in files if (fd := _open(path)) is not None]

    def debug(self, text: str) -> None:
        self._add("debug", text)

    def info(self, text: str) -> None:
        self._add("info", text)

    def warning(self, text: str) -> None:
        self._add("warning", text)

    def error(self, text: str) -> None:
        self._add("error", text)

    def _add(self, level: Level, text: str) -> None:
        if level == "debug" and not self._debug():
            return
        status = Status(at=uptime(), level=level, text=text)
        self.lines.append(status)
        for fd, head in self._files:
            line = f"{head or f'{status.at:9.3f} '}{level}: {text}\n"
            try:
                os.write(fd, line.encode(errors="replace"))
            except OSError:  # a full or unwilling log is no reason to stop
                continue
        if level in {"warning", "error"}:
            self.tell(status)


def _open(path: str) -> tuple[int, str] | None:
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH103, PTH120  no pathlib here
        fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
    return fd, f"<{_KERN_DEBUG}>petipy: " if path == "/dev/kmsg" else ""


class Trace:
    """With petipy.trace, one line on the console for each stage, the first time it is reached."""

    def __init__(self, on: bool, fd: int = 2) -> None:
        self._fd = fd
        self._told: set[str] | None = set() if on else None

    def __call__(self, stage: str) -> None:
        if self._told is None or stage in self._told:
            return
        self._told.add(stage)
        os.write(self._fd, f"\r\npetipy-trace: {stage} {uptime():.3f}\r\n".encode())

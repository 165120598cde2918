"""A shell on a terminal, with job control. The menu comes back when the shell ends."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from petipy.sys import process

SHELL = ("/bin/sh",)
_LOOK = 20.0  # seconds between two looks at the use of the shell
_IDLE = 60.0  # seconds without input or output
_ENVIRONMENT = {"HOME": "/", "PS1": "petipy# "}


async def run(
    path: str, term: str, note_use: Callable[[], None], command: Sequence[str] = SHELL
) -> None:
    """Run the command on the terminal until it ends; call `note_use` now and then while it is used.

    The caller must not read the terminal meanwhile. When the shell ends, the kernel hangs up the
    terminal (the shell leads the session), so descriptors that were open are dead afterwards.
    Cancelling ends the shell and everything that it started on the terminal.
    """
    environment = process.ENVIRONMENT | _ENVIRONMENT | {"TERM": term}
    shell = process.start_on_terminal(command, path, environment)
    use = Use(shell.pid, path)
    try:
        while not await shell.ends_within(_LOOK):
            if use.goes_on():
                note_use()
    finally:
        await shell.end()


class Use:
    """The use of a shell: a program runs, or a person types or reads.

    A forgotten prompt is none. The terminal's times are compared with one another alone: the wall
    clock may be set by days while the shell is open.
    """

    def __init__(self, pid: int, path: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._pid, self._path, self._clock = pid, path, clock
        self._times = self._read_times()
        self._changed = clock()

    def goes_on(self) -> bool:
        """Return True if the shell is in use, or was within the last minute."""
        # A kernel without CONFIG_PROC_CHILDREN does not have the file.
        children = f"/proc/{self._pid}/task/{self._pid}/children"
        with suppress(OSError), open(children) as file:
            if file.read().strip():
                return True
        times = self._read_times()
        if times != self._times:
            self._times, self._changed = times, self._clock()
        return times is not None and self._clock() - self._changed < _IDLE

    def _read_times(self) -> tuple[float, float] | None:
        """Return the times of the last input and output; None without the terminal."""
        try:
            status = os.stat(self._path)  # noqa: PTH116  no pathlib here
        except OSError:
            return None
        return status.st_atime, status.st_mtime

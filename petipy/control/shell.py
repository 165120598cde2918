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
    try:
        while not await shell.ends_within(_LOOK):
            if is_used(shell.pid, path):
                note_use()
    finally:
        await shell.end()


def is_used(pid: int, path: str) -> bool:
    """Return True if a program runs, or a person types or reads; a forgotten prompt is not use."""
    # A kernel without CONFIG_PROC_CHILDREN does not have the file.
    with suppress(OSError), open(f"/proc/{pid}/task/{pid}/children") as file:
        if file.read().strip():
            return True
    try:
        status = os.stat(path)  # noqa: PTH116  a terminal's times are those of its last input and output
    except OSError:
        return False
    return time.time() - max(status.st_atime, status.st_mtime) < _IDLE

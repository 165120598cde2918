"""A shell on a console, with job control, from which one comes back to the menu."""

import asyncio
import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from petipy.sys import tty

SHELL = ("/bin/sh",)
_LOOK = 20.0  # seconds between two looks at whether it is in use
_IDLE = 60.0  # seconds without input or output
_MERCY = 1.0  # seconds between SIGHUP and SIGKILL
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/", "PS1": "petipy# "}


async def run(
    path: str, term: str, in_use: Callable[[], None], command: Sequence[str] = SHELL
) -> None:
    """Run the command on the terminal until it ends; `in_use` is called now and then while it is.

    The caller must not read the terminal meanwhile. When the shell ends, the kernel hangs up the
    terminal (it leads the session), so descriptors that were open are dead afterwards. When this
    is cancelled, the shell and all that it started on the terminal are ended.
    """
    # A descriptor of its own: O_NONBLOCK is shared by all that come from one open().
    fd = tty.open_tty(path)
    try:
        os.set_blocking(fd, True)
        tty.cooked(fd)
        child = subprocess.Popen(  # noqa: ASYNC220  fork and exec, which do not wait
            command,
            stdin=fd,
            stdout=fd,
            stderr=fd,
            cwd="/",
            env=_ENVIRONMENT | {"TERM": term},
            start_new_session=True,
            preexec_fn=_take_terminal,  # noqa: PLW1509  the program has no other threads
        )
    finally:
        os.close(fd)
    await _ended(child, path, in_use)


def _take_terminal() -> None:
    with contextlib.suppress(OSError):  # without job control, then
        tty.take(0)


async def _ended(child: subprocess.Popen[bytes], path: str, in_use: Callable[[], None]) -> None:
    pidfd = os.pidfd_open(child.pid)
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(pidfd, ended.set)
    try:
        while not await _within(_LOOK, ended):
            if _busy(child.pid, path):
                in_use()
    finally:
        if not ended.is_set():
            os.killpg(child.pid, signal.SIGHUP)
            if not await _within(_MERCY, ended):
                os.killpg(child.pid, signal.SIGKILL)
        loop.remove_reader(pidfd)
        os.close(pidfd)
        child.wait()


async def _within(seconds: float, event: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


def _busy(pid: int, path: str) -> bool:
    """Whether somebody types or reads there, or a program runs: a forgotten prompt is not use."""
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            if file.read().strip():
                return True
        status = Path(path).stat()  # a terminal's times are those of its last input and output
    except OSError:
        return False
    return time.time() - max(status.st_atime, status.st_mtime) < _IDLE

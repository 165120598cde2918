"""A shell on a console, with job control. The menu comes back when the shell ends."""

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
_CHECK_INTERVAL = 20.0  # seconds between two checks for use
_IDLE = 60.0  # seconds without input or output
_HANGUP_TIME = 1.0  # seconds between SIGHUP and SIGKILL
_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/", "PS1": "petipy# "}


async def run(
    path: str, term: str, in_use: Callable[[], None], command: Sequence[str] = SHELL
) -> None:
    """Run the command on the terminal until it ends, and call `in_use` at times while it is used.

    The caller must not read the terminal meanwhile. The shell leads the terminal's session; when
    it ends, the kernel hangs up the terminal, and descriptors that were open are dead afterwards.
    On cancellation the shell and the programs that it started on the terminal are ended.
    """
    # The shell needs a descriptor of its own: all copies of a descriptor share O_NONBLOCK.
    fd = tty.open_tty(path)
    try:
        os.set_blocking(fd, True)
        tty.set_cooked(fd)
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
    await _wait_for(child, path, in_use)


def _take_terminal() -> None:
    with contextlib.suppress(OSError):  # the shell then runs without job control
        tty.set_controlling(0)


async def _wait_for(child: subprocess.Popen[bytes], path: str, in_use: Callable[[], None]) -> None:
    pidfd = os.pidfd_open(child.pid)
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    loop.add_reader(pidfd, ended.set)
    try:
        while not await _is_set_within(_CHECK_INTERVAL, ended):
            if _is_used(child.pid, path):
                in_use()
    finally:
        if not ended.is_set():
            os.killpg(child.pid, signal.SIGHUP)
            if not await _is_set_within(_HANGUP_TIME, ended):
                os.killpg(child.pid, signal.SIGKILL)
        loop.remove_reader(pidfd)
        os.close(pidfd)
        child.wait()


async def _is_set_within(seconds: float, event: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True


def _is_used(pid: int, path: str) -> bool:
    """Return True if a program runs in the shell, or if there was input or output lately.

    A prompt that somebody has forgotten does not count as use.
    """
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            if file.read().strip():
                return True
        status = Path(path).stat()  # a terminal's times are those of its last input and output
    except OSError:
        return False
    return time.time() - max(status.st_atime, status.st_mtime) < _IDLE

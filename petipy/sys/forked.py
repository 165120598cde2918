"""Work in a forked child, so that what kills or hangs the work costs the child alone."""

import asyncio
import os
import signal
from collections.abc import Callable
from typing import NoReturn

_LONGEST = 4000  # bytes of an answer


async def in_child(work: Callable[[], str], within: float) -> str:
    """Return the text that `work()` returns in a forked child.

    The child has all rights of this process. Its OSError is raised here. Raise TimeoutError if
    it has not answered `within` seconds. The child is killed when this is cancelled.
    """
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(work, theirs)
    os.close(theirs)
    ended = False
    try:
        async with asyncio.timeout(within):
            data = await _read_all(ours)
        ended = True
    finally:
        os.close(ours)
        os.kill(child, signal.SIGKILL)
        # A child that hangs in a read of its disk may live on for long: init reaps it then.
        os.waitpid(child, 0 if ended else os.WNOHANG)  # noqa: ASYNC222
    kind, _, text = data.decode(errors="replace").partition("\n")
    if kind == "done":
        return text
    raise OSError(text or "the loading process died: does its device have read errors?")


def _answer(work: Callable[[], str], out: int) -> NoReturn:
    text = ""
    try:
        try:
            text = f"done\n{work()}"
        except OSError as error:
            text = f"error\n{error.strerror or error}"
        except Exception as error:  # noqa: BLE001  the boundary of the child
            text = f"error\n{type(error).__name__}: {error}"
        os.write(out, text.encode(errors="replace")[:_LONGEST])
    finally:
        os._exit(0)


async def _read_all(fd: int) -> bytes:
    loop, data = asyncio.get_running_loop(), bytearray()
    ended = loop.create_future()

    def read() -> None:
        if piece := os.read(fd, 4096):
            data.extend(piece)
        elif not ended.done():
            ended.set_result(None)

    loop.add_reader(fd, read)
    try:
        await ended
    finally:
        loop.remove_reader(fd)
    return bytes(data)

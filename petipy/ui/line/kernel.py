"""The kernel's messages, as lines of our log: the kernel itself would write into ours.

A message that the consoles would show comes to the log, and so to the countdown of each console and
to the log screen. In a shell, and once the machine leaves, the kernel writes by itself again.
"""

import asyncio
import math
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

from petipy.ui.line.loglevel import KERNEL_LOG_LEVEL, KernelLogLevel

_RECORD = 8192  # bytes; the kernel's limit
_MOST, _PERIOD = 40, 10.0  # lines in so many seconds; a broken disk has thousands


def open_kmsg() -> int:
    """Return a descriptor that gives one record a read, from now on. OSError where that is not."""
    fd = os.open("/dev/kmsg", os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    os.lseek(fd, 0, os.SEEK_END)
    return fd


class KernelMessages:
    """The kernel's messages. `add` is given the level of each (syslog's, 0 to 7) and its text."""

    def __init__(
        self,
        add: Callable[[int, str], None],
        *,
        level: KernelLogLevel = KERNEL_LOG_LEVEL,
        open: Callable[[], int] = open_kmsg,
    ) -> None:
        self._add, self._level, self._open = add, level, open
        self._hold = ExitStack()  # of the low level
        self._count, self._left_out, self._period_began = 0, 0, -math.inf

    async def run(self) -> None:
        """Follow the messages; return only when cancelled. OSError if there are none to read."""
        fd, loop = self._open(), asyncio.get_running_loop()
        try:
            loop.add_reader(fd, self._read, fd)
            self.resume()
            await loop.create_future()
        finally:
            loop.remove_reader(fd)
            self._hold.close()
            os.close(fd)

    async def release(self, lines: Sequence[str]) -> None:
        """Let the kernel write by itself: the machine leaves."""
        self._hold.close()

    def resume(self) -> None:
        """Take the messages over, at the start and after a boot that failed."""
        self._hold.close()
        self._hold.enter_context(self._level.hold_low())

    def _read(self, fd: int) -> None:
        now = asyncio.get_running_loop().time()
        for level, text in _read_records(fd):
            if level in self._level.hidden:
                self._pass_on(level, text, now)

    def _pass_on(self, level: int, text: str, now: float) -> None:
        if now - self._period_began > _PERIOD:
            if self._left_out:
                self._add(4, f"kernel: {self._left_out} more messages: dmesg has them")
            self._count, self._left_out, self._period_began = 0, 0, now
        self._count += 1
        if self._count > _MOST:
            self._left_out += 1
        else:
            self._add(level, f"kernel: {text}")


def _read_records(fd: int) -> Iterator[tuple[int, str]]:
    """Yield level and text of the kernel's own messages that have come."""
    while True:
        try:
            record = os.read(fd, _RECORD)
        except BlockingIOError:
            return
        except BrokenPipeError:  # messages were overwritten before they were read
            continue
        except OSError:
            return
        if not record:
            return
        head, _, text = record.partition(b";")
        priority = head.partition(b",")[0]
        # Programs write there, too: with a facility besides the level.
        if priority.isdigit() and int(priority) < 8:
            yield int(priority), text.partition(b"\n")[0].decode("utf-8", "replace")

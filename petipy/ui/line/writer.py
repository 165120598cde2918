"""Output to a terminal that never blocks: a dead line must not stop the other consoles."""

import asyncio
import os
from collections.abc import Callable

LIMIT = 64 * 1024
STUCK = 2.0  # seconds


class Writer:
    """A queue of text in front of a terminal's descriptor.

    Once LIMIT bytes wait, the writer drops further text. It calls `drained` when the queue is
    empty again; the argument is True if text was dropped, or if nobody took any for so long that
    another terminal may be there now. It calls `broken` when the terminal has gone away.
    """

    def __init__(
        self,
        fd: int,
        drained: Callable[[bool], None],
        broken: Callable[[], None],
        encoding: str = "ascii",
    ) -> None:
        self._encoding = encoding
        self._fd, self._drained, self._broken = fd, drained, broken
        self._queue, self._lossy, self._waiting = bytearray(), False, False
        self.sent = 0  # bytes that the terminal has accepted
        self._stuck_since = 0.0
        self._loop = asyncio.get_running_loop()

    @property
    def busy(self) -> bool:
        return bool(self._queue)

    def write(self, text: str) -> None:
        if len(self._queue) >= LIMIT:
            self._lossy = True
            return
        self._queue += text.encode(self._encoding, "replace")
        if not self._waiting:
            self._send()

    def close(self) -> None:
        """Drop the text that is still in the queue."""
        self._queue.clear()
        self._stop_waiting()

    def _send(self) -> None:
        try:
            while self._queue:
                count = os.write(self._fd, self._queue)
                self.sent += count
                self._note_progress()
                del self._queue[:count]
        except BlockingIOError:
            if not self._waiting:
                self._waiting, self._stuck_since = True, self._loop.time()
                self._loop.add_writer(self._fd, self._send)
            return
        except OSError:  # EIO, ENODEV: hung up
            self.close()
            self._broken()
            return
        if self._waiting:
            self._stop_waiting()
            lossy, self._lossy = self._lossy, False
            self._drained(lossy)

    def _note_progress(self) -> None:
        if self._waiting:
            now = self._loop.time()
            self._lossy = self._lossy or now - self._stuck_since > STUCK
            self._stuck_since = now

    def _stop_waiting(self) -> None:
        if self._waiting:
            self._waiting = False
            self._loop.remove_writer(self._fd)

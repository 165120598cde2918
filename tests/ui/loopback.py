"""A line that sends back what it is sent."""

import asyncio
from collections.abc import Callable

from tests.ui.emulator import Emulator


class Loopback(Emulator):
    """A terminal in whose place a plug, a modem or a login prompt echoes.

    `echo` makes the bytes that come back of those that went out. They come `delay` seconds later,
    in pieces of `size` bytes.
    """

    def __init__(
        self, echo: Callable[[bytes], bytes] = bytes, *, size: int = 4096, delay: float = 0.0
    ) -> None:
        super().__init__()
        self.answers = {}
        self.returned = 0
        self._echo, self._size, self._delay = echo, size, delay
        self.plugged = True

    def take(self, data: bytes) -> None:
        if not self.plugged:
            return
        back = self._echo(data)
        loop = asyncio.get_running_loop()
        for number, at in enumerate(range(0, len(back), self._size)):
            # Pieces that come at once would be read at once.
            after = self._delay + number * (0.002 if self._size < 64 else 0)
            loop.call_later(after, self._return, back[at : at + self._size])

    def _return(self, data: bytes) -> None:
        if self.is_open:
            self.type(data)
            self.returned += len(data)

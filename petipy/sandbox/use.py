"""The use of something that ends when nobody has used it for a while."""

import asyncio
from collections.abc import Callable


class Use:
    """Uses that may overlap: `with use:` around each. After a pause without one, call `end`."""

    def __init__(self, pause: float, end: Callable[[], None]) -> None:
        self._pause, self._end = pause, end
        self._users = 0
        self._timer: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        self._users += 1
        if self._timer:
            self._timer.cancel()

    def __exit__(self, *_: object) -> None:
        self._users -= 1
        if not self._users:
            self._timer = asyncio.get_running_loop().call_later(self._pause, self._end)

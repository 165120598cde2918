"""Repetitions of scans that have not come to their end, with growing pauses."""

import asyncio
from collections.abc import Awaitable, Callable

from petipy.log import Log

# Seconds before a scan that has not come to its end is repeated. After the last of these pauses a
# device counts as given up. It is still looked at now and then, since a machine that has nothing
# else to boot must not wait for a person. Each pause is then twice the one before, up to a day: a
# child that hangs in a read cannot be killed, and stays. A server that does not answer is asked
# every two minutes: it may only come later, and its machine may have nothing else.
PAUSES = 5.0, 15.0, 45.0
LATER, LONGEST = 300.0, 86400.0
LATER_REMOTE, LONGEST_REMOTE = 60.0, 120.0


class Repeats:
    """The failures in a row of each source, and the pauses that go on."""

    def __init__(
        self, group: asyncio.TaskGroup, log: Log, sleep: Callable[[float], Awaitable[None]]
    ) -> None:
        self._group, self._log, self._sleep = group, log, sleep
        self._failures: dict[str, int] = {}
        self._pauses: dict[str, asyncio.Task[None]] = {}
        self._ended = False

    def count(self, name: str, *, failed: bool, hopeless: bool = False) -> int:
        """Count the end of a scan. Return the number of failures in a row."""
        failures = self._failures.get(name, 0) + 1 if failed else 0
        self._failures[name] = max(failures, len(PAUSES) + 1) if hopeless else failures
        return failures

    def is_given_up(self, name: str) -> bool:
        return self._failures.get(name, 0) > len(PAUSES)

    def begin(
        self, name: str, failure: str, scan: Callable[[], None], *, remote: bool = False
    ) -> None:
        """Scan again after a pause. Tell of the first failure and of giving the device up.

        `remote`: the source is a network.
        """
        failures = self._failures[name]
        last = len(PAUSES) + 1
        if failures < last:
            pause = PAUSES[failures - 1]
            # The line stays on the screen: a number of seconds would soon be wrong.
            words = f"it is {'asked' if remote else 'looked at'} again soon"
        elif remote:
            pause = min(LATER_REMOTE * 2 ** min(failures - last, 20), LONGEST_REMOTE)
            words = f"from now on it is asked again every {LONGEST_REMOTE:g} seconds"
        else:
            pause = min(LATER * 2 ** min(failures - last, 20), LONGEST)
            words = "from now on it is looked at less and less often"
        tell = self._log.warning if failures in (1, last) else self._log.debug
        tell(f"{name}: {failure}; {words}")
        self._wait(name, pause, scan)

    def ask_again(self, name: str, scan: Callable[[], None]) -> None:
        """Scan a network again, after a long pause, whose servers had nothing to say."""
        self._wait(name, LONGEST_REMOTE, scan)

    def _wait(self, name: str, pause: float, scan: Callable[[], None]) -> None:
        if self._ended:
            return

        async def wait() -> None:
            await self._sleep(pause)
            del self._pauses[name]
            scan()

        self._pauses[name] = self._group.create_task(wait())

    def cancel(self, name: str) -> None:
        """End the source's pause, if it has one."""
        if task := self._pauses.pop(name, None):
            task.cancel()

    def forget(self, name: str) -> None:
        """Count the source's failures from 0 again."""
        self._failures.pop(name, None)

    def end(self) -> None:
        """Repeat nothing any more."""
        self._ended = True
        for name in [*self._pauses]:
            self.cancel(name)

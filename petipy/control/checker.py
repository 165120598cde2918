"""Passwords that people type: checked in a child, one at a time, with a penalty for wrong ones."""

import asyncio
from collections.abc import Sequence

from parsers.api import Password
from petipy.control import passwords
from petipy.log import Log
from petipy.sys.forked import in_child

_PENALTY, _LONGEST_PENALTY = 1.0, 64.0  # seconds after a wrong password
_CHECKING = 120.0  # seconds to compute a password's hash


class Checker:
    """Checks passwords one after the other. As in GRUB, each wrong one costs twice the time."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._penalty = _PENALTY
        self._free_at = 0.0  # by the loop's clock: no check begins earlier
        self._turn = asyncio.Lock()

    async def check(
        self, keys: Sequence[Password], typed: str, decoys: Sequence[Password] = ()
    ) -> Password | None:
        """Return the one of the passwords that was typed; None, after the penalty, if none was.

        Without `keys` the decoys are checked, which takes as long, but they are never right. If
        this is cancelled, the penalty is left to the next check.
        """
        loop = asyncio.get_running_loop()
        async with self._turn:
            await asyncio.sleep(self._free_at - loop.time())
            right: Password | None = None
            try:
                found = await self._find(keys or decoys, typed)
                right = found if keys else None
            finally:
                if right:
                    self._penalty = _PENALTY
                else:
                    self._free_at = loop.time() + self._penalty
                    self._penalty = min(2 * self._penalty, _LONGEST_PENALTY)
            await asyncio.sleep(self._free_at - loop.time())
        if right:
            self._log.announce("access granted")
        else:
            self._log.warning("access denied: a wrong password")
        return right

    async def _find(self, keys: Sequence[Password], typed: str) -> Password | None:
        # In a child: it takes the processor for long, and the other consoles go on.
        def work() -> str:
            return " ".join(str(n) for n, key in enumerate(keys) if passwords.fits(key, typed))

        try:
            fitting = await in_child(work, _CHECKING)
        except OSError as error:  # a TimeoutError has no text
            why = str(error) or "it takes too long"
            self._log.error(f"a password could not be checked: {why}")
            return None
        return keys[int(fitting.split()[0])] if fitting else None

"""Passwords that people type: checked in a limited child, with a penalty for wrong ones."""

import asyncio
import math
import time
from collections.abc import Callable, Sequence

from parsers.api import Password
from petipy.log import Log
from petipy.sys.forked import ChildDied, Link, in_child, read_number

_PENALTY, _LONGEST_PENALTY = 1.0, 64.0  # seconds after a wrong password


class _Origin:
    """A console, or all connections of one kind: its checks and its penalty."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.penalty = _PENALTY
        self.free_at = -math.inf  # by the clock: no check of this origin begins earlier


class Checker:
    """Checks the passwords of each origin one after the other.

    As in GRUB, each wrong one costs twice the time. It costs only its own origin: a person at
    another console does not wait for it.

    A check may take `processor` seconds of processor time, `patience` seconds in all, and `memory`
    bytes. On an emulated machine, GRUB's usual 10,000 rounds take half a second. yescrypt usually
    takes 16 MiB.
    """

    def __init__(
        self,
        log: Log,
        *,
        processor: int = 60,
        patience: float = 120.0,
        memory: int = 256 << 20,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._log, self._clock = log, clock
        self._processor, self._patience, self._memory = processor, patience, memory
        self._origins: dict[str, _Origin] = {}

    async def check(
        self,
        keys: Sequence[Password],
        typed: str,
        decoys: Sequence[Password] = (),
        *,
        origin: str = "",
    ) -> Password | None:
        """Return the password that was typed; None, after the penalty, if it is not among `keys`.

        Without `keys` the decoys are checked, which takes as long, but they are never right. A
        check that cannot be made to its end counts as wrong; the log says why. Cancelling ends
        the check at once, and leaves the penalty to the next one of the same origin.
        """
        at = self._origins.setdefault(origin, _Origin())
        async with at.turn:
            await asyncio.sleep(at.free_at - self._clock())
            right, fault = None, ""
            try:
                right, fault = await self._find(keys or decoys, typed)
            finally:
                if not keys:
                    right = None
                if right:
                    at.penalty = _PENALTY
                else:
                    at.free_at = self._clock() + at.penalty
                    at.penalty = min(2 * at.penalty, _LONGEST_PENALTY)
            await asyncio.sleep(at.free_at - self._clock())
        if right:
            self._log.announce("access granted")
        elif fault:
            self._log.error(f"access denied: the password could not be checked: {fault}")
        else:
            self._log.warning("access denied: a wrong password")
        return right

    async def _find(self, keys: Sequence[Password], typed: str) -> tuple[Password | None, str]:
        """Return the password that fits, and the reason, in words, if that cannot be known."""

        def work(link: Link) -> str:
            from petipy.control import passwords
            from petipy.sys.confined import confine

            passwords.load()
            confine([link.fileno()], self._processor, self._memory)
            return _compare(keys, typed, passwords.fits)

        try:
            answer = await in_child(work, self._patience)
        except TimeoutError:
            return None, f"its hash takes more than {self._patience:g} seconds"
        except ChildDied as death:
            if death.signal == "SIGXCPU":
                return None, f"its hash takes more than {self._processor} s of processor time"
            return None, f"the check died ({death.signal}): is the memory full?"
        except OSError as error:
            return None, error.strerror or str(error)
        number, _, fault = answer.partition(" ")
        right = read_number(number, range(len(keys))) if keys else None
        return (None if right is None else keys[right]), fault


def _compare(keys: Sequence[Password], typed: str, fits: Callable[[Password, str], bool]) -> str:
    """Compare with all passwords, in the child. Answer "NUMBER FAULT"; either may be missing."""
    right = fault = ""
    for number, key in enumerate(keys):
        try:
            if fits(key, typed):
                right = right or str(number)
        except MemoryError:
            fault = "there is not enough memory for its hash"
        except OSError as error:
            fault = str(error.strerror)
    return f"{right} {fault}"

"""Passwords that people type: checked in a limited child, with a penalty for wrong ones."""

import asyncio
import math
import time
from collections.abc import Callable, Sequence

from parsers.api import Password
from petipy.log import Log
from petipy.sys.forked import ChildDied, Parent, Work, in_child, read_number

_PENALTY, _LONGEST_PENALTY = 1.0, 64.0  # seconds after a wrong password
_QUICK = 5  # seconds of processor time that are enough for most hashes


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

    def find_penalty(self, origin: str) -> float:
        """Return the seconds that the next wrong password of an origin takes."""
        return self._origins[origin].penalty if origin in self._origins else _PENALTY

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
        """Return the password that fits, and the reason, in words, if that cannot be known.

        A hash that takes too long costs itself alone: it is tried again when no other fits.
        """
        right, late, fault = await self._try(keys, typed, min(_QUICK, self._processor))
        if late and not right:
            right, _, fault = await self._try(late, typed, self._processor)
        return right, "" if right else fault

    async def _try(
        self, keys: Sequence[Password], typed: str, processor: int
    ) -> tuple[Password | None, list[Password], str]:
        """Return the password that fits, those that took too long, and the last reason."""
        late: list[Password] = []
        fault = ""
        while keys:
            last = 0  # the number of the key that the child works on

            def note(text: str, keys: Sequence[Password] = keys) -> None:
                nonlocal last
                number = read_number(text, range(len(keys)))
                last = last if number is None else number

            try:
                answer = await in_child(
                    self._make_work(keys, typed, processor), self._patience, note
                )
            except OSError as error:
                fault = self._explain(error, processor)
                if isinstance(error, TimeoutError) or _took_too_long(error):
                    late.append(keys[last])
                keys = keys[last + 1 :]
                continue
            number, _, words = answer.partition(" ")
            right = read_number(number, range(len(keys)))
            return (None if right is None else keys[right]), late, words or fault
        return None, late, fault

    def _make_work(self, keys: Sequence[Password], typed: str, processor: int) -> Work:
        def work(link: Parent) -> str:
            from petipy.control import passwords
            from petipy.sys.confined import confine

            passwords.load()
            confine("compute", [link.fileno()], processor, self._memory)
            return _compare(keys, typed, passwords.fits, link.report)

        return work

    def _explain(self, error: OSError, processor: int) -> str:
        if isinstance(error, TimeoutError):
            return f"its hash takes more than {self._patience:g} seconds"
        if _took_too_long(error):
            return f"its hash takes more than {processor} s of processor time"
        if isinstance(error, ChildDied):
            return f"the check died ({error.signal}): is the memory full?"
        return error.strerror or str(error)


def _took_too_long(error: OSError) -> bool:
    return isinstance(error, ChildDied) and error.signal == "SIGXCPU"


def _compare(
    keys: Sequence[Password],
    typed: str,
    fits: Callable[[Password, str], bool],
    report: Callable[[str], None],
) -> str:
    """Compare with one password after the other, in the child, until one fits.

    Report the number of each before. Answer "NUMBER FAULT"; either may be missing.
    """
    fault = ""
    for number, key in enumerate(keys):
        report(str(number))
        try:
            if fits(key, typed):
                return str(number)
        except MemoryError:
            fault = "there is not enough memory for its hash"
        except OSError as error:
            fault = str(error.strerror)
    return f" {fault}"

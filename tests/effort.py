"""Checks that work comes to an end, and how much it is. No clock decides if it is slow."""

import gc
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

_HUNG = 120  # seconds: no measure, only so that a run which hangs ends with the place where it does


@contextmanager
def ending() -> Iterator[None]:
    """TimeoutError, raised where it hangs, when this never ends."""

    def give_up(*_: object) -> None:
        raise TimeoutError(f"no end after {_HUNG} seconds")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(_HUNG)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def at_most(calls: int) -> Iterator[None]:
    """AssertionError, raised there and then, at more calls than that: Python's functions and C's.

    They are the same in each run, however busy the machine is.
    """
    left = 2 * calls  # each has its return

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise AssertionError(f"more than {calls} calls")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        with ending():
            yield
    finally:
        sys.setprofile(before)


def count_lines(work: Callable[[], object]) -> int:
    """Return the number of lines of Python that run, a line of a loop once for each turn.

    It is the same in each run. Loops within C, as over a list in `in`, do not count. Garbage of
    other tests does not count: collecting it runs finalizers, which are lines of Python, too.
    """
    lines = 0

    def trace(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return trace

    before, collects = sys.gettrace(), gc.isenabled()
    gc.disable()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
        if collects:
            gc.enable()
    return lines

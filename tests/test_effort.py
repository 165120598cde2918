"""The measure of work counts the work alone."""

import gc

from tests.effort import count_lines


class Cycle:
    """Garbage that only the collector finds; its end runs a line of Python."""

    def __init__(self) -> None:
        self.itself = self

    def __del__(self) -> None:
        self.itself = self


def make_lists() -> list[list[int]]:
    return [[] for _ in range(20_000)]  # enough for the collector to run several times


def test_garbage_of_others_is_not_counted() -> None:
    expected = count_lines(make_lists)
    gc.collect()
    gc.disable()
    for _ in range(100):
        Cycle()
    gc.enable()

    assert count_lines(make_lists) == expected
    assert gc.isenabled()

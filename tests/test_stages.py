"""The summary of a run."""

from tests.stages import Result, Stages


def test_tests_that_cannot_run_here_are_counted_and_named_in_the_last_line() -> None:
    stages = Stages()
    stages.run("tests", lambda: Result(passed=3))
    stages.miss("2 tests of servers need root rights or sudo", 2)
    last = stages.summary().splitlines()[-2:]
    assert last == [
        "3 passed, 0 failed, 2 skipped",
        "NOT RUN: 2 tests of servers need root rights or sudo",
    ]

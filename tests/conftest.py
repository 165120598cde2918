"""Options and Hypothesis profiles for the whole suite."""

import os

import pytest
from hypothesis import settings

from tests import cases

# No deadline: it would only measure what else the machine does. The examples are the same in each
# run, so that only a change can break a test, unless PETIPY_SEED=random asks for others.
settings.register_profile(
    "petipy", deadline=None, derandomize=os.environ.get("PETIPY_SEED") != "random"
)
settings.load_profile("petipy")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite the expected files")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    cases.skip_absent(items)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    outcomes = ("passed", "failed", "skipped")
    reports = [report for name in outcomes for report in terminalreporter.stats.get(name, [])]
    for line in cases.summarise(reports):
        terminalreporter.write_line(line)

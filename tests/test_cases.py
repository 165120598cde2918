from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests import cases


@dataclass
class Report:
    """The part of a pytest report that the summary reads."""

    keywords: dict[str, int]
    when: str = "call"
    longrepr: Any = None
    skipped: bool = field(init=False)

    def __post_init__(self) -> None:
        self.skipped = self.longrepr is not None


@pytest.mark.shared("no such folder")
def test_a_test_whose_cases_are_absent_does_not_run() -> None:
    pytest.fail("it ran")


def test_the_summary_counts_tests_that_ran_and_reasons_of_those_that_did_not() -> None:
    shared = {"shared": 1}
    reports: list[Any] = [
        Report(shared),
        Report(shared, when="setup"),
        Report({}),
        Report(shared, longrepr=("file", 1, "Skipped: GRUB differs")),
        Report(shared, longrepr=("file", 1, "Skipped: GRUB differs")),
    ]
    assert cases.summarise(reports) == [
        "shared cases: 1 tests ran, 2 were skipped",
        "    2 skipped: GRUB differs",
    ]
    assert cases.summarise([]) == []


def test_without_cases_there_is_nothing_to_find(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cases, "SHARED", tmp_path / "absent")
    assert cases.find("corpus/**/*") == []

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


class Item:
    """The part of a pytest item that skipping uses."""

    def __init__(self, *folders: str) -> None:
        self._folders = folders
        self.added: list[pytest.MarkDecorator] = []

    def iter_markers(self, name: str) -> list[pytest.Mark]:
        assert name == "shared"
        return [pytest.mark.shared(*self._folders).mark] if self._folders else []

    def add_marker(self, marker: pytest.MarkDecorator) -> None:
        self.added.append(marker)


def test_a_test_is_skipped_if_its_cases_are_absent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.setattr(cases, "SHARED", tmp_path)
    items: list[Any] = [Item(), Item("here"), Item("here", "absent")]
    cases.skip_absent(items)
    assert [len(item.added) for item in items] == [0, 0, 1]
    assert items[2].added[0].kwargs == {"reason": "no shared cases here: absent"}


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

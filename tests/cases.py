"""Shared cases: data that lies beside the repository, never in it.

A test that reads them has the marker `shared(FOLDER)`. Where the folder is absent the test is
skipped. The end of each run says how many such tests ran, and why the others were skipped.
"""

from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared/cases"


def find(pattern: str) -> list[Path]:
    """List the files that match a pattern below the shared cases, sorted; none if absent."""
    return sorted(path for path in SHARED.glob(pattern) if path.is_file())


def skip_absent(items: Iterable[pytest.Item]) -> None:
    """Skip the tests whose shared cases are absent."""
    for item in items:
        for marker in item.iter_markers("shared"):
            if absent := [folder for folder in marker.args if not (SHARED / folder).exists()]:
                reason = f"no shared cases here: {', '.join(absent)}"
                item.add_marker(pytest.mark.skip(reason=reason))


def summarise(reports: Iterable[pytest.TestReport]) -> list[str]:
    """Count the tests that read shared cases, and those that were skipped, by reason."""
    ran, skipped = 0, Counter[str]()
    for report in reports:
        if "shared" not in report.keywords:
            continue
        if report.skipped and isinstance(report.longrepr, tuple):
            skipped[report.longrepr[2].removeprefix("Skipped: ")] += 1
        elif report.when == "call":
            ran += 1
    if not ran and not skipped:
        return []
    counts = [f"{number:5} skipped: {reason}" for reason, number in sorted(skipped.items())]
    return [f"shared cases: {ran} tests ran, {skipped.total()} were skipped", *counts]

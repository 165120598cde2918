"""Results come configuration by configuration: what has come stays when a scan ends early."""

import asyncio
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from parsers.api import Files, Item, Preferences, Problem
from petipy.sandbox import answer
from petipy.sandbox.answer import ScanParts
from petipy.sandbox.client import Scanner
from petipy.state.model import Scan
from petipy.sys import limits
from tests.sandbox.scanners import (
    PATIENCE,
    Parse,
    device,
    on_the_disk,
    one_entry,
    scanner,
    sleep,
)
from tests.sandbox.test_hostile import babble, crash, fail_oddly, leave, spin, stop_early


def guarded(files: Files, path: str) -> Iterator[Item]:
    yield from one_entry(files, path)
    yield Preferences(superusers=("root",))


def scan_both(root: Path, second: Parse, patience: float = PATIENCE) -> Scan:
    with scanner(guarded, second) as started:
        return asyncio.run(started.scan(device(root), (), "", patience))


@pytest.mark.parametrize(
    ("second", "patience", "reason"),
    [
        (crash, PATIENCE, "the scanning process died (SIGSEGV)"),
        (leave, PATIENCE, "the scanning process died (exit status 3)"),
        (spin, 0.5, "no answer within 0.5 seconds"),
        (sleep, 0.5, "no answer within 0.5 seconds"),
        (babble, PATIENCE, "its scan gave more than 6 MiB"),
        (stop_early, PATIENCE, "its scan gave a senseless answer: it stops in the middle"),
        (
            fail_oddly,
            PATIENCE,
            "its scan gave a senseless answer: errno: expected a whole number from 1 to 4095, "
            "not -1",
        ),
    ],
)
def test_what_has_come_stays_with_its_lock(
    root: Path, second: Parse, patience: float, reason: str
) -> None:
    result = scan_both(root, second, patience)
    assert [entry.name for _, entry in result.entries] == ["one"]
    assert result.preferences == (("/menu", Preferences(superusers=("root",))),)
    assert result.stopped == reason
    words = f"the scan ended early, and there may be more: {reason}"
    assert result.problems == (Problem("", 0, words),)


def test_a_whole_result_says_so(root: Path) -> None:
    result = scan_both(root, lambda files, path: iter(()))
    assert result.stopped == ""
    assert not result.problems


def test_a_part_is_shown_while_the_scan_goes_on(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answer, "_SHOW", 0.0)

    async def scenario(started: Scanner) -> Scan:
        shown: asyncio.Queue[Scan] = asyncio.Queue()
        scanning = asyncio.create_task(
            started.scan(device(root), (), "", PATIENCE, "", shown.put_nowait)
        )
        part = await shown.get()
        assert not scanning.done()
        scanning.cancel()
        return part

    with scanner(one_entry, sleep) as started:
        part = asyncio.run(scenario(started))
    assert [entry.name for _, entry in part.entries] == ["one"]
    assert part.stopped == "it is still being read"


def test_a_result_is_sent_once_unless_it_grows(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parts: list[bytes] = []
    take = ScanParts.take

    def note(self: ScanParts, data: bytes) -> None:
        parts.append(data)
        take(self, data)

    monkeypatch.setattr(ScanParts, "take", note)

    scan_both(root, lambda files, path: iter(()))
    assert len(parts) == 1


def test_the_time_in_which_a_child_waits_for_the_processor_does_not_count(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "delay", lambda pid: 1000.0)

    def slow(files: Files, path: str) -> Iterator[Item]:
        if on_the_disk(files):
            time.sleep(1.0)
        yield from one_entry(files, path)

    assert scan_both(root, slow, 0.5).stopped == ""


def test_the_kernel_tells_how_long_a_process_waits_for_the_processor() -> None:
    assert 0.0 <= limits.delay(os.getpid()) < 1e6
    assert limits.delay(1 << 30) == 0.0

"""Many requests, slow ones, and the end of the scanner process."""

import asyncio
import errno
import os
import signal
import socket
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from parsers.api import Files, Format, Item
from petipy.sandbox.client import Scanner
from petipy.state.model import Scan
from tests.sandbox.scanners import (
    PATIENCE,
    children,
    count_descriptors,
    device,
    one_entry,
    scanner,
    sleep,
    until,
)


def test_cancelling_kills_the_child(root: Path) -> None:
    async def cancelled(started: Scanner) -> None:
        task = asyncio.create_task(started.scan(device(root), (), "", PATIENCE))
        await until(lambda: bool(children(started.process.pid)))
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: not children(started.process.pid))

    with scanner(sleep) as started:
        asyncio.run(cancelled(started))


def test_a_scanner_that_dies_is_started_again_and_the_scan_repeated(root: Path) -> None:
    complaints: list[str] = []

    async def killed(started: Scanner) -> list[Scan]:
        await started.scan(device(root), (), "", PATIENCE)
        os.kill(started.process.pid, signal.SIGKILL)
        scans = [started.scan(device(root, f"sda{n}"), (), "", PATIENCE) for n in range(9)]
        return await asyncio.gather(*scans)

    with scanner(one_entry, complain=complaints.append) as started:
        scans = asyncio.run(killed(started))
    assert [len(result.entries) for result in scans] == [1] * 9
    assert complaints == ["the scanner process died and is started again"]


def test_slow_devices_do_not_keep_the_others_waiting_for_long(root: Path) -> None:
    def slow(files: Files, path: str) -> Iterator[Item]:
        yield from sleep(files, path) if "slow" in files.volume.name else one_entry(files, path)

    async def many(started: Scanner) -> bool:
        slow = [started.scan(device(root, f"slow{n}"), (), "", 60) for n in range(6)]
        tasks = [asyncio.create_task(one) for one in slow]
        await asyncio.sleep(0.1)
        await started.scan(device(root, "quick"), (), "", PATIENCE)
        waiting = not any(task.done() for task in tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return waiting

    with scanner(slow) as started:
        assert asyncio.run(many(started))


def test_requests_that_come_before_the_scanner_reads_any_are_all_answered(root: Path) -> None:
    def formats() -> Sequence[Format]:
        time.sleep(0.3)
        return [Format("probe", ("/menu",), one_entry)]

    async def many(started: Scanner) -> list[Scan]:
        control = started.process.control
        assert control
        control.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)  # a few packets fit
        return await asyncio.gather(
            *(started.scan(device(root, f"sda{n}"), (), "", 1.0) for n in range(16))
        )

    started = Scanner.start(formats)
    results = asyncio.run(many(started))
    started.close()
    assert [len(result.entries) for result in results] == [1] * 16


def test_a_thousand_devices_do_not_use_up_the_descriptors(root: Path) -> None:
    async def many(started: Scanner) -> int:
        scans = [started.scan(device(root, f"sda{n}"), (), "", PATIENCE) for n in range(1000)]
        tasks = [asyncio.create_task(scan) for scan in scans]
        await until(lambda: bool(children(started.process.pid)))
        used = max(count_descriptors("self"), count_descriptors(started.process.pid))
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        return used

    with scanner(sleep) as started:
        assert asyncio.run(many(started)) < 500


def test_after_close_nothing_is_answered_and_nothing_is_left(root: Path) -> None:
    with scanner(one_entry) as started:
        asyncio.run(started.scan(device(root), (), "", PATIENCE))
        pid = started.process.pid
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(OSError, match="has been ended") as caught:
        asyncio.run(started.scan(device(root), (), "", PATIENCE))
    assert caught.value.errno == errno.ESHUTDOWN

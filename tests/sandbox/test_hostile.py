"""Children that misbehave: each costs its own device, and gets no right that it should not."""

import asyncio
import ctypes
import os
import re
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from parsers.api import Files, Item, Problem
from petipy.sandbox.client import Scanner
from petipy.sandbox.jobs import describe_death
from petipy.state.model import Scan
from tests.sandbox.scanners import (
    PATIENCE,
    Parse,
    answer_socket,
    children,
    count_descriptors,
    device,
    is_socket,
    on_the_disk,
    one_entry,
    scan,
    scanner,
    sleep,
    until,
)


def crash(files: Files, path: str) -> Iterator[Item]:
    if on_the_disk(files):
        ctypes.string_at(8)
    yield from ()


def leave(files: Files, path: str) -> Iterator[Item]:
    if on_the_disk(files):
        os._exit(3)
    yield from ()


def spin(files: Files, path: str) -> Iterator[Item]:
    while on_the_disk(files):
        pass
    yield from ()


def babble(files: Files, path: str) -> Iterator[Item]:
    """Send more than any answer has."""
    link = socket.socket(fileno=answer_socket()) if on_the_disk(files) else None
    while link:
        link.send(b"d" + b"[" * 50_000)
    yield from ()


def devour(files: Files, path: str) -> Iterator[Item]:
    kept = []
    while on_the_disk(files):
        kept.append(bytes(1 << 26))
    yield from ()


def lie(files: Files, path: str) -> Iterator[Item]:
    """Use the answer's socket, as code that has taken over the parser could."""
    if on_the_disk(files):
        link = socket.socket(fileno=answer_socket())
        for packet in (b"d" + b"[" * 50_000, b"."):
            link.send(packet)
        time.sleep(1000)
    yield from ()


def flood(files: Files, path: str) -> Iterator[Item]:
    """Send descriptors that no request asks for."""
    link = socket.socket(fileno=answer_socket()) if on_the_disk(files) else None
    while link:
        with suppress(OSError):  # too many under way
            socket.send_fds(link, [b"f"], [0] * 100)
    yield from ()


def fail_oddly(files: Files, path: str) -> Iterator[Item]:
    """Send a failure that no child of ours sends."""
    if on_the_disk(files):
        link = socket.socket(fileno=answer_socket())
        link.send(b'e{"errno": -1, "sentence": "x"}')
        time.sleep(1000)
    yield from ()


def stop_early(files: Files, path: str) -> Iterator[Item]:
    """Send an empty packet, which reads like the end of the socket."""
    if on_the_disk(files):
        socket.socket(fileno=answer_socket()).send(b"")
        time.sleep(1000)
    yield from ()


def ask_oddly(files: Files, path: str) -> Iterator[Item]:
    """Ask the scanner for nonsense, and for a device that the request does not name."""
    if on_the_disk(files):
        sockets = [fd for fd in range(3, 100) if is_socket(fd)]
        link = socket.socket(fileno=sockets[1])
        for ask in (
            b"\xff",
            b"[" * 9000,
            b'{"volume": 1}',
            b'{"volume": "sdz1"}',
            b'{"volume": ""}',
        ):
            link.send(ask)
            assert socket.recv_fds(link, 1 << 16, 2)[:2] == (ask, [])
        yield Problem(path, 1, "all was refused")


def test_senseless_asks_of_a_child_are_refused(root: Path) -> None:
    assert scan(ask_oddly, root).problems == (Problem("/menu", 1, "all was refused"),)


@pytest.mark.parametrize(
    ("parse", "patience", "words"),
    [
        (crash, PATIENCE, "died .SIGSEGV"),
        (leave, PATIENCE, "died .exit status 3"),
        (spin, 0.5, "no answer within 0.5 seconds"),
        (sleep, 0.5, "no answer within 0.5 seconds"),
        (babble, PATIENCE, "more than 6 MiB"),
        (devour, PATIENCE, "memory"),
        (lie, PATIENCE, "senseless answer"),
        (fail_oddly, PATIENCE, "senseless answer: errno: expected a whole number from 1 to 4095"),
        (flood, 0.5, "no answer within 0.5 seconds"),
        (stop_early, PATIENCE, "senseless answer: it stops in the middle"),
    ],
)
def test_a_child_that_misbehaves_costs_its_own_device(
    root: Path, parse: Parse, patience: float, words: str
) -> None:
    async def all_three(started: Scanner) -> list[Scan | BaseException]:
        bad = asyncio.create_task(started.scan(device(root, "bad"), (), "", patience))
        good = await started.scan(device(root, "good"), (), "", PATIENCE)
        results = await asyncio.gather(bad, return_exceptions=True)
        await until(lambda: not children(started.process.pid))
        later = await started.scan(device(root, "later"), (), "", PATIENCE)
        return [*results, good, later]

    def only_bad(files: Files, path: str) -> Iterator[Item]:
        yield from parse(files, path) if files.volume.name == "bad" else one_entry(files, path)

    before, complaints = count_descriptors("self"), list[str]()
    with scanner(only_bad, complain=complaints.append) as started:
        bad, *good = asyncio.run(all_three(started))
    assert complaints == []  # the scanner process lives on
    # A MemoryError is the format's Problem.
    assert isinstance(bad, OSError) or (isinstance(bad, Scan) and bad.problems)
    assert re.search(words, str(bad), re.IGNORECASE)
    assert [isinstance(scan, Scan) and len(scan.entries) for scan in good] == [1, 1]
    assert count_descriptors("self") == before


def attempts(files: Files, path: str) -> Iterator[Item]:
    """Try what code that has taken over the parser would try first."""
    tries: dict[str, Callable[[], object]] = {
        "network": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM),
        "unix": lambda: socket.socket(socket.AF_UNIX),
        "kill": lambda: os.kill(os.getppid(), signal.SIGTERM),
        "fork": os.fork,
        "exec": lambda: os.execv("/bin/true", ["true"]),
        "write": lambda: os.write(os.open("/", os.O_TMPFILE | os.O_WRONLY), b"x"),
        "import": lambda: __import__("antigravity"),
        "change user": lambda: os.setuid(os.getuid() ^ 1),
        "raise limits": lambda: resource.setrlimit(resource.RLIMIT_NPROC, (10, 10)),
    }
    for name, attempt in tries.items() if on_the_disk(files) else ():
        try:
            attempt()
        except (OSError, ImportError, ValueError) as error:
            yield Problem(path, 1, f"{name}: {type(error).__name__}")
        else:
            yield Problem(path, 2, f"{name}: succeeded")


def test_a_parser_has_no_network_no_signals_no_forks_and_cannot_write(root: Path) -> None:
    said = [problem.message for problem in scan(attempts, root).problems]
    assert [message for message in said if message.endswith("succeeded")] == []
    assert len(said) == 9


def test_a_signal_without_a_name_has_its_number() -> None:
    """No child can send itself one, but the kernel or an administrator can."""
    assert describe_death(40) == "died (signal 40)"

"""A sandbox over a directory whose parsers do as the test wants. No rights are needed."""

import asyncio
import os
import stat
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from parsers.api import Entry, FileRef, Files, Format, Item, Volume
from petipy.sandbox.client import Scanner
from petipy.state.model import DIRECTORY, Device, Scan

Parse = Callable[[Files, str], Iterator[Item]]
PATIENCE = 20.0


def device(root: Path, name: str = "sda1") -> Device:
    return Device(volume=Volume(name=name), node=str(root), kind=DIRECTORY)


@contextmanager
def scanner(*parsers: Parse, complain: Callable[[str], None] = lambda _: None) -> Iterator[Scanner]:
    formats = tuple(Format(f"probe{at}", ("/menu",), parse) for at, parse in enumerate(parsers))
    started = Scanner.start(lambda: formats, complain=complain)
    try:
        yield started
    finally:
        started.close()


def scan(parse: Parse, root: Path, patience: float = PATIENCE) -> Scan:
    with scanner(parse) as started:
        return asyncio.run(started.scan(device(root), (), "ppc64le", patience))


def on_the_disk(files: Files) -> bool:
    """Return False while the scanner only warms its parsers up."""
    return files.volume.name != "none"


def one_entry(files: Files, path: str) -> Iterator[Item]:
    title = f"{files.host.machine} {files.read(path)}"
    yield Entry(title=title, name="one", config=path, line=1, kernel=FileRef(path="/vmlinux"))


def sleep(files: Files, path: str) -> Iterator[Item]:
    if on_the_disk(files):
        time.sleep(1000)
    yield from ()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  nothing tells of another process's children
            await asyncio.sleep(0.01)


def count_descriptors(pid: int | str) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def answer_socket() -> int:
    return min(fd for fd in range(3, 100) if is_socket(fd))


def is_socket(fd: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError:
        return False

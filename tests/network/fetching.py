"""Fetch in a namespace: `python -m tests.network.fetching`, with the work as JSON at its input."""

import asyncio
import hashlib
import sys
from dataclasses import dataclass

from initramfs.host import REPOSITORY
from petipy.codec import Codec
from petipy.fetch.fetcher import Fetcher, prepare
from petipy.fetch.scheme import Limits
from petipy.sandbox.client import Scanner
from petipy.state.network import ANY_WAY, Fetching, Wanted, Way
from tests.fetch.server import read
from tests.network.namespace import Namespace

_PATIENCE = 60.0  # seconds for a file


@dataclass(frozen=True, kw_only=True)
class Result:
    """The outcome of a fetch. `data` are the first bytes."""

    data: str
    size: int
    sha256: str
    error: str
    kind: str
    answers: tuple[str, ...]
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Work:
    urls: tuple[str, ...]
    rules: Fetching
    limits: Limits
    offset: int
    size: int
    confined: bool
    way: Way


WORK, RESULT = Codec[Work](Work), Codec[Result](Result)


def fetch(
    space: Namespace,
    *urls: str,
    rules: Fetching | None = None,
    limits: Limits | None = None,
    offset: int = 0,
    size: int = 0,
    confined: bool = False,
    way: Way = ANY_WAY,
) -> list[Result]:
    """Fetch the URLs one after the other by one fetcher in the namespace, with its resolv.conf.

    With `confined`, by the scanner and its children; then there are no answers.
    """
    work = Work(
        urls=urls,
        rules=rules or Fetching(),
        limits=limits or Limits(),
        offset=offset,
        size=size,
        confined=confined,
        way=way,
    )
    program = [sys.executable, "-m", "tests.network.fetching"]
    path = f"PYTHONPATH={REPOSITORY}"
    said = space.run("env", path, *program, feed=WORK.encode(work), within=120)
    return [RESULT.decode(line.encode()) for line in said.splitlines()]


async def _carry_out_confined(work: Work) -> None:
    scanner = Scanner.start()
    for url in work.urls:
        data, error = b"", ""
        wanted = Wanted(url=url, offset=work.offset, size=work.size, way=work.way)
        try:
            (descriptor,) = await scanner.fetch([wanted], work.rules, _PATIENCE)
            data = read(descriptor)
        except OSError as reason:
            error = reason.strerror or str(reason)
        _print(data, error)
    scanner.close()


async def _carry_out(work: Work) -> None:
    fetcher, loop = Fetcher(work.rules, work.limits), asyncio.get_running_loop()
    for url in work.urls:
        began = loop.time()
        wanted = Wanted(url=url, offset=work.offset, size=work.size, way=work.way)
        fetched = await fetcher.fetch(wanted)
        seconds = loop.time() - began
        data = read(fetched.descriptor) if fetched.descriptor >= 0 else b""
        answers = tuple(request.answer for request in fetched.requests)
        _print(data, fetched.error, fetched.kind or "", answers, seconds)
    fetcher.close()


def _print(
    data: bytes, error: str, kind: str = "", answers: tuple[str, ...] = (), seconds: float = 0
) -> None:
    result = Result(
        data=data[:100].decode("latin-1"),
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        error=error,
        kind=kind,
        answers=answers,
        seconds=seconds,
    )
    sys.stdout.write(RESULT.encode(result).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    todo = WORK.decode(sys.stdin.buffer.read())
    if not todo.confined:
        prepare(todo.urls, todo.rules)
    asyncio.run(_carry_out_confined(todo) if todo.confined else _carry_out(todo))

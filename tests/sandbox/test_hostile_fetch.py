"""Fetching children that misbehave: each costs its own request, and can do nothing but speak."""

import asyncio
import ctypes
import os
import resource
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from petipy.sandbox import fetching, packets
from petipy.sandbox.client import Scanner
from petipy.sandbox.remote_messages import OUTCOMES, RECEIVED, Outcome, Received
from petipy.state.model import Scan
from petipy.state.network import NO_RULES, Request, Wanted
from petipy.sys import sealed
from tests.sandbox.scanners import PATIENCE, children, count_descriptors, until
from tests.sandbox.servers import Site, serve
from tests.sandbox.test_network import ETH0, MENU

SIZE = 1000  # bytes that are wanted at most
DONE = OUTCOMES.encode(Outcome())


def memory(data: bytes, *, seal: bool = True) -> int:
    fd = sealed.make("fetched")
    os.write(fd, data)
    if seal:
        sealed.seal(fd)
    return fd


def read(fd: int) -> bytes:
    data = os.pread(fd, SIZE, 0)
    os.close(fd)
    return data


def send(link: socket.socket, outcome: bytes, *descriptors: int) -> None:
    """Send the outcome as the child of a FetchRequest does."""
    socket.send_fds(link, [packets.DESCRIPTOR], descriptors)
    packets.send(link, outcome)


def lie_about_seals(link: socket.socket) -> None:
    send(link, DONE, memory(b"x", seal=False))


def send_a_pipe(link: socket.socket) -> None:
    send(link, DONE, os.pipe()[0])


def send_a_directory(link: socket.socket) -> None:
    send(link, DONE, os.open("/", os.O_RDONLY))


def send_too_much(link: socket.socket) -> None:
    send(link, DONE, memory(bytes(SIZE + 1)))


def send_nothing(link: socket.socket) -> None:
    packets.send(link, DONE)


def send_no_message(link: socket.socket) -> None:
    send(link, b'{"number": 0', memory(b"x"))


def send_control_characters(link: socket.socket) -> None:
    error = OUTCOMES.encode(Outcome(error="ESC")).replace(b"ESC", b"\\u001b[2J")
    packets.send(link, error)


def send_a_long_record(link: socket.socket) -> None:
    outcome = Outcome(requests=(Request(url="x" * 3000, answer="y"),))
    send(link, OUTCOMES.encode(outcome), memory(b"x"))


def send_many_records(link: socket.socket) -> None:
    outcome = Outcome(requests=(Request(url="x", answer="y"),) * 65)
    send(link, OUTCOMES.encode(outcome), memory(b"x"))


def report_for_ever(link: socket.socket) -> None:
    while True:
        link.send(packets.DATA + RECEIVED.encode(Received(done=1, total=None)))
        link.send(packets.PART)


def report_nonsense(link: socket.socket) -> None:
    link.send(packets.DATA + b'{"done": -1, "total": null, "trouble": ""}')
    link.send(packets.PART)
    time.sleep(1000)


def babble(link: socket.socket) -> None:
    while True:
        link.send(packets.DATA + b"[" * 50_000)


def crash(link: socket.socket) -> None:
    ctypes.string_at(8)


def sleep(link: socket.socket) -> None:
    time.sleep(1000)


def fail(link: socket.socket) -> None:
    raise ZeroDivisionError


Misbehave = Callable[[socket.socket], None]


async def try_both(url: str, patience: float) -> tuple[object, bytes]:
    """Fetch by a child that misbehaves, and then by one that does not."""
    started = Scanner.start()
    try:
        wanted = Wanted(url=f"{url}/bad", most=SIZE)
        bad, *_ = await asyncio.gather(
            started.fetch([wanted], NO_RULES, patience), return_exceptions=True
        )
        (fd,) = await started.fetch([Wanted(url=f"{url}/good")], NO_RULES, PATIENCE)
        (branch,) = children(started.process.pid)
        await until(lambda: not children(branch))
    finally:
        started.close()
    return bad, read(fd)


@pytest.mark.parametrize(
    ("misbehave", "patience", "words"),
    [
        (lie_about_seals, PATIENCE, "a file that can change"),
        (send_a_pipe, PATIENCE, "a file that can change"),
        (send_a_directory, PATIENCE, "a file that can change"),
        (send_too_much, PATIENCE, "1,001 bytes of at most 1,000"),
        (send_nothing, PATIENCE, "senseless answer: 0 files"),
        (send_no_message, PATIENCE, "senseless answer: "),
        (send_control_characters, PATIENCE, "error: expected a text that is_printable_line"),
        (send_a_long_record, PATIENCE, "url: expected a text that is_printable_line"),
        (send_many_records, PATIENCE, "requests: expected a list of at most 64, not of 65"),
        (report_for_ever, PATIENCE, "too many reports"),
        (report_nonsense, PATIENCE, "done: expected a whole number"),
        (babble, PATIENCE, "more than 6 MiB"),
        (crash, PATIENCE, "died .SIGSEGV"),
        (sleep, 0.5, r"no answer within 0\.5 seconds"),
        (fail, PATIENCE, "ZeroDivisionError"),
    ],
)
def test_a_fetching_child_that_misbehaves_costs_its_own_file(
    monkeypatch: pytest.MonkeyPatch, misbehave: Misbehave, patience: float, words: str
) -> None:
    answer_well = fetching.answer_request

    def answer(request: Any, link: socket.socket, user: int) -> None:
        if request.wanted.url.endswith("/bad"):
            misbehave(link)
        else:
            answer_well(request, link, user)

    monkeypatch.setattr(fetching, "answer_request", answer)
    before = count_descriptors("self")
    with serve({"/good": b"good"}) as site:
        bad, good = asyncio.run(try_both(site.url, patience))
    assert isinstance(bad, OSError)
    with pytest.raises(OSError, match=words):
        raise bad
    assert good == b"good"
    assert count_descriptors("self") == before


def test_descriptors_that_no_request_asks_for_are_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(request: Any, link: socket.socket, user: int) -> None:
        send(link, DONE, *(memory(b"good") for _ in range(100)))

    monkeypatch.setattr(fetching, "answer_request", answer)
    before = count_descriptors("self")
    bad, good = asyncio.run(try_both("http://192.0.2.1", PATIENCE))
    os.close(bad[0])  # type: ignore[index]
    assert good == b"good"
    assert count_descriptors("self") == before


# The same for the asks of a child that follows a lease: the sender's socket has plain outcomes.


def ask_lie_about_seals(link: socket.socket) -> None:
    socket.send_fds(link, [DONE], [memory(MENU, seal=False)])


def ask_send_too_much(link: socket.socket) -> None:
    socket.send_fds(link, [DONE], [memory(bytes((2 << 20) + 1))])


def ask_send_nothing(link: socket.socket) -> None:
    link.send(DONE)


def ask_answer_another(link: socket.socket) -> None:
    socket.send_fds(link, [OUTCOMES.encode(Outcome(number=7))], [memory(MENU)])


def ask_send_no_message(link: socket.socket) -> None:
    socket.send_fds(link, [b"{"], [memory(MENU)])


@pytest.mark.parametrize(
    ("misbehave", "words"),
    [
        (ask_lie_about_seals, "a file that can change"),
        (ask_send_too_much, "sent 2097153 bytes of 2097152"),
        (ask_send_nothing, "sent no file"),
        (ask_answer_another, "answered a question that was not asked"),
        (ask_send_no_message, "Expecting property name"),
        (crash, "the fetching process died"),
    ],
)
def test_a_fetching_child_that_misbehaves_costs_its_own_ask(
    monkeypatch: pytest.MonkeyPatch, misbehave: Misbehave, words: str
) -> None:
    answer_well = fetching.answer_ask

    def answer(
        ask: Any, rules: Any, way: Any, link: socket.socket, user: int, *, tls: bool
    ) -> None:
        if any(wanted.url.endswith("/bad") for wanted in ask.wanted):
            misbehave(link)
        else:
            answer_well(ask, rules, way, link, user, tls=tls)

    monkeypatch.setattr(fetching, "answer_ask", answer)
    with serve({"/pxelinux.cfg/default": MENU}) as site:
        scan = follow(site.url, ("pxeconffile", f"{site.url}/bad"))
    assert words in scan.requests[0].answer
    assert [entry.title for _, entry in scan.entries] == ["one"]


def follow(url: str, *lease: tuple[str, str]) -> Scan:
    started = Scanner.start()
    words = (*lease, ("pxepathprefix", f"{url}/"), ("bootfile", "x.0"))
    try:
        return asyncio.run(started.scan_lease(ETH0, words, (), "ppc64le", PATIENCE))
    finally:
        started.close()


def attempt() -> str:
    """Try what code that has taken over the process would try first. Return what succeeds."""
    tries: dict[str, Callable[[], object]] = {
        "unix": lambda: socket.socket(socket.AF_UNIX),
        "netlink": lambda: socket.socket(16, socket.SOCK_RAW, 0),
        "packet": lambda: socket.socket(17, socket.SOCK_RAW, 0),
        "raw": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
        "kill": lambda: os.kill(os.getppid(), signal.SIGTERM),
        "fork": os.fork,
        "exec": lambda: os.execv("/bin/true", ["true"]),
        "write": lambda: os.open("/new", os.O_CREAT | os.O_WRONLY),
        "list": lambda: list(Path("/").iterdir()),
        "import": lambda: __import__("antigravity"),
        "change user": lambda: os.setuid(os.getuid() ^ 1),
        "raise limits": lambda: resource.setrlimit(resource.RLIMIT_NPROC, (10, 10)),
        "large file": lambda: os.pwrite(memory(b"", seal=False), b"x", 1 << 40),
        "password": lambda: Path("/etc/shadow").read_bytes(),
    }
    if os.geteuid() == 0:
        tries.pop("import")
    succeeded = []
    for name, function in tries.items():
        try:
            function()
        except (OSError, ImportError, ValueError):
            continue
        succeeded.append(name)
    return " ".join(succeeded)


def list_names() -> list[str]:
    return [name for name in ("resolv.conf", "passwd") if Path(f"/etc/{name}").exists()]


@pytest.mark.skipif(os.geteuid() != 0, reason="root alone can leave its file system")
def test_a_fetching_child_can_speak_and_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look(
        things: object, rules: object, bounds: object, report: object, deliver: Any
    ) -> None:
        words = f"succeeded: {attempt()}; sees {list_names()}, user {os.getuid():x}"
        deliver(Outcome(error=words), -1)

    monkeypatch.setattr(fetching, "_fetch", look)

    async def ask() -> None:
        started = Scanner.start()
        try:
            await started.fetch([Wanted(url="http://192.0.2.1/", most=SIZE)], NO_RULES, PATIENCE)
        finally:
            started.close()

    with pytest.raises(OSError, match=r"succeeded: ; sees \['resolv.conf'\], user 7001....$"):
        asyncio.run(ask())


def test_a_branch_that_dies_is_started_again() -> None:
    """The request that ran is repeated; a disk's scan does not notice."""
    complaints: list[str] = []

    async def kill_once(site: Site) -> bytes:
        started = Scanner.start(complain=complaints.append)
        try:
            fetch = asyncio.create_task(
                started.fetch([Wanted(url=f"{site.url}/slow")], NO_RULES, PATIENCE)
            )
            await until(lambda: len(site.asked) == 1)
            (branch,) = children(started.process.pid)
            os.kill(branch, signal.SIGKILL)
            (fd,) = await fetch
            assert children(started.process.pid) != [branch]
        finally:
            started.close()
        return read(fd)

    answered: list[str] = []  # in the server's process

    def be_slow(handler: Any) -> None:
        answered.append(handler.path)
        if len(answered) == 1:
            handler.rfile.read(1)
            return
        handler.send_response(200)
        handler.send_header("Content-Length", "4")
        handler.end_headers()
        handler.wfile.write(b"good")

    with serve({"/slow": be_slow}) as site:
        assert asyncio.run(kill_once(site)) == b"good"
    assert complaints == ["the scanner process for the network died and is started again"]

"""The sandbox over directories: all of it but mounting, which needs root (tests/root)."""

import asyncio
import ctypes
import errno
import fcntl
import os
import re
import resource
import signal
import socket
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from parsers.api import Entry, FileRef, Files, Format, Item, Problem, Volume
from petipy.sandbox.client import Scanner
from petipy.state.model import DIRECTORY, Change, Device, File, Scan

Parse = Callable[[Files, str], Iterator[Item]]
PATIENCE = 20.0
F_SETSIG = 10  # uapi/asm-generic/fcntl.h


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


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "menu").write_text("text of the menu")
    return tmp_path


def on_the_disk(files: Files) -> bool:
    """Return False while the scanner only warms its parsers up."""
    return files.volume.name != "none"


def one_entry(files: Files, path: str) -> Iterator[Item]:
    title = f"{files.host.machine} {files.read(path)}"
    yield Entry(title=title, name="one", config=path, line=1, kernel=FileRef(path="/vmlinux"))


def test_entries_come_back_with_what_is_missing(root: Path) -> None:
    result = scan(one_entry, root)
    assert [entry.title for _, entry in result.entries] == ["ppc64le text of the menu"]
    assert result.missing == (FileRef(path="/vmlinux"),)


def test_the_real_formats_need_nothing_that_they_have_not_imported(tmp_path: Path) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/yaboot.conf").write_text("image=/vmlinux\n\tlabel=linux\n\tappend=quiet\n")
    (tmp_path / "boot/grub").mkdir(parents=True)
    (tmp_path / "boot/grub/grub.cfg").write_text("menuentry 'Debian' {\n linux /vmlinux\n}\n")
    started = Scanner.start()
    result = asyncio.run(started.scan(device(tmp_path), (), "ppc64le", PATIENCE))
    started.close()
    assert {entry.title for _, entry in result.entries} == {"linux", "Debian"}
    assert not result.problems


def test_every_command_of_grubs_works_where_nothing_can_be_imported(tmp_path: Path) -> None:
    (tmp_path / "grub.cfg").write_text(
        "regexp --set 1:v '(.)x' ax\nsyslinux_source /s.cfg\nlegacy_source /m.lst\nblscfg\n"
        "insmod datehook\ndate\nls -lh /\nsmbios -t 1 -s 4\nmenuentry A { linux /k $v }\n"
    )
    (tmp_path / "s.cfg").write_text("LABEL x\nLINUX /k\n")
    (tmp_path / "m.lst").write_text("title O\nkernel /k\n")
    started = Scanner.start()
    result = asyncio.run(started.scan(device(tmp_path), (), "ppc64le", PATIENCE))
    started.close()
    assert [entry.title for _, entry in result.entries] == ["x", "O", "A"]
    assert result.entries[-1][1].cmdline == "BOOT_IMAGE=/k a"
    assert not result.problems


def test_a_dialect_that_is_forced_reaches_the_scan(tmp_path: Path) -> None:
    (tmp_path / "grub.cfg").write_text("menuentry A { linux /k a\\x20b }\n")
    started = Scanner.start()
    found = {}
    for name in ("", "debian", "fedora"):
        scanning = started.scan(device(tmp_path), (), "ppc64le", PATIENCE, name)
        result = asyncio.run(scanning)
        found[name] = [
            (entry.cmdline, wish.dialect)
            for (_, entry), (_, wish) in zip(result.entries, result.preferences, strict=True)
        ]
    started.close()
    assert found[""] == found["debian"] == [("BOOT_IMAGE=/k ax20b", "debian")]
    assert found["fedora"] == [("BOOT_IMAGE=/k a\\x20b", "fedora")]


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


def sleep(files: Files, path: str) -> Iterator[Item]:
    if on_the_disk(files):
        time.sleep(1000)
    yield from ()


def babble(files: Files, path: str) -> Iterator[Item]:
    if on_the_disk(files):
        yield Entry(title="a", name="a", config=path, line=1, cmdline="x" * (5 << 20))


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


def answer_socket() -> int:
    return min(fd for fd in range(3, 100) if is_socket(fd))


def is_socket(fd: int) -> bool:
    try:
        return stat.S_ISSOCK(os.fstat(fd).st_mode)
    except OSError:
        return False


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


def die_oddly(files: Files, path: str) -> Iterator[Item]:
    """Die by a real-time signal, for which Python has no name."""
    if on_the_disk(files):
        asks = socket.socket(fileno=[fd for fd in range(3, 100) if is_socket(fd)][1])
        fcntl.fcntl(asks, F_SETSIG, 40)
        fcntl.fcntl(asks, fcntl.F_SETOWN, os.getpid())
        fcntl.fcntl(asks, fcntl.F_SETFL, os.O_ASYNC)
        asks.send(b"{}")  # the answer raises the signal
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
        (babble, PATIENCE, "more than 4 MiB"),
        (devour, PATIENCE, "memory"),
        (lie, PATIENCE, "senseless answer"),
        (fail_oddly, PATIENCE, "senseless answer: errno: expected a whole number from 1 to 4095"),
        (flood, 0.5, "no answer within 0.5 seconds"),
        (die_oddly, PATIENCE, "died .signal 40"),
        (stop_early, PATIENCE, "senseless answer: it stops in the middle"),
    ],
)
def test_a_child_that_misbehaves_costs_its_own_device(
    root: Path, parse: Parse, patience: float, words: str
) -> None:
    async def both(started: Scanner) -> tuple[Scan | OSError, Scan]:
        bad = asyncio.create_task(started.scan(device(root, "bad"), (), "", patience))
        good = await started.scan(device(root, "good"), (), "", PATIENCE)
        try:
            return await bad, good
        except OSError as error:
            return error, good

    def only_bad(files: Files, path: str) -> Iterator[Item]:
        yield from parse(files, path) if files.volume.name == "bad" else one_entry(files, path)

    before, complaints = count_descriptors("self"), list[str]()
    with scanner(only_bad, complain=complaints.append) as started:
        bad, good = asyncio.run(both(started))
    assert complaints == []  # the scanner process lives on
    assert isinstance(bad, OSError) or bad.problems  # a MemoryError is the format's Problem
    assert re.search(words, str(bad), re.IGNORECASE)
    assert len(good.entries) == 1
    assert count_descriptors("self") == before


def test_a_format_that_cannot_be_imported_is_reported(root: Path) -> None:
    def broken() -> Sequence[Format]:
        raise ImportError("no module named pyparsing")

    started = Scanner.start(broken)
    with pytest.raises(OSError, match="the parsers cannot be loaded: ImportError: no module"):
        asyncio.run(started.scan(device(root), (), "", PATIENCE))
    wanted = [File(device="sda1", path="/menu")]
    (menu,) = asyncio.run(started.open(wanted, [device(root)], PATIENCE))
    started.close()
    assert os.read(menu, 100) == b"text of the menu"
    os.close(menu)


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


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110  nothing tells of another process's children
            await asyncio.sleep(0.01)


def count_descriptors(pid: int | str) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


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


def test_another_volume_is_opened_when_a_parser_asks(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "here").write_text("on the other")

    def looks(files: Files, path: str) -> Iterator[Item]:
        if on_the_disk(files):
            there, gone = files.host.on("sdb1"), files.host.on("sdc1")
            yield Problem(
                path, 1, f"{there and there.read('/here')}, {gone}, {files.host.on('sdc1')}"
            )

    with scanner(looks) as started:
        others = [device(other, "sdb1"), device(tmp_path / "gone", "sdc1")]
        result = asyncio.run(started.scan(device(root), others, "", PATIENCE))
    assert result.problems == (Problem("/menu", 1, "on the other, None, None"),)


def test_files_are_opened_in_order_and_a_missing_one_is_named(root: Path) -> None:
    (root / "initrd").write_text("initrd")
    wanted = [File(device="sda1", path=path) for path in ("/initrd", "/menu", "/initrd")]
    with scanner() as started:
        fds = asyncio.run(started.open(wanted, [device(root)], PATIENCE))
        assert [os.read(fd, 6) for fd in fds] == [b"initrd", b"text o", b"initrd"]
        for fd in fds:
            assert not os.get_inheritable(fd)
            os.close(fd)
        for bad, words in (
            (File(device="sda1", path="/none"), r"\(sda1\)/none: there is no such file"),
            (File(device="sdz1", path="/menu"), r"\(sdz1\)/menu: there is no such device"),
            (
                File(device="sda1", path="/menu", offset=1 << 60, size=1),
                "the request is not valid: .*offset: expected a whole number",
            ),
        ):
            with pytest.raises(OSError, match=words):
                asyncio.run(started.open([*wanted, bad], [device(root)], PATIENCE))


def test_after_close_nothing_is_answered_and_nothing_is_left(root: Path) -> None:
    with scanner(one_entry) as started:
        asyncio.run(started.scan(device(root), (), "", PATIENCE))
        pid = started.process.pid
    assert not Path(f"/proc/{pid}").exists()
    with pytest.raises(OSError, match="has been ended") as caught:
        asyncio.run(started.scan(device(root), (), "", PATIENCE))
    assert caught.value.errno == errno.ESHUTDOWN


@pytest.mark.parametrize(
    ("file", "why"),
    [
        (File(device="sda1", path="/menu"), "a unknown file system cannot be written to in place"),
        (File(device="sdz1", path="/menu"), "there is no such device"),
        (File(device="sda1:/x.iso", path="/menu"), "nothing is written into an image"),
        (File(url="http://host/grubenv"), "nothing is written over the network"),
    ],
)
def test_what_is_no_block_device_is_not_written_to(file: File, why: str, root: Path) -> None:
    change = Change(file=file, values=(("a", "1"),))
    with scanner(one_entry) as started, pytest.raises(OSError, match=why):
        asyncio.run(started.write(change, [device(root)], PATIENCE))
    assert (root / "menu").read_text() == "text of the menu"

"""A parser that a disk's contents have taken over can do nothing."""

import asyncio
import fcntl
import os
import resource
import signal
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from parsers.api import Files, Format, Item, Problem
from petipy.sandbox.client import Scanner
from petipy.sys import libc, limits, mount
from tests.root import disks

PERF_EVENT_OPEN = 298  # of x86_64


def listed(path: str) -> str:
    return str(sorted(os.listdir(path)))  # noqa: PTH208  no imports in there


def write(path: str) -> None:
    os.write(os.open(path, os.O_RDWR | os.O_CREAT), b"x")


def out_by_descriptors() -> None:
    """The classic way out of a chroot, if there were a directory outside or a right to chroot."""
    for fd in range(3, 256):
        try:
            os.fchdir(fd)
        except OSError:
            continue
        for _ in range(50):
            os.chdir("..")
        if "proc" in os.listdir("."):  # noqa: PTH208
            return
    os.chroot("/etc")


ATTEMPTS: dict[str, Callable[[], object]] = {
    "list /dev": lambda: listed("/dev"),
    "list /proc": lambda: listed("/proc"),
    "read the shadow file": lambda: os.open("/etc/shadow", os.O_RDONLY),
    "make a disk's node": lambda: os.mknod("/disk", 0o60600, os.makedev(7, 0)),
    "write a file": lambda: write("/new"),
    "write the configuration": lambda: write("/etc/yaboot.conf"),
    "leave the tree": out_by_descriptors,
    "use the network": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
    "talk to udevd": lambda: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 15),
    "kill the scanner": lambda: os.kill(os.getppid(), signal.SIGKILL),
    "kill everyone": lambda: os.kill(-1, signal.SIGKILL),
    "fork": os.fork,
    "run a program": lambda: os.execv("/boot/vmlinux", ["vmlinux"]),
    "become root": lambda: os.setresuid(0, 0, 0),
    "mount": lambda: mount.open_root("/dev/loop0", "ext4"),
    "take shared memory that outlives it": lambda: libc.call(libc.libc.shmget, 0, 4096, 0o1600),
    "watch the kernel": lambda: libc.call(libc.libc.syscall, PERF_EVENT_OPEN, 0, 0, -1, -1, 0),
    "use a ring": lambda: libc.call(libc.libc.syscall, 425, 1, 0),
    "send a signal by a descriptor": lambda: fcntl.fcntl(0, fcntl.F_SETOWN, os.getppid()),
    "enter a namespace": lambda: libc.call(libc.libc.unshare, 0x10000000),
    "raise a limit": lambda: resource.setrlimit(resource.RLIMIT_NPROC, (9, 9)),
    "set the clock": lambda: time.clock_settime(time.CLOCK_REALTIME, 0),
}


def probe(files: Files, path: str) -> Iterator[Item]:
    if files.volume.name == "none":  # the scanner warms its parsers up
        return
    for at, (name, attempt) in enumerate(ATTEMPTS.items()):
        try:
            result = attempt()
        except (OSError, ValueError) as error:
            yield Problem(path, at + 1, f"{name}: no, {error}")
        else:
            yield Problem(path, at + 1, f"{name}: YES {result}")
    uids, gids, groups = os.getresuid(), os.getresgid(), os.getgroups()
    yield Problem("ids", 1, f"{len(set(uids))} {uids[0]} {gids[0]} {groups}")
    yield Problem("kernel", 1, (files.read("/boot/vmlinux") or "")[:8])


@pytest.fixture
def image(tmp_path: Path, tree: Path) -> Path:
    return disks.ext4(tmp_path / "image", tree)


def attempted(image: Path) -> list[Problem]:
    scanner = Scanner.start(lambda: (Format("probe", ("/etc/yaboot.conf",), probe),))
    with disks.attached(image) as node:
        found = asyncio.run(scanner.scan(disks.device(node, "ext4", "sda1"), (), "", 20))
    scanner.close()
    return list(found.problems)


def test_a_parser_reads_the_disk_and_can_do_nothing_else(image: Path) -> None:
    *attempts, ids, kernel = attempted(image)
    assert [problem.message for problem in attempts if ": YES" in problem.message] == []
    assert len(attempts) == len(ATTEMPTS)
    one, user, group, groups = ids.message.split(" ")
    assert (one, groups) == ("1", "[]")
    assert int(user) == int(group) >= 0x7000_0000
    assert kernel.message == "\x7fELF ker"  # readable for root alone, and read all the same


def test_every_child_is_a_user_of_its_own(image: Path) -> None:
    users: set[str] = set()

    def who(files: Files, path: str) -> Iterator[Item]:
        yield Problem(path, 1, str(os.getuid()))

    async def three(scanner: Scanner) -> None:
        for _ in range(3):
            found = await scanner.scan(disks.device(image, "ext4", "sda1"), (), "", 20)
            users.add(found.problems[0].message)

    scanner = Scanner.start(lambda: (Format("who", ("/etc/yaboot.conf",), who),))
    asyncio.run(three(scanner))
    scanner.close()
    assert len(users) == 3


def without_the_filter() -> int:
    """Return the number of attempts that succeed without seccomp, which a kernel may lack."""
    limits.leave_network()
    limits.become(0x7000_0001, limits.READ_EVERY_FILE)
    limits.limit(5, 1 << 30, 64)
    attempts: list[Callable[[], object]] = [
        os.fork,
        lambda: os.kill(os.getppid(), 0),
        lambda: os.setuid(0),
        lambda: socket.create_connection(("127.0.0.1", listener.getsockname()[1])),
        lambda: mount.open_root("/dev/loop0", "ext4"),
    ]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return sum(succeeds(attempt) for attempt in attempts)


def succeeds(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError:
        return False
    return True


def test_the_other_walls_stand_without_the_filter() -> None:
    child = os.fork()
    if child == 0:
        try:
            os._exit(without_the_filter())
        finally:
            os._exit(100)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

"""Programs: only this module and kexec/ start any."""

import asyncio
import contextlib
import errno
import os
import signal
import subprocess
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import NamedTuple

from petipy.sys import limits, tty

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
_GRACE = 1.0  # seconds between SIGHUP or SIGTERM and SIGKILL
_LONGEST_LINE = 2000  # bytes


class Result(NamedTuple):
    """The end of a program: its status (-N after signal N), and its outputs."""

    status: int
    output: bytes
    errors: bytes


async def run(
    argv: Sequence[str],
    *,
    within: float,
    limit: int = 1 << 20,
    environment: Mapping[str, str] = ENVIRONMENT,
    descriptors: Sequence[int] = (),
    prepare: Callable[[], None] = lambda: None,
) -> Result:
    """Run a program, without a shell, with nothing to read, in / and in a session of its own.

    It inherits the `descriptors`. Its process calls `prepare`, which may give up rights, before it
    becomes the program.

    Raise OSError if it cannot be started, has not ended `within` seconds (ETIMEDOUT), or prints
    more than `limit` bytes to one of its outputs (EFBIG). Then, and when this is cancelled, the
    program is killed with all that it has started in its session.
    """
    program = await _start(argv, environment, descriptors, prepare)
    assert program.stdout
    assert program.stderr
    try:
        async with asyncio.timeout(within):
            output, errors = await asyncio.gather(
                _read(program.stdout, limit, program.pid), _read(program.stderr, limit, program.pid)
            )
            status = await program.wait()
    except TimeoutError:
        words = f"{argv[0]} has not ended within {within:g} seconds"
        raise OSError(errno.ETIMEDOUT, words) from None
    finally:
        _kill_session(program.pid)
        await program.wait()
    if max(len(output), len(errors)) > limit:
        raise OSError(errno.EFBIG, f"{argv[0]} printed more than {limit} bytes")
    return Result(status, output, errors)


async def _start(
    argv: Sequence[str],
    environment: Mapping[str, str],
    descriptors: Sequence[int],
    prepare: Callable[[], None],
) -> asyncio.subprocess.Process:
    def become() -> None:
        _be_ordinary()
        prepare()

    starting = asyncio.create_task(
        asyncio.create_subprocess_exec(
            *argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env=environment,
            start_new_session=True,
            pass_fds=descriptors,
            preexec_fn=become,
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        # asyncio would kill the program alone, then wait for all that it has started.
        program = await starting
        _kill_session(program.pid)
        await program.wait()
        raise


async def _read(stream: asyncio.StreamReader, limit: int, leader: int) -> bytes:
    """Read to the end; kill the session once there are more than `limit` bytes."""
    data = bytearray()
    while piece := await stream.read(1 << 16):
        data += piece
        if len(data) > limit:
            _kill_session(leader)
            break
    return bytes(data)


def _kill_session(leader: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(leader, signal.SIGKILL)


@contextlib.asynccontextmanager
async def daemon(
    argv: Sequence[str],
    *,
    user: int,
    capabilities: Sequence[int],
    nice: int = 0,
    end_by: int = signal.SIGTERM,
    environment: Mapping[str, str] = ENVIRONMENT,
    line: int = subprocess.DEVNULL,
    processes: int = 0,
) -> AsyncIterator["Daemon"]:
    """Run a program beside this one, as a user that has only these capabilities.

    `line` is a descriptor for its standard input and output. `processes` is the most that its user
    may have, 0 for any number.

    At the end of the context the program gets the signal `end_by`, and SIGKILL if it has not ended
    a second later. It dies with this process. Raise OSError if it cannot be started.
    """
    parent = os.getpid()

    def become() -> None:
        _be_ordinary()
        os.nice(nice)
        if processes:
            limits.limit_processes(processes)
        limits.become(user, *capabilities, programs=True)
        limits.die_with_parent(parent)  # a change of the user clears this

    program = await asyncio.create_subprocess_exec(
        *argv,
        stdin=line,
        stdout=line,
        stderr=subprocess.PIPE,
        cwd="/",
        env=environment,
        start_new_session=True,
        preexec_fn=become,
    )
    try:
        yield Daemon(program)
    finally:
        with contextlib.suppress(ProcessLookupError):
            program.send_signal(end_by)
        try:
            async with asyncio.timeout(_GRACE):
                await program.wait()
        except TimeoutError:
            _kill_session(program.pid)
            await program.wait()


class Daemon:
    """A program that runs beside this one."""

    def __init__(self, program: asyncio.subprocess.Process) -> None:
        self.pid = program.pid
        self._program = program

    async def lines(self) -> AsyncIterator[str]:
        """Yield each line of its standard error until it ends. A long line is cut."""
        assert self._program.stderr
        rest = b""
        while piece := await self._program.stderr.read(1 << 12):
            *lines, rest = (rest + piece).split(b"\n")
            rest = rest[:_LONGEST_LINE]
            for line in lines:
                yield line[:_LONGEST_LINE].decode(errors="surrogateescape")
        if rest:
            yield rest.decode(errors="surrogateescape")

    async def wait(self) -> int:
        """Wait for the end; return the status, or -N after signal N."""
        return await self._program.wait()


def start_on_terminal(
    argv: Sequence[str], path: str, environment: Mapping[str, str]
) -> "Interactive":
    """Start a program on the terminal `path`, in cooked mode and with job control if possible.

    It dies with this process, whose next life reads the same terminal.
    """
    parent = os.getpid()

    def become() -> None:
        _take_terminal()
        limits.die_with_parent(parent)

    # A descriptor of its own: O_NONBLOCK is shared by all that come from one open().
    fd = tty.open_tty(path)
    try:
        os.set_blocking(fd, True)
        tty.set_cooked(fd)
        program = subprocess.Popen(
            argv,
            stdin=fd,
            stdout=fd,
            stderr=fd,
            cwd="/",
            env=environment,
            start_new_session=True,
            preexec_fn=become,  # noqa: PLW1509  this process has no other threads
        )
    finally:
        os.close(fd)
    return Interactive(program)


def _be_ordinary() -> None:
    """Give up what protects this program when memory is full."""
    limits.set_oom_score(0)


def _take_terminal() -> None:
    _be_ordinary()
    # A parent such as nohup ignores signals, and children inherit that: the keys must work.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTSTP, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    with contextlib.suppress(OSError):  # then there is no job control
        tty.set_controlling(0)


class Interactive:
    """A program on a terminal. `end` must be awaited in every case."""

    def __init__(self, program: subprocess.Popen[bytes]) -> None:
        self.pid = program.pid
        self._program = program
        self._pidfd = os.pidfd_open(program.pid)
        self._ended = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._pidfd, self._ended.set)

    async def ends_within(self, seconds: float) -> bool:
        """Wait for the end; return False if it has not come by then."""
        try:
            async with asyncio.timeout(seconds):
                await self._ended.wait()
        except TimeoutError:
            return False
        return True

    async def end(self) -> None:
        """End the program if it still runs, by SIGHUP and then by SIGKILL."""
        try:
            if not self._ended.is_set():
                os.killpg(self.pid, signal.SIGHUP)
                if not await self.ends_within(_GRACE):
                    os.killpg(self.pid, signal.SIGKILL)
        finally:
            asyncio.get_running_loop().remove_reader(self._pidfd)
            os.close(self._pidfd)
            self._program.wait()
            self._ended.set()  # after SIGKILL nobody reads the descriptor any more

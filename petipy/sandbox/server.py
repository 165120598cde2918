"""The scanner process: it has the parsers in memory and forks a child for each request.

It reads nothing from disks and parses no message of a child, so neither can stop it: another child
answers a child's ask.
"""

import errno
import math
import os
import select
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from parsers.api import Format
from petipy.sandbox import packets
from petipy.sandbox.child import Child, ScanTree, user_number
from petipy.sandbox.messages import (
    ASKS,
    FAILURES,
    LONGEST_ASK,
    REQUESTS,
    SCANS,
    CaptureRequest,
    Failure,
    OpenRequest,
    Request,
    ScanRequest,
    WriteRequest,
)
from petipy.sandbox.mounter import Mounter
from petipy.startup import collector
from petipy.startup.warm import warm
from petipy.sys import limits, seccomp

_AT_ONCE = 4  # children that work at the same time; more would only share the memory
_OOM_SCORE = 800  # out of memory, the children go first, then this process, then the menu
_SLOW = 2.0  # seconds after which a child no longer keeps others waiting
_ASKS = 64  # that one child may make
_DEATHS = {
    "SIGXCPU": "took too much processor time",
    "SIGKILL": "was killed: is the memory full?",
}


@dataclass(eq=False, slots=True)
class _Job:
    """A request that a child works on."""

    answer: socket.socket
    asks: socket.socket
    request: int  # the memory file with its JSON
    pid: int
    patience: float  # seconds
    started: float  # seconds of time.monotonic()
    due: float  # the same: when its patience may be over
    asked: int = 0
    answering: set[int] = field(default_factory=set)  # pids of the children that answer its asks


Formats = Callable[[], Sequence[Format]]


def run(control: int, parent: int, mounter: Mounter, formats: Formats) -> None:
    """Serve requests until the other end of `control` is closed."""
    _detach(control, parent)
    scanner = _Scanner(socket.socket(fileno=control), mounter)
    scanner.prepare(formats)
    scanner.serve()


def _detach(control: int, parent: int) -> None:
    """Let go of everything inherited: the consoles, their signals, the other descriptors."""
    os.setsid()
    limits.die_with_parent(parent)
    signal.set_wakeup_fd(-1)
    for number in signal.valid_signals():
        handled = callable(signal.getsignal(number))
        if handled or number in {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}:
            signal.signal(number, signal.SIG_DFL)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    limits.close_all_but({control})
    limits.set_oom_score(_OOM_SCORE)


class _Scanner:
    def __init__(self, control: socket.socket, mounter: Mounter) -> None:
        self._control, self._mounter = control, mounter
        self._formats: Sequence[Format] = ()
        self._scan_tree: ScanTree | None = None
        self._broken = ""
        self._waiting: deque[tuple[socket.socket, int, float]] = deque()
        self._jobs: dict[int, _Job] = {}  # by the pidfd of the child
        self._answering: dict[int, tuple[int, _Job]] = {}  # by pidfd: pid and job
        self._count = 0
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    def prepare(self, formats: Formats) -> None:
        """Import the parsers and warm them up, once for all children."""
        try:
            from petipy.scan.tree import scan_tree

            self._formats, self._scan_tree = formats(), scan_tree
            for form in self._formats:
                warm(form)
        except Exception as error:  # noqa: BLE001  requests to open files still work
            self._broken = f"the parsers cannot be loaded: {type(error).__name__}: {error}"
        REQUESTS.build()
        SCANS.build()
        if seccomp.available():
            seccomp.program(os.uname().machine, "scan")  # the children use it
        collector.resume()

    def serve(self) -> None:
        while True:
            ready = [fd for fd, _ in self._poll.poll(self._pause())]
            ended = [fd for fd in ready if fd in self._jobs or fd in self._answering]
            for fd in ready:
                if fd == self._control.fileno():
                    if not self._receive():
                        return
                elif fd not in ended:
                    self._attend(fd)
            # Last, because it closes descriptors, and their numbers are used again.
            for fd in ended:
                self._reap(fd)
            self._end_late()
            while self._waiting and self._busy() < _AT_ONCE:
                self._begin(*self._waiting.popleft())

    def _pause(self) -> float | None:
        """Return the milliseconds until time alone changes something."""
        now = time.monotonic()
        pauses = [job.due - now for job in self._jobs.values() if job.due < math.inf]
        if self._waiting:  # a slow child soon no longer keeps others waiting
            pauses.append(_SLOW)
        return max(0.0, min(pauses)) * 1000 + 1 if pauses else None

    def _end_late(self) -> None:
        """End the children whose patience is over.

        The time in which a child waits for the processor does not count: others may use it.
        """
        now = time.monotonic()
        for job in self._jobs.values():
            if now >= job.due:
                job.due = job.started + job.patience + limits.delay(job.pid)
            if now >= job.due:
                words = f"no answer within {job.patience:g} seconds"
                _send_failure(job.answer, errno.ETIMEDOUT, words)
                os.kill(job.pid, signal.SIGKILL)
                job.due = math.inf

    def _busy(self) -> int:
        recent = time.monotonic() - _SLOW
        return sum(job.started > recent for job in self._jobs.values())

    def _receive(self) -> bool:
        data, fds = packets.receive(self._control, 32, 2)
        if len(fds) == 2:
            answer = socket.socket(fileno=fds[0])
            self._waiting.append((answer, fds[1], packets.read_job(data)))
        return bool(data)

    def _begin(self, answer: socket.socket, request: int, patience: float) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._count += 1
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            _send_failure(answer, error.errno or errno.EAGAIN, f"cannot fork: {error.strerror}")
            for link in (ours, theirs, answer):
                link.close()
            os.close(request)
            return
        if pid == 0:
            try:
                limits.die_with_parent(parent)
                limits.set_oom_score(limits.FIRST)
                try:
                    asked = _read_request(request)
                except ValueError as error:  # such as a number that a person typed
                    _send_failure(answer, errno.EINVAL, f"the request is not valid: {error}")
                    os._exit(0)
                limits.close_all_but({answer.fileno(), theirs.fileno()})
                child = Child(self._mounter, answer, theirs)
                child.run(lambda child: self._work(child, asked))
            finally:
                os._exit(1)
        theirs.close()
        now = time.monotonic()
        job = _Job(answer, ours, request, pid, patience, now, now + patience)
        self._jobs[self._watch(pid)] = job
        self._poll.register(answer, 0)  # poll reports a hang-up all the same
        self._poll.register(ours, select.POLLIN)

    def _work(self, child: Child, request: Request) -> None:
        if isinstance(request, OpenRequest):
            return child.open(request)
        if isinstance(request, WriteRequest):
            return child.write(request)
        if self._scan_tree is None:
            raise OSError(errno.ENOEXEC, self._broken)
        scan = self._formats, self._scan_tree, user_number(self._count)
        if isinstance(request, CaptureRequest):
            return child.capture(request, *scan)
        return child.scan(request, *scan)

    def _watch(self, pid: int) -> int:
        pidfd = os.pidfd_open(pid)
        self._poll.register(pidfd, select.POLLIN)
        return pidfd

    def _attend(self, fd: int) -> None:
        """Take a child's ask, or end a child whose answer nobody wants any more."""
        for job in self._jobs.values():
            if fd == job.answer.fileno():
                self._poll.unregister(fd)
                os.kill(job.pid, signal.SIGKILL)
                job.started = 0.0
            elif fd == job.asks.fileno():
                self._take_ask(job)

    def _take_ask(self, job: _Job) -> None:
        try:
            ask = job.asks.recv(LONGEST_ASK, socket.MSG_DONTWAIT)
        except OSError:
            ask = b""
        if not ask or job.asked == _ASKS:
            self._poll.unregister(job.asks)
            return
        job.asked += 1
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            packets.send_if_heard(job.asks, ask)
            return
        if pid == 0:
            try:
                limits.die_with_parent(parent)
                limits.set_oom_score(limits.FIRST)
                limits.close_all_but({job.asks.fileno(), job.request})
                self._answer_ask(job, ask)
            finally:
                os._exit(0)
        job.answering.add(pid)
        self._answering[self._watch(pid)] = pid, job

    def _answer_ask(self, job: _Job, ask: bytes) -> None:
        """Mount, in a child, a volume or an image file. The request limits the choice."""
        request = _read_request(job.request)
        descriptors: list[int] = []
        if isinstance(request, ScanRequest | CaptureRequest):
            with suppress(OSError, ValueError):
                descriptors = self._mounter.roots(ASKS.decode(ask).volume, request.devices)
        if descriptors:
            socket.send_fds(job.asks, [ask], descriptors)
        else:
            packets.send_if_heard(job.asks, ask)

    def _reap(self, pidfd: int) -> None:
        self._poll.unregister(pidfd)
        os.close(pidfd)
        if pidfd in self._answering:
            pid, job = self._answering.pop(pidfd)
            job.answering.discard(pid)
            os.waitpid(pid, 0)
            return
        job = self._jobs.pop(pidfd)
        _, status = os.waitpid(job.pid, 0)
        # A child that sent its END has been heard: this packet then has no reader.
        _send_failure(job.answer, errno.EIO, f"the scanning process {_describe_death(status)}")
        for pid in job.answering:
            os.kill(pid, signal.SIGKILL)
        for link in (job.answer, job.asks):
            self._forget(link)
            link.close()
        os.close(job.request)

    def _forget(self, link: socket.socket) -> None:
        with suppress(KeyError):  # it hung up, and has been forgotten
            self._poll.unregister(link)


def _read_request(file: int) -> Request:
    return REQUESTS.decode(os.pread(file, os.fstat(file).st_size, 0))


def _send_failure(link: socket.socket, code: int, sentence: str) -> None:
    packets.send_if_heard(link, packets.FAILED + FAILURES.encode(Failure.of(code, sentence)))


def _describe_death(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    how = limits.name_signal(-code) if code < 0 else f"exit status {code}"
    return _DEATHS.get(how, f"died ({how})")

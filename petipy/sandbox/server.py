"""The scanner process: holds the parsers in memory and forks a child per request.

It reads nothing of any disk itself, so nothing on one can stop it.
"""

import errno
import os
import select
import signal
import socket
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from parsers.api import Format
from petipy.sandbox import messages
from petipy.sandbox.child import Jail, Mounter, ScanTree, user
from petipy.sandbox.messages import Request
from petipy.startup import collector
from petipy.startup.warm import warm
from petipy.sys import limits, seccomp

_AT_ONCE = 4  # children that work at the same time; more would only share the memory
_SLOW = 2.0  # seconds after which a child no longer keeps others waiting
_MOUNTS = 64  # other volumes that one child may ask for


@dataclass(eq=False, slots=True)
class _Job:
    """A request that is being worked on."""

    answer: socket.socket
    asks: socket.socket
    table: int
    pid: int
    started: float
    mounts: int = 0
    mounters: set[int] = field(default_factory=set)  # pids


Formats = Callable[[], Sequence[Format]]


def run(control: int, parent: int, mounter: Mounter, formats: Formats) -> None:
    """Be the scanner: serve requests until the other end of `control` is closed."""
    _alone(control, parent)
    scanner = _Scanner(socket.socket(fileno=control), mounter)
    scanner.prepare(formats)
    scanner.serve()


def _alone(control: int, parent: int) -> None:
    """Let go of what was inherited: the consoles, their signals, all other descriptors."""
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
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("800")  # out of memory, a scan goes before the menu does
    except OSError:  # no /proc, or not root
        return


class _Scanner:
    def __init__(self, control: socket.socket, mounter: Mounter) -> None:
        self._control, self._mounter = control, mounter
        self._formats: Sequence[Format] = ()
        self._scan_tree: ScanTree | None = None
        self._broken = ""
        self._waiting: deque[tuple[socket.socket, int]] = deque()
        self._jobs: dict[int, _Job] = {}  # by the pidfd of the child
        self._mounters: dict[int, tuple[int, _Job]] = {}  # by pidfd: pid and job
        self._count = 0
        self._poll = select.poll()
        self._poll.register(control, select.POLLIN)

    def prepare(self, formats: Formats) -> None:
        """Import the parsers and let each build its grammar, once for all children."""
        try:
            from petipy.scan.tree import scan_tree

            self._formats, self._scan_tree = formats(), scan_tree
            for form in self._formats:
                warm(form)
        except Exception as error:  # noqa: BLE001  files can be opened all the same
            self._broken = f"the parsers cannot be loaded: {type(error).__name__}: {error}"
        if seccomp.available():
            seccomp.program(os.uname().machine)  # made once, for every child to use
        collector.resume()

    def serve(self) -> None:
        while True:
            ready = [fd for fd, _ in self._poll.poll(self._pause())]
            ended = [fd for fd in ready if fd in self._jobs or fd in self._mounters]
            for fd in ready:
                if fd == self._control.fileno():
                    if not self._receive():
                        return
                elif fd not in ended:
                    self._hear(fd)
            # Last, because it closes descriptors, whose numbers would come again.
            for fd in ended:
                self._reap(fd)
            while self._waiting and self._busy() < _AT_ONCE:
                self._begin(*self._waiting.popleft())

    def _pause(self) -> float | None:
        """Milliseconds until a slow child stops to keep others waiting."""
        return _SLOW * 1000 if self._waiting else None

    def _busy(self) -> int:
        recent = time.monotonic() - _SLOW
        return sum(job.started > recent for job in self._jobs.values())

    def _receive(self) -> bool:
        data, fds = messages.receive(self._control, 16, 2)
        if len(fds) == 2:
            self._waiting.append((socket.socket(fileno=fds[0]), fds[1]))
        return bool(data)

    def _begin(self, answer: socket.socket, table: int) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._count += 1
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            _tell(answer, messages.FAILED + f"{error.errno} cannot fork: {error.strerror}".encode())
            for thing in (ours, theirs, answer):
                thing.close()
            os.close(table)
            return
        if pid == 0:
            try:
                limits.die_with_parent(parent)
                todo = _request(table)
                limits.close_all_but({answer.fileno(), theirs.fileno()})
                Jail(self._mounter, answer, theirs).run(todo, self._work)
            finally:
                os._exit(1)
        theirs.close()
        job = _Job(answer, ours, table, pid, time.monotonic())
        self._jobs[self._watch(pid)] = job
        self._poll.register(answer, 0)  # a hang-up is told all the same
        self._poll.register(ours, select.POLLIN)

    def _work(self, jail: Jail, todo: Request) -> None:
        if todo.do == "open":
            jail.open(todo)
        elif todo.do == "write":
            jail.write(todo)
        elif self._scan_tree is None:
            raise OSError(errno.ENOEXEC, self._broken)
        else:
            work = jail.capture if todo.do == "capture" else jail.scan
            work(todo, self._formats, self._scan_tree, user(self._count))

    def _watch(self, pid: int) -> int:
        pidfd = os.pidfd_open(pid)
        self._poll.register(pidfd, select.POLLIN)
        return pidfd

    def _hear(self, fd: int) -> None:
        """A child asks for a volume, or nobody wants a child's answer any more."""
        for job in self._jobs.values():
            if fd == job.answer.fileno():
                self._poll.unregister(fd)
                os.kill(job.pid, signal.SIGKILL)
                job.started = 0.0
            elif fd == job.asks.fileno():
                self._asked(job)

    def _asked(self, job: _Job) -> None:
        try:
            name = job.asks.recv(messages.LONGEST_NAME, socket.MSG_DONTWAIT)
        except OSError:
            name = b""
        if not name or job.mounts == _MOUNTS:
            self._poll.unregister(job.asks)
            return
        job.mounts += 1
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError:
            _tell(job.asks, name)
            return
        if pid == 0:
            try:
                limits.die_with_parent(parent)
                limits.close_all_but({job.asks.fileno(), job.table})
                self._mount(job, name)
            finally:
                os._exit(0)
        job.mounters.add(pid)
        self._mounters[self._watch(pid)] = pid, job

    def _mount(self, job: _Job, name: bytes) -> None:
        """In a child: only devices of the request are mounted, and files on them, whatever the
        asker says."""
        devices = _request(job.table).devices
        try:
            roots = self._mounter.roots(name.decode("utf-8", "surrogateescape"), devices)
        except OSError:
            _tell(job.asks, name)
        else:
            socket.send_fds(job.asks, [name], roots)

    def _reap(self, pidfd: int) -> None:
        self._poll.unregister(pidfd)
        os.close(pidfd)
        if pidfd in self._mounters:
            pid, job = self._mounters.pop(pidfd)
            job.mounters.discard(pid)
            os.waitpid(pid, 0)
            return
        job = self._jobs.pop(pidfd)
        _, status = os.waitpid(job.pid, 0)
        _tell(job.answer, messages.ENDED + _how(status).encode())
        for pid in job.mounters:
            os.kill(pid, signal.SIGKILL)
        for link in (job.answer, job.asks):
            self._forget(link)
            link.close()
        os.close(job.table)

    def _forget(self, link: socket.socket) -> None:
        try:
            self._poll.unregister(link)
        except KeyError:  # it was, when it hung up
            return


def _request(table: int) -> Request:
    return messages.read(os.pread(table, os.fstat(table).st_size, 0))


def _tell(link: socket.socket, packet: bytes) -> None:
    """Without waiting: who does not listen does not want to know."""
    try:
        link.send(packet, socket.MSG_DONTWAIT)
    except OSError:
        return


def _how(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    return signal.Signals(-code).name if code < 0 else f"exit status {code}"

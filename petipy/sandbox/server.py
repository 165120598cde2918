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

from parsers.api import Format
from petipy.sandbox import packets
from petipy.sandbox.child import Child, ScanTree, user_number
from petipy.sandbox.jobs import Answering, Job, describe_death, send_failure
from petipy.sandbox.messages import (
    ASKS,
    LONGEST_ASK,
    REQUESTS,
    SCANS,
    CaptureRequest,
    ListRequest,
    OpenRequest,
    Request,
    ScanRequest,
    WriteRequest,
)
from petipy.sandbox.mounter import Mounter
from petipy.startup import collector, unlocked
from petipy.startup.warm import warm
from petipy.state.model import Device
from petipy.sys import limits, seccomp

_OOM_SCORE = 800  # out of memory, the children go first, then this process, then the menu
_SLOW = 2.0  # seconds after which a child no longer keeps others waiting

Formats = Callable[[], Sequence[Format]]


def run(control: int, parent: int, mounter: Mounter, formats: Formats) -> None:
    """Serve requests until the other end of `control` is closed."""
    _detach(control, parent)
    scanner = Server(socket.socket(fileno=control), mounter)
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


class Server:
    """The scanner process. A branch of it, which is forked when it is needed, has the network's
    requests (petipy.sandbox.network_server): importing what those need takes a while.
    """

    at_once = 4  # children that work at the same time; more would only share the memory
    most_asks = 64  # of one child
    first_user = limits.SCAN_USERS  # of the children

    def __init__(self, control: socket.socket, mounter: Mounter) -> None:
        self._control, self._mounter = control, mounter
        self._formats: Sequence[Format] = ()
        self._scan_tree: ScanTree | None = None
        self._broken = ""
        self._branches: dict[int, int] = {}  # by pidfd: pid
        self._waiting: deque[tuple[socket.socket, int, float]] = deque()
        self._jobs: dict[int, Job] = {}  # by the pidfd of the child
        self._answering: dict[int, Answering] = {}  # by pidfd
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
        unlocked.end()

    def serve(self) -> None:
        while True:
            ready = [fd for fd, _ in self._poll.poll(self._pause())]
            ended = [fd for fd in ready if self._is_process(fd)]
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
            while self._waiting and self._busy() < self.at_once:
                self._begin(*self._waiting.popleft())

    def _is_process(self, fd: int) -> bool:
        return fd in self._jobs or fd in self._answering or fd in self._branches

    def _pause(self) -> float | None:
        """Return the milliseconds until time alone changes something."""
        now = time.monotonic()
        pauses = [job.due - now for job in self._jobs.values() if job.due < math.inf]
        pauses += [child.due - now for child in self._answering.values() if child.due < math.inf]
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
                send_failure(job.answer, errno.ETIMEDOUT, words)
                os.kill(job.pid, signal.SIGKILL)
                job.due = math.inf
        for pidfd, child in self._answering.items():
            if now >= child.due:
                os.kill(child.pid, signal.SIGKILL)
                self._answering[pidfd] = child._replace(due=math.inf)

    def _busy(self) -> int:
        recent = time.monotonic() - _SLOW
        return sum(job.started > recent for job in self._jobs.values())

    def _receive(self) -> bool:
        data, fds = packets.receive(self._control, 32, 2)
        if len(fds) == 2:
            patience, tls = packets.read_job(data)
            self.load(tls=tls)
            self._waiting.append((socket.socket(fileno=fds[0]), fds[1], patience))
        elif fds:
            self._branch(fds[0], early=data == packets.EARLY_BRANCH)
        elif data == packets.HURRY:
            for pid in self._branches.values():
                limits.set_idle(pid, idle=False)
        return bool(data)

    def load(self, *, tls: bool) -> None:
        """Import what a request needs besides the parsers."""

    def _branch(self, control: int, *, early: bool) -> None:
        """Fork a process that serves the network's requests, which come to `control`.

        An `early` one imports when the processor has nothing else to do, until it is needed.
        """
        parent = os.getpid()
        with suppress(OSError):  # the other end sees that nobody is there
            pid = os.fork()
            if pid == 0:
                try:
                    limits.die_with_parent(parent)
                    limits.close_all_but({control})
                    from petipy.sandbox import network_server

                    scan = self._formats, self._scan_tree, self._broken
                    network_server.run(control, self._mounter, *scan)
                finally:
                    os._exit(1)
            limits.set_idle(pid, idle=early)
            self._branches[self._watch(pid)] = pid
        os.close(control)

    def _begin(self, answer: socket.socket, request: int, patience: float) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._count += 1
        parent = os.getpid()
        try:
            pid = os.fork()
        except OSError as error:
            send_failure(answer, error.errno or errno.EAGAIN, f"cannot fork: {error.strerror}")
            for link in (ours, theirs, answer):
                link.close()
            os.close(request)
            return
        if pid == 0:
            try:
                limits.die_with_parent(parent)
                limits.set_oom_score(limits.FIRST)
                try:
                    work = self.plan_work(request, user_number(self._count, self.first_user))
                except ValueError as error:  # such as a number that a person typed
                    send_failure(answer, errno.EINVAL, f"the request is not valid: {error}")
                    os._exit(0)
                limits.close_all_but({answer.fileno(), theirs.fileno()})
                child = Child(self._mounter, answer, theirs)
                child.run(work)
            finally:
                os._exit(1)
        theirs.close()
        now = time.monotonic()
        job = Job(answer, ours, request, pid, patience, now, now + patience)
        self._jobs[self._watch(pid)] = job
        self._poll.register(answer, 0)  # poll reports a hang-up all the same
        self._poll.register(ours, select.POLLIN)

    def plan_work(self, file: int, user: int) -> Callable[[Child], None]:
        """Return the work for a request, in its child. ValueError if the request is not valid."""
        request = _read_request(file)
        if isinstance(request, OpenRequest):
            return lambda child: child.open(request)
        if isinstance(request, WriteRequest):
            return lambda child: child.write(request)
        if isinstance(request, ListRequest):
            return lambda child: child.list_directory(request, user)
        if isinstance(request, CaptureRequest):
            return lambda child: child.capture(request, *self.scan_by(), user)
        return lambda child: child.scan(request, *self.scan_by(), user)

    def scan_by(self) -> tuple[Sequence[Format], ScanTree]:
        """Return the formats, and the function that scans by them. OSError without parsers."""
        if self._scan_tree is None:
            raise OSError(errno.ENOEXEC, self._broken)
        return self._formats, self._scan_tree

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

    def _take_ask(self, job: Job) -> None:
        try:
            ask = job.asks.recv(LONGEST_ASK, socket.MSG_DONTWAIT)
        except OSError:
            ask = b""
        if not ask or job.asked == self.most_asks:
            self._poll.unregister(job.asks)
            return
        job.asked += 1
        self._count += 1
        due = self.prepare_ask(ask)
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
                user = user_number(self._count, self.first_user)
                self.answer_ask(job.asks, job.request, ask, user)
            finally:
                os._exit(0)
        job.answering.add(pid)
        self._answering[self._watch(pid)] = Answering(pid, job, due)

    def prepare_ask(self, ask: bytes) -> float:
        """Return the time of time.monotonic() at which the child that answers is ended."""
        return math.inf

    def answer_ask(self, link: socket.socket, file: int, ask: bytes, user: int) -> None:
        """Answer an ask, in a child. The request in the `file` limits what is given."""
        request = _read_request(file)
        if isinstance(request, ScanRequest | CaptureRequest):
            self.mount(link, ask, request.devices)
        else:
            packets.send_if_heard(link, ask)

    def mount(self, link: socket.socket, ask: bytes, devices: Sequence[Device]) -> None:
        """Answer with the roots of one of the devices, or of an image file on one."""
        descriptors: list[int] = []
        with suppress(OSError, ValueError):
            descriptors = self._mounter.roots(ASKS.decode(ask).volume, devices)
        if descriptors:
            socket.send_fds(link, [ask], descriptors)
        else:
            packets.send_if_heard(link, ask)

    def _reap(self, pidfd: int) -> None:
        self._poll.unregister(pidfd)
        os.close(pidfd)
        if branch := self._branches.pop(pidfd, 0):
            os.waitpid(branch, 0)
            return
        if child := self._answering.pop(pidfd, None):
            child.job.answering.discard(child.pid)
            os.waitpid(child.pid, 0)
            return
        job = self._jobs.pop(pidfd)
        _, status = os.waitpid(job.pid, 0)
        # A child that sent its END has been heard: this packet then has no reader.
        send_failure(job.answer, errno.EIO, f"the scanning process {describe_death(status)}")
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

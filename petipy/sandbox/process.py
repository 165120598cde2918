"""The scanner process, as the process that owns the machine starts it and speaks with it."""

import array
import errno
import os
import signal
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress

from parsers.api import Format
from parsers.formats import formats
from petipy import platforms
from petipy.sandbox import packets, server
from petipy.sandbox.answer import Died
from petipy.sandbox.mounter import Mounter

_ENDING = 1.0  # seconds in which a process that ends has closed all its sockets


class ScannerProcess:
    """The scanner process, forked at once. An early fork shares the memory of what is imported."""

    _early = False  # the branch was made before there was a request

    def __init__(
        self, formats: Callable[[], Sequence[Format]] = formats, *, own_machine: bool = True
    ) -> None:
        """Fork.

        `formats` is called in the scanner process, because it imports the parsers. `own_machine`
        is Mounter's.
        """
        self._formats, self._own_machine = formats, own_machine
        self.pid = 0
        self.control: socket.socket | None = None  # None: the process is not there
        self.network: socket.socket | None = None  # to its branch for the network, likewise
        platforms.find()  # for both processes
        self.fork()

    def fork(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                mounter = Mounter(self._own_machine)
                server.run(theirs.detach(), parent, mounter, self._formats)
            finally:
                os._exit(1)
        theirs.close()
        self.pid, self.control = pid, ours

    def branch(self, *, early: bool = False) -> None:
        """Have the process, which is there, fork a branch that serves the network's requests.

        An `early` one takes time from nobody while it imports, until `hurry`.
        """
        assert self.control
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        fds = array.array("i", (theirs.fileno(),))
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)]
        # Do not wait here. If the process is dead or its socket is full, the first request fails.
        with theirs, suppress(OSError):
            packet = packets.EARLY_BRANCH if early else packets.BRANCH
            self.control.sendmsg([packet], ancillary, socket.MSG_DONTWAIT)
        self.network, self._early = ours, early

    def hurry(self) -> None:
        """Note that there is a request for the branch."""
        if self._early and self.control:
            self._early = False
            packets.send_if_heard(self.control, packets.HURRY)

    def leave_branch(self) -> None:
        """Close the socket to the branch: it is dead, or ends when the socket closes."""
        if self.network:
            self.network.close()
            self.network = None

    def kill(self) -> None:
        self.leave_branch()
        if self.control:
            self.control.close()
            self.control = None
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0


async def has_ended(control: socket.socket) -> bool:
    """Return True if the scanner process has ended. A child can end its own answer, too."""
    import asyncio

    for _ in range(round(_ENDING / 0.05)):
        try:
            return not control.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            await asyncio.sleep(0.05)
        except OSError:  # another request has noticed it and closed the socket
            return True
    return False


async def submit(control: socket.socket, request: bytes, job: bytes, theirs: socket.socket) -> None:
    """Send a request, its packet, and the socket for the answer. Raise Died."""
    import asyncio

    file = os.memfd_create("request", os.MFD_CLOEXEC)
    try:
        os.write(file, request)
        fds = array.array("i", (theirs.fileno(), file))
        ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, fds)]
        while True:
            try:
                control.sendmsg([job], ancillary, socket.MSG_DONTWAIT)
                return
            except BlockingIOError:  # many requests, and the scanner still imports
                await asyncio.sleep(0.02)  # the loop wakes one writer only
            except OSError:
                raise Died(errno.EPIPE, "the scanner process died") from None
    finally:
        theirs.close()
        os.close(file)

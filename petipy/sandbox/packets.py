"""Packets between the process that owns the machine, the scanner process and its children.

A request travels as JSON in a memory file, with a socket for the answer; its packet says how many
seconds the answer may take. An answer is a row of packets. A packet is one letter, its kind, and a
payload:

    kind         from      payload, and descriptors that come with it
    STARTED      child     nothing: the child runs, and its patience is counted from here
    DATA         child     a piece of the answer's JSON
    PART         child     nothing: the DATA so far is a whole answer, and counts until a later one
    DESCRIPTOR   child     nothing; one open file
    END          child     nothing: the answer is complete
    FAILED       both      the JSON of a Failure: there will be no answer

A child may also ask the scanner, over a socket of its own. A packet there is the JSON of a Mount;
or a letter, FETCH or FETCH_BY_TLS, and the JSON of a Fetch. The answer is the same packet with the
descriptors that were asked for; without any if there are none.

petipy.sandbox.messages has the types and their codecs; petipy.sandbox.remote_messages those of the
network.
"""

import array
import socket

SIZE = 60_000  # bytes of a packet: well below the smallest socket buffer
MOST = 13 << 19  # bytes of an answer; petipy.scan.budget divides them
STARTED = b"!"
DATA = b"d"
PART = b","
DESCRIPTOR = b"f"
END = b"."
FAILED = b"e"
# To the scanner process, with a socket: fork a branch that serves requests there.
BRANCH = b"b"
# The same before there is a request: it uses the processor when nobody else does.
EARLY_BRANCH = b"i"
HURRY = b"h"  # to the scanner process: there is a request for the branch
FETCH = b"u"
FETCH_BY_TLS = b"t"  # ssl is needed in memory
_INT = array.array("i").itemsize


def job(patience: float, *, tls: bool = False) -> bytes:
    """Return the packet that comes with a request."""
    return repr(patience).encode() + FETCH_BY_TLS * tls


def read_job(packet: bytes) -> tuple[float, bool]:
    """Return the patience of a request, and True if it needs ssl.

    Only the process that owns the machine sends one.
    """
    number = packet.removesuffix(FETCH_BY_TLS)
    return float(number), number != packet


def send(link: socket.socket, data: bytes) -> None:
    """Send the data in pieces. The caller sends the END."""
    for at in range(0, len(data), SIZE - 1):
        link.send(DATA + data[at : at + SIZE - 1])


def send_if_heard(link: socket.socket, packet: bytes) -> None:
    """Send the packet unless the other end is gone, or too slow to read what it has got."""
    try:
        link.send(packet, socket.MSG_DONTWAIT)
    except OSError:
        return


def receive(link: socket.socket, size: int, most: int) -> tuple[bytes, list[int]]:
    """Return a packet, and its descriptors, `most` at most; b"" at the end.

    BlockingIOError if there is no packet yet. socket.recv_fds of Python 3.11 forgets its flags,
    and with them close-on-exec.
    """
    flags = socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC
    room = socket.CMSG_LEN(most * _INT)  # the kernel closes the descriptors that do not fit
    data, ancillary, _, _ = link.recvmsg(size, room, flags)
    fds = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(content[: len(content) - len(content) % _INT])
    return data, list(fds)

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

A child may also ask the scanner, over a socket of its own. A packet there has no kind: it is the
JSON of an Ask. The answer is the same JSON with the descriptors that were asked for; without any
if there are none.

petipy.sandbox.messages has the types and their codecs.
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
_INT = array.array("i").itemsize


def job(patience: float) -> bytes:
    """Return the packet that comes with a request."""
    return repr(patience).encode()


def read_job(packet: bytes) -> float:
    """Return the patience of a request. Only the process that owns the machine sends one."""
    return float(packet)


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

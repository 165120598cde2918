"""What travels between the sandbox, the scanner and its children.

A request is JSON in a memory file. An answer is a row of packets: a letter and what belongs to it.
"""

import array
import json
import socket
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

from parsers.api import Volume
from petipy.state.model import Device, Kind

SIZE = 60_000  # bytes of a packet: well below the smallest socket buffer
LONGEST_NAME = 4096  # bytes of a volume's name, which for an image is a path
_INT = array.array("i").itemsize
STARTED = b"!"  # the child runs; its patience is counted from here
DATA = b"d"  # a piece of the JSON
DESCRIPTORS = b"f"  # with open files
END = b"."  # the answer is complete
FAILED = b"e"  # errno, space, a sentence
ENDED = b"x"  # from the scanner: the child is gone, and how


class Request(NamedTuple):
    """`devices` are all that may be mounted; a scan is of the first."""

    do: str
    devices: list[Device]
    patience: float
    details: dict[str, Any]


def request(do: str, devices: Sequence[Device], patience: float, **details: Any) -> bytes:
    """The JSON of a Request."""
    value = {"do": do, "devices": [asdict(d) for d in devices], "patience": patience}
    return json.dumps(value | {"details": details}).encode()


def read(data: bytes) -> Request:
    """The way back. Both ends are ours: what comes is what `request` made."""
    value = json.loads(data)
    devices = [
        Device(**d | {"volume": Volume(**d["volume"]), "kind": Kind(**d["kind"])})
        for d in value["devices"]
    ]
    return Request(value["do"], devices, value["patience"], value["details"])


def send(link: socket.socket, data: bytes) -> None:
    """The data in pieces. The END is the caller's."""
    for at in range(0, len(data), SIZE - 1):
        link.send(DATA + data[at : at + SIZE - 1])


def receive(link: socket.socket, size: int, most: int) -> tuple[bytes, list[int]]:
    """A packet and its descriptors, `most` at most, without waiting: BlockingIOError, or b"".

    socket.recv_fds of Python 3.11 forgets its flags, and with them close-on-exec.
    """
    flags = socket.MSG_DONTWAIT | socket.MSG_CMSG_CLOEXEC
    room = socket.CMSG_LEN(most * _INT)  # the kernel closes what does not fit
    data, ancillary, _, _ = link.recvmsg(size, room, flags)
    fds = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            fds.frombytes(content[: len(content) - len(content) % _INT])
    return data, list(fds)

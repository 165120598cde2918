"""A service processor, behind a device for the kernel's ioctls or QEMU's ipmi-bmc-extern."""

import ctypes
import mmap
import os
import socket
from collections.abc import Iterator
from ctypes import Structure
from pathlib import Path

from petipy.sys import ipmi

_MOST_BLOCKS, _BLOCK = 10, 16
_UNKNOWN, _REFUSED, _OUT_OF_RANGE = b"\xc1", b"\x80", b"\xc9"
_DEVICE_ID = bytes.fromhex("00 20 01 05 00 02 bf 00 00 00 01 00")
DEVICES = {"none": 0, "network": 1, "disk": 2, "safe": 3, "optical": 5, "setup": 6}
IBM = b"\2\0\0"


class Bmc:
    """Boot flags and a mailbox, in memory that forked processes share."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, 5 + _MOST_BLOCKS * _BLOCK)

    @property
    def flags(self) -> bytes:
        return self._memory[:5]

    def set_flags(self, device: str, *, lasting: bool = False) -> None:
        valid = 0xC0 if lasting else 0x80
        self._memory[:5] = bytes((valid, DEVICES[device] << 2, 0, 0, 0))

    def fill_mailbox(self, content: bytes) -> None:
        self._memory[5 : 5 + len(content)] = content

    def answer(self, netfn: int, command: int, data: bytes) -> bytes:
        """Return the reply to a command, with the completion code."""
        match netfn, command, data[:1]:
            case 0, 9, b"\5":
                return b"\0\1\5" + self.flags
            case 0, 9, b"\7" if data[1] < _MOST_BLOCKS:
                at = 5 + data[1] * _BLOCK
                return b"\0\1\7" + data[1:2] + self._memory[at : at + _BLOCK]
            case 0, 9, b"\7":
                return _OUT_OF_RANGE
            case 0, 8, b"\5":
                self._memory[:5] = data[1:6]
                return b"\0"
            case 0, (8 | 9), _:
                return _REFUSED
            case 6, 1, _:
                return b"\0" + _DEVICE_ID
            case 6, 0x2F, _:  # the global enables: nothing
                return b"\0\0"
            case 6, (0x2E | 0x30), _:
                return b"\0"
            case _:
                return _UNKNOWN


class Device:
    """/dev/ipmi0: a FIFO, and the ioctls on it. The reply to a command waits in the FIFO."""

    def __init__(self, room: Path, bmc: Bmc | None = None) -> None:
        self.bmc = bmc or Bmc()
        self.path = str(room / "ipmi0")
        os.mkfifo(self.path)
        self.mute = False
        self.stale = False  # the reply to somebody else's command comes first
        self.replies: dict[tuple[int, int], bytes] = {}  # other ones, by command and parameter

    def ioctl(self, fd: int, number: int, given: Structure) -> None:
        if number == ipmi.SEND:
            assert isinstance(given, ipmi.Request)
            self._take(fd, given)
        elif number == ipmi.RECEIVE:
            assert isinstance(given, ipmi.Received)
            self._give(fd, given)
        else:
            raise OSError(25, "Inappropriate ioctl for device")

    def _take(self, fd: int, request: ipmi.Request) -> None:
        kind, channel = ctypes.string_at(request.address, 4), ctypes.string_at(request.address + 4)
        assert int.from_bytes(kind, "little") == 0x0C
        assert channel[0] == 0xF
        message = request.message
        data = ctypes.string_at(message.data, message.length)
        reply = self.replies.get((message.command, data[0]))
        if reply is None:
            reply = self.bmc.answer(message.netfn, message.command, data)
        if self.stale:
            self._put(fd, request.number + 7, b"\0\0\0")
        if not self.mute:
            self._put(fd, request.number, reply)

    @staticmethod
    def _put(fd: int, number: int, reply: bytes) -> None:
        os.write(fd, number.to_bytes(8, "big") + len(reply).to_bytes(2, "big") + reply)

    @staticmethod
    def _give(fd: int, received: ipmi.Received) -> None:
        head = os.read(fd, 10)
        reply = os.read(fd, int.from_bytes(head[8:], "big"))
        room = received.message.length
        received.number = int.from_bytes(head[:8], "big")
        ctypes.memmove(received.message.data, reply, min(len(reply), room))
        received.message.length = len(reply)  # the kernel says here how long it was


_MESSAGE, _COMMAND, _ESCAPE = 0xA0, 0xA1, 0xAA  # QEMU's hw/ipmi/ipmi_bmc_extern.c


def serve(line: socket.socket, bmc: Bmc) -> None:
    """Answer QEMU's ipmi-bmc-extern at the other end of a line, until that closes it."""
    for kind, content in _read_messages(line):
        if kind == _COMMAND:
            continue  # resets, and what the interface can do
        number, netfn, command, data = content[0], content[1] >> 2, content[2], content[3:-1]
        reply = bytes((number, (netfn | 1) << 2, command)) + bmc.answer(netfn, command, data)
        line.sendall(_escape(reply + bytes((-sum(reply) & 0xFF,))) + bytes((_MESSAGE,)))


def _read_messages(line: socket.socket) -> Iterator[tuple[int, bytes]]:
    content, escaped = bytearray(), False
    while data := line.recv(4096):
        for byte in data:
            if byte in (_MESSAGE, _COMMAND):
                yield byte, bytes(content)
                content.clear()
            elif byte == _ESCAPE:
                escaped = True
            else:
                content.append(byte & ~0x10 if escaped else byte)
                escaped = False


def _escape(data: bytes) -> bytes:
    special = (_MESSAGE, _COMMAND, _ESCAPE)
    pairs = (bytes((_ESCAPE, b | 0x10)) if b in special else bytes((b,)) for b in data)
    return b"".join(pairs)

"""Messages to the machine's service processor: the device of the kernel's ipmi_devintf.

The structures are those of <linux/ipmi.h>.
"""

import ctypes
import errno
import fcntl
import os
import select
import time
from collections.abc import Callable
from ctypes import Structure, c_int, c_long, c_short, c_ubyte, c_uint, c_ushort, c_void_p

from petipy.sys.libc import IO_READ, IO_WRITE

DEVICE = "/dev/ipmi0"
CHASSIS = 0  # the network function of commands about the machine itself
_SYSTEM_INTERFACE, _BMC_CHANNEL = 0x0C, 0xF
_LONGEST = 272  # bytes of a message: IPMI_MAX_MSG_LENGTH of the kernel


class _Address(Structure):
    _fields_ = (("kind", c_int), ("channel", c_short), ("data", c_ubyte * 32))


class _Message(Structure):
    _fields_ = (
        *(("netfn", c_ubyte), ("command", c_ubyte)),
        *(("length", c_ushort), ("data", c_void_p)),
    )


class Request(Structure):
    _fields_ = (
        *(("address", c_void_p), ("address_length", c_uint)),
        *(("number", c_long), ("message", _Message)),
    )


class Received(Structure):
    _fields_ = (
        *(("kind", c_int), ("address", c_void_p), ("address_length", c_uint)),
        *(("number", c_long), ("message", _Message)),
    )


SEND = IO_READ | ctypes.sizeof(Request) << 16 | ord("i") << 8 | 13
RECEIVE = IO_READ | IO_WRITE | ctypes.sizeof(Received) << 16 | ord("i") << 8 | 11  # or a part
Ioctl = Callable[[int, int, Structure], object]


class Ipmi:
    """The open device. Raise OSError."""

    def __init__(self, path: str = DEVICE, ioctl: Ioctl = fcntl.ioctl) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._ioctl, self._number = ioctl, 0
        self._address = _Address(_SYSTEM_INTERFACE, _BMC_CHANNEL)

    def ask(self, netfn: int, command: int, data: bytes, within: float) -> bytes:
        """Send a command; return the reply, which begins with the completion code.

        Raise OSError: ETIMEDOUT without a reply `within` seconds.
        """
        self._number += 1
        self._send(netfn, command, data)
        end, poll = time.monotonic() + within, select.poll()
        poll.register(self._fd, select.POLLIN)
        while (left := end - time.monotonic()) > 0:
            if poll.poll(left * 1000):
                number, reply = self._receive()
                if number == self._number:
                    return reply
        raise OSError(errno.ETIMEDOUT, f"no reply within {within:g} s")

    def close(self) -> None:
        os.close(self._fd)

    def _send(self, netfn: int, command: int, data: bytes) -> None:
        content = ctypes.create_string_buffer(data, len(data))
        message = _Message(netfn, command, len(data), ctypes.addressof(content))
        size = ctypes.sizeof(self._address)
        place = ctypes.addressof(self._address)
        self._ioctl(self._fd, SEND, Request(place, size, self._number, message))

    def _receive(self) -> tuple[int, bytes]:
        content = ctypes.create_string_buffer(_LONGEST)
        address = _Address()
        message = _Message(0, 0, _LONGEST, ctypes.addressof(content))
        size = ctypes.sizeof(address)
        received = Received(0, ctypes.addressof(address), size, 0, message)
        self._ioctl(self._fd, RECEIVE, received)
        length = min(received.message.length, _LONGEST)
        return int(received.number), content.raw[:length]

"""Packet sockets, which see what all network interfaces send and receive: packet(7)."""

import ctypes
import errno
import socket
import struct
from ctypes import c_char_p, c_int, c_size_t, c_ssize_t, c_uint, c_ushort, c_void_p
from dataclasses import dataclass

from petipy.sys.libc import call, libc
from petipy.sys.netlink import widen

_ATTACH_FILTER, _LOCK_FILTER = 26, 44  # SO_…
_PACKET, _COUNTS, _AUXDATA = 263, 6, 8  # SOL_PACKET, PACKET_STATISTICS, PACKET_AUXDATA
_STATISTICS = struct.Struct("=II")  # struct tpacket_stats: packets, those that were dropped
_EVERY_PROTOCOL = 3  # ETH_P_ALL: only such a socket sees packets that go out
_BUFFER = 1 << 20  # bytes of packets that may wait
_NO_SUM_YET = 8  # TP_STATUS_CSUMNOTREADY, a bit of the first field of struct tpacket_auxdata
_CONTROL = 64  # bytes for it, with its head
_HEAD = struct.Struct("@Nii")  # struct cmsghdr
_PLACE = struct.Struct("=HHiHB")  # struct sockaddr_ll: family, protocol, index, hardware, type …
_PLACE_SIZE = 20
_OUTGOING = 4  # PACKET_OUTGOING
_DONT_WAIT = 0x40  # MSG_DONTWAIT


class _Program(ctypes.Structure):
    _fields_ = (("length", c_ushort), ("code", c_void_p))


class _Vector(ctypes.Structure):
    _fields_ = (("base", c_void_p), ("size", c_size_t))


class _Message(ctypes.Structure):
    """struct msghdr."""

    _fields_ = (
        ("name", c_void_p),
        ("name_size", c_uint),
        ("vectors", c_void_p),
        ("count", c_size_t),
        ("control", c_void_p),
        ("control_size", c_size_t),
        ("flags", c_int),
    )


libc.bind.argtypes = (c_int, c_char_p, c_uint)
libc.sendto.argtypes = (c_int, c_char_p, c_size_t, c_int, c_char_p, c_uint)
libc.sendto.restype = c_ssize_t
libc.recvmsg.argtypes = (c_int, c_void_p, c_int)
libc.recvmsg.restype = c_ssize_t


def open_tap(program: bytes) -> socket.socket:
    """Open a socket that sees the packets of all interfaces that a filter takes.

    `program` is an array of struct sock_filter, for packets from the network header on. OSError
    without CAP_NET_RAW.
    """
    # Protocol 0: no packet comes before the filter is there.
    tap = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    try:
        attach(tap, program)
        widen(tap, _BUFFER)
        tap.setsockopt(_PACKET, _AUXDATA, 1)
        # Python's bind needs the name of an interface. 0 is all of them.
        family, protocol = socket.AF_PACKET, socket.htons(_EVERY_PROTOCOL)
        place = _PLACE.pack(family, protocol, 0, 0, 0).ljust(_PLACE_SIZE, b"\0")
        call(libc.bind, tap.fileno(), place, len(place))
    except BaseException:
        tap.close()
        raise
    return tap


def send(tap: socket.socket, link: int, protocol: int, hardware: bytes, data: bytes) -> None:
    """Send a packet, from the network header on, by the interface with an index. OSError."""
    family, size = socket.AF_PACKET, len(hardware)
    head = struct.pack("=HHiHBB", family, socket.htons(protocol), link, 0, 0, size)
    place = (head + hardware).ljust(_PLACE_SIZE, b"\0")
    call(libc.sendto, tap.fileno(), data, len(data), _DONT_WAIT, place, len(place))


def attach(of: socket.socket, program: bytes) -> None:
    """Attach a filter to a socket for good."""
    code = ctypes.create_string_buffer(program, len(program))
    filter = _Program(len(program) // 8, ctypes.addressof(code))
    of.setsockopt(socket.SOL_SOCKET, _ATTACH_FILTER, bytes(filter))
    of.setsockopt(socket.SOL_SOCKET, _LOCK_FILTER, 1)


def count_dropped(tap: socket.socket) -> int:
    """Return the number of packets that the kernel has dropped since the last call."""
    _, dropped = _STATISTICS.unpack(tap.getsockopt(_PACKET, _COUNTS, _STATISTICS.size))
    return int(dropped)


def open_sender(port: int, program: bytes) -> socket.socket | None:
    """Open a UDP socket that sends from a port, and receives what a filter takes.

    None if a program has the port for itself.
    """
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        attach(sender, program)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        sender.bind(("", port))
    except OSError as error:
        sender.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise
    return sender


@dataclass(frozen=True, slots=True, kw_only=True)
class Packet:
    """A packet from a tap, from the network header on."""

    data: bytes
    link: int  # the interface's index
    outgoing: bool  # this machine sends it
    summed: bool  # its checksums are made: a virtual card leaves that to the receiver


class Receiver:
    """Reads packets from a tap. Python's own recvmsg gives names, which may change."""

    def __init__(self, tap: socket.socket, longest: int) -> None:
        self._fd = tap.fileno()
        self._data = ctypes.create_string_buffer(longest)
        self._place = ctypes.create_string_buffer(_PLACE_SIZE + 32)
        self._control = ctypes.create_string_buffer(_CONTROL)
        self._vector = _Vector(ctypes.addressof(self._data), longest)
        self._message = _Message()

    def receive(self) -> Packet:
        """Return the next packet, cut at the longest size; BlockingIOError if none waits."""
        message = self._message
        message.name, message.name_size = ctypes.addressof(self._place), len(self._place)
        message.vectors, message.count = ctypes.addressof(self._vector), 1
        message.control, message.control_size = ctypes.addressof(self._control), _CONTROL
        size = call(libc.recvmsg, self._fd, ctypes.addressof(message), _DONT_WAIT)
        _, _, link, _, direction = _PLACE.unpack_from(self._place)
        return Packet(
            data=self._data.raw[:size],
            link=link,
            outgoing=direction == _OUTGOING,
            summed=self._is_summed(message.control_size),
        )

    def _is_summed(self, size: int) -> bool:
        if size < _HEAD.size + 4:
            return True
        _, level, kind = _HEAD.unpack_from(self._control)
        (status,) = struct.unpack_from("=I", self._control, _HEAD.size)
        return (level, kind) != (_PACKET, _AUXDATA) or not status & _NO_SUM_YET

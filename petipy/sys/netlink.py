"""The kernel's links, addresses and routes: rtnetlink (RFC 3549, linux/rtnetlink.h).

Messages of other processes are ignored: any process may send to a netlink socket.
"""

import errno
import os
import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass

_RECEIVE_BUFFER = 1 << 20  # bytes of events that may wait for us
_FORCE_BUFFER = getattr(socket, "SO_RCVBUFFORCE", 33)
_PIECE = 1 << 16  # bytes; no datagram of the kernel's is longer
_PATIENCE = 5.0  # seconds; the kernel answers at once

# struct nlmsghdr, ifinfomsg, ifaddrmsg, rtmsg, rtattr; in the machine's byte order.
_HEADER, _LINK, _ADDRESS, _ROUTE, _ATTRIBUTE = (
    struct.Struct(layout) for layout in ("=LHHLL", "=BxHiII", "=BBBBI", "=BBBBBBBBI", "=HH")
)
_NUMBER = struct.Struct("=I")
_ERROR, _DONE, _INTERRUPTED = 2, 3, 0x10
_NEW_LINK, _GONE_LINK, _GET_LINK = 16, 17, 18
_NEW_ADDRESS, _GONE_ADDRESS, _GET_ADDRESS = 20, 21, 22
_NEW_ROUTE, _GONE_ROUTE, _GET_ROUTE = 24, 25, 26
_REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
# RTMGRP_LINK, _IPV4_IFADDR, _IPV4_ROUTE, _IPV6_IFADDR, _IPV6_ROUTE
_GROUPS = 0x1 | 0x10 | 0x40 | 0x100 | 0x400
_TYPE = 0x3FFF  # of an attribute; above are flags
_LOOPBACK, _LOWER_UP = 0x8, 0x10000  # flags of a link: IFF_…
_UP = 0x1
_NOT_USABLE = 0x08 | 0x40  # flags of an address: IFA_F_DADFAILED, IFA_F_TENTATIVE
_DUPLICATE = 0x08
_MAIN, _UNICAST = 254, 1  # RT_TABLE_MAIN, RTN_UNICAST
ETHERNET, INFINIBAND = 1, 32  # LinkNews.type: ARPHRD_…


@dataclass(frozen=True, slots=True)
class LinkNews:
    """A link that is there, has changed, or is gone (not `present`)."""

    present: bool
    index: int
    name: str
    type: int  # ETHERNET …
    loopback: bool
    up: bool  # by the administrator: somebody has switched it on
    carrier: bool
    mac: str  # "52:54:00:12:34:56"
    mtu: int  # bytes
    kind: str  # of a virtual link: "vlan", "bond"; else ""
    master: int  # the index of the bond or bridge that it is a member of; 0: none
    parent: int  # the index of the link that it lies on, as a VLAN does; 0: none


@dataclass(frozen=True, slots=True)
class AddressNews:
    """An address of a link that has come or is gone."""

    present: bool
    index: int
    address: str  # "192.0.2.7/24"
    usable: bool  # the kernel has checked that nobody else has it
    duplicate: bool  # another machine has it
    local: bool  # of this link only: fe80::


@dataclass(frozen=True, slots=True)
class RouteNews:
    """A route to a network by a gateway that has come or is gone."""

    present: bool
    index: int  # of the link
    gateway: str
    default: bool  # it leads everywhere


@dataclass(frozen=True, slots=True)
class Failed:
    """The end of a dump with an error."""

    errno: int


@dataclass(frozen=True, slots=True)
class Done:
    """The end of a dump. `whole`: nothing changed while it was made."""

    whole: bool


News = LinkNews | AddressNews | RouteNews
Message = News | Failed | Done


def parse(data: bytes) -> Iterator[Message]:
    """Yield the messages in a datagram of the kernel's; what we do not use is left out."""
    whole = True
    while len(data) >= _HEADER.size:
        length, kind, flags, _, _ = _HEADER.unpack_from(data)
        if not _HEADER.size <= length <= len(data):
            return
        whole &= not flags & _INTERRUPTED
        body, data = data[_HEADER.size : length], data[(length + 3) & ~3 :]
        if kind == _DONE:
            yield Done(whole)
        elif kind == _ERROR and len(body) >= 4:
            yield Failed(-int(struct.unpack_from("=i", body)[0]))
        elif kind in (_NEW_LINK, _GONE_LINK) and len(body) >= _LINK.size:
            yield _read_link(body, kind == _NEW_LINK)
        elif kind in (_NEW_ADDRESS, _GONE_ADDRESS) and len(body) >= _ADDRESS.size:
            yield from _read_address(body, kind == _NEW_ADDRESS)
        elif kind in (_NEW_ROUTE, _GONE_ROUTE) and len(body) >= _ROUTE.size:
            yield from _read_route(body, kind == _NEW_ROUTE)


def _read_link(body: bytes, present: bool) -> LinkNews:
    _, type, index, flags, _ = _LINK.unpack_from(body)
    found = _read_attributes(body[_LINK.size :])
    info = _read_attributes(found.get(18, b""))  # IFLA_LINKINFO
    elsewhere = 37 in found  # IFLA_LINK_NETNSID: the other end of a veth
    return LinkNews(
        present=present,
        index=index,
        name=_text(found.get(3, b"")),
        type=type,
        loopback=bool(flags & _LOOPBACK),
        up=bool(flags & _UP),
        carrier=bool(flags & _LOWER_UP),
        mac=found.get(1, b"").hex(":"),
        mtu=_number(found.get(4, b"")),
        kind=_text(info.get(1, b"")),
        master=_number(found.get(10, b"")),
        parent=0 if elsewhere else _number(found.get(5, b"")),
    )


def _read_address(body: bytes, present: bool) -> Iterator[AddressNews]:
    family, prefix, flags, scope, index = _ADDRESS.unpack_from(body)
    found = _read_attributes(body[_ADDRESS.size :])
    flags |= _number(found.get(8, b""))  # IFA_FLAGS has more than the header's 8 bits
    # IFA_LOCAL is ours; IFA_ADDRESS, on a link with two ends, is the other end's.
    if address := _address(family, found.get(2) or found.get(1, b"")):
        yield AddressNews(
            present=present,
            index=index,
            address=f"{address}/{prefix}",
            usable=not flags & _NOT_USABLE,
            duplicate=bool(flags & _DUPLICATE),
            local=scope >= 253,  # RT_SCOPE_LINK
        )


def _read_route(body: bytes, present: bool) -> Iterator[RouteNews]:
    family, to, _, _, table, _, _, type, _ = _ROUTE.unpack_from(body)
    found = _read_attributes(body[_ROUTE.size :])
    table = _number(found.get(15, b"")) or table  # RTA_TABLE
    gateway = _address(family, found.get(5, b""))
    if gateway and type == _UNICAST and table == _MAIN:
        yield RouteNews(present, _number(found.get(4, b"")), gateway, to == 0)


def _read_attributes(data: bytes) -> dict[int, bytes]:
    found = {}
    while len(data) >= _ATTRIBUTE.size:
        length, kind = _ATTRIBUTE.unpack_from(data)
        if not _ATTRIBUTE.size <= length <= len(data):
            break
        found[kind & _TYPE] = data[_ATTRIBUTE.size : length]
        data = data[(length + 3) & ~3 :]
    return found


def _text(value: bytes) -> str:
    return value.rstrip(b"\0").decode("utf-8", "surrogateescape")


def _number(value: bytes) -> int:
    return int(_NUMBER.unpack(value)[0]) if len(value) == _NUMBER.size else 0


def _address(family: int, value: bytes) -> str:
    if (family, len(value)) not in {(socket.AF_INET, 4), (socket.AF_INET6, 16)}:
        return ""
    return socket.inet_ntop(family, value)


def widen(of: socket.socket, size: int) -> None:
    """Let so many bytes wait in a socket: more than the system's limit with CAP_NET_ADMIN."""
    try:
        of.setsockopt(socket.SOL_SOCKET, _FORCE_BUFFER, size)
    except PermissionError:
        of.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, size)


class Monitor:
    """A socket with the news of the network namespace that this process is in.

    Open it, then call `dump`: nothing between is missed. Raise OSError if the kernel has no
    network.
    """

    def __init__(self) -> None:
        self._socket = _open()
        try:
            self._socket.setblocking(False)
            widen(self._socket, _RECEIVE_BUFFER)
            self._socket.bind((0, _GROUPS))
        except BaseException:
            self._socket.close()
            raise

    def fileno(self) -> int:
        """Return a descriptor that is readable when there is news."""
        return self._socket.fileno()

    def close(self) -> None:
        self._socket.close()

    def read(self) -> list[News]:
        """Return the news that waits. OSError (ENOBUFS) if some was lost: dump again."""
        found: list[News] = []
        while True:
            try:
                data, sender = self._socket.recvfrom(_PIECE)
            except BlockingIOError:
                return found
            if sender[0] == 0:
                found += (m for m in parse(data) if not isinstance(m, Done | Failed))

    def dump(self) -> list[News]:
        """Return everything that is there now: links, then addresses, then routes."""
        with _open() as link:
            link.settimeout(_PATIENCE)
            link.bind((0, 0))
            return [
                news for kind in (_GET_LINK, _GET_ADDRESS, _GET_ROUTE) for news in _dump(link, kind)
            ]


_TRIES = 5  # of a dump that others change while it is made


def _dump(link: socket.socket, kind: int) -> list[News]:
    body = _LINK.pack(0, 0, 0, 0, 0)
    for number in range(1, _TRIES + 1):
        header = _HEADER.pack(_HEADER.size + len(body), kind, _REQUEST_DUMP, number, 0)
        link.sendto(header + body, (0, 0))
        found, whole = _receive_dump(link)
        if whole:
            break
    return found


def _receive_dump(link: socket.socket) -> tuple[list[News], bool]:
    found: list[News] = []
    while True:
        data, sender = link.recvfrom(_PIECE)
        for message in parse(data) if sender[0] == 0 else ():
            if isinstance(message, Done):
                return found, message.whole
            if isinstance(message, Failed):
                raise OSError(message.errno or errno.EIO, os.strerror(message.errno))
            found.append(message)


def _open() -> socket.socket:
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC
    return socket.socket(socket.AF_NETLINK, kind, socket.NETLINK_ROUTE)

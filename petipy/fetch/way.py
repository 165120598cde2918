"""The interface that packets to a server leave by: that of the lease which names the server.

SO_BINDTODEVICE has the kernel look among that interface's routes alone, also for servers that only
a gateway reaches. Route tables of networkd (RouteTable=) with rules by source address would do so
only for sockets that are bound to an address of the lease, would need a rule for each new address,
which networkd has none for, and would leave name servers, clocks and proxies without a route.

Name servers are asked by libc, and NFS is mounted by the kernel: there the routes decide.
"""

import errno
import socket

from petipy.state.network import Way

# Errors of a socket on an interface that has no route to an address. For IPv4 the kernel takes the
# address to be on the link then, and ARP finds nobody.
AWAY = {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EADDRNOTAVAIL}


def bind(
    sock: socket.socket, way: Way, address: tuple[str, int] | tuple[str, int, int, int]
) -> str:
    """Bind a new socket to the interface. Return the reason why it is not, in words, or "".

    Linux before 5.7 refuses it to a process without CAP_NET_RAW. The scope of a link-local address
    names an interface already, and no interface but the loopback leads to this machine itself.
    """
    scope = address[3] if len(address) == 4 else 0
    if not way.link or scope or address[0] == "::1" or address[0].startswith("127."):
        return ""
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, way.link.encode() + b"\0")
    except OSError as error:
        return f"not by {way.link}: {(error.strerror or str(error)).lower()}"
    return ""


def try_bind(way: Way, address: tuple[str, int] | tuple[str, int, int, int]) -> str:
    """Do as `bind` with a socket that is not used."""
    with socket.socket(socket.AF_INET6 if len(address) == 4 else socket.AF_INET) as sock:
        return bind(sock, way, address)


def is_bound(sock: socket.socket) -> bool:
    """Return True if packets of the socket leave by one interface only."""
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, 16).strip(b"\0") != b""


def may_turn(way: Way, address: tuple[str, int] | tuple[str, int, int, int]) -> bool:
    """Return True if the routes are to decide once the interface does not reach the address.

    With a default route, no other interface knows a better one: the same address there may be
    another machine.
    """
    return bool(way.link) and ("v6" if len(address) == 4 else "v4") not in way.routed


def describe_turn(way: Way) -> str:
    """Return the words for a server that another interface reaches."""
    return f"not by {way.link}: no route to it"

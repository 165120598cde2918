"""Names of hosts: looked up by processes that see nothing but the files that are needed."""

import os
import socket
from collections.abc import Iterable
from contextlib import suppress

from petipy.sys import limits, mount, seccomp
from petipy.sys.forked import Parent, in_child

# The process has copies, made when it starts: it sees the name servers of that moment.
_FILES = ("resolv.conf", "hosts", "gai.conf", "host.conf")
_SWITCH = b"hosts: files dns\n"  # nsswitch.conf: no service of the machine is asked
_LONGEST = 1 << 16  # bytes of a file
_MOST = 16  # addresses of a host
_MEMORY, _DESCRIPTORS = 64 << 20, 32


def enter_directory() -> None:
    """Make a directory with nothing but these files the root of this process. OSError.

    A process that is not root stays where it is.
    """
    if os.geteuid() == 0:
        os.fchdir(mount.open_directory(_read()))
        os.chroot(".")


def confine(keep: Iterable[int], seconds: float) -> None:
    """Give up everything for good but the network, names, and the descriptors to keep.

    The process gets `seconds` of processor time. It can import nothing any more.
    """
    parent, size = os.getppid(), limits.read_size()
    enter_directory()
    limits.close_all_but(keep)
    limits.become(limits.NAMES_USER, None)
    limits.die_with_parent(parent)  # a change of the user clears this
    limits.limit(seconds, size + _MEMORY, _DESCRIPTORS)
    if seccomp.available():
        seccomp.confine("fetch")


async def look_up(host: str, within: float) -> list[str]:
    """Return the addresses of a host, the best first, by a confined child. Raise OSError.

    For an address, return that address alone, without a lookup.
    """
    if is_address(host):
        return [host]

    def work(parent: Parent) -> str:
        confine([parent.fileno()], within)
        # As bytes: a text would need the codec for international names, which is not loaded.
        found = socket.getaddrinfo(host.encode("ascii"), None, type=socket.SOCK_STREAM)
        return " ".join(str(address[0]) for *_, address in found[:_MOST])

    answer = await in_child(work, within)
    return [address for address in answer.split(" ")[:_MOST] if is_address(address)]


def is_address(text: str) -> bool:
    for family in (socket.AF_INET, socket.AF_INET6):
        with suppress(OSError, ValueError):
            socket.inet_pton(family, text)
            return True
    return False


def _read() -> dict[str, bytes]:
    found = {"etc/nsswitch.conf": _SWITCH}
    for name in _FILES:
        with suppress(OSError), open(f"/etc/{name}", "rb") as file:
            found[f"etc/{name}"] = file.read(_LONGEST)
    return found

"""The files by which getaddrinfo looks names up, for a process that is to see no others."""

import os
from contextlib import suppress

from petipy.sys import mount

# The process has copies, made when it starts: it sees the name servers of that moment.
_FILES = ("resolv.conf", "hosts", "gai.conf", "host.conf")
_SWITCH = b"hosts: files dns\n"  # nsswitch.conf: no service of the machine is asked
_LONGEST = 1 << 16  # bytes of a file


def enter_directory() -> None:
    """Make a directory with nothing but these files the root of this process. OSError.

    A process that is not root stays where it is.
    """
    if os.geteuid() == 0:
        os.fchdir(mount.open_directory(_read()))
        os.chroot(".")


def _read() -> dict[str, bytes]:
    found = {"etc/nsswitch.conf": _SWITCH}
    for name in _FILES:
        with suppress(OSError), open(f"/etc/{name}", "rb") as file:
            found[f"etc/{name}"] = file.read(_LONGEST)
    return found

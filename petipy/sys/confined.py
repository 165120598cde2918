"""Rights that a child gives up before it computes on a stranger's order."""

import os
import resource
from collections.abc import Iterable

from petipy.sys import limits, seccomp
from petipy.sys.libc import call, libc
from petipy.sys.seccomp import Work

_PR_SET_NO_NEW_PRIVS = 38
_USER = 0x6FFF_FFFF  # a user number that nobody has


def confine(work: Work, descriptors: Iterable[int], seconds: int, memory: int) -> None:
    """Give up everything for good but the processor, some memory and the `descriptors`.

    Only the system calls of the work are left. The process gets SIGXCPU after `seconds` of
    processor time. It may use `memory` more bytes of address space than it has. It can open no
    file: load all modules and libraries before.
    """
    parent = os.getppid()
    with open("/proc/self/statm") as file:
        size = int(file.read().split()[0]) * resource.getpagesize()
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    limits.close_all_but(descriptors)
    call(libc.prctl, _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(_USER, _USER, _USER)
        os.setresuid(_USER, _USER, _USER)  # with it go all capabilities
    limits.die_with_parent(parent)  # a change of the user clears this
    limits.limit(seconds + 1, size + memory, 0)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))  # SIGXCPU, then SIGKILL
    if seccomp.available():
        seccomp.confine(work)

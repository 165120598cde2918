"""Rights that a child gives up before it computes on a stranger's order."""

import os
import resource
from collections.abc import Iterable

from petipy.sys import limits, seccomp
from petipy.sys.seccomp import Work

_FILES = 1024  # descriptors of a process that makes files in memory
_PROGRAMS_FILES = 64  # descriptors of a program


def confine(
    work: Work,
    descriptors: Iterable[int],
    seconds: int,
    memory: int,
    *,
    capability: int | None = None,
    copies: int = 0,
    polled: int = 0,
) -> None:
    """Give up everything for good but the processor, some memory and the `descriptors`.

    Only the system calls of the work are left, and the capability if there is one. The process
    gets SIGXCPU after `seconds` of processor time. It may use `memory` more bytes of address space
    than it has. It can open no file: load all modules and libraries before. With `copies` it may
    make files in memory, each of at most so many bytes. It may poll(2) so many descriptors as
    `polled`: the kernel allows no more than the limit of open files, whose numbers are all taken.
    """
    parent = os.getppid()
    size = limits.read_size()
    null = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null, fd)
    limits.close_all_but(descriptors)
    limits.become(limits.CONFINED_USER, capability)
    limits.die_with_parent(parent)  # a change of the user clears this
    limits.limit(seconds + 1, size + memory, _FILES if copies else polled, copies)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))  # SIGXCPU, then SIGKILL
    if seccomp.available():
        seccomp.confine(work)


def confine_program(seconds: int, memory: int) -> None:
    """Give up the same for a program that this process becomes, which checks a file.

    The program may read the files that everybody can read: it loads its libraries.
    """
    parent = os.getppid()
    size = limits.read_size()
    limits.leave_network()
    limits.become(limits.CONFINED_USER)
    limits.die_with_parent(parent)
    limits.limit(seconds, size + memory, _PROGRAMS_FILES)
    if seccomp.available():
        seccomp.confine("verify")

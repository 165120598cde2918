"""Giving up rights before reading a stranger's data."""

import ctypes
import math
import os
import resource
import signal
from collections.abc import Iterable
from contextlib import suppress
from ctypes import c_int, c_uint, c_uint32, c_void_p

from petipy.sys.libc import call, libc, syscall

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_SET_NO_NEW_PRIVS = 38
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 47, 2
_CAPABILITY_VERSION_3 = 0x20080522
_CLONE_NEWNET = 0x40000000

READ_EVERY_FILE, LOAD_KERNELS = 2, 22  # CAP_DAC_READ_SEARCH, CAP_SYS_BOOT: for `become`
# CAP_NET_BIND_SERVICE, CAP_NET_BROADCAST, CAP_NET_ADMIN, CAP_NET_RAW: for a DHCP client
CONFIGURE_NETWORKS = (10, 11, 12, 13)
# Numbers of users that nobody else has: a process cannot touch one of another user.
CONFINED_USER, NETWORKD_USER, NAMES_USER = 0x6FFF_FFFF, 0x6FFF_FFFE, 0x6FFF_FFFD
SSH_USER = 0x6FFF_FFFC
# The first user of the scanner's children, and of those of its branch for networks. Each has one.
SCAN_USERS, FETCH_USERS, USERS_OF_CHILDREN = 0x7000_0000, 0x7001_0000, 0x1_0000
FREE_LISTS = "/proc/sys/vm/percpu_pagelist_high_fraction"
FIRST, LATE = 1000, -900  # scores of set_oom_score: a child that works, the program itself


class _CapHeader(ctypes.Structure):
    _fields_ = (("version", c_uint32), ("pid", c_int))


class _CapData(ctypes.Structure):
    _fields_ = (("effective", c_uint32), ("permitted", c_uint32), ("inheritable", c_uint32))


libc.capset.argtypes = (c_void_p, c_void_p)
libc.unshare.argtypes = (c_int,)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when the parent ends; end now if it has ended already."""
    call(libc.prctl, _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def set_oom_score(score: int) -> None:
    """Set the kernel's preference of this process when memory is full, from -1000 to 1000.

    The process with the highest score is killed first. Children inherit it. Without root, or
    /proc, a lower score than now is not allowed and nothing changes. A process that has changed
    its user cannot set it.
    """
    with suppress(OSError):
        fd = os.open("/proc/self/oom_score_adj", os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(fd, b"%d" % score)
        finally:
            os.close(fd)


def shorten_free_lists(path: str = FREE_LISTS) -> None:
    """Have each processor keep fewer free pages for itself, of the whole machine. 7 MB get free.

    The kernel lets these lists grow to an eighth of the memory, and `free` calls the pages used. A
    list is a fraction of the memory, but never shorter than four batches: 1 MB. Pages beyond that
    go back within seconds. Without root, or /proc, nothing changes.
    """
    with suppress(OSError), open(path, "w") as file:
        file.write("1000000")  # parts of the memory: fewer than four batches


def set_idle(pid: int, *, idle: bool) -> None:
    """Let a process run only while no other wants the processor, or as usual again. 0 is this one.

    Nothing changes if it has ended, or without the right.
    """
    with suppress(OSError):
        os.sched_setscheduler(pid, os.SCHED_IDLE if idle else os.SCHED_OTHER, os.sched_param(0))


def name_signal(number: int) -> str:
    """Return the name of a signal. Python has none for most real-time signals."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def delay(pid: int) -> float:
    """Return the seconds that a process has waited for a processor while it could have run.

    0 if the kernel does not tell (CONFIG_SCHED_INFO).
    """
    try:
        with open(f"/proc/{pid}/schedstat") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def read_size() -> int:
    """Return the bytes of address space that this process has."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


def limit_processes(most: int) -> None:
    """Limit the processes of this one's user; root has no such limit."""
    resource.setrlimit(resource.RLIMIT_NPROC, (most, most))


def close_all_but(keep: Iterable[int]) -> None:
    """Close every descriptor from 3 upwards that is not in `keep`."""
    low = 3
    for fd in (*sorted(keep), 0xFFFFFFFF + 1):
        if fd > low:
            _close_range(low, fd - 1)
        low = max(low, fd + 1)


def _close_range(low: int, high: int) -> None:
    try:
        syscall("close_range", c_uint(low), c_uint(high), c_uint(0))
    except OSError:  # Linux before 5.9
        os.closerange(low, min(high + 1, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))


def become(user: int, *capabilities: int | None, programs: bool = False) -> None:
    """Change the user and group for good, and keep the capabilities; None stands for none.

    No exec can give more rights (no_new_privs). With `programs` a program that is executed has the
    capabilities, too (ambient: capabilities(7)). A process that is not root keeps its user.
    """
    call(libc.prctl, _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.geteuid() != 0:
        return
    call(libc.prctl, _PR_SET_KEEPCAPS, 1, 0, 0, 0)
    os.setgroups([])
    os.setresgid(user, user, user)
    os.setresuid(user, user, user)
    kept = [capability for capability in capabilities if capability is not None]
    bits = sum(1 << capability for capability in kept)
    data = (_CapData * 2)(_CapData(bits, bits, bits if programs else 0))
    header = _CapHeader(_CAPABILITY_VERSION_3, 0)
    call(libc.capset, ctypes.byref(header), ctypes.byref(data))
    for capability in kept if programs else ():
        call(libc.prctl, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0)


def leave_network() -> None:
    """Enter a network namespace without any interface. Without root this does nothing."""
    if os.geteuid() == 0:
        call(libc.unshare, _CLONE_NEWNET)


def limit(seconds: float, memory: int, files: int, writes: int = 0, threads: int = 0) -> None:
    """Limit processor time (seconds), address space (bytes) and descriptors; forbid forks.

    `writes` are the bytes that a file which is written may have. Without `threads` the process has
    one only; else its user has so many. The ban on forking does not count for root.
    """
    processor = math.ceil(seconds)
    for what, most in (
        (resource.RLIMIT_CPU, processor),
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_NOFILE, files),
        (resource.RLIMIT_FSIZE, writes),
        (resource.RLIMIT_NPROC, threads),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (bound, bound))

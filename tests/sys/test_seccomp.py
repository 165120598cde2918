"""The filter of system calls: for every machine step by step, and on this one by its kernel."""

import asyncio
import ctypes
import errno
import os
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from petipy.kexec import machines
from petipy.sys import libc, seccomp
from petipy.sys.forked import Parent, in_child
from petipy.sys.seccomp import Work

ARCHES = {  # <linux/audit.h>, of each machine and of its entry for 32-bit programs
    "x86_64": (0xC000003E, 0x40000003),
    "ppc64le": (0xC0000015, 0x14),
    "aarch64": (0xC00000B7, 0x40000028),
    "s390x": (0x80000016, 0x16),
}
WORKS: tuple[Work, ...] = ("compute", "probe", "scan", "load", "hear", "fetch", "verify")
EVERY = [(machine, work) for machine in ARCHES for work in WORKS]
ALLOW, KILL = 0x7FFF0000, 0x80000000
EPERM, ENOSYS = 0x50000 | errno.EPERM, 0x50000 | errno.ENOSYS


def verdict(machine: str, work: Work, number: int, *arguments: int, arch: int = 0) -> int:
    """Run a machine's filter on one call, as the kernel would."""
    order = ">" if machine == "s390x" else "<"
    values = (*arguments, *(0,) * (6 - len(arguments)))
    data = struct.pack(f"{order}2I7Q", number, arch or ARCHES[machine][0], 0, *values)
    lines = list(struct.iter_unpack(f"{order}HBBI", seccomp.program(machine, work)))
    at = word = 0
    while True:
        code, yes, no, value = lines[at]
        at += 1
        if code == 0x06:
            return int(value)
        if code == 0x20:
            (word,) = struct.unpack_from(f"{order}I", data, value)
        else:
            at += yes if (word == value if code == 0x15 else word >= value) else no


@pytest.mark.parametrize(("machine", "work"), EVERY)
def test_what_is_listed_is_allowed_and_nothing_else(machine: str, work: Work) -> None:
    allowed = seccomp.list_allowed(machine, work)
    some = {allowed[name] for name in seccomp._ONLY if name in allowed}
    for number in (*range(700), *range(0x40000000, 0x40000000 + 700), 0xFFFFFFFF):
        if number in some:
            continue
        refused = EPERM if number < 424 else ENOSYS
        expected = ALLOW if number in allowed.values() else refused
        assert verdict(machine, work, number) == expected, number


@pytest.mark.parametrize(("machine", "work"), EVERY)
def test_the_entry_for_other_programs_kills(machine: str, work: Work) -> None:
    for arch in (ARCHES[machine][1], *(a for n, (a, _) in ARCHES.items() if n != machine)):
        for number in range(500):
            assert verdict(machine, work, number, arch=arch) == KILL


@pytest.mark.parametrize("machine", ARCHES)
def test_a_descriptor_is_copied_and_asked_but_sends_no_signals(machine: str) -> None:
    fcntl = seccomp.list_allowed(machine, "scan")["fcntl"]
    for command in range(2048):
        expected = ALLOW if command in {0, 1, 2, 3, 4, 1030, 1033, 1034} else EPERM
        assert verdict(machine, "scan", fcntl, 7, command) == expected


def test_a_call_through_socketcall_opens_no_socket() -> None:
    number = seccomp.list_allowed("s390x", "compute")["socketcall"]
    allowed = {call for call in range(30) if verdict("s390x", "compute", number, call) == ALLOW}
    assert allowed == {9, 10, 11, 12, 16, 17}  # <linux/net.h>: send, recv and their kin


# A fetch may do these for some values of an argument.
SPEAKING = {"socket", "socketpair", "connect", "bind", "clone", "ioctl"}
BECOMING = {"execve", "prlimit64"}  # of a process that becomes a program, and loads its libraries
FORBIDDEN = frozenset(
    [
        "shmget",
        "shmat",
        "msgget",
        "semget",
        "add_key",
        "keyctl",
        "request_key",
        "perf_event_open",
        "bpf",
        "ptrace",
        "userfaultfd",
        "io_uring_setup",
        "process_vm_readv",
        "process_vm_writev",
        "socket",
        "socketpair",
        "connect",
        "bind",
        "execve",
        "clone",
        "fork",
        "vfork",
        "clone3",
        "unshare",
        "setns",
        "mount",
        "kill",
        "tgkill",
        "rt_sigqueueinfo",
        "pidfd_open",
        "ioctl",
        "prctl",
        "setrlimit",
        "prlimit64",
        "open_by_handle_at",
        "chroot",
        "chdir",
        "fchdir",
        "mknodat",
        "unlinkat",
        "renameat2",
        "fallocate",
        "pwrite64",
        "setresuid",
        "setresgid",
        "setgroups",
        "capset",
        "reboot",
        "init_module",
        "finit_module",
        "personality",
    ]
)


@pytest.mark.parametrize(("machine", "work"), EVERY)
def test_no_work_has_a_way_to_others(machine: str, work: Work) -> None:
    ways = FORBIDDEN & seccomp.list_allowed(machine, work).keys()
    assert not ways - {"fetch": SPEAKING, "verify": BECOMING}.get(work, set())


@pytest.mark.parametrize("machine", ARCHES)
def test_a_fetch_speaks_ip_reads_files_and_starts_threads(machine: str) -> None:
    numbers = seccomp.list_allowed(machine, "fetch")

    def allowed(name: str, *arguments: int) -> bool:
        return verdict(machine, "fetch", numbers[name], *arguments) == ALLOW

    families = {family for family in range(50) if allowed("socket", family, 2, 0)}
    assert families == {2, 10}  # AF_INET, AF_INET6
    flags = {bit for bit in range(31) if allowed("openat", 0xFFFFFF9C, 0, 1 << bit)}
    assert flags == {19}  # O_CLOEXEC; neither O_WRONLY nor O_CREAT
    assert allowed("openat", 0xFFFFFF9C, 0, 0)
    thread = 0x3D0F00  # <linux/sched.h>: CLONE_VM, CLONE_THREAD and what belongs to them
    first = [0] * (machine == "s390x")
    assert allowed("clone", *first, thread)
    for other in (0, 17, thread & ~0x10000, thread | 0x10000000):  # SIGCHLD; CLONE_NEWUSER
        assert not allowed("clone", *first, other)
    assert not allowed("ioctl", 3, 0x5401)  # TCGETS


@pytest.mark.parametrize("machine", ARCHES)
def test_a_program_that_verifies_reads_files_and_changes_no_limit(machine: str) -> None:
    numbers = seccomp.list_allowed(machine, "verify")

    def allowed(name: str, *arguments: int) -> bool:
        return verdict(machine, "verify", numbers[name], *arguments) == ALLOW

    flags = {bit for bit in range(31) if allowed("openat", 0xFFFFFF9C, 0, 1 << bit)}
    assert flags == {19}  # O_CLOEXEC; neither O_WRONLY nor O_CREAT
    assert allowed("prlimit64", 0, 3, 0, 0x1000)
    assert not allowed("prlimit64", 0, 3, 0x1000, 0)


@pytest.mark.parametrize("machine", ARCHES)
def test_kexec_which_stands_alone_has_the_same_numbers(machine: str) -> None:
    allowed, known = seccomp.list_allowed(machine, "load"), machines.find(machine)
    assert known
    assert (allowed["kexec_load"], allowed["kexec_file_load"]) == (
        known.kexec_load,
        known.kexec_file_load,
    )
    assert "kexec_load" not in seccomp.list_allowed(machine, "scan")


def test_the_numbers_are_those_of_this_machines_headers() -> None:
    header = Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")
    if not header.exists():
        pytest.skip("no kernel headers for x86_64")
    numbers = dict(re.findall(r"#define __NR_(\w+)\s+(\d+)", header.read_text()))
    for work in WORKS:
        for name, number in seccomp.list_allowed("x86_64", work).items():
            assert numbers[name] == str(number)


# By the kernel

libc.libc.shmget.argtypes = (ctypes.c_int, ctypes.c_size_t, ctypes.c_int)
CALLS: dict[str, Callable[[], object]] = {
    "take shared memory": lambda: libc.call(libc.libc.shmget, 0, 1 << 20, 0o1600),
    "open a socket": lambda: libc.call(libc.libc.socket, 1, 1, 0),
    "fork": os.fork,
    "change a directory": lambda: os.chdir("/"),
}


def attempts(work: Work) -> Iterator[str]:
    def attempt(link: Parent) -> str:
        libc.call(libc.libc.prctl, 38, 1, 0, 0, 0)
        seccomp.confine(work)
        for name, call in CALLS.items():
            try:
                call()
            except OSError as error:
                link.report(f"{name}: {errno.errorcode[error.errno or 0]}")
            else:
                link.report(f"{name}: done")
        # A library that looks for a newer call has to hear that there is none.
        ctypes.set_errno(0)
        libc.libc.syscall(ctypes.c_long(435), 0, 0)  # clone3
        return errno.errorcode[ctypes.get_errno()]

    said: list[str] = []
    answer = asyncio.run(in_child(attempt, 30, said.append))
    yield from said
    yield answer


@pytest.mark.skipif(not seccomp.available(), reason="the kernel has no filters")
@pytest.mark.parametrize("work", WORKS)
def test_the_kernel_obeys_the_filter(work: Work) -> None:
    assert list(attempts(work)) == [*(f"{name}: EPERM" for name in CALLS), "ENOSYS"]

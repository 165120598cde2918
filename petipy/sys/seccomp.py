"""A filter that lets a process make a few system calls only: seccomp(2), classic BPF.

A network namespace would keep the network away as well, but creating one costs more than the fork.
"""

import ctypes
import errno
import os
import struct
from ctypes import c_ushort, c_void_p
from functools import cache
from typing import Literal

from petipy.sys.libc import call, libc

# The work of a process: compute (on a password), probe a disk, scan a file system, load a kernel,
# fetch from the network, hear what DHCP servers say, become a program that verifies a file.
Work = Literal["compute", "probe", "scan", "load", "fetch", "hear", "verify"]

_PR_GET_SECCOMP, _PR_SET_SECCOMP = 21, 22
_MODE_FILTER = 2
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
# BPF: load a word of struct seccomp_data {int nr; u32 arch; u64 ip; u64 args[6]}, jump, return.
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCH, _ARGUMENTS = 0, 4, 16

# The calls that a work may make: the first letters of the works, or * for all. The numbers are
# from the kernel's uapi headers (asm/unistd.h); a dash: the machine has no such call. The calls of
# a scan come first, since the filter looks from above. They are those that Python and glibc make
# after everything is imported; each changes nothing but the process and what it has open.
_TABLE = """
                        x86_64 ppc64le aarch64   s390x
openat2            s       437     437     437     437
fcntl              pslfv    72      55      25      55
close              *         3       6      57       6
newfstatat         *       262     291      79     293
getdents64         sv      217     202      61     220
lseek              pslfv     8      19      62      19
_llseek            pslfv     -     140       -       -
read               pslfv     0       3      63       3
pread64            pslv     17     179      67     180
fstat              *         5     108      80     108
sendto             *        44     335     206     369
send               *         -     334       -       -
sendmsg            sfh      46     341     211     370
recvmsg            sfh      47     342     212     372
socketcall         *         -     102       -     102
poll               sfh       7     167       -     168
ppoll              sfh     271     281      73     302
write              *         1       4      64       4
mmap               *         9      90     222      90
munmap             *        11      91     215      91
mremap             *        25     163     216     163
mprotect           *        10     125     226     125
madvise            *        28     205     233     219
brk                *        12      45     214      45
openat             sfv     257     286      56     288
readlinkat         sv      267     296      78     298
statx              *       332     383     291     379
faccessat          sv      269     298      48     300
memfd_create       lf      319     360     279     350
ftruncate          lf       77      93      46      93
sendfile           lf       40     186      71     187
kexec_load         l       246     268     104     277
kexec_file_load    l       320     382     294     381
futex              *       202     221      98     238
getrandom          *       318     359     278     349
clock_gettime      *       228     246     113     260
clock_getres       *       229     247     114     261
clock_nanosleep    *       230     248     115     262
nanosleep          *        35     162     101     162
gettimeofday       *        96      78     169      78
time               *       201      13       -       -
sched_yield        *        24     158     124     158
sched_getaffinity  *       204     223     123     240
rt_sigaction       *        13     173     134     174
rt_sigprocmask     *        14     174     135     175
rt_sigreturn       *        15     172     139     173
sigaltstack        *       131     185     132     186
restart_syscall    *       219       0     128       7
getpid             *        39      20     172      20
gettid             *       186     207     178     236
getppid            *       110      64     173      64
getuid             *       102      24     174     199
geteuid            *       107      49     175     201
getgid             *       104      47     176     200
getegid            *       108      50     177     202
getresuid          *       118     165     148     209
getresgid          *       120     170     150     211
getgroups          *       115      80     158     205
getsockname        sf       51     331     204     367
getsockopt         sfh      55     340     209     365
socket             f        41     326     198     359
connect            f        42     328     203     362
bind               f        49     327     200     361
recvfrom           f        45     337     207     371
recv               f         -     336       -       -
sendmmsg           f       307     349     269     358
setsockopt         f        54     339     208     366
getpeername        f        52     332     205     368
shutdown           f        48     338     210     373
socketpair         f        53     333     199     360
epoll_create1      f       291     315      20     327
epoll_ctl          f       233     237      21     250
epoll_wait         f       232     238       -     251
epoll_pwait        f       281     303      22     312
ioctl              f        16      54      29      54
clone              f        56     120     220     120
set_robust_list    fv      273     300      99     304
rseq               fv      334     387     293     383
access             v        21      33       -      33
arch_prctl         v       158       -       -       -
close_range        v       436     436     436     436
dup                v        32      41      23      41
execve             v        59      11     221      11
getcwd             v        79     182      17     183
prlimit64          v       302     325     261     334
readlink           v        89      85       -      85
set_tid_address    v       218     232      96     252
uname              *        63     122     160     122
exit               *        60       1      93       1
exit_group         *       231     234      94     248
"""
# Calls that are allowed for some values of one argument only: its place and the values.
_Only = tuple[int, tuple[int, ...]]
_ONLY: dict[str, _Only] = {
    # F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_DUPFD_CLOEXEC, F_ADD_SEALS, F_GET_SEALS
    "fcntl": (1, (0, 1, 2, 3, 4, 1030, 1033, 1034)),
    # send, recv, sendto, recvfrom, sendmsg, recvmsg: s390's glibc has no other way to these
    "socketcall": (0, (9, 10, 11, 12, 16, 17)),
    # AF_INET, AF_INET6. Without AF_NETLINK, getaddrinfo takes both to be in use.
    "socket": (0, (2, 10)),
    # FIONREAD, FIONBIO; then those of Power
    "ioctl": (1, (0x541B, 0x5421, 0x4004667F, 0x8004667E)),
    # the flags of a thread, as pthread_create has them: getaddrinfo runs in one
    "clone": (0, (0x3D0F00,)),
    # no new limits: a program asks for that of its stack
    "prlimit64": (2, (0,)),
}
_ONLY_READING: dict[str, _Only] = {"openat": (2, (0, 0x80000))}  # O_RDONLY, and with O_CLOEXEC
_CLONE_ON_S390 = 1  # there the flags are the second argument
# From this number on, calls came with Linux 5.1 and later. A library that tries one of them knows
# another way if the kernel says ENOSYS. EPERM, the answer to an old call, would end its work.
_NEW = 424
# AUDIT_ARCH_…: the ELF machine, 64 bits, little endian. 32-bit calls have another one.
_ARCHES = {
    "x86_64": 0xC000003E,
    "ppc64le": 0xC0000015,
    "aarch64": 0xC00000B7,
    "s390x": 0x80000016,
}


def list_allowed(machine: str, work: Work) -> dict[str, int]:
    """Return the system calls that `confine` leaves to a work, with the machine's numbers."""
    head, *rows = (line.split() for line in _TABLE.strip().splitlines())
    column = head.index(machine) + 2
    return {
        row[0]: int(row[column])
        for row in rows
        if row[column] != "-" and (row[1] == "*" or work[0] in row[1])
    }


@cache
def program(machine: str, work: Work) -> bytes:
    """Return the filter for a machine, in its byte order: an array of struct sock_filter."""
    big = machine == "s390x"
    allowed = list_allowed(machine, work)
    only = _ONLY | (_ONLY_READING if work in ("fetch", "verify") else {})
    if big:
        only["clone"] = (_CLONE_ON_S390, only["clone"][1])
    plain = [number for name, number in allowed.items() if name not in only]
    choosy = [
        rule
        for name, number in allowed.items()
        if name in only
        for rule in _check_argument(number, *only[name], big=big)
    ]
    left = len(plain) + len(choosy) + 3  # lines between the first of them and the last line
    code = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, _ARCHES[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        *((_EQUAL, left - at - 1, 0, number) for at, number in enumerate(plain)),
        *choosy,
        (_AT_LEAST, 1, 0, _NEW),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        (_RETURN, 0, 0, _ERRNO | errno.ENOSYS),
        (_RETURN, 0, 0, _ALLOW),
    ]
    order = ">" if big else "<"
    return b"".join(struct.pack(f"{order}HBBI", *line) for line in code)


def _check_argument(
    number: int, argument: int, values: tuple[int, ...], *, big: bool
) -> list[tuple[int, int, int, int]]:
    """Return the lines for a call of which one argument is looked at."""
    last = len(values)
    return [
        (_EQUAL, 0, last + 3, number),
        (_LOAD, 0, 0, _ARGUMENTS + 8 * argument + 4 * big),  # the half that an int lies in
        *((_EQUAL, last - at, 0, value) for at, value in enumerate(values)),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
        (_RETURN, 0, 0, _ALLOW),
    ]


class _Program(ctypes.Structure):
    _fields_ = (("length", c_ushort), ("code", c_void_p))


def available() -> bool:
    """Return True if the kernel has filters, and the table the numbers of this machine's calls."""
    return os.uname().machine in _ARCHES and libc.prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) >= 0


def confine(work: Work) -> None:
    """Allow the calls of a work only, for good.

    Another call gets EPERM, or ENOSYS if old kernels lack it: a library may try it and go on. A
    call by another architecture's entry, such as that for 32-bit programs, kills the process.

    The process needs no_new_privs.
    """
    machine = os.uname().machine
    code = ctypes.create_string_buffer(text := program(machine, work), len(text))
    pointer = ctypes.byref(_Program(len(text) // 8, ctypes.addressof(code)))
    address = ctypes.cast(pointer, c_void_p).value or 0
    call(libc.prctl, _PR_SET_SECCOMP, _MODE_FILTER, address, 0, 0)

"""A filter that refuses system calls to a process: seccomp(2), classic BPF.

A network namespace would keep the network away as well, but creating one costs more than the fork.
"""

import ctypes
import errno
import os
import struct
from ctypes import c_ushort, c_void_p
from functools import cache

from petipy.sys.libc import call, libc

_PR_GET_SECCOMP, _PR_SET_SECCOMP = 21, 22
_MODE_FILTER = 2
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
# BPF: load a word of struct seccomp_data {int nr; u32 arch; …}, jump, return.
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_NUMBER, _ARCH = 0, 4

# From the kernel's uapi headers (asm/unistd.h); a dash: the machine has no such call.
_TABLE = """
                    x86_64 ppc64le aarch64   s390x
socket                  41     326     198     359
socketpair              53     333     199     360
connect                 42     328     203     362
bind                    49     327     200     361
kill                    62      37     129      37
tkill                  200     208     130     237
tgkill                 234     250     131     241
rt_sigqueueinfo        129     177     138     178
execve                  59      11     221      11
execveat               322     362     281     354
clone                   56     120     220     120
fork                    57       2       -       2
vfork                   58     189       -     190
ptrace                 101      26     117      26
process_vm_readv       310     351     270     340
process_vm_writev      311     352     271     341
unshare                272     282      97     303
setns                  308     350     268     339
bpf                    321     361     280     351
perf_event_open        298     319     241     331
userfaultfd            323     364     282     355
add_key                248     269     217     278
request_key            249     270     218     279
keyctl                 250     271     219     280
open_by_handle_at      304     346     265     336
socketcall               -     102       -     102
"""
# The same on every machine: pidfd_send_signal, io_uring_setup (its rings open sockets too),
# open_tree, move_mount, fsopen, clone3, mount_setattr.
_COMMON = (424, 425, 428, 429, 430, 435, 442)
# AUDIT_ARCH_…: the ELF machine, 64 bits, little endian.
_ARCHES = {
    "x86_64": 0xC000003E,
    "ppc64le": 0xC0000015,
    "aarch64": 0xC00000B7,
    "s390x": 0x80000016,
}
_X32 = 0x40000000  # x86_64's second set of numbers, for the same calls


def list_denied(machine: str) -> dict[str, int]:
    """Return the system calls that `confine` refuses, with the machine's numbers of them."""
    head, *rows = (line.split() for line in _TABLE.strip().splitlines())
    column = head.index(machine) + 1
    return {row[0]: int(row[column]) for row in rows if row[column] != "-"}


@cache
def program(machine: str) -> bytes:
    """Return the filter for a machine, in its byte order: an array of struct sock_filter."""
    refused = sorted({*list_denied(machine).values(), *_COMMON})
    jumps = [(_EQUAL, len(refused) - at, 0, number) for at, number in enumerate(refused)]
    code = [
        (_LOAD, 0, 0, _ARCH),
        (_EQUAL, 1, 0, _ARCHES[machine]),
        (_RETURN, 0, 0, _KILL),
        (_LOAD, 0, 0, _NUMBER),
        (_AT_LEAST, len(refused) + 1, 0, _X32),
        *jumps,
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _ERRNO | errno.EPERM),
    ]
    order = ">" if machine == "s390x" else "<"
    return b"".join(struct.pack(f"{order}HBBI", *line) for line in code)


class _Program(ctypes.Structure):
    _fields_ = (("length", c_ushort), ("code", c_void_p))


def available() -> bool:
    """Return True if the kernel has filters, and the table the numbers of this machine's calls."""
    return os.uname().machine in _ARCHES and libc.prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) >= 0


def confine() -> None:
    """Refuse network, signals, new processes and programs for good; each try gets EPERM.

    The process needs no_new_privs.
    """
    machine = os.uname().machine
    code = ctypes.create_string_buffer(text := program(machine), len(text))
    pointer = ctypes.byref(_Program(len(text) // 8, ctypes.addressof(code)))
    address = ctypes.cast(pointer, c_void_p).value or 0
    call(libc.prctl, _PR_SET_SECCOMP, _MODE_FILTER, address, 0, 0)

"""Load a Linux kernel and jump into it, by whatever means the running kernel has.

This package stands alone: it imports the standard library only. A failure is an OSError; Refused
has a sentence. An architecture is one file or package in `machines`.
"""

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn

from . import elf, fdt, image, syscalls
from .refused import Refused, explain, lockdown
from .room import Room

if TYPE_CHECKING:
    from .machines import Loader

__all__ = ["Refused", "execute", "load", "lockdown", "unload"]


def load(kernel: int, initrds: Sequence[int], cmdline: str, devicetree: int | None = None) -> str:
    """Stage a kernel. Return how: kexec_file_load, kexec_load or kexec-tools, and in parentheses
    what the next kernel may miss.

    Descriptors are of regular files, open for reading; they may be closed afterwards. Several
    initrds are handed over one behind the other. `cmdline` may hold surrogate escapes. A flattened
    device tree replaces the firmware's, where the machine has one. Raise Refused.
    """
    line = os.fsencode(cmdline)
    if b"\0" in line:
        raise Refused(errno.EINVAL, "the command line holds a zero byte")
    size = sum(os.fstat(fd).st_size for fd in (kernel, *initrds))
    room = Room.measure()
    try:
        with _unpack(kernel, room) as plain:
            return _load(plain, initrds, line, devicetree, room)
    except Refused:
        raise
    except OSError as error:
        raise explain(error, size=size) from error
    except image.NotAKernel as problem:
        raise Refused(errno.ENOEXEC, str(problem)) from problem
    except elf.MalformedElf as problem:
        raise Refused(errno.ENOEXEC, f"not a kernel that can be loaded: {problem}") from problem
    except fdt.MalformedTree as problem:
        raise Refused(errno.EINVAL, str(problem)) from problem


def unload() -> None:
    """Forget the staged kernel, if there is one. Raise Refused."""
    try:
        syscalls.kexec_file_unload()
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise explain(error) from error
        try:
            syscalls.kexec_load(0, ())
        except OSError as second:
            raise explain(second) from second


def execute() -> NoReturn:
    """Jump into the staged kernel. Raise OSError.

    The running kernel shuts its devices down, but syncs nothing.
    """
    syscalls.reboot_kexec()
    raise OSError(errno.EIO, "reboot: returned from a jump into another kernel")


def _load(
    kernel: int, initrds: Sequence[int], line: bytes, devicetree: int | None, room: Room
) -> str:
    from . import machines

    machine = machines.find(os.uname().machine)
    if machine and machine.loader:
        return _load_segments(machine.loader, kernel, initrds, line, devicetree, room)
    # kexec_file_load has no way to pass a device tree.
    if devicetree is None and _file_load(kernel, initrds, line, room):
        return "kexec_file_load"
    return _by_kexec_tools(kernel, initrds, line, devicetree, room)


def _load_segments(
    loader: "Loader",
    kernel: int,
    initrds: Sequence[int],
    line: bytes,
    devicetree: int | None,
    room: Room,
) -> str:
    """Try kexec_load first, although a kernel may have both: we decide what it hands over."""
    from . import classic

    try:
        classic.load(loader, kernel, initrds, line, devicetree, room)
    except OSError as error:
        # The kernel is locked down or built without kexec_load: the other call is left.
        if error.errno not in (errno.EPERM, errno.EACCES, errno.ENOSYS) or devicetree is not None:
            raise
        missing = loader.prepare_file_load(fdt.read_live())
        if not _file_load(kernel, initrds, line, room):
            raise
        return f"kexec_file_load ({missing})" if missing else "kexec_file_load"
    return "kexec_load"


def _file_load(kernel: int, initrds: Sequence[int], line: bytes, room: Room) -> bool:
    """Stage by kexec_file_load; False where the running kernel was built without it."""
    from . import file_load

    try:
        file_load.load(kernel, initrds, line, room)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        return False
    return True


def _by_kexec_tools(
    kernel: int, initrds: Sequence[int], line: bytes, devicetree: int | None, room: Room
) -> str:
    from . import kexec_tools

    program = kexec_tools.find()
    if program is None:
        what = "kexec_file_load" if devicetree is None else "a way to hand over a device tree"
        raise Refused(errno.ENOSYS, f"the running kernel has no {what}, and kexec-tools is absent")
    kexec_tools.load(program, kernel, initrds, line, devicetree, room)
    return "kexec-tools"


@contextlib.contextmanager
def _unpack(kernel: int, room: Room) -> Iterator[int]:
    """Give the kernel, checked and unpacked."""
    kind = _identify(kernel)
    if not kind.packed:
        yield kernel
        return
    from . import unpack

    try:
        unpacked = unpack.unpack(kernel, kind.format, room.limit(unpack.LARGEST))
    except unpack.Unpackable as problem:
        raise Refused(errno.ENOEXEC, f"not a kernel that can be loaded: {problem}") from problem
    try:
        room.take(os.fstat(unpacked).st_size, "the bytes of the unpacked kernel")
        _identify(unpacked)
        yield unpacked
    finally:
        os.close(unpacked)


def _identify(kernel: int) -> image.KernelKind:
    kind = image.identify(os.pread(kernel, image.HEAD, 0), os.fstat(kernel).st_size)
    running = os.uname().machine
    # "le" names the running kernel's byte order; such a machine starts kernels of either.
    if kind.machine and kind.machine != running.removesuffix("le"):
        raise Refused(errno.ENOEXEC, f"the kernel is for {kind.machine}, this machine is {running}")
    return kind

"""Load a Linux kernel and jump into it, by whatever means the running kernel has.

Self-contained: the standard library only. All failures are OSError; Refused has a sentence.
"""

import contextlib
import errno
import os
from collections.abc import Iterator, Sequence
from typing import NoReturn

from . import elf, fdt, image, syscalls
from .refused import Refused, explain, in_memory, lockdown

__all__ = ["Refused", "execute", "load", "lockdown", "unload"]


def load(kernel: int, initrds: Sequence[int], cmdline: str, devicetree: int | None = None) -> str:
    """Stage a kernel; returns how: kexec_file_load, kexec_load or kexec-tools, and in parentheses
    what the next kernel may miss.

    Descriptors are of regular files, open for reading; they may be closed afterwards. Several
    initrds are handed over one behind the other. `cmdline` may hold surrogate escapes. A device
    tree (flattened) replaces the firmware's, where the machine has one. Raises Refused.
    """
    line = os.fsencode(cmdline)
    if b"\0" in line:
        raise Refused(errno.EINVAL, "the command line holds a zero byte")
    size = sum(os.fstat(fd).st_size for fd in (kernel, *initrds))
    try:
        with _plain(kernel) as plain:
            return _load(plain, initrds, line, devicetree)
    except Refused:
        raise
    except OSError as error:
        raise explain(error, size=size) from error
    except image.NotAKernel as problem:
        raise Refused(errno.ENOEXEC, str(problem)) from problem
    except elf.Malformed as problem:
        raise Refused(errno.ENOEXEC, f"not a kernel that can be loaded: {problem}") from problem
    except fdt.Malformed as problem:
        raise Refused(errno.EINVAL, str(problem)) from problem


def unload() -> None:
    """Forget what is staged; nothing staged is fine too."""
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
    """Jump. The kernel shuts its devices down, but syncs nothing. Raises OSError."""
    syscalls.reboot_kexec()
    raise OSError(errno.EIO, "reboot: returned from a jump into another kernel")


def _load(kernel: int, initrds: Sequence[int], line: bytes, devicetree: int | None) -> str:
    if os.uname().machine.startswith("ppc64"):
        return _load_on_power(kernel, initrds, line, devicetree)
    # kexec_file_load has no way to pass a device tree.
    if devicetree is None and _file_load(kernel, initrds, line):
        return "kexec_file_load"
    return _by_kexec_tools(kernel, initrds, line, devicetree)


def _load_on_power(kernel: int, initrds: Sequence[int], line: bytes, devicetree: int | None) -> str:
    """kexec_load first, although a kernel may have both.

    Only our own trampoline gives the next kernel the DMA windows that it would find after a
    reset (ppc64le.reset_windows); and nothing is hashed, which takes seconds when emulated.
    """
    from . import classic

    try:
        classic.load(kernel, initrds, line, devicetree)
    except OSError as error:
        # Locked down, or built without: then only what the kernel itself checks is let in.
        if error.errno not in (errno.EPERM, errno.EACCES, errno.ENOSYS) or devicetree is not None:
            raise
        from .machines.ppc64le import ofdt

        kept = ofdt.forget_windows(fdt.read_live())
        if not _file_load(kernel, initrds, line):
            raise
        return f"kexec_file_load ({kept})" if kept else "kexec_file_load"
    return "kexec_load"


def _file_load(kernel: int, initrds: Sequence[int], line: bytes) -> bool:
    """False where the running kernel was built without it."""
    from . import file_load

    try:
        file_load.load(kernel, initrds, line)
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        return False
    return True


def _by_kexec_tools(
    kernel: int, initrds: Sequence[int], line: bytes, devicetree: int | None
) -> str:
    from . import kexec_tools

    program = kexec_tools.find()
    if program is None:
        what = "kexec_file_load" if devicetree is None else "a way to hand over a device tree"
        raise Refused(errno.ENOSYS, f"the running kernel has no {what}, and kexec-tools is absent")
    kexec_tools.load(program, kernel, initrds, line, devicetree)
    return "kexec-tools"


@contextlib.contextmanager
def _plain(kernel: int) -> Iterator[int]:
    """The kernel, checked as far as can be, and unpacked where the method wants that."""
    kind = _identify(kernel)
    if not kind.packed:
        yield kernel
        return
    from . import unpack

    free = in_memory("MemAvailable")
    limit = min(unpack.LARGEST, free // 2) if free else unpack.LARGEST
    try:
        unpacked = unpack.unpack(kernel, kind.format, limit)
    except unpack.Unpackable as problem:
        raise Refused(errno.ENOEXEC, f"not a kernel that can be loaded: {problem}") from problem
    try:
        _identify(unpacked)
        yield unpacked
    finally:
        os.close(unpacked)


def _identify(kernel: int) -> image.Kind:
    kind = image.identify(os.pread(kernel, image.HEAD, 0), os.fstat(kernel).st_size)
    running = os.uname().machine
    if kind.machine and kind.machine != running.removesuffix("le"):
        raise Refused(errno.ENOEXEC, f"the kernel is for {kind.machine}, this machine is {running}")
    return kind

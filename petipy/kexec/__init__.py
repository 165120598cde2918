"""Load a Linux kernel and jump into it, by whatever means the running kernel has.

This package stands alone: it imports the standard library only. A failure is an OSError; Refused
has a sentence. An architecture is one file or package in `machines`.
"""

import contextlib
import errno
import os
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, NoReturn

from . import elf, fdt, image, syscalls
from .refused import Facts, Refused, explain, lockdown
from .room import LARGEST, Room

if TYPE_CHECKING:
    from .machines import Loader

_Stage = Callable[[int, Sequence[int], bytes, int | None, Room], str]

__all__ = ["Refused", "execute", "load", "lockdown", "unload"]


def load(
    kernel: int,
    initrds: Sequence[int],
    cmdline: str,
    devicetree: int | None = None,
    *,
    confine: Callable[[], None] = lambda: None,
) -> str:
    """Stage a kernel. Return how: kexec_file_load, kexec_load or kexec-tools, and in parentheses
    what the next kernel may miss.

    Descriptors are of regular files, open for reading; they may be closed afterwards. Several
    initrds are handed over one behind the other. `cmdline` may hold surrogate escapes. A flattened
    device tree replaces the firmware's, where the machine has one. Raise Refused.

    `confine` is called before the files are parsed, when everything else has been read. It may
    give up all rights but CAP_SYS_BOOT and what it takes to make files in memory. It is not called
    where kexec-tools has to load the kernel.
    """
    line = os.fsencode(cmdline)
    if b"\0" in line:
        raise Refused(errno.EINVAL, "the command line holds a zero byte")
    size = sum(os.fstat(fd).st_size for fd in (kernel, *initrds))
    facts, room = Facts(), Room.measure()
    try:
        stage, program = _prepare(kernel, devicetree, facts)
        if not program:
            confine()
        with _unpack(kernel, room) as plain:
            return stage(plain, initrds, line, devicetree, room)
    except Refused:
        raise
    except OSError as error:
        raise explain(error, size=size, facts=facts) from error
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


def _prepare(kernel: int, devicetree: int | None, facts: Facts) -> tuple[_Stage, str]:
    """Return the way to stage a kernel, and the path of kexec-tools if that is the way.

    Import and read all that this takes. Of the kernel, only its first bytes are compared.
    """
    from . import machines

    if packing := image.find_packing(os.pread(kernel, 8, 0)):
        from . import unpack

        unpack.load_modules(packing)
    machine = machines.find(os.uname().machine)
    if machine and machine.loader:
        return _prepare_segments(machine.loader, facts), ""
    from . import file_load, kexec_tools  # noqa: F401  the first for later

    program = kexec_tools.find()
    # kexec_file_load has no way to pass a device tree.
    if program and (devicetree is not None or not _has_file_load()):
        return partial(kexec_tools.load, program), program
    return _by_file_load, ""


def _prepare_segments(loader: "Loader", facts: Facts) -> _Stage:
    """Try kexec_load first, although a kernel may have both: we decide what it hands over."""
    from . import classic, file_load

    running = loader.read_running()
    missing = loader.prepare_file_load(running.tree) if facts.locked_down else None

    def stage(
        kernel: int, initrds: Sequence[int], line: bytes, devicetree: int | None, room: Room
    ) -> str:
        try:
            classic.load(loader, running, kernel, initrds, line, devicetree, room)
        except OSError as error:
            # The kernel is locked down or built without kexec_load: the other call is left.
            no_call = error.errno in (errno.EPERM, errno.EACCES, errno.ENOSYS)
            if not no_call or devicetree is not None:
                raise
            words = loader.prepare_file_load(running.tree) if missing is None else missing
            try:
                file_load.load(kernel, initrds, line, room)
            except OSError as second:
                raise (error if second.errno == errno.ENOSYS else second) from second
            return f"kexec_file_load ({words})" if words else "kexec_file_load"
        return "kexec_load"

    return stage


def _by_file_load(
    kernel: int, initrds: Sequence[int], line: bytes, devicetree: int | None, room: Room
) -> str:
    from . import file_load

    what = "way to hand over a device tree"
    try:
        if devicetree is None:
            file_load.load(kernel, initrds, line, room)
            return "kexec_file_load"
    except OSError as error:
        if error.errno != errno.ENOSYS:
            raise
        what = "kexec_file_load"
    raise Refused(errno.ENOSYS, f"the running kernel has no {what}, and kexec-tools is absent")


def _has_file_load() -> bool:
    """Return True if the running kernel has kexec_file_load. Forget a kernel that it staged."""
    try:
        syscalls.kexec_file_unload()
    except OSError as error:
        return error.errno != errno.ENOSYS
    return True


@contextlib.contextmanager
def _unpack(kernel: int, room: Room) -> Iterator[int]:
    """Give the kernel, checked and unpacked."""
    kind = _identify(kernel)
    if not kind.packed:
        yield kernel
        return
    from . import unpack

    try:
        unpacked = unpack.unpack(kernel, kind.format, room.limit(LARGEST))
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

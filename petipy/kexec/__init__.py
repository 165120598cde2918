"""Load a Linux kernel and jump into it, by whatever means the running kernel has.

This package stands alone: it imports the standard library only. A failure is an OSError; Refused
has a sentence. An architecture is one file or package in `machines`.
"""

import contextlib
import errno
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import TYPE_CHECKING, NoReturn

from . import elf, fdt, image, syscalls
from .refused import Facts, Refused, explain, lockdown
from .room import LARGEST, Room

if TYPE_CHECKING:
    from .machines import Loader

_Stage = Callable[[int, Sequence[int], bytes, int | None, Room], str]

__all__ = ["Message", "Refused", "execute", "load", "lockdown", "unload"]


class Message:
    """Words for the next system, which travel in the device tree or in an initrd.

    `chosen` are properties for /chosen, for a device tree that is made here; None takes one away.
    `initrds` are archives for a system that gets no such tree.
    """

    def __init__(
        self,
        chosen: Mapping[str, bytes | None] = MappingProxyType({}),
        initrds: Sequence[int] = (),
    ) -> None:
        self.chosen, self.initrds = chosen, initrds


_NO_MESSAGE = Message()


def load(
    kernel: int,
    initrds: Sequence[int],
    cmdline: str,
    devicetree: int | None = None,
    *,
    message: Message = _NO_MESSAGE,
    confine: Callable[[], None] = lambda: None,
) -> str:
    """Stage a kernel. Return how: kexec_file_load, kexec_load or kexec-tools, and in parentheses
    what the next kernel may miss.

    Descriptors are of regular files, open for reading; they may be closed afterwards. Several
    initrds are handed over one behind the other. `cmdline` may hold surrogate escapes. A flattened
    device tree replaces the firmware's, where the machine has one. `message` is for the system
    that the kernel starts. Raise Refused.

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
        stage, program = _prepare(kernel, devicetree, facts, message)
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


def _prepare(
    kernel: int, devicetree: int | None, facts: Facts, message: Message
) -> tuple[_Stage, str]:
    """Return the way to stage a kernel, and the path of kexec-tools if that is the way.

    Import and read all that this takes. Of the kernel, only its first bytes are compared.
    """
    from . import machines

    if packing := image.find_packing(os.pread(kernel, 8, 0)):
        from . import unpack

        unpack.load_modules(packing)
    machine = machines.find(os.uname().machine)
    if machine and machine.loader:
        return _prepare_segments(machine.loader, facts, message), ""
    from . import file_load, kexec_tools  # noqa: F401  the first for later

    program = kexec_tools.find()
    # kexec_file_load has no way to pass a device tree.
    if program and (devicetree is not None or not _has_file_load()):
        return _add_initrds(partial(kexec_tools.load, program), message), program
    return _add_initrds(_by_file_load, message), ""


def _add_initrds(stage: _Stage, message: Message) -> _Stage:
    """Return `stage` with a message's archives behind the initrds, if there are any.

    A system without an initrd unpacks none: its root file system hides what an archive brought.
    """

    def extended(
        kernel: int, initrds: Sequence[int], line: bytes, devicetree: int | None, room: Room
    ) -> str:
        more = message.initrds if initrds else ()
        return stage(kernel, (*initrds, *more), line, devicetree, room)

    return extended


def _prepare_segments(loader: "Loader", facts: Facts, message: Message) -> _Stage:
    """Try kexec_load first, although a kernel may have both: we decide what it hands over."""
    from . import classic, file_load

    running = loader.read_running()
    missing = loader.prepare_file_load(running.tree) if facts.locked_down else None

    def stage(
        kernel: int, initrds: Sequence[int], line: bytes, devicetree: int | None, room: Room
    ) -> str:
        try:
            classic.load(loader, running, kernel, initrds, line, devicetree, room, message.chosen)
        except OSError as error:
            # The kernel is locked down or built without kexec_load: the other call is left.
            no_call = error.errno in (errno.EPERM, errno.EACCES, errno.ENOSYS)
            if not no_call or devicetree is not None:
                raise
            words = loader.prepare_file_load(running.tree) if missing is None else missing
            try:
                more = message.initrds if initrds else ()
                file_load.load(kernel, (*initrds, *more), line, room)
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

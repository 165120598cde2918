"""The steps of one boot: load the kernel, write what the entry saves, jump."""

import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from typing import NoReturn, Protocol

from petipy.boot.parts import part
from petipy.boot.plan import BootError, Plan
from petipy.log import Log, Trace
from petipy.state.model import Change, File

OPENING = 60.0  # seconds for a device to open its files
WRITING = 30.0  # seconds for a device to take a change
LOADING = 180.0  # seconds; enough for 100 MB from a slow USB stick in an emulated machine


class Kexec(Protocol):
    """The part of petipy.kexec that a boot uses."""

    def load(
        self, kernel: int, initrds: Sequence[int], cmdline: str, devicetree: int | None = None
    ) -> str: ...
    def execute(self) -> NoReturn: ...


Open = Callable[[Sequence[File]], Awaitable[list[int]]]
Write = Callable[[Change], Awaitable[None]]
InChild = Callable[[Callable[[], str], float], Awaitable[str]]


async def load(todo: Plan, kexec: Kexec, open_files: Open, in_child: InChild, log: Log) -> None:
    """Stage the kernel of a plan. Raise BootError with the step that failed and the reason."""
    files = todo.files
    if remote := next((file for file in files if file.url), None):
        raise BootError("open", f"{remote}: nothing is fetched from the network yet")
    with ExitStack() as stack:
        try:
            descriptors = await open_files(files)
        except OSError as error:
            raise BootError("open", words(error, "the device does not answer")) from error
        for descriptor in descriptors:
            stack.callback(os.close, descriptor)

        def stage() -> str:
            kernel, *rest = map(part, descriptors, files)
            devicetree = rest.pop() if todo.devicetree else None
            return kexec.load(kernel, rest, todo.cmdline, devicetree)

        try:
            # In a child: a read error of a mapped kernel is a SIGBUS, which kills only that.
            method = await in_child(stage, LOADING)
        except OSError as error:
            raise BootError(str(todo.kernel), words(error, "loading took too long")) from error
        log.info(f"loaded {todo.kernel} by {method}")


async def write(changes: Sequence[Change], write_change: Write, log: Log) -> list[str]:
    """Make the changes. Log and return those that failed; like GRUB, boot without them.

    This comes after loading, so that an entry that does not boot uses nothing up. It cannot come
    earlier either: until then the boot's files are open, and so their device is in use.
    """
    complaints: list[str] = []
    for change in changes:
        try:
            await write_change(change)
        except OSError as error:
            why = words(error, "the device does not answer")
            complaints.append(f"not written: {change} ({why})")
            log.warning(complaints[-1])
        else:
            log.info(f"wrote {change}")
    return complaints


async def jump(
    todo: Plan,
    kexec: Kexec,
    farewell: Callable[[Sequence[str]], Awaitable[None]],
    quiet: Callable[[], None],
    trace: Trace,
    complaints: Sequence[str] = (),
) -> NoReturn:
    """Jump into the staged kernel. Raise BootError if the jump fails."""
    await farewell([*todo.lines(), *(f"  {complaint}" for complaint in complaints)])
    quiet()
    trace("kexec")
    try:
        kexec.execute()
    except OSError as error:
        raise BootError("kexec", words(error, "the kernel would not start")) from error


def quiet() -> None:
    """Stop udev and write all buffers out: the kernel is about to shut the devices down."""
    for pid in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208  no pathlib here
        try:
            with open(f"/proc/{pid}/comm") as file:
                if file.read().strip() in {"systemd-udevd", "(udev-worker)"}:
                    os.kill(int(pid), signal.SIGTERM)
        except OSError:  # the process has just ended
            continue
    os.sync()


def words(error: OSError, otherwise: str) -> str:
    """Return the error's text without its number; a TimeoutError has no text at all."""
    return error.strerror or str(error) or otherwise

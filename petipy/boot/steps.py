"""One boot, step by step, each reported: open the files, load the kernel, write what the entry
saves, say what boots, jump."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import NoReturn, Protocol

from petipy.boot import newc
from petipy.log import Log, Trace
from petipy.state import resolve
from petipy.state.model import Change, Choice, Edit, File

OPENING = 60.0  # seconds for a device to hand over its files
WRITING = 30.0  # for a device to take a change
LOADING = 180.0  # an initrd of some 100 MB from a slow USB stick in an emulated machine


class BootError(Exception):
    """A boot that did not happen; the text is a plain sentence for the person at the console."""

    def __init__(self, step: str, why: object) -> None:
        super().__init__(f"{step}: {why}")


class Stopped(Exception):
    """Somebody did not want to wait for the loading any longer."""


class Kexec(Protocol):
    """What petipy.kexec offers; a test gives another."""

    def load(
        self, kernel: int, initrds: Sequence[int], cmdline: str, devicetree: int | None = None
    ) -> str: ...
    def execute(self) -> NoReturn: ...


Open = Callable[[Sequence[File]], Awaitable[list[int]]]
Write = Callable[[Change], Awaitable[None]]
Isolated = Callable[[Callable[[], str], float], Awaitable[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is going to be booted, after a person's changes."""

    title: str
    kernel: File
    initrds: tuple[File, ...]
    devicetree: File | None
    cmdline: str
    changes: tuple[Change, ...] = ()

    def lines(self) -> list[str]:
        """For every console, before the jump."""
        said = [f"Booting {self.title}", f"  kernel  {self.kernel}"]
        said += [f"  initrd  {initrd}" for initrd in self.initrds]
        if self.devicetree:
            said.append(f"  dtb     {self.devicetree}")
        return [*said, f"  cmdline {self.cmdline}"]


def plan(choice: Choice, edit: Edit | None) -> Plan:
    """BootError when the choice cannot be booted as it stands and nobody changed it."""
    kernel, initrds, cmdline = choice.kernel, choice.initrds, choice.entry.cmdline
    if edit:
        kernel, initrds = resolve.edited(choice, edit)
        cmdline = edit.cmdline
    elif choice.obstacle:
        raise BootError(choice.entry.title, choice.obstacle)
    if kernel is None:
        raise BootError(choice.entry.title, "it names no kernel")
    return Plan(
        title=choice.entry.title,
        kernel=kernel,
        initrds=initrds,
        devicetree=choice.devicetree,
        cmdline=cmdline,
        changes=choice.changes,  # of what a person has edited, too: it is the same entry
    )


async def load(todo: Plan, kexec: Kexec, opening: Open, isolated: Isolated, log: Log) -> None:
    """Stage the kernel of `todo`; BootError says which step failed, and why."""
    files = [todo.kernel, *todo.initrds, *([todo.devicetree] if todo.devicetree else [])]
    if remote := next((file for file in files if file.url), None):
        raise BootError("open", f"{remote}: nothing is fetched from the network yet")
    with ExitStack() as stack:
        try:
            descriptors = await opening(files)
        except OSError as error:
            raise BootError("open", _words(error, "the device does not answer")) from error
        for descriptor in descriptors:
            stack.callback(os.close, descriptor)

        def stage() -> str:
            kernel, *rest = map(part, descriptors, files)
            devicetree = rest.pop() if todo.devicetree else None
            return kexec.load(kernel, rest, todo.cmdline, devicetree)

        try:
            # In a child of its own: a disk that fails under the mapped kernel kills only that.
            how = await isolated(stage, LOADING)
        except OSError as error:
            raise BootError(str(todo.kernel), _words(error, "loading took too long")) from error
        log.info(f"loaded {todo.kernel} by {how}")


def part(descriptor: int, file: File) -> int:
    """The descriptor, or one of a copy in memory of the part of the file that is meant.

    A kernel within a unified kernel image is copied byte for byte: a signature of its own stays
    whole for the running kernel to check. Of a file that is to be packed, the archive.
    """
    if not (file.offset or file.size or file.packed):
        return descriptor
    there = os.fstat(descriptor).st_size - file.offset
    size = file.size or there
    if size > there:
        raise OSError(f"{file} is cut off: {max(there, 0)} bytes are there")
    copy = os.memfd_create("part")
    if file.packed:
        os.write(copy, newc.before(file.packed, size, file.mode))
    at, end = file.offset, file.offset + size
    while at < end and (sent := os.sendfile(copy, descriptor, at, end - at)):
        at += sent
    if file.packed:
        os.write(copy, newc.after(size))
    os.lseek(copy, 0, os.SEEK_SET)
    return copy


async def write(changes: Sequence[Change], writing: Write, log: Log) -> list[str]:
    """Make the changes; what could not be written is logged, returned, and stops nothing: GRUB,
    too, boots what it could not save.

    After the kernel is loaded, so that an entry that does not boot uses nothing up, and no
    earlier than that for another reason: its files were open until then, and their device in use.
    """
    complaints: list[str] = []
    for change in changes:
        try:
            await writing(change)
        except OSError as error:
            why = _words(error, "the device does not answer")
            complaints.append(f"not written: {change} ({why})")
            log.warning(complaints[-1])
        else:
            log.info(f"wrote {change}")
    return complaints


async def leave(
    todo: Plan,
    kexec: Kexec,
    farewell: Callable[[Sequence[str]], Awaitable[None]],
    quiet: Callable[[], None],
    trace: Trace,
    complaints: Sequence[str] = (),
) -> NoReturn:
    """Jump into the staged kernel. Returns by BootError only."""
    await farewell([*todo.lines(), *(f"  {complaint}" for complaint in complaints)])
    quiet()
    trace("kexec")
    try:
        kexec.execute()
    except OSError as error:
        raise BootError("kexec", _words(error, "the kernel would not start")) from error


def quiet() -> None:
    """Nothing is to touch a device while the kernel shuts it down: stop udev, write out all."""
    for pid in filter(str.isdigit, os.listdir("/proc")):  # noqa: PTH208  no pathlib here
        try:
            with open(f"/proc/{pid}/comm") as file:
                if file.read().strip() in {"systemd-udevd", "(udev-worker)"}:
                    os.kill(int(pid), signal.SIGTERM)
        except OSError:  # it has just ended
            continue
    os.sync()


def _words(error: OSError, otherwise: str) -> str:
    """Without the number; a TimeoutError has no words at all."""
    return error.strerror or str(error) or otherwise


async def in_child(work: Callable[[], str], within: float) -> str:
    """What `work()` returns, run in a forked child with all our rights; its OSError is ours."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        _answer(work, theirs)
    os.close(theirs)
    ended = False
    try:
        async with asyncio.timeout(within):
            data = await _all_of(ours)
        ended = True
    finally:
        os.close(ours)
        os.kill(child, signal.SIGKILL)
        # One that hangs in a read of its disk may not die for long: init reaps it then.
        os.waitpid(child, 0 if ended else os.WNOHANG)  # noqa: ASYNC222
    kind, _, text = data.decode(errors="replace").partition("\n")
    if kind == "done":
        return text
    raise OSError(text or "the loading process died: does its device have read errors?")


def _answer(work: Callable[[], str], out: int) -> NoReturn:
    text = ""
    try:
        try:
            text = f"done\n{work()}"
        except OSError as error:
            text = f"error\n{error.strerror or error}"
        except Exception as error:  # noqa: BLE001  this child's end must not be a riddle
            text = f"error\n{type(error).__name__}: {error}"
        os.write(out, text.encode(errors="replace")[:4000])
    finally:
        os._exit(0)


async def _all_of(fd: int) -> bytes:
    loop, data = asyncio.get_running_loop(), bytearray()
    ended = loop.create_future()

    def readable() -> None:
        if piece := os.read(fd, 4096):
            data.extend(piece)
        elif not ended.done():
            ended.set_result(None)

    loop.add_reader(fd, readable)
    try:
        await ended
    finally:
        loop.remove_reader(fd)
    return bytes(data)

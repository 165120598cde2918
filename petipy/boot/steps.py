"""The steps of one boot: load the kernel, make the entry's changes, jump."""

import errno
import os
import signal
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, NoReturn, Protocol

from petipy.boot.opener import Opener
from petipy.boot.parts import Meter, part, read_ahead, size_of, take_room
from petipy.boot.plan import BootError, Plan, describe, forget_extents, hide_credentials
from petipy.kexec import Message
from petipy.kexec.room import LARGEST, Room
from petipy.log import Log, Trace
from petipy.state.boots import Progress
from petipy.state.model import Change, File
from petipy.sys import limits
from petipy.sys.forked import ChildDied, Parent, Work, read_number

if TYPE_CHECKING:
    from petipy.settings.storage import Storage

OPENING = 60.0  # seconds for a device to open its files
FETCHING = 6 * 3600.0  # seconds for a file from a server; petipy.fetch ends what is too slow
WRITING = 30.0  # seconds for a device to take a change
_STARTING = 10.0  # seconds for udev
# As /init starts it, but by setsid: what process.run starts is killed at its end, and the daemon
# may still be on the way to a session of its own.
_UDEVD = ("setsid", "/usr/lib/systemd/systemd-udevd", "--daemon", "--resolve-names=never")
LOADING = 180.0  # seconds; enough for 100 MB from a slow USB stick in an emulated machine


class ItIsPetipy(BootError):
    """A boot that was refused: nobody has been told that it would start Petipy itself."""


_DEATHS = {
    "SIGKILL": "the loading process was killed: is the memory full?",
    "SIGXCPU": "loading took too much processor time",
}
_READ_ERROR = "the loading process died: does its device have read errors?"


class Kexec(Protocol):
    """The part of petipy.kexec that a boot uses."""

    def load(
        self,
        kernel: int,
        initrds: Sequence[int],
        cmdline: str,
        devicetree: int | None = None,
        *,
        message: Message = ...,
        confine: Callable[[], None] = ...,
    ) -> str: ...
    def execute(self) -> NoReturn: ...


Write = Callable[[Change], Awaitable[None]]
InChild = Callable[[Work, float, Callable[[str], None]], Awaitable[str]]
Show = Callable[[Progress | None], None]


async def load(
    todo: Plan,
    kexec: Kexec,
    opener: Opener,
    in_child: InChild,
    log: Log,
    show: Show,
    make_message: Callable[[], Message] = Message,
    authorities: Sequence[str] = (),
    keyring: str = "",
) -> None:
    """Stage the kernel of a plan. Raise BootError with the step that failed and the reason.

    `show` gets the progress: the bytes that come from servers, then those that are read, and after
    that, since the kernel loads them in one call, a total of None. At the end it gets None.
    `make_message` makes the message for the next system once all files are there.
    `authorities` vouch for CMS signatures, the `keyring` for those of OpenPGP. Without them none is
    checked: only a person boots such an entry (petipy.state.unchecked).
    """
    with ExitStack() as stack:
        stack.callback(show, None)
        proofs = None
        if todo.signatures:
            from petipy.boot import signatures  # few boots have any

            todo = signatures.drop_unchecked(todo, authorities, keyring, log)
            proofs = await signatures.open_proofs(todo, authorities, keyring, opener, log, stack)
        descriptors = await opener.open(*todo.files, configs=todo.configs, show=show)
        for descriptor in descriptors:
            stack.callback(os.close, descriptor)
        if proofs:
            from petipy.boot import signatures

            todo, descriptors = await signatures.verify(
                todo, descriptors, proofs, opener, in_child, log, show, stack
            )
        todo = forget_extents(todo)
        if todo.overlays:
            from petipy.boot import overlays  # few machines have any

            todo, descriptors = await overlays.apply(todo, descriptors, in_child, log, stack)
        message = make_message()
        for descriptor in message.initrds:
            stack.callback(os.close, descriptor)
        method = await _stage(todo, descriptors, message, kexec, in_child, show)
        log.info(hide_credentials(f"loaded {todo.kernel} by {method}"))


async def _stage(
    todo: Plan,
    descriptors: Sequence[int],
    message: Message,
    kexec: Kexec,
    in_child: InChild,
    show: Show,
) -> str:
    """Stage the kernel in a child; return the method. Raise BootError."""
    files = todo.files
    total = sum(map(size_of, descriptors, files))

    def receive(report: str) -> None:
        words = report.split()
        found = [read_number(word, range(1 << 50)) for word in words]
        number, done = found if len(found) == 2 else (None, None)
        if number is None or done is None or number >= len(files):
            raise ValueError(report[:60])
        what = hide_credentials(str(files[number]))
        show(Progress(what=what, done=done, total=total if done else None))

    def stage(link: Parent) -> str:
        kernel, *rest = parts = _read(descriptors, files, total, link)
        suspects = _find_suspects(descriptors, todo)

        def confine() -> None:
            _confine([link.fileno(), *parts, *descriptors, *message.initrds], total)
            _refuse_itself(suspects)

        devicetree = rest.pop() if todo.devicetree else None
        method = kexec.load(
            kernel, rest, todo.cmdline, devicetree, message=message, confine=confine
        )
        _refuse_itself(suspects)  # again: kexec-tools loads with all rights, unconfined
        return method

    try:
        # In a child: a read error of a mapped kernel is a SIGBUS, which kills only that.
        return await in_child(stage, LOADING, receive)
    except ChildDied as death:
        raise BootError(str(todo.kernel), _DEATHS.get(death.signal, _READ_ERROR)) from death
    except OSError as error:
        kind = ItIsPetipy if error.errno == errno.ELOOP else BootError
        raise kind(str(todo.kernel), describe(error, "loading took too long")) from error


def _confine(descriptors: Iterable[int], total: int) -> None:
    """Give up all rights but that to load kernels, before the files are parsed."""
    from petipy.sys.confined import confine

    most = total + LARGEST
    confine(
        "load",
        descriptors,
        round(LOADING),
        2 * total + most,
        capability=limits.LOAD_KERNELS,
        copies=most,
    )


def _find_suspects(descriptors: Sequence[int], todo: Plan) -> list[tuple[int, int]]:
    """Return the initrds, and where each begins, that may be Petipy's; load their reader."""
    if todo.itself:
        return []
    initrds = zip(descriptors[1:], todo.initrds, strict=False)
    plain = [
        (descriptor, file.offset)
        for descriptor, file in initrds
        # Most begin with an archive that is compressed.
        if not file.packed and os.pread(descriptor, 6, file.offset) == b"070701"
    ]
    if plain:
        from parsers.binary import initrd  # noqa: F401  a confined process imports nothing
    return plain


def _refuse_itself(suspects: Iterable[tuple[int, int]]) -> None:
    """Raise OSError (ELOOP) if an initrd is Petipy's."""
    for descriptor, start in suspects:
        from parsers.binary import initrd

        def read(at: int, length: int, descriptor: int = descriptor, start: int = start) -> bytes:
            return os.pread(descriptor, length, start + at)

        if initrd.is_petipy(read):
            raise OSError(errno.ELOOP, "this is Petipy itself; choose it again to start it")


def _read(descriptors: Sequence[int], files: Sequence[File], total: int, link: Parent) -> list[int]:
    """Return the parts that the files mean, after reading all of them, in the loading child.

    A file is not read ahead if memory might not hold it until the kernel takes it.
    """
    meter, room = Meter(link.report), Room.measure()
    ample = total < room.limit(total + 1)
    take_room(room, descriptors, files)
    parts = []
    for number, (descriptor, file) in enumerate(zip(descriptors, files, strict=True)):
        found = part(descriptor, file, meter.of(number))
        if found == descriptor and ample:
            read_ahead(descriptor, file, meter.of(number))
        parts.append(found)
    link.report("0 0")
    return parts


async def write(changes: Sequence[Change], write_change: Write, log: Log) -> list[str]:
    """Make the changes. Log and return the failures; like GRUB, boot in spite of them.

    This comes after loading, so that an entry that does not boot uses nothing up. It cannot come
    earlier either: until then the boot's files are open, and so their device is in use.
    """
    complaints: list[str] = []
    for change in changes:
        try:
            await write_change(change)
        except OSError as error:
            why = describe(error, "the device does not answer")
            complaints.append(f"not written: {change} ({why})")
            log.warning(complaints[-1])
        else:
            log.info(f"wrote {change}")
    return complaints


def prepare(storage: "Storage", log: Log) -> None:
    """Let tools of the booted system keep a wish for the next start."""
    try:
        storage.prepare()
    except OSError as error:
        why = describe(error, "no answer")
        log.warning(f"the booted system cannot keep a wish for the next start: {why}")


async def jump(
    todo: Plan,
    kexec: Kexec,
    release: Callable[[Sequence[str]], Awaitable[None]],
    quiet: Callable[[], None],
    trace: Trace,
    complaints: Sequence[str] = (),
) -> NoReturn:
    """Jump into the staged kernel. Raise BootError if the jump fails."""
    await release([*todo.lines(), *(f"  {complaint}" for complaint in complaints)])
    quiet()
    trace("kexec")
    try:
        kexec.execute()
    except OSError as error:
        raise BootError("kexec", describe(error, "the kernel would not start")) from error


async def restore(log: Log) -> None:
    """Start udev again, which `quiet` has stopped: the machine goes on."""
    from petipy.sys import process  # few machines come here

    try:
        await process.run(_UDEVD, within=_STARTING)
    except OSError as error:
        log.warning(f"udev does not start again: {describe(error, 'no answer')}")


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

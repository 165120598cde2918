"""The child that answers one request: it mounts, gives up all it can, and only then reads."""

import errno
import os
import select
import socket
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn, Protocol

from parsers.api import Files, Format, Host, Volume
from parsers.binary.envblock import PLACE
from petipy.platforms import read_firmware
from petipy.sandbox import packets
from petipy.sandbox.messages import (
    ASKS,
    FAILURES,
    LONGEST_ASK,
    SCANS,
    CaptureRequest,
    Failure,
    ListRequest,
    Mount,
    OpenRequest,
    ScanRequest,
    WriteRequest,
)
from petipy.sandbox.mounter import Mounter, find_volume
from petipy.scan.files import TreeFiles, read_compatible
from petipy.scan.seen import list_seen
from petipy.scan.stamps import fits
from petipy.state.model import Device, File, Scan
from petipy.sys import limits, mount, seccomp

if TYPE_CHECKING:
    from petipy.sandbox.remote_messages import LeaseRequest

_MEMORY = 1 << 30  # bytes of address space; most of it is libraries
_FILES = 256  # descriptors
_MOUNTING = 5.0  # seconds until the ask for another volume counts as refused
_COMPUTING = 60.0  # seconds of processor time to follow a lease


class ScanTree(Protocol):
    """petipy.scan.tree.scan_tree, or its scan_lease."""

    def __call__(
        self, files: Files, formats: Sequence[Format], tell: Callable[[Scan], None] = ...
    ) -> Scan: ...


class Child:
    """The work of one child. Its methods run in the child, and `run` never returns.

    The answer goes to the socket `answer`; `asks` is the socket to the scanner.
    """

    def __init__(self, mounter: Mounter, answer: socket.socket, asks: socket.socket) -> None:
        self._mounter, self._answer, self._asks = mounter, answer, asks
        self._asked: set[str] = set()

    def run(self, work: Callable[["Child"], None]) -> NoReturn:
        """Do the work and end the process; send the reason if it fails."""
        try:
            try:
                self._answer.send(packets.STARTED)
                work(self)
                self._answer.send(packets.END)
            except MemoryError:
                self._fail(errno.ENOMEM, "reading it takes too much memory")
            except OSError as error:
                self._fail(error.errno or errno.EIO, error.strerror or str(error))
            except Exception as error:  # noqa: BLE001  the boundary of the sandbox's child
                self._fail(errno.EIO, f"scanning failed: {type(error).__name__}: {error}")
        finally:
            os._exit(0)

    def scan(
        self, request: ScanRequest, formats: Sequence[Format], scan_tree: ScanTree, user: int
    ) -> None:
        """Answer with the entries that the formats find on the first device.

        The answer so far is sent before the next configuration is read, which may take for ever.
        """
        formats = [form.in_dialect(request.dialect) for form in formats]
        if request.path:
            from petipy.scan.opened import scan_path  # before nothing can be imported any more
        files = self._confine_to_tree(request, user)
        send = self._make_sender(files)
        if request.path:
            scan = scan_path(files, formats, request.path)
        else:
            scan = scan_tree(files, formats, send)
        problems, stopped = (*scan.problems, *files.unread()), scan.stopped or files.fault
        send(replace(scan, problems=problems, stopped=stopped))

    def _make_sender(self, files: TreeFiles) -> Callable[[Scan], None]:
        """Return a function that sends the answer so far."""
        sent: list[Scan] = []

        def send(scan: Scan) -> None:
            if sent == [scan]:
                return
            sent[:] = [scan]
            locked = any(wish.superusers is not None for _, wish in scan.preferences)
            entries = (entry for _, entry in scan.entries)
            scan = replace(scan, seen=tuple(list_seen(files, entries, locked=locked)))
            data = SCANS.encode(scan)
            if len(data) > packets.MOST:
                raise OSError(errno.EFBIG, f"its scan gave more than {packets.MOST >> 20} MiB")
            packets.send(self._answer, data)
            self._answer.send(packets.PART)

        return send

    def follow(
        self,
        request: "LeaseRequest",
        formats: Sequence[Format],
        scan_lease: ScanTree,
        user: int,
    ) -> None:
        """Answer with the entries that a lease leads to.

        The process sees no file but those of other devices whose roots it asks for, and has no
        network: it asks for texts. The requests are sent as they are answered.
        """
        from petipy.sandbox.remote import Remote

        formats = [form.in_dialect(request.dialect) for form in formats]
        device, last = request.devices[0], Scan()

        def tell(scan: Scan | None = None) -> None:
            nonlocal last
            last = last if scan is None else scan
            problems = (*last.problems, *remote.problems)
            send(replace(last, problems=problems, requests=remote.list_requests()))

        remote = Remote(self._ask, tell)
        host = replace(
            self._make_host(request),
            lease=dict(request.lease),
            fetch=remote.fetch,
            piece=remote.piece,
            prefetch=remote.prefetch,
        )
        root = _open_nothing()
        self._confine(root, min(request.patience, _COMPUTING), user)
        files = TreeFiles(root, device.volume, host, self._ask_for_roots)
        send = self._make_sender(files)
        scan = scan_lease(files, formats, tell)
        problems, stopped = (*scan.problems, *files.unread()), scan.stopped or files.fault
        if not scan.entries and not scan.preferences:
            stopped = stopped or remote.failure
            problems = (*remote.refusals.values(), *problems)
        tell(replace(scan, problems=problems, stopped=stopped))
        remote.close()

    def capture(
        self, request: CaptureRequest, formats: Sequence[Format], scan_tree: ScanTree, user: int
    ) -> None:
        """Answer with the files that a scan reads."""
        # Once it is confined, the child cannot import.
        from petipy.machinefile.recorder import record
        from petipy.sandbox.captures import CAPTURES, Contents

        seen = record(self._confine_to_tree(request, user), formats, scan_tree)
        contents = {name: Contents(**keys) for name, keys in seen.items()}
        packets.send(self._answer, CAPTURES.encode(contents))

    def list_directory(self, request: ListRequest, user: int) -> None:
        """Answer with the names in a directory."""
        from petipy.sandbox import listing

        listing.LISTINGS.build()
        files = self._confine_to_tree(request, user)
        packets.send(self._answer, listing.look(files, request.path))

    def fetch(self, work: Callable[[socket.socket], None]) -> None:
        """Answer with what the work, petipy.sandbox.fetching's, sends."""
        work(self._answer)

    def open(self, request: OpenRequest) -> None:
        """Answer with open files. Their contents are not read, so nothing is given up.

        OSError (ESTALE) if one of them, or a configuration, is not what was scanned.
        """
        trees: dict[str, TreeFiles] = {}
        for file in request.configs:
            try:
                os.close(self._open(file, request.devices, trees))
            except OSError as error:  # doubt keeps a lock closed
                raise OSError(errno.ESTALE, error.strerror) from None
        for file in request.files:
            fd = self._open(file, request.devices, trees)
            socket.send_fds(self._answer, [packets.DESCRIPTOR], [fd])
            os.close(fd)

    def _open(self, file: File, devices: Sequence[Device], trees: dict[str, TreeFiles]) -> int:
        place = f"({file.device}){file.path}"
        if file.device not in trees:
            if find_volume(file.device, devices) is None:
                raise OSError(errno.ENODEV, f"{place}: there is no such device")
            root, *others = self._mounter.roots(file.device, devices)
            trees[file.device] = TreeFiles(root, Volume(name=file.device), fallbacks=others)
        fd = trees[file.device].open(file.path)
        if file.stamp and (fd is None or not fits(file.stamp, os.fstat(fd))):
            raise OSError(errno.ESTALE, f"{place} is not the file that was scanned")
        if fd is None:
            raise OSError(errno.ENOENT, f"{place}: there is no such file")
        return fd

    def write(self, request: WriteRequest) -> None:
        """Make the change. Of the disk's contents only an environment block is read."""
        from petipy.sandbox import effects

        effects.carry_out(request.change, request.device, self._mounter.root)

    def _confine_to_tree(
        self, request: ScanRequest | CaptureRequest | ListRequest, user: int
    ) -> TreeFiles:
        """Return the first device's tree, the only one that this process can see from now on."""
        device = request.devices[0]
        root, *others = self._mounter.roots(device.name, request.devices)
        host, reserved = self._make_host(request), _reserved_place(device)
        self._confine(root, request.patience, user)
        return TreeFiles(
            root, device.volume, host, self._ask_for_roots, fallbacks=others, reserved=reserved
        )

    def _make_host(
        self, request: "ScanRequest | CaptureRequest | ListRequest | LeaseRequest"
    ) -> Host:
        return Host(
            machine=request.machine,
            volumes=[device.volume for device in request.devices],
            compatible=read_compatible(request.machine),
            firmware=read_firmware(request.machine),
        )

    def _confine(self, root: int, patience: float, user: int) -> None:
        parent = os.getppid()
        if os.geteuid() == 0:
            os.fchdir(root)
            os.chroot(".")
        forget_modules()
        if not seccomp.available():
            limits.leave_network()
        limits.become(user, limits.READ_EVERY_FILE)  # boot files are often root's
        limits.die_with_parent(parent)  # changing the user has cleared it
        limits.limit(patience, _MEMORY, _FILES)
        if seccomp.available():
            seccomp.confine("scan")

    def _ask_for_roots(self, name: str) -> list[int] | None:
        """Return another volume's roots, which the scanner mounts; None if it cannot, or is late.

        TreeFiles keeps a tree that it gets: a second ask for a volume would fail like the first.
        """
        if name in self._asked:
            return None
        self._asked.add(name)
        return self._ask(ASKS.encode(Mount(volume=name)), 2) or None

    def _ask(self, ask: bytes, most: int) -> list[int]:
        """Return the descriptors that the scanner answers an ask with; none if it is late."""
        if len(ask) > LONGEST_ASK:
            return []
        self._asks.send(ask)
        poll = select.poll()
        poll.register(self._asks, select.POLLIN)
        while poll.poll(_MOUNTING * 1000):
            answer, fds = packets.receive(self._asks, LONGEST_ASK, most)
            if answer == ask:
                return fds
            for fd in fds:  # the late answer to an earlier ask
                os.close(fd)
            if not answer:
                break
        return []

    def _fail(self, code: int, sentence: str) -> None:
        self._answer.send(packets.FAILED + FAILURES.encode(Failure.of(code, sentence)))


def _reserved_place(device: Device) -> bytes:
    """Return the bytes that GRUB may use on a btrfs' device outside of its files."""
    if device.volume.fs != "btrfs" or os.path.isdir(device.node):  # noqa: PTH112
        return b""
    fd = os.open(device.node, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return os.pread(fd, len(PLACE), PLACE.start)
    finally:
        os.close(fd)


def _open_nothing() -> int:
    """Return a descriptor of an empty directory."""
    if os.geteuid() == 0:
        return mount.open_directory({})
    import tempfile

    path = tempfile.mkdtemp()
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    os.rmdir(path)  # noqa: PTH106  its contents stay what they are: nothing
    return fd


def user_number(child: int, first: int = limits.SCAN_USERS) -> int:
    """Return the user of the scanner's child with this number."""
    return first + child % limits.USERS_OF_CHILDREN


def forget_modules() -> None:
    """Prevent further imports: a path may now lead to a file that is not Python's."""
    sys.path.clear()
    sys.path_importer_cache.clear()
    sys.meta_path[:] = [finder for finder in sys.meta_path if _is_built_in(finder)]


def _is_built_in(finder: object) -> bool:
    """Return True if the finder finds modules in the interpreter itself, not in files."""
    return getattr(finder, "__name__", "") in {"BuiltinImporter", "FrozenImporter"}

"""The child that looks at one device: it mounts, gives up all it can, and only then reads."""

import errno
import json
import os
import select
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import NoReturn

from parsers.api import Files, Format, Host, Volume
from parsers.binary.envblock import PLACE
from parsers.places.volumes import image
from petipy.platforms.efi import firmware
from petipy.sandbox import messages, wire
from petipy.sandbox.messages import Request
from petipy.scan.files import TreeFiles, compatible
from petipy.scan.superblock import identify
from petipy.state.model import Device, Scan
from petipy.sys import block, limits, mount, seccomp

_MEMORY = 1 << 30  # bytes of address space; most of it is libraries
_FILES = 256  # descriptors
_MOUNTING = 5.0  # seconds that another volume gets to be mounted
_FIRST_USER = 0x7000_0000  # user numbers that nobody has; one per child, so that none rules another

ScanTree = Callable[[Files, Sequence[Format]], Scan]


class Mounter:
    """Mounts devices read-only. `own_machine`: see Scanner.start."""

    def __init__(self, own_machine: bool) -> None:
        self._own_machine = own_machine

    def roots(self, name: str, devices: Sequence[Device]) -> list[int]:
        """A descriptor of the root directory of a block device, a disk image or a directory that
        is among `devices`, or of an image file on one of them; of a btrfs perhaps a second one,
        its default subvolume's.
        """
        volume = _volume(name, devices)
        try:
            if volume is None:
                raise OSError(errno.ENODEV, "there is no such device")
            if volume.image:
                return self._in_image(volume, devices)
            node = next(device.node for device in devices if device.name == name)
            return self._of_node(node, volume.fs)
        except OSError as error:
            words = error.strerror or str(error)
            raise OSError(error.errno, f"{name}: {words}") from None

    def root(self, device: Device) -> int:
        """The root directory alone, of a file system that has only one."""
        root, *beneath = self.roots(device.name, [device])
        for fd in beneath:
            os.close(fd)
        return root

    def _of_node(self, node: str, fs: str) -> list[int]:
        if os.path.isdir(node):  # noqa: PTH112  pathlib would be one more import
            return [os.open(node, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
        if self._own_machine and not os.path.isfile(node):  # noqa: PTH113
            block.protect(node)
            return mount.roots(node, fs)
        node, loop = block.attach(node)
        try:
            return mount.roots(node, fs)
        finally:
            os.close(loop)

    def _in_image(self, volume: Volume, devices: Sequence[Device]) -> list[int]:
        """The mount keeps the loop device, and that the file and the mount that it lies on."""
        root, *beneath = self.roots(volume.disk, devices)
        with closing(TreeFiles(root, volume, beneath=beneath)) as host:
            file = host.open(volume.image)
        if file is None:
            raise OSError(errno.ENOENT, "there is no such file")
        try:
            node, loop = block.attach_open(file)
        finally:
            os.close(file)
        try:
            return mount.roots(node, volume.fs or _file_system(loop))
        finally:
            os.close(loop)


class Jail:
    """One child's work. Its methods run in the child, and `run` never returns."""

    def __init__(self, mounter: Mounter, answer: socket.socket, asks: socket.socket) -> None:
        self._mounter, self._answer, self._asks = mounter, answer, asks
        self._useless: set[str] = set()

    def run(self, todo: Request, work: Callable[["Jail", Request], None]) -> NoReturn:
        """Do the work and end the process; whatever goes wrong is told over the answer's socket."""
        try:
            try:
                self._answer.send(messages.STARTED)
                work(self, todo)
                self._answer.send(messages.END)
            except MemoryError:
                self._fail(errno.ENOMEM, "reading it takes too much memory")
            except OSError as error:
                self._fail(error.errno or errno.EIO, error.strerror or str(error))
            except Exception as error:  # noqa: BLE001  the boundary of the sandbox's child
                self._fail(errno.EIO, f"scanning failed: {type(error).__name__}: {error}")
        finally:
            os._exit(0)

    def scan(
        self, todo: Request, formats: Sequence[Format], scan_tree: ScanTree, user: int
    ) -> None:
        """Answer with what the formats find on the first device."""
        formats = [form.in_dialect(todo.details["dialect"]) for form in formats]
        tree = self._tree(todo, user)
        scan = scan_tree(tree, formats)
        scan = replace(scan, problems=(*scan.problems, *tree.unread()))
        messages.send(self._answer, json.dumps(wire.to_json(scan)).encode())

    def capture(
        self, todo: Request, formats: Sequence[Format], scan_tree: ScanTree, user: int
    ) -> None:
        """Answer with what a scan would look at."""
        from petipy.machinefile.recorder import record  # afterwards nothing can be imported

        seen = record(self._tree(todo, user), formats, scan_tree)
        messages.send(self._answer, json.dumps(seen).encode())

    def _tree(self, todo: Request, user: int) -> TreeFiles:
        """The first device's, which is all that this process can see from now on."""
        device, *_ = todo.devices
        root, *beneath = self._mounter.roots(device.name, todo.devices)
        machine = todo.details["machine"]
        known, told, kept = compatible(machine), firmware(machine), _kept(device)
        self._confine(root, todo.patience, user)
        volumes = [device.volume for device in todo.devices]
        host = Host(machine=machine, volumes=volumes, compatible=known, firmware=told)
        return TreeFiles(root, device.volume, host, self._other, beneath=beneath, kept=kept)

    def open(self, todo: Request) -> None:
        """Answer with open files. Nothing on the disk is looked at, so nothing is given up."""
        trees: dict[str, TreeFiles] = {}
        for name, path in todo.details["files"]:
            if name not in trees:
                if _volume(name, todo.devices) is None:
                    raise OSError(errno.ENODEV, f"({name}){path}: there is no such device")
                root, *beneath = self._mounter.roots(name, todo.devices)
                trees[name] = TreeFiles(root, Volume(name=name), beneath=beneath)
            fd = trees[name].open(path)
            if fd is None:
                raise OSError(errno.ENOENT, f"({name}){path}: there is no such file")
            socket.send_fds(self._answer, [messages.DESCRIPTORS], [fd])
            os.close(fd)

    def write(self, todo: Request) -> None:
        """Carry out an effect. It reads no more of the disk than an environment block."""
        from petipy.sandbox import effects

        (device,), wanted = todo.devices, todo.details
        if wanted["rename"]:
            effects.rename(device, wanted["path"], wanted["rename"])
        if wanted["values"] and wanted["path"]:
            effects.change(device, wanted["path"], wanted["values"], self._mounter.root)
        elif wanted["values"]:
            effects.change_kept(device, wanted["offset"], wanted["size"], wanted["values"])

    def _confine(self, root: int, patience: float, user: int) -> None:
        parent = os.getppid()
        if os.geteuid() == 0:
            os.fchdir(root)
            os.chroot(".")
        # The paths of Python's modules now mean the device's own files: nothing may be imported.
        sys.path.clear()
        sys.path_importer_cache.clear()
        sys.meta_path[:] = [finder for finder in sys.meta_path if _is_inside(finder)]
        if not seccomp.available():
            limits.leave_network()
        limits.become(user)
        limits.die_with_parent(parent)  # changing the user has cleared it
        limits.limit(patience, _MEMORY, _FILES)
        if seccomp.available():
            seccomp.confine()

    def _other(self, name: str) -> list[int] | None:
        """Another volume's roots, mounted by the scanner; None when it cannot, or not in time."""
        if name in self._useless:
            return None
        self._useless.add(name)  # TreeFiles keeps what works: it never asks for that again
        question = name.encode("utf-8", "surrogateescape")
        if len(question) > messages.LONGEST_NAME:
            return None
        self._asks.send(question)
        poll = select.poll()
        poll.register(self._asks, select.POLLIN)
        while poll.poll(_MOUNTING * 1000):
            answer, fds = messages.receive(self._asks, messages.LONGEST_NAME, 2)
            if answer == question:
                return fds or None
            for fd in fds:  # the late answer to an earlier question
                os.close(fd)
            if not answer:
                break
        return None

    def _fail(self, code: int, words: str) -> None:
        text = f"{code} {words[:2000]}"
        self._answer.send(messages.FAILED + text.encode(errors="replace"))


def _volume(name: str, devices: Sequence[Device]) -> Volume | None:
    """A device's, or that in a file on one of them."""
    volumes = [device.volume for device in devices]
    return next((v for v in volumes if v.name == name), None) or image(name, volumes)


def _kept(device: Device) -> bytes:
    """What GRUB may have kept on a btrfs' device, in none of its files."""
    if device.volume.fs != "btrfs" or os.path.isdir(device.node):  # noqa: PTH112
        return b""
    fd = os.open(device.node, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        return os.pread(fd, len(PLACE), PLACE.start)
    finally:
        os.close(fd)


def _file_system(device: int) -> str:
    """Which one is on an open device that nobody knows more about; OSError for none."""
    found = identify(lambda offset, length: os.pread(device, length, offset))
    if found is None:
        raise OSError(errno.EINVAL, "no file system that is known is in it")
    return found.kind


def user(number: int) -> int:
    """The user of the scanner's `number`th child."""
    return _FIRST_USER + number % 0x10000


def _is_inside(finder: object) -> bool:
    """Whether it finds modules in the interpreter itself, not in files."""
    return getattr(finder, "__name__", "") in {"BuiltinImporter", "FrozenImporter"}

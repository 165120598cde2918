"""The parsers' view of a mounted tree: paths that never lead out of it."""

import errno
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Literal

from parsers.api import Host, Problem, Volume
from parsers.binary.envblock import PLACE
from parsers.places.volumes import image
from petipy.scan.stamps import make_stamp
from petipy.scan.walk import resolve

MAX_SIZE = 16 << 20  # bytes of a piece
# Bytes that are read of a text: more than any parser takes. The parser reports the rest as left.
LONGEST = 2 << 20
_MOST_UNREAD = 1000  # paths that are remembered
MOST_NAMES = 20_000  # of a directory; each costs time in every format
_KEPT_NAMES = 100_000  # of all directories of a tree, in memory
_ROOT_INODE = 256  # of a btrfs' subvolume
_MOST_LOOKED_AT = 20_000  # names, to find the default subvolume
_NO_DEFAULT = "/(default subvolume)"  # no file has this name: a wrong one must not be taken for it
# The path leads to nothing. EINVAL and ENAMETOOLONG: no file could have that name.
_NOTHING = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG, errno.EINVAL}
_DEVICE_TREE = "/proc/device-tree/compatible"

# Volume.name → descriptors of its root and of its fallbacks, or None
Opener = Callable[[str], Sequence[int] | None]
Resolve = Callable[[int, bytes, int], int]  # root, path, flags → a descriptor


def read_compatible(machine: str) -> tuple[str, ...]:
    """Return `Host.compatible` of this machine; nothing if `machine` (uname's) is another."""
    if machine != os.uname().machine:
        return ()
    try:
        with open(_DEVICE_TREE, "rb") as file:
            return tuple(file.read().decode("ascii", "replace").rstrip("\0").split("\0"))
    except OSError:  # a machine without a device tree
        return ()


class TreeFiles:
    """`parsers.api.Files` over a directory, which stands for the root of a file system.

    - `root` is a path, or an open descriptor, which then belongs to the TreeFiles.
    - `host` is the machine around it, by default this one with no other volume. `opener` gives the
      descriptors of the other volumes; without one there are none.
    - `fallbacks` are descriptors of trees that serve for the files that `root` lacks: a btrfs'
      default subvolume, which some boot loaders take for the root of the file system.
    - `part` is the path of a mounted subvolume: paths that begin with it lead into the tree, too.
    - `reserved` are the device's bytes at envblock.PLACE.

    `close` closes all that is open.
    """

    def __init__(
        self,
        root: int | str | os.PathLike[str],
        volume: Volume,
        host: Host | None = None,
        opener: Opener | None = None,
        resolve: Resolve = resolve,
        fallbacks: Sequence[int] = (),
        part: str = "",
        reserved: bytes = b"",
    ) -> None:
        if not isinstance(root, int):
            root = os.open(root, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._roots = (root, *fallbacks)
        self._part = f"{part}/"
        self.volume = volume
        host = host or Host(machine=os.uname().machine, volumes=(volume,))
        self.host = replace(host, on=self._on)
        self._reserved = reserved
        self._opener = opener
        self._resolve = resolve
        self._others: dict[str, TreeFiles | None] = {volume.name: self}
        self._unread: dict[str, int] = {}  # path → errno
        self._names: dict[str, list[str]] = {}  # by directory: formats ask for the same ones
        self._kept = 0
        self._cut: dict[str, None] = {}  # directories with more names than are listed
        self._short = ""  # the first text that was not read to its end, with the reason
        self._stamps: dict[str, str] = {}  # of the texts that were read, by path
        self._found: dict[str, str] = {}  # stamps of other files, by path
        self._default: str | None = None  # the path of the default subvolume, once it is needed

    def unread(self) -> Iterator[Problem]:
        """Problems, one for each reason why paths could not be looked at and so counted as absent.

        One is for directories with too many names. Trees that `host.on` opened are included;
        failures of `read` and `open` are not.
        """
        for tree in filter(None, self._others.values()):
            place = "" if tree is self else f"({tree.volume.name})"
            for number in dict.fromkeys(tree._unread.values()):
                first, *others = (path for path, why in tree._unread.items() if why == number)
                more = f", nor can {_count(len(others))}" if others else ""
                words = f"cannot be looked at{more}: {os.strerror(number)}"
                yield Problem(f"{place}{first}", 0, words)
            if tree._cut:
                first, *others = tree._cut
                more = f"; {_count(len(others))}, too" if others else ""
                words = f"only {MOST_NAMES} of its names are looked at{more}"
                yield Problem(f"{place}{first}", 0, words)

    @property
    def fault(self) -> str:
        """A reason why a configuration may say more than what was read, in words; "" for none."""
        trees = [tree for tree in self._others.values() if tree]
        short = [tree._short for tree in trees if tree._short]
        failed = (item for tree in trees for item in tree._unread.items())
        absent = (f"{path} cannot be looked at: {os.strerror(why)}" for path, why in failed)
        return next(iter((*short, *absent)), "")

    def read(self, path: str) -> str | None:
        """Return the text as `parsers.api.Files.read` does, but only its first LONGEST bytes."""
        data = bytearray()
        try:
            if (fd := self.open(path)) is None:
                return None
            with os.fdopen(fd, "rb", buffering=0) as file:
                status = os.fstat(fd)
                self._stamps.setdefault(path, make_stamp(status, self.volume.fs))
                size = min(status.st_size, LONGEST)
                # One byte more than the size: a file may grow, and files of /proc have size 0.
                while len(data) <= LONGEST and (piece := file.read(max(size, 4096) + 1)):
                    data += piece
        except OSError as error:
            self._short = self._short or str(error.strerror or error)
            raise
        if len(data) > LONGEST:
            self._short = self._short or f"{path} has more than {LONGEST >> 20} MiB"
        return data[:LONGEST].decode("utf-8", "surrogateescape")

    def piece(self, path: str, offset: int, length: int) -> bytes:
        if not path:
            start = offset - PLACE.start
            return self._reserved[start : start + length] if start >= 0 else b""
        try:
            fd = self.open(path)
            if fd is None:
                return b""
            try:
                return os.pread(fd, min(length, MAX_SIZE), offset)
            finally:
                os.close(fd)
        except OSError as error:  # counts as empty
            self._note(path, error)
            return b""

    def names(self, directory: str) -> list[str]:
        if (known := self._names.get(directory)) is None:
            found: set[str] = set()
            for root in self._roots:
                found.update(self._list(root, self._inner(directory)))
            known = sorted(found)
            self._kept += len(known) + 1
            if self._kept <= _KEPT_NAMES:
                self._names[directory] = known
        return known[:]

    def _list(self, root: int, directory: str) -> list[str]:
        try:
            fd = self._within(root, directory, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:  # damaged: counts as empty
            self._note(directory, error)
            return []
        if fd is None:
            return []
        names: list[str] = []
        try:
            with os.scandir(fd) as found:
                names += (entry.name for entry in islice(found, MOST_NAMES))
                if next(found, None) is not None:
                    self._cut[directory] = None
        except OSError as error:  # the device went, or a block cannot be read
            self._note(directory, error)
        finally:
            os.close(fd)
        # Python decodes names by the locale; here they are UTF-8 in any locale.
        return [os.fsencode(name).decode("utf-8", "surrogateescape") for name in names]

    def kind(self, path: str) -> Literal["file", "directory"] | None:
        status = self._find_status(path)
        if status is None:
            return None
        if stat.S_ISDIR(status.st_mode):
            return "directory"
        return "file" if stat.S_ISREG(status.st_mode) else None

    def size(self, path: str) -> int:
        status = self._find_status(path)
        return status.st_size if status and stat.S_ISREG(status.st_mode) else 0

    def modified(self, path: str) -> int:
        status = self._find_status(path)
        return int(status.st_mtime) if status else 0

    def link(self, path: str) -> str:
        try:
            fd = self._descriptor(path, os.O_PATH | os.O_NOFOLLOW)
            if fd is None:
                return ""
            try:
                return os.readlink(b"", dir_fd=fd).decode("utf-8", "surrogateescape")
            finally:
                os.close(fd)
        except OSError:  # no link, or an unreadable one
            return ""

    def default(self, path: str) -> str:
        whole, *others = self._roots
        if not others or (fd := self._within(whole, path, os.O_PATH)) is None:
            return path
        os.close(fd)
        if self._default is None:
            self._default = self._find_default(os.fstat(others[0]).st_dev)
        return f"{self._default}{path}"

    def _find_default(self, device: int) -> str:
        """Return the path of the default subvolume. It has the device number of its mount."""
        todo, left = [""], _MOST_LOOKED_AT
        while todo and left > 0:
            directory = todo.pop(0)
            for name in self._list(self._roots[0], directory or "/")[:left]:
                left -= 1
                status = self._find_status(path := f"{directory}/{name}")
                if status is None or not stat.S_ISDIR(status.st_mode):
                    continue
                subvolume = status.st_ino == _ROOT_INODE
                if subvolume and status.st_dev == device:
                    return path
                # Subvolumes lie at the top, or in others: snapper's in .snapshots/NUMBER.
                if subvolume or not directory or directory.endswith("/.snapshots"):
                    todo.append(path)
        return _NO_DEFAULT

    def find_stamp(self, path: str) -> str:
        """Return the stamp of a regular file, for a text that of its first reading; "" for none."""
        if path not in self._stamps and path not in self._found:
            status = self._find_status(path)
            regular = status and stat.S_ISREG(status.st_mode)
            self._found[path] = make_stamp(status, self.volume.fs) if status and regular else ""
        return self._stamps.get(path) or self._found[path]

    def list_texts(self) -> Iterator[tuple[str, str, str]]:
        """Yield volume ("" for this), path and stamp of each text that was read."""
        for name, tree in self._others.items():
            device, stamps = "" if tree is self else name, tree._stamps if tree else {}
            yield from ((device, path, stamp) for path, stamp in stamps.items())

    def find_tree(self, name: str) -> "TreeFiles | None":
        """Return the tree of a volume, if it is open already."""
        return self._others.get(name)

    def _on(self, name: str) -> "TreeFiles | None":
        if name not in self._others:
            volume = next((v for v in self.host.volumes if v.name == name), None)
            volume = volume or image(name, self.host.volumes)
            roots = self._opener(name) if self._opener and volume else None
            tree = None
            if roots and volume:
                root, *others = roots
                tree = TreeFiles(root, volume, resolve=self._resolve, fallbacks=others)
                tree.host = self.host  # every tree once, from wherever it is asked for
            self._others[name] = tree
        return self._others[name]

    def open(self, path: str) -> int | None:
        """Return a descriptor to read a regular file; None when there is none of that name.

        A FIFO or a device node is never opened: that may hang, or move a tape.
        """
        status = self._status(path)
        if status is None or not stat.S_ISREG(status.st_mode):
            return None
        fd = self._descriptor(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY)
        if fd is not None and not stat.S_ISREG(os.fstat(fd).st_mode):  # swapped since
            os.close(fd)
            return None
        return fd

    def close(self) -> None:
        """Close this tree and every other that `host.on` opened."""
        for tree in self._others.values():
            if tree:
                for root in tree._roots:
                    os.close(root)
                tree._roots = ()

    def _find_status(self, path: str) -> os.stat_result | None:
        try:
            return self._status(path)
        except OSError as error:  # unreadable: counts as absent
            self._note(path, error)
            return None

    def _note(self, path: str, error: OSError) -> None:
        if len(self._unread) < _MOST_UNREAD:
            self._unread.setdefault(path, error.errno or errno.EIO)

    def _status(self, path: str) -> os.stat_result | None:
        fd = self._descriptor(path, os.O_PATH)
        if fd is None:
            return None
        try:
            return os.fstat(fd)
        finally:
            os.close(fd)

    def _inner(self, path: str) -> str:
        """Return the name in the tree of a path in the whole file system."""
        if self._part != "/" and f"{path}/".startswith(self._part):
            return f"/{path[len(self._part) :]}"
        return path

    def _descriptor(self, path: str, flags: int) -> int | None:
        for root in self._roots:
            if (fd := self._within(root, self._inner(path), flags)) is not None:
                return fd
        return None

    def _within(self, root: int, path: str, flags: int) -> int | None:
        try:
            name = path.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:  # half of a UTF-16 pair: no file system has such a name
            return None
        if b"\0" in name:
            return None
        try:
            return self._resolve(root, name, flags)
        except OSError as error:
            if error.errno in _NOTHING:
                return None
            reason = os.strerror(error.errno or errno.EIO)
            raise OSError(error.errno, f"{path}: {reason}") from None


def _count(paths: int) -> str:
    return "another path" if paths == 1 else f"{paths} other paths"

"""File trees in memory, read from packages, wheels and directories."""

import fnmatch
import io
import posixpath
import stat
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from initramfs.host import BuildError, run

# Debian's merged /usr: these names are links in the image.
MERGED = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64"}


@dataclass(frozen=True, slots=True)
class Node:
    """A file, directory, link or device. `mode` includes the type, as in struct stat."""

    mode: int
    data: bytes = b""  # contents, or the target of a link
    device: tuple[int, int] = (0, 0)  # major, minor

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)

    @property
    def is_link(self) -> bool:
        return stat.S_ISLNK(self.mode)


DIRECTORY = Node(stat.S_IFDIR | 0o755)


def file(data: bytes, *, executable: bool = False) -> Node:
    return Node(stat.S_IFREG | (0o755 if executable else 0o644), data)


def link(target: str) -> Node:
    return Node(stat.S_IFLNK | 0o777, target.encode())


class Tree(dict[str, Node]):
    """Path without a leading slash → Node."""

    def add(self, path: str, node: Node) -> None:
        """Add the node and the directories above it."""
        for parent in parents(path):
            self.setdefault(parent, DIRECTORY)
        self[path] = node

    def match(self, pattern: str) -> list[str]:
        """Return the sorted paths of all but directories; `*` matches slashes, too."""
        return sorted(
            path
            for path, node in self.items()
            if not stat.S_ISDIR(node.mode) and fnmatch.fnmatchcase(path, pattern)
        )

    def split(self, patterns: Iterable[str]) -> "Tree":
        """Move the paths that match a pattern to a new tree and return that."""
        part = Tree()
        for path in {path for pattern in patterns for path in self.match(pattern)}:
            part.add(path, self.pop(path))
        return part

    def resolve(self, path: str) -> str:
        """Follow the links in every part of the path; return the path that they lead to."""
        for _ in range(40):
            for parent in [*parents(path), path]:
                node = self.get(parent)
                if node is not None and node.is_link:
                    target = node.data.decode()
                    rest = path[len(parent) + 1 :]
                    path = normal(posixpath.join("/", posixpath.dirname(parent), target, rest))
                    break
            else:
                return path
        raise OSError(f"{path}: too many links")

    def size(self) -> int:
        return sum(len(node.data) for node in self.values())


def parents(path: str) -> Iterator[str]:
    """Yield the directories above a path, the outermost first."""
    parts = path.split("/")
    return ("/".join(parts[:end]) for end in range(1, len(parts)))


def normal(path: str) -> str:
    """Return the path without a leading slash, `.` and `..`, and with /usr merged."""
    path = posixpath.normpath("/" + path).lstrip("/")
    first, slash, rest = path.partition("/")
    return MERGED[first] + slash + rest if first in MERGED and slash else path


def read_package(path: Path, *, only: str = "*") -> Tree:
    """Return the files of a .deb whose path matches; run nothing of it."""
    tree = Tree()
    with tarfile.open(fileobj=io.BytesIO(run(["dpkg-deb", "--fsys-tarfile", path]))) as tar:
        for member in tar:
            name = normal(member.name)
            if not name or not fnmatch.fnmatchcase(name, only):
                continue
            if member.isfile() or member.islnk():
                content = tar.extractfile(member)  # follows a hard link to its first name
                data = content.read() if content else b""
                tree[name] = Node(stat.S_IFREG | member.mode, data)
            elif member.issym():
                tree[name] = link(member.linkname)
            elif member.isdir():
                tree[name] = Node(stat.S_IFDIR | member.mode)
    return tree


def read_build_time(path: Path) -> int:
    """Return the seconds since 1970 at which a Debian package was built.

    The first header of the package tells it (deb(5)). It is the changelog's date, so that it is
    the same in each build.
    """
    with path.open("rb") as package:
        head = package.read(len(b"!<arch>\n") + 28)
    date = head[-12:].strip()
    if not date.isdigit():
        raise BuildError(f"{path.name} is no Debian package")
    return int(date)


def read_packages(paths: Iterable[Path]) -> Tree:
    """Return the files of several packages in one tree."""
    tree = Tree()
    for path in paths:
        tree.update(read_package(path))
    return tree


def read_wheel(path: Path) -> Tree:
    """Return the modules of a pure wheel, without its metadata."""
    tree = Tree()
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if not name.endswith("/") and ".dist-info/" not in name:
                tree.add(name, file(archive.read(name)))
    return tree


def read_directory(root: Path, pattern: str = "*") -> Tree:
    """Return the files below a directory of the host, with mode 644 or 755 for any umask."""
    tree = Tree()
    for path in sorted(root.rglob(pattern)):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            tree.add(name, link(str(path.readlink())))
        elif path.is_file():
            tree.add(name, file(path.read_bytes(), executable=bool(path.stat().st_mode & 0o100)))
    return tree


def lay_out(tree: Tree, room: Path) -> None:
    """Write files and links below a directory of the host."""
    for path, node in tree.items():
        place = room / path
        place.parent.mkdir(parents=True, exist_ok=True)
        if node.is_file:
            place.write_bytes(node.data)
            place.chmod(0o755 if node.mode & 0o100 else 0o644)
        elif node.is_link:
            place.symlink_to(node.data.decode())

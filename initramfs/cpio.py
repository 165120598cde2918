"""Read and write the kernel's initramfs format, "newc".

Specification: Documentation/driver-api/early-userspace/buffer-format of the kernel. The same tree
gives the same bytes: names are sorted, inodes are counted, the time stamp is given.
"""

import stat
from collections.abc import Iterator

from initramfs.tree import Node, Tree

MAGIC = b"070701"
TRAILER = "TRAILER!!!"


def write(tree: Tree, mtime: int) -> bytes:
    """Return the archive; root owns every file. `mtime` is in seconds since 1970."""
    # A directory must come before its files. Split paths sort so; whole ones do not: "-" sorts
    # before "/".
    names = sorted(tree, key=lambda path: path.split("/"))
    parts: list[bytes] = []
    for inode, name in enumerate(names, 1):
        parts += _record(name, tree[name], inode, mtime)
    parts += _record(TRAILER, Node(0), 0, 0)
    archive = b"".join(parts)
    return archive + b"\0" * (-len(archive) % 512)


def _record(name: str, node: Node, inode: int, mtime: int) -> list[bytes]:
    links = 2 if stat.S_ISDIR(node.mode) else 1
    path = name.encode() + b"\0"
    numbers = (
        *(inode, node.mode, 0, 0, links, mtime, len(node.data), 0, 0),
        *(*node.device, len(path), 0),
    )
    head = MAGIC + b"".join(b"%08X" % number for number in numbers) + path
    return [head, b"\0" * (-len(head) % 4), node.data, b"\0" * (-len(node.data) % 4)]


def read(archive: bytes) -> Iterator[tuple[str, Node]]:
    """Yield path and node of each record; raise ValueError for anything but an archive."""
    at = 0
    while True:
        head = archive[at : at + 110]
        if head[:6] != MAGIC or len(head) < 110:
            raise ValueError(f"no record at byte {at}")
        numbers = [int(head[6 + 8 * i : 14 + 8 * i], 16) for i in range(13)]
        _, mode, _, _, _, _, size, _, _, major, minor, length, _ = numbers
        name = archive[at + 110 : at + 110 + length - 1].decode()
        start = at + (110 + length + 3) // 4 * 4
        if name == TRAILER:
            return
        yield name, Node(mode, archive[start : start + size], (major, minor))
        at = start + (size + 3) // 4 * 4

"""The kernel's initramfs format, "newc" (Documentation/driver-api/early-userspace/buffer-format).

Written so that the same tree gives the same bytes: sorted, one time stamp, inodes counted.
"""

import stat
from collections.abc import Iterator

from initramfs.tree import Node, Tree

MAGIC = b"070701"
TRAILER = "TRAILER!!!"


def write(tree: Tree, mtime: int) -> bytes:
    """The archive, owned by root throughout; `mtime` in seconds since 1970."""
    # Parents sort before what is in them, because "/" sorts before every letter and digit
    # only within the path split at it.
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
    """What an archive holds; ValueError where it is none."""
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

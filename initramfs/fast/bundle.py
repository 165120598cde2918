"""Write the file that petipy.startup.bundle reads."""

import marshal
import zlib
from collections.abc import Mapping, Sequence
from importlib.util import MAGIC_NUMBER

from petipy.startup.bundle import Index


def write_bundle(
    modules: Mapping[str, tuple[bytes, bool]],
    headless: Sequence[str],
    magic: bytes = MAGIC_NUMBER,
) -> bytes:
    """Return the file with these modules: name → marshalled code, True for a package.

    `magic` is the magic number of the Python that compiled them.

    The modules of a headless start come first, in that order and not compressed. The others are
    compressed: the kernel has less to unpack before anything can run.
    """
    index: Index = {}
    stored: list[bytes] = []
    at = 0
    first = [name for name in dict.fromkeys(headless) if name in modules]
    for name in dict.fromkeys([*first, *modules]):
        code, package = modules[name]
        compressed = name not in first
        stored.append(zlib.compress(code, 9) if compressed else code)
        index[name] = at, len(stored[-1]), package, compressed
        at += len(stored[-1])
    head = marshal.dumps(index, 2)
    check = zlib.crc32(head).to_bytes(4, "little")
    return b"".join([magic, check, len(head).to_bytes(8, "little"), head, *stored])

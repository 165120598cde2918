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
    groups: Sequence[tuple[Sequence[str], bytes]] = (),
) -> bytes:
    """Return the file with these modules: name → marshalled code, True for a package.

    `magic` is the magic number of the Python that compiled them.

    The `groups` come first: names of modules, and the list of their code as marshal writes it.
    Then come the other modules of a headless start, in that order and not compressed. The rest is
    compressed: the kernel has less to unpack before anything can run.
    """
    index: Index = {}
    stored: list[bytes] = []
    at = 0
    for names, codes in groups:
        for number, name in enumerate(names):
            index[name] = at, len(codes), modules[name][1], False, number
        stored.append(codes)
        at += len(codes)
    first = [name for name in dict.fromkeys(headless) if name in modules and name not in index]
    rest = [name for name in modules if name not in index]
    for name in dict.fromkeys([*first, *rest]):
        code, package = modules[name]
        compressed = name not in first
        stored.append(zlib.compress(code, 9) if compressed else code)
        index[name] = at, len(stored[-1]), package, compressed, -1
        at += len(stored[-1])
    head = marshal.dumps(index, 2)
    check = zlib.crc32(head).to_bytes(4, "little")
    return b"".join([magic, check, len(head).to_bytes(8, "little"), head, *stored])

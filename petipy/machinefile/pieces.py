"""Removal of secrets from parts of binary files: their offsets and lengths stay. Pure.

- A part that is text, such as the command line of a unified image, is blanked as a text.
- A header keeps its numbers; texts in it are blanked.
- A part that a scan only compares with others becomes a hash of itself.
"""

import re
from collections.abc import Mapping
from hashlib import sha256

from petipy.machinefile.secrets import Blanker, Count

COMPARED = 4096  # bytes of a part that is only compared; readers of headers take other lengths
_MAGIC = 8  # bytes by which a kind of file is told, not more
_HEAD = 0x240  # bytes of a kernel's header
_ISO = b"\x01CD001"  # its volume's names are facts of the machine
# A name of a section, which stands in a table of them, or a text in one of two encodings.
_PRINTED = re.compile(rb"\.[a-z]{2,7}(?![a-z])|(?:[\x20-\x7e]\0){6,}|[\x20-\x7e]{6,}")
# A device tree's node, and names of properties of U-Boot's images.
_TREE = b"\xd0\x0d\xfe\xed"
_NODE = re.compile(rb"\0\0\0\x01([\w,.@+-]{1,255})\0")
_PROPERTIES = (
    *("data-size", "data-position", "data-offset", "compression", "default", "kernel", "ramdisk"),
    *("description", "compatible", "#address-cells", "loadables", "timestamp", "images"),
)
_SPACE = re.compile(rb"[ \n]")
# A property's text follows a number, whose last byte may look like a letter.
_IN_TREE = re.compile(rb"(?<=\0\0\0)[\x20-\x7e](?=[\x20-\x7e])|" + _PRINTED.pattern)
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1f]")


def blank_pieces(
    pieces: Mapping[int, bytes], blanker: Blanker, path: str = ""
) -> tuple[dict[int, bytes], Count]:
    """Blank the parts of one file by their offsets. `blanker` keeps sizes."""
    blanked: dict[int, bytes] = {}
    values = comments = 0
    tree = any(data.startswith(_TREE) for data in pieces.values())
    if tree:
        nodes = {name.decode() for data in pieces.values() for name in _NODE.findall(data)}
        blanker.open({*nodes, *_PROPERTIES})
    compared = [at for at, data in pieces.items() if _is_compared(data) and not tree]
    for at, data in pieces.items():
        if at not in compared:
            blanked[at], count = _blank(data, blanker, path, _IN_TREE if tree else _PRINTED)
            values += count.values
            comments += count.comments
    for at in compared:
        blanked[at] = _hash(pieces[at])
        if not at:
            head, _ = _blank(pieces[at][:_HEAD], blanker, path)
            blanked[at] = head + blanked[at][len(head) :]
        blanked[at] = _lay_over(at, blanked[at], blanked, compared)
    return {at: blanked[at] for at in pieces}, Count(values, comments)


def _is_compared(data: bytes) -> bool:
    text = _is_text(data)
    return (len(data) == COMPARED and not text) or (len(data) > 1024 and not _SPACE.search(data))


def _is_text(data: bytes) -> bool:
    return not _CONTROL.search(data.rstrip(b"\0"))


def _blank(
    data: bytes, blanker: Blanker, path: str, texts: re.Pattern[bytes] = _PRINTED
) -> tuple[bytes, Count]:
    if len(data) <= _MAGIC:
        return data, Count(0, 0)
    if _is_text(data):
        core = data.rstrip(b"\0")
        text, count = blanker.text(path, core.decode("utf-8", "surrogateescape"))
        new = text.encode("utf-8", "surrogateescape")
        return new[: len(core)].ljust(len(core)) + data[len(core) :], count
    if data.startswith(_ISO):
        return data, Count(0, 0)
    values = 0

    def replace_text(match: re.Match[bytes]) -> bytes:
        nonlocal values
        if len(match[0]) == 1 or (match[0][:1] == b"." and match[0][1:].isalpha()):
            return match[0]
        wide = match[0][1:2] == b"\0"
        old = match[0].decode("utf-16-le" if wide else "ascii")
        text, count = blanker.text("", old)
        values += count.values
        return text[: len(old)].ljust(len(old)).encode("utf-16-le" if wide else "ascii")

    return texts.sub(replace_text, data), Count(values, 0)


def _hash(data: bytes) -> bytes:
    """Return a value of the same length: two parts are equal if their values are."""
    digest = sha256(data).digest()
    return (digest * (len(data) // len(digest) + 1))[: len(data)]


def _lay_over(start: int, data: bytes, blanked: Mapping[int, bytes], compared: list[int]) -> bytes:
    """Put the parts that are read for themselves over a part that holds them."""
    out = bytearray(data)
    for at, part in blanked.items():
        skip = max(0, start - at)
        place = max(0, at - start)
        if at not in compared and place < len(out) and skip < len(part):
            shown = part[skip : skip + len(out) - place]
            out[place : place + len(shown)] = shown
    return bytes(out)

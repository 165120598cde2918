"""The legacy header that U-Boot's mkimage puts before a kernel, an initrd or a device tree.

This follows include/image.h of U-Boot. All numbers are big-endian. A file of several images has
their sizes between the header and the first image, and pads each image to four bytes.
"""

import struct

from parsers.api import FileRef, Files

_MAGIC = b"\x27\x05\x19\x56"
_HEADER = struct.Struct(">12xI14xB33x")  # size of the data, type of the image
_MULTI = 4  # the type of a file of several images
_MOST = 8  # images of a file


class MkimageError(ValueError):
    """The file has a header, but not what the header states; str() says why."""


def read_images(files: Files, path: str) -> tuple[FileRef, ...]:
    """Return the images within a file, without the header; nothing if it has no such header.

    Raise MkimageError for a file that ends too early.
    """
    head = files.piece(path, 0, _HEADER.size + 4 * (_MOST + 1))
    if len(head) < _HEADER.size or not head.startswith(_MAGIC):
        return ()
    size, kind = _HEADER.unpack_from(head)
    if _HEADER.size + size > files.size(path):
        raise MkimageError(f"cut off: its data should end at byte {_HEADER.size + size}")
    if kind != _MULTI:
        return (FileRef(path=path, offset=_HEADER.size, size=size),)
    return tuple(_read_several(path, head[_HEADER.size :], _HEADER.size + size))


def _read_several(path: str, table: bytes, end: int) -> list[FileRef]:
    sizes = [size for (size,) in struct.iter_unpack(">I", table[: len(table) // 4 * 4])]
    if 0 not in sizes:
        raise MkimageError(f"it has more than {_MOST} images")
    del sizes[sizes.index(0) :]
    at, found = _HEADER.size + 4 * (len(sizes) + 1), []
    for size in sizes:
        if at + size > end:
            raise MkimageError("its images are longer than its data")
        found.append(FileRef(path=path, offset=at, size=size))
        at += (size + 3) // 4 * 4
    if not found:
        raise MkimageError("there is no image in it")
    return found

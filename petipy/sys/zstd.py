"""Zstandard, by libzstd. The image has the library because kmod unpacks modules with it."""

import ctypes
import errno
from ctypes import c_char_p, c_size_t, c_uint, c_ulonglong, c_void_p

_LARGEST = 1 << 28  # bytes; a frame that claims more is damaged


def decompress(frame: bytes) -> bytes:
    """Return the contents of a frame that states their size (RFC 8878).

    The frame must come from a place that is trusted. Raise OSError: without the library with its
    own error, for a damaged frame with EBADMSG.
    """
    library = ctypes.CDLL("libzstd.so.1")
    library.ZSTD_getFrameContentSize.argtypes = (c_char_p, c_size_t)
    library.ZSTD_getFrameContentSize.restype = c_ulonglong
    library.ZSTD_decompress.argtypes = (c_void_p, c_size_t, c_char_p, c_size_t)
    library.ZSTD_decompress.restype = c_size_t
    library.ZSTD_isError.argtypes = (c_size_t,)
    library.ZSTD_isError.restype = c_uint
    size: int = library.ZSTD_getFrameContentSize(frame, len(frame))
    if size > _LARGEST:  # the two errors are larger, too
        raise OSError(errno.EBADMSG, "this is no zstd frame with a size")
    contents = ctypes.create_string_buffer(size)
    written: int = library.ZSTD_decompress(contents, size, frame, len(frame))
    if library.ZSTD_isError(written) or written != size:
        raise OSError(errno.EBADMSG, "a zstd frame is damaged")
    return contents.raw

"""Unpacking of kernels into memory that only a descriptor holds."""

import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import Protocol

from .room import LARGEST

_CHUNK = 1 << 18


class Unpackable(ValueError):
    """Data that cannot be unpacked; str() says why."""


def unpack(fd: int, format: str, limit: int = LARGEST) -> int:
    """Unpack into a new memfd of at most `limit` bytes. Raise Unpackable or OSError."""
    plain = _gzip(fd) if format == "gzip" else _decompress(fd, format, limit)
    most, result = limit, os.memfd_create("kernel")
    try:
        for chunk in plain:
            limit -= len(chunk)
            if limit < 0:
                raise Unpackable(f"unpacked, it has more than the {most / 1e6:.0f} MB that fit")
            _write(result, chunk)
    except BaseException:
        os.close(result)
        raise
    return result


def _gzip(fd: int) -> Iterator[bytes]:
    decoder = zlib.decompressobj(wbits=31)
    source = _chunks(fd)
    rest = b""
    while not decoder.eof:
        try:
            yield decoder.decompress(rest or next(source, b""), _CHUNK * 4)
        except zlib.error as problem:
            raise Unpackable(f"its gzip data is damaged ({problem})") from problem
        rest = decoder.unconsumed_tail
        if not rest and not decoder.eof:
            rest = next(source, b"")
            if not rest:
                raise Unpackable("its gzip data is cut off")


class _Decoder(Protocol):
    """The decompressors of lzma and bz2."""

    @property
    def eof(self) -> bool: ...
    @property
    def needs_input(self) -> bool: ...
    def decompress(self, data: bytes, max_length: int) -> bytes: ...


def _decompress(fd: int, format: str, limit: int) -> Iterator[bytes]:
    decoder, failures = _decoder(format, limit)
    source = _chunks(fd)
    while not decoder.eof:
        chunk = next(source, b"") if decoder.needs_input else b""
        if decoder.needs_input and not chunk:
            raise Unpackable(f"its {format} data is cut off")
        try:
            yield decoder.decompress(chunk, _CHUNK * 4)
        except failures as problem:
            words = f"its {format} data is damaged ({problem})"
            if "limit" in str(problem):  # lzma has no exception of its own for it
                words = f"to unpack it takes more memory than {limit / 1e6:.0f} MB"
            raise Unpackable(words) from problem


def load_modules(format: str) -> None:
    """Import the modules that unpack the format, if they are there."""
    with suppress(Unpackable):
        if format != "gzip":
            _decoder(format, LARGEST)


def _decoder(format: str, memory: int) -> tuple[_Decoder, tuple[type[Exception], ...]]:
    """Return a decoder that takes at most `memory` bytes for itself, and its exceptions."""
    try:
        # Small images leave these modules out.
        if format in ("xz", "lzma"):
            import lzma

            return lzma.LZMADecompressor(memlimit=memory), (lzma.LZMAError, EOFError)
        if format == "bzip2":
            import bz2

            return bz2.BZ2Decompressor(), (OSError, EOFError)
    except ImportError:
        pass
    raise Unpackable(f"it is packed with {format}, which this program cannot unpack")


def _chunks(fd: int) -> Iterator[bytes]:
    at = 0
    while chunk := os.pread(fd, _CHUNK, at):
        at += len(chunk)
        yield chunk


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]

"""Compress what each start unpacks by LZ4, a third larger than by zstd, and unpacked faster.

The kernel needs 3 instructions per byte for LZ4 and 14.6 for zstd. For LZ4 it needs 48 for each
match, however long that is, and half of them save less than 4 bytes: without those the image is
6 % larger, and 40 million instructions less unpack it.
"""

from initramfs.compression import Compressor

# The largest files that each start reads; they become a part of the image.
CORE = ("usr/bin/python3.*", "*/libsystemd-shared-*", "*/libc.so.6", "usr/bin/busybox")
PARTS = ("core", "programs", "python", "common", "modules")
LEAST = 7  # bytes of a match
_CHUNK = 8 << 20  # bytes of a legacy frame's block
_SHORTEST = 4  # bytes of a match in the format
_LONG = 15  # a length that continues in the next bytes


class Lz4(Compressor):
    """Compress in the legacy format, the only one that the kernel has."""

    command = ("lz4", "-l", "-12", "--favor-decSpeed", "-c")
    ending = "lz4"
    salt = b" at least 7"

    def _compress(self, data: bytes) -> bytes:
        packed = lengthen_matches(super()._compress(data), data)
        # The kernel takes a chunk of length 0 for the end. The next archive begins at a multiple
        # of 4.
        return packed + bytes(4 + -len(packed) % 4)


def lengthen_matches(frame: bytes, data: bytes) -> bytes:
    """Return a legacy frame of the data without short matches."""
    out, at = bytearray(frame[:4]), 4
    for start in range(0, len(data), _CHUNK):
        end = at + 4 + int.from_bytes(frame[at : at + 4], "little")
        block = rewrite_block(frame[at + 4 : end], data[start : start + _CHUNK])
        out += len(block).to_bytes(4, "little") + block
        at = end
    return bytes(out)


def rewrite_block(block: bytes, data: bytes) -> bytes:
    """Return a block with literals in the place of its short matches.

    LZ4's block format: { token, more of the literals' length, literals, offset, more of the
    match's length }. The last sequence has literals alone.
    """
    out = bytearray()
    at = done = position = 0  # in the block; in the data: what is written, what is read
    while True:
        token = block[at]
        literals, at = _read_length(block, at + 1, token >> 4)
        at, position = at + literals, position + literals
        if at >= len(block):
            return bytes(out + _write(data[done:]))
        offset = block[at : at + 2]
        length, at = _read_length(block, at + 2, token & _LONG)
        length += _SHORTEST
        if length >= LEAST:
            out += _write(data[done:position], offset, length - _SHORTEST)
            done = position + length
        position += length


def _read_length(block: bytes, at: int, length: int) -> tuple[int, int]:
    """Return a length of which the token has `length`, and the place after it."""
    if length < _LONG:
        return length, at
    while True:
        more, at = block[at], at + 1
        length += more
        if more != 255:
            return length, at


def _write(literals: bytes, offset: bytes = b"", length: int = 0) -> bytes:
    many = len(literals)
    if many < _LONG and length < _LONG:
        return bytes((many << 4 | length,)) + literals + offset
    token = min(many, _LONG) << 4 | min(length, _LONG)
    return bytes((token,)) + _more(many) + literals + offset + _more(length)


def _more(length: int) -> bytes:
    """Return the part of a length that does not fit into the token."""
    if length < _LONG:
        return b""
    full, rest = divmod(length - _LONG, 255)
    return b"\xff" * full + bytes((rest,))

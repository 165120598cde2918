"""Compressors, with what has been compressed before kept in a cache."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from initramfs.host import run, write_whole


class Compressor:
    """A command that compresses its standard input. One thread: more would change the bytes. No
    checksums: the kernel would compute them at every start, and nobody acts on them.
    """

    command: Sequence[str]
    ending = ""  # of the files in the cache

    def __init__(self, room: Path) -> None:
        self._room = room
        version = run([self.command[0], "--version"])  # another one may give other bytes
        self._salt = version + " ".join(self.command).encode() + b" sized"

    def pack(self, data: bytes) -> bytes:
        path = self._room / f"{hashlib.sha256(self._salt + data).hexdigest()}.{self.ending}"
        if not path.exists():
            write_whole(path, self._packed(data))
        return path.read_bytes()

    def _packed(self, data: bytes) -> bytes:
        return run([*self.command], feed=data)


class Zstd(Compressor):
    """The smallest. A window of 32 MB: the kernel keeps that much while it unpacks."""

    LEVEL = ("--ultra", "-22", "--zstd=wlog=25")
    command = ("zstd", *LEVEL, "--single-thread", "--no-check", "--no-progress", "-c")
    ending = "zst"

    def _packed(self, data: bytes) -> bytes:
        # kmod wants the size in the frame's header
        return run([*self.command, f"--stream-size={len(data)}"], feed=data)


class Lz4(Compressor):
    """A third larger than zstd's, and unpacked with a sixth of the instructions."""

    command = ("lz4", "-l", "-12", "--favor-decSpeed", "-c")  # -l: the format that the kernel has
    ending = "lz4"

    def _packed(self, data: bytes) -> bytes:
        packed = super()._packed(data)
        # A chunk of length 0 is the end for the kernel. What follows begins at a multiple of 4.
        return packed + bytes(4 + -len(packed) % 4)

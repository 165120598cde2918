"""Compress, and keep in a cache what was compressed before."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from initramfs.host import run, write_whole


class Compressor:
    """A command that compresses its standard input.

    It runs in one thread: with more the bytes would vary. It writes no checksums: the kernel would
    compute them at each start, and nothing acts on them.
    """

    command: Sequence[str]
    ending = ""  # of the files in the cache
    salt = b" sized"  # differs when a subclass gives other bytes

    def __init__(self, room: Path) -> None:
        self._room = room
        version = run([self.command[0], "--version"])  # another version may give other bytes
        self._salt = version + " ".join(self.command).encode() + self.salt

    def pack(self, data: bytes) -> bytes:
        path = self._room / f"{hashlib.sha256(self._salt + data).hexdigest()}.{self.ending}"
        if not path.exists():
            write_whole(path, self._compress(data))
        return path.read_bytes()

    def _compress(self, data: bytes) -> bytes:
        return run([*self.command], feed=data)


class Zstd(Compressor):
    """Compress as small as possible. The kernel keeps a window of 32 MB while it unpacks."""

    LEVEL = ("--ultra", "-22", "--zstd=wlog=25")
    command = ("zstd", *LEVEL, "--single-thread", "--no-check", "--no-progress", "-c")
    ending = "zst"

    def _compress(self, data: bytes) -> bytes:
        # kmod wants the size in the header of the frame.
        return run([*self.command, f"--stream-size={len(data)}"], feed=data)

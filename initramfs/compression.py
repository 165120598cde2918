"""zstd, with what has been compressed before kept in a cache."""

import hashlib
from pathlib import Path

from initramfs.host import run, write_whole


class Zstd:
    """One thread per file: zstd's own threads would change the bytes. No checksum: the kernel
    would compute it at every start, and nobody acts on it.
    """

    # A window of 32 MB: the kernel keeps that much while it unpacks.
    LEVEL = ("--ultra", "-22", "--zstd=wlog=25")
    OPTIONS = (*LEVEL, "--single-thread", "--no-check", "--no-progress", "-c")

    def __init__(self, room: Path) -> None:
        self._room = room
        version = run(["zstd", "--version"])  # another one may give other bytes
        self._salt = version + " ".join(self.OPTIONS).encode() + b" sized"

    def pack(self, data: bytes) -> bytes:
        path = self._room / f"{hashlib.sha256(self._salt + data).hexdigest()}.zst"
        if not path.exists():
            size = f"--stream-size={len(data)}"  # kmod wants it in the frame's header
            write_whole(path, run(["zstd", *self.OPTIONS, size], feed=data))
        return path.read_bytes()

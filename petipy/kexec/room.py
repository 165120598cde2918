"""The memory that a load may take, asked for before anything is copied."""

import errno

from .refused import Refused, describe_shortage, read_meminfo

LARGEST = 512 << 20  # bytes of an unpacked kernel; a vmlinux with everything built in has 60 MB


class Room:
    """Memory in bytes: what the running kernel can give without killing a process for it.

    Without /proc/meminfo there is no limit.
    """

    def __init__(self, free: int | None, total: int | None = None) -> None:
        self._free, self.total = free, total

    @classmethod
    def measure(cls) -> "Room":
        return cls(read_meminfo("MemAvailable"), read_meminfo("MemTotal"))

    def limit(self, most: int) -> int:
        """Return the bytes that a copy may have which the kernel then copies again."""
        return most if self._free is None else min(most, max(self._free, 0) // 2)

    def require(self, size: int, what: str) -> None:
        """Raise Refused if there are no `size` bytes for `what`."""
        if self._free is not None and size > self._free:
            raise Refused(errno.ENOMEM, describe_shortage(size, self._free, what))

    def take(self, size: int, what: str) -> None:
        """Take `size` bytes for `what`. Raise Refused if there are not so many."""
        self.require(size, what)
        if self._free is not None:
            self._free -= size

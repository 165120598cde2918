"""The file in memory that is filled from the network."""

import os
import time
from collections.abc import Callable
from typing import Protocol

from petipy.fetch.failure import FetchError
from petipy.sys import sealed

_OFTEN = 0.25  # seconds between two reports
# Bytes so far, bytes in all if they are known, and why nothing comes now, in words.
Report = Callable[[int, int | None, str], None]


class Digest(Protocol):
    """A checksum that grows, as those of hashlib."""

    def update(self, data: memoryview, /) -> None: ...
    def hexdigest(self) -> str: ...


class Sink:
    """A sealable file in memory of at most `most` bytes. `close` must be called.

    `make_digest` makes the checksum of an empty file; it follows what is written.
    """

    def __init__(
        self,
        most: int,
        report: Report = lambda *_: None,
        make_digest: Callable[[], Digest] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._report, self._clock = most, report, clock
        self._make_digest = make_digest
        self._digest = make_digest() if make_digest else None
        self._fd = sealed.make("fetched")
        self._got, self._reported = 0, -_OFTEN
        self._total: int | None = None
        self._trouble = ""

    def tell(self) -> int:
        """Return the number of bytes so far: the position to go on from after a break."""
        return self._got

    def expect(self, total: int | None) -> None:
        """Note the total size. Raise FetchError if it is too large."""
        self._total = total
        if total is not None and total > self._most:
            raise self._too_large(f"it has {total:,} bytes")
        self.report()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Append the data. Raise FetchError beyond `most`, or if memory is full."""
        view = memoryview(data)
        if self._got + len(view) > self._most:
            raise self._too_large("it goes on after that")
        if self._digest:
            self._digest.update(view)
        try:
            while view:
                done = os.write(self._fd, view)
                self._got += done
                view = view[done:]
        except OSError as error:
            raise FetchError(f"no memory for more than {self._got:,} bytes") from error
        self._trouble = ""
        if self._clock() - self._reported >= _OFTEN:
            self.report()

    def report(self) -> None:
        """Report the state now: also before another try, as a sign of life."""
        self._reported = self._clock()
        self._report(self._got, self._total, self._trouble)

    def report_trouble(self, words: str) -> None:
        """Report why nothing comes, until something does."""
        self._trouble = words
        self.report()

    def rewind(self) -> None:
        """Forget everything so far."""
        os.ftruncate(self._fd, 0)
        os.lseek(self._fd, 0, os.SEEK_SET)
        self._got, self._total = 0, None
        self._digest = self._make_digest() if self._make_digest else None

    def checksum(self) -> str:
        """Return the checksum of what was written, in hexadecimal; "" without `make_digest`."""
        return self._digest.hexdigest() if self._digest else ""

    def seal(self) -> int:
        """Seal the file and return its descriptor, which is the caller's from now on."""
        self.report()
        os.lseek(self._fd, 0, os.SEEK_SET)
        sealed.seal(self._fd)
        descriptor, self._fd = self._fd, -1
        return descriptor

    def close(self) -> None:
        """Give up the file unless it was sealed."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _too_large(self, what: str) -> FetchError:
        return FetchError(f"too large: {what}; there is room for {self._most:,}")

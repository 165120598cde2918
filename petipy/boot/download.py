"""The files of a boot that come from servers: side by side, with progress, and within memory."""

import asyncio
import errno
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from petipy.boot.plan import hide_credentials
from petipy.kexec.room import Room
from petipy.state.boots import Progress
from petipy.state.model import File
from petipy.state.network import ANY_WAY, Wanted, Way

# Fetch things side by side. The function gets the number of one, its bytes so far, its size if that
# is known, and why nothing comes now. An exception of the function ends the fetch, and so does
# cancelling.
Report = Callable[[int, int, int | None, str], None]
Fetch = Callable[[Sequence[Wanted], Report], Awaitable[list[int]]]
Show = Callable[[Progress | None], None]

_LARGEST = 1 << 40  # bytes: memory is the bound
_WINDOW = 5.0  # seconds over which the rate is measured
_FIRST = 1.0  # seconds until there is a rate
# Seconds without a byte after which a download has failed. petipy.fetch gives up before that, but
# it cannot while a read waits in the kernel: NFS over TCP waits for ever.
STALLED = 600.0


async def download(
    files: Sequence[File],
    local: int,
    fetch: Fetch,
    show: Show,
    room: Room | None = None,
    clock: Callable[[], float] = time.monotonic,
    *,
    way: Way = ANY_WAY,
    stalled: float = STALLED,
) -> list[int]:
    """Return a sealed file in memory for each file, which has a URL: the part that it means.

    `way` leads to the servers. `stalled` is the time in seconds that may pass without a byte.

    `local` is the memory in bytes that the other files of the boot take. Raise Refused, before
    the bytes come, if all of them do not fit into memory together with the copies that kexec
    makes; a size that no server tells counts as far as it has come. Raise OSError if a file cannot
    be fetched.
    """
    room = room or Room.measure()
    # A part that is named twice is fetched once.
    parts = list(dict.fromkeys((file.url, file.offset, file.size) for file in files))
    transfer = _Transfer(files, parts, local, room, show, clock)
    most = room.limit(_LARGEST)
    wanted = [
        Wanted(url=url, offset=offset, size=size, most=most, way=way, boots=True)
        for url, offset, size in parts
    ]
    found = await _fetch(fetch, wanted, transfer, stalled)
    again: list[int] = []
    try:
        for fd, (url, offset, size) in zip(found, parts, strict=True):
            if size and (there := os.fstat(fd).st_size) != size:
                place = File(url=url, offset=offset, size=size)
                raise OSError(errno.ENODATA, f"{place} is cut off: {there} bytes are there")
        for file in files:
            fd = found[parts.index((file.url, file.offset, file.size))]
            again.append(os.open(f"/proc/self/fd/{fd}", os.O_RDONLY | os.O_CLOEXEC))
    except OSError:
        _close(again)
        raise
    finally:
        _close(found)
    return again


async def _fetch(
    fetch: Fetch, wanted: Sequence[Wanted], transfer: "_Transfer", stalled: float
) -> list[int]:
    """Fetch. Raise OSError (ETIMEDOUT) if no byte comes for `stalled` seconds."""
    loop, most = asyncio.get_running_loop(), -1
    limit = asyncio.timeout(stalled)
    try:
        async with limit:

            def report(number: int, done: int, total: int | None, trouble: str) -> None:
                nonlocal most
                transfer.report(number, done, total, trouble)
                if transfer.done > most:
                    most = transfer.done
                    limit.reschedule(loop.time() + stalled)

            return await fetch(wanted, report)
    except TimeoutError:
        if not limit.expired():  # an OSError with ETIMEDOUT is one, too
            raise
        words = f"no byte has come for {stalled:g} seconds"
        raise OSError(errno.ETIMEDOUT, f"{transfer.last}: {words}") from None


class _Transfer:
    """The state of all transfers together."""

    def __init__(
        self,
        files: Sequence[File],
        parts: Sequence[tuple[str, int, int]],
        local: int,
        room: Room,
        show: Show,
        clock: Callable[[], float],
    ) -> None:
        self._names = [hide_credentials(url) for url, _, _ in parts]
        # The file in memory, a copy of it in an archive, and the kernel's own copies.
        self._copies = [1] * len(parts)
        for file in files:
            number = parts.index((file.url, file.offset, file.size))
            self._copies[number] += 1 + bool(file.packed)
        self._local, self._room, self._show, self._clock = local, room, show, clock
        self._done = [0] * len(parts)
        self._totals: list[int | None] = [size or None for _, _, size in parts]
        self._troubles = [""] * len(parts)
        self._samples: deque[tuple[float, int]] = deque([(clock(), 0)])

    @property
    def done(self) -> int:
        """The bytes of all so far."""
        return sum(self._done)

    @property
    def last(self) -> str:
        """The URL of the first that is not complete."""
        pairs = zip(self._names, self._done, self._totals, strict=True)
        return next((name for name, done, total in pairs if done != total), self._names[0])

    def report(self, number: int, done: int, total: int | None, trouble: str) -> None:
        """Take a report of one transfer, and show all of them. Raise Refused."""
        self._done[number], self._troubles[number] = done, trouble
        self._totals[number] = total if total is not None else self._totals[number]
        self._check()
        known = [total for total in self._totals if total is not None]
        whole = sum(known) if len(known) == len(self._totals) else None
        progress = Progress(
            what=self._names[number],
            done=self.done,
            total=whole,
            rate=self._measure_rate(),
            trouble=next(filter(None, self._troubles), ""),
        )
        self._show(progress)

    def _check(self) -> None:
        sizes = [max(d, t or 0) for d, t in zip(self._done, self._totals, strict=True)]
        need = self._local + sum(s * c for s, c in zip(sizes, self._copies, strict=True))
        largest = sizes.index(max(sizes))
        what = f"kernel and initrd, with the {sizes[largest] / 1e6:.0f} MB of "
        self._room.require(need, f"{what}{self._names[largest]},")

    def _measure_rate(self) -> float:
        """Return the bytes per second of the last seconds; 0 if that is not known yet."""
        now, done = self._clock(), self.done
        self._samples.append((now, done))
        while len(self._samples) > 2 and self._samples[1][0] <= now - _WINDOW:
            self._samples.popleft()
        begin, before = self._samples[0]
        return max(done - before, 0) / (now - begin) if now - begin >= _FIRST else 0.0


def _close(descriptors: Sequence[int]) -> None:
    for descriptor in descriptors:
        os.close(descriptor)

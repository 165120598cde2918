"""The settings in NVRAM: Petipy's by the names "petipy,…", and those that Petitboot has left.

Every partition of settings is read, since QEMU's -prom-env makes one of its own; the partition
`common` is written. It is stronger than the others: a person has saved what is there.

The bytes are of anybody who can write them: firmware, the host, every installed system. They are
read here, in the process that owns the machine, because the first decisions need them. The reader
has limits, and each value passes its type in petipy.settings.table.
"""

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial

from parsers.binary import nvram
from petipy.settings.storage import Statement, Storage

DEVICE = "/dev/nvram"
_PREFIX = "petipy,"
_MOST = 4096  # bytes: the kernel reads and writes a page at most


class Nvram(Storage):
    """The NVRAM of a PowerPC machine. With `slof`, SLOF keeps its own settings there, too."""

    place = f"NVRAM, partition {nvram.COMMON}"
    private = True

    def __init__(self, path: str = DEVICE, *, slof: bool = False, remark: str = "") -> None:
        self._path, self._slof, self.remark = path, slof, remark

    def read(self) -> Iterable[Statement]:
        device = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return list(self._read(_Device(device)))
        finally:
            os.close(device)

    def _read(self, device: "_Device") -> Iterator[Statement]:
        partitions = list(nvram.walk(device.read, device.size))
        end = partitions[-1].end if partitions else 0
        if any(device.read(end, nvram.BLOCK)):  # zeros: nobody has made a partition there yet
            words = f"damaged at byte {end}: no setting behind that is read"
            yield Statement("", words, "NVRAM", "partitions", wrong=True)
        lists = [partition for partition in partitions if partition.kind == nvram.SYSTEM]
        commons = [partition for partition in lists if partition.name == nvram.COMMON]
        # The first of two with that name is the one that is written.
        lists = [*(p for p in lists if p not in commons), *reversed(commons)]
        found = [
            (f"NVRAM {partition.name}", name, value)
            for partition in lists
            for name, value in nvram.read_list(device.read, partition)
        ]
        theirs = any(name.startswith("petitboot,") for _, name, _ in found)
        if theirs or (not self._slof and any(name == "auto-boot?" for _, name, _ in found)):
            from petipy.settings import petitboot  # few machines have had it

            yield from petitboot.translate(found)
        for place, name, value in found:
            if value and name.startswith(_PREFIX):
                yield Statement(name.removeprefix(_PREFIX), value, place, name)

    async def write(self, name: str, text: str | None) -> None:
        self._change(partial(nvram.plan_change, name=f"{_PREFIX}{name}", value=text))

    def prepare(self) -> None:
        # VOF leaves zeros, where SLOF and skiboot make partitions.
        self._change(nvram.plan_list)

    def _change(self, plan: Callable[[nvram.Read, int], Sequence[nvram.Write]]) -> None:
        fd = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
        try:
            device = _Device(fd)
            writes = plan(device.read, device.size)
            for offset, data in writes:
                device.write(offset, data)
            if any(device.read(offset, len(data)) != data for offset, data in writes[-1:]):
                raise OSError(errno.EIO, "NVRAM has not taken it")
        except nvram.NvramError as error:
            raise OSError(errno.ENOSPC, str(error)) from None
        finally:
            os.close(fd)


class _Device:
    """The open device."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self.size = min(os.lseek(fd, 0, os.SEEK_END), nvram.LARGEST)

    def read(self, offset: int, count: int) -> bytes:
        """Return the bytes; fewer at the end."""
        data = b""
        while piece := os.pread(self._fd, min(count - len(data), _MOST), offset + len(data)):
            data += piece
        return data

    def write(self, offset: int, data: bytes) -> None:
        done = 0
        while done < len(data):
            done += os.pwrite(self._fd, data[done : done + _MOST], offset + done)

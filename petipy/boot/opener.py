"""One way to open the files of a boot, wherever they are."""

import errno
import os
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING

from petipy.boot.parts import count_copies
from petipy.boot.plan import BootError, describe
from petipy.state.model import Device, File
from petipy.state.network import ANY_WAY, Way

if TYPE_CHECKING:
    from petipy.boot.download import Fetch, Show

# Open the files on the devices, if these files and the configurations are what was scanned.
OpenOnDevices = Callable[[Sequence[File], Sequence[Device], Sequence[File]], Awaitable[list[int]]]


class Changed(BootError):
    """A boot whose files, or whose configuration, are not what was scanned."""


class Opener:
    """Opens files on disks, and fetches files from servers.

    A tree that came over the network is a directory of this machine: like a disk, it is a device
    of the snapshot, and the sandbox opens its files.
    """

    def __init__(
        self,
        on_devices: OpenOnDevices,
        devices: Callable[[], Sequence[Device]],
        fetch: "Fetch",
        way: Way = ANY_WAY,
    ) -> None:
        """Take the functions that open and fetch; `way` leads to the servers."""
        self._on_devices, self._devices, self._fetch = on_devices, devices, fetch
        self._way = way

    async def open(
        self,
        *files: File,
        configs: Sequence[File] = (),
        show: "Show" = lambda _: None,
    ) -> list[int]:
        """Return a descriptor for each file, in this order; the caller closes them.

        The files on disks are opened together: a device is mounted once. Then those on servers are
        fetched side by side; `show` gets their progress. The descriptor of such a file has only
        the part that it means. Raise BootError; Changed if a file or a configuration has another
        stamp. Cancelling ends the children that open and fetch, and leaves nothing open.
        """
        local = [file for file in files if not file.url]
        configs = [config for config in configs if not config.url]
        opened = await self._open_local(local, configs) if local or configs else []
        if len(local) == len(files):
            return opened
        try:
            fetched = await self._download(opened, local, files, show)
        except BaseException:
            for descriptor in opened:
                os.close(descriptor)
            raise
        return [(fetched if file.url else opened).pop(0) for file in files]

    async def _open_local(self, files: Sequence[File], configs: Sequence[File]) -> list[int]:
        try:
            return await self._on_devices(files, self._devices(), configs)
        except OSError as error:
            kind = Changed if error.errno == errno.ESTALE else BootError
            raise kind("open", describe(error, "the device does not answer")) from error

    async def _download(
        self, opened: Sequence[int], local: Sequence[File], files: Sequence[File], show: "Show"
    ) -> list[int]:
        from petipy.boot.download import download  # few boots need it

        taken = sum(map(count_copies, opened, local))
        remote = [file for file in files if file.url]
        try:
            return await download(remote, taken, self._fetch, show, way=self._way)
        except OSError as error:
            raise BootError("fetch", describe(error, "no answer")) from error

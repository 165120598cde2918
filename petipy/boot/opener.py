"""One way to open the files of a boot, wherever they are."""

import errno
from collections.abc import Awaitable, Callable, Sequence

from petipy.boot.plan import BootError, describe
from petipy.state.model import Device, File

# Open the files on the devices, if these files and the configurations are what was scanned.
OpenOnDevices = Callable[[Sequence[File], Sequence[Device], Sequence[File]], Awaitable[list[int]]]


class Changed(BootError):
    """A boot whose files, or whose configuration, are not what was scanned."""


class Opener:
    """Opens files on a disk, in a tree that came over the network, or at a URL.

    A tree that came over the network is a directory of this machine: like a disk, it is a device
    of the snapshot, and the sandbox opens its files.
    """

    def __init__(self, on_devices: OpenOnDevices, devices: Callable[[], Sequence[Device]]) -> None:
        self._on_devices, self._devices = on_devices, devices

    async def open(self, *files: File, configs: Sequence[File] = ()) -> list[int]:
        """Return a descriptor for each file, in this order; the caller closes them.

        The files are opened together: a device is mounted once. Raise BootError; Changed if a file
        or a configuration has another stamp. Cancelling ends the child that opens them, and leaves
        nothing open.
        """
        if remote := next((file for file in files if file.url), None):
            raise BootError("open", f"{remote}: nothing is fetched from the network yet")
        try:
            return await self._on_devices(files, self._devices(), configs)
        except OSError as error:
            kind = Changed if error.errno == errno.ESTALE else BootError
            raise kind("open", describe(error, "the device does not answer")) from error

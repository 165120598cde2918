"""One way to open the files of a boot, wherever they are."""

from collections.abc import Awaitable, Callable, Sequence

from petipy.boot.plan import BootError, describe
from petipy.state.model import Device, File

OpenOnDevices = Callable[[Sequence[File], Sequence[Device]], Awaitable[list[int]]]


class Opener:
    """Opens files on a disk, in a tree that came over the network, or at a URL.

    A tree that came over the network is a directory of this machine: like a disk, it is a device
    of the snapshot, and the sandbox opens its files.
    """

    def __init__(self, on_devices: OpenOnDevices, devices: Callable[[], Sequence[Device]]) -> None:
        self._on_devices, self._devices = on_devices, devices

    async def open(self, *files: File) -> list[int]:
        """Return a descriptor for each file, in this order; the caller closes them.

        The files are opened together: a device is mounted once. Raise BootError. Cancelling ends
        the child that opens them, and leaves nothing open.
        """
        if remote := next((file for file in files if file.url), None):
            raise BootError("open", f"{remote}: nothing is fetched from the network yet")
        try:
            return await self._on_devices(files, self._devices())
        except OSError as error:
            raise BootError("open", describe(error, "the device does not answer")) from error

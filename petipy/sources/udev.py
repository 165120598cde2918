"""libudev, by way of pyudev: the devices that are there, and a socket that tells of changes."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import ModuleType
from typing import Any

_RECEIVE_BUFFER = 8 << 20  # bytes of events that may wait for us


class Udev:
    """Block devices only. ImportError where pyudev or libudev is missing."""

    def __init__(self) -> None:
        pyudev = _imported()
        self._context = pyudev.Context()
        # Listens before it lists: nothing that comes in between is missed.
        self._monitor = pyudev.Monitor.from_netlink(self._context)
        self._monitor.filter_by("block")
        with suppress(OSError):  # not root: the default has to do
            self._monitor.set_receive_buffer_size(_RECEIVE_BUFFER)
        self._monitor.start()

    def fileno(self) -> int:
        """Readable when `events` has something."""
        fd: int = self._monitor.fileno()
        return fd

    def devices(self) -> Iterator[Mapping[str, str]]:
        """The properties of each, with USEC_INITIALIZED once udevd has seen it."""
        for device in self._context.list_devices(subsystem="block"):
            yield _properties(device)

    def events(self) -> Iterator[tuple[str, Mapping[str, str]]]:
        """What has come: the action and the properties. OSError (ENOBUFS) when some were lost."""
        while (device := self._monitor.poll(timeout=0)) is not None:
            yield device.action or "", _properties(device)


def _properties(device: Any) -> Mapping[str, str]:
    known = device.properties
    return {key: known[key] for key in known}


def _imported() -> Any:
    """pyudev, without the search for its libraries by ldconfig and gcc, which the image lacks.

    It asks ctypes.util alone, whose own imports (subprocess, shutil, tempfile …) take longer than
    all of pyudev: a stand-in answers while pyudev is imported, and nobody else meets it.
    """
    if "pyudev" in sys.modules:
        return sys.modules["pyudev"]
    stand_in = ModuleType("ctypes.util")
    vars(stand_in)["find_library"] = {"udev": "libudev.so.1", "c": "libc.so.6"}.get
    real = sys.modules.get("ctypes.util")
    sys.modules["ctypes.util"] = stand_in
    try:
        import pyudev
    finally:
        del sys.modules["ctypes.util"]
        if real:
            sys.modules["ctypes.util"] = real
    return pyudev

"""libudev through pyudev: a list of devices, and a socket with the changes."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from types import ModuleType
from typing import Any

_RECEIVE_BUFFER = 8 << 20  # bytes of events that may wait for us


class Udev:
    """The block devices. ImportError if pyudev or libudev is missing."""

    def __init__(self) -> None:
        pyudev = _import_pyudev()
        self._context = pyudev.Context()
        # Listen before the list is read, so that nothing between is missed.
        self._monitor = pyudev.Monitor.from_netlink(self._context)
        self._monitor.filter_by("block")
        with suppress(OSError):  # not root: keep the default
            self._monitor.set_receive_buffer_size(_RECEIVE_BUFFER)
        self._monitor.start()

    def fileno(self) -> int:
        """Return a descriptor that is readable when there are events."""
        fd: int = self._monitor.fileno()
        return fd

    def devices(self) -> Iterator[Mapping[str, str]]:
        """Yield the properties of each device; USEC_INITIALIZED is there once udevd is done."""
        for device in self._context.list_devices(subsystem="block"):
            yield _properties(device)

    def events(self) -> Iterator[tuple[str, Mapping[str, str]]]:
        """Yield the events: action and properties. OSError (ENOBUFS) if some were lost."""
        while (device := self._monitor.poll(timeout=0)) is not None:
            yield device.action or "", _properties(device)


def _properties(device: Any) -> Mapping[str, str]:
    known = device.properties
    return {key: known[key] for key in known}


def _import_pyudev() -> Any:
    """Return pyudev, imported without a search for libraries by ldconfig and gcc.

    The image has neither. pyudev uses ctypes.util for that search only, and its imports
    (subprocess, shutil, tempfile …) take longer than all of pyudev. A stand-in takes its place
    while pyudev is imported.
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

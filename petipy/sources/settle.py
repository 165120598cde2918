"""Recognise that udev has handled every device that the machine started with."""

import os
import time
from collections.abc import Callable, Collection

_LOOK = 0.03  # seconds between two looks
_UNKNOWN = 2.0  # seconds to wait for events still to come, or for a device to be handled
_ENOUGH = 20.0  # seconds after which waiting would strand the machine


class Settling:
    """Finds out, look by look, if udev is done.

    `run` is /run, `proc` is /proc. Our init makes `run`/coldplug after the kernel has repeated all
    events. Other systems make no such file, and have repeated the events long ago.
    """

    def __init__(
        self,
        run: str = "/run",
        proc: str = "/proc",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._run, self._proc, self._clock = run, proc, clock
        self._since = clock()
        self._looked = False

    def pause(self) -> float:
        """Return the seconds until another look is worth it."""
        return _LOOK

    @property
    def overdue(self) -> bool:
        """True if udev is busy for longer than the machine should wait."""
        return self._clock() - self._since > _ENOUGH

    def quiet(self, awaited: Collection[str]) -> bool:
        """Return True if udev had nothing to do at this look and the one before, or is overdue.

        `awaited` are the devices that udev has not handled yet.
        """
        if self.overdue:
            return True
        complete = not awaited and _exists(f"{self._run}/coldplug")
        # If nothing is queued by then, udevd has given up the devices that it has not handled.
        idle = (complete or self._clock() - self._since > _UNKNOWN) and self._idle()
        # One look is not enough: udevd first takes an event from its socket, and marks itself as
        # busy a moment later.
        before, self._looked = self._looked, idle
        return idle and before

    def _idle(self) -> bool:
        udev = f"{self._run}/udev"
        return _exists(f"{udev}/control") and not _exists(f"{udev}/queue") and not self._unread()

    def _unread(self) -> bool:
        """Return True if kernel events wait in a socket of udevd.

        /proc/net/netlink: sk Eth Pid Groups Rmem …; Eth 15 is NETLINK_KOBJECT_UEVENT, group 1 has
        the kernel's own events.
        """
        try:
            with open(f"{self._proc}/net/netlink") as file:
                rows = [line.split()[1:5] for line in file]
        except OSError:
            return False
        return any(
            protocol == "15" and int(groups, 16) & 1 and waiting != "0"
            for protocol, _, groups, waiting in rows
            if protocol.isdecimal()
        )


def _exists(path: str) -> bool:
    return os.access(path, os.F_OK)

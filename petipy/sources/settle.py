"""When udev has handled all that the machine started with."""

import os
import time
from collections.abc import Callable, Collection

_LOOK = 0.03  # seconds between two looks
_UNTOLD = 2.0  # seconds to wait for events that may be triggered yet, or a device to be handled
_ENOUGH = 20.0  # seconds after which waiting would strand the machine


class Settling:
    """Asks again and again whether udev is done.

    `run` is /run, `proc` /proc. Init makes `run`/coldplug when it has had the kernel repeat all
    events; another system than our image has none, and has long done so.
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
        """Seconds until the next look is worth it."""
        return _LOOK

    @property
    def overdue(self) -> bool:
        """Whether something keeps udev busy for longer than anyone should wait."""
        return self._clock() - self._since > _ENOUGH

    def quiet(self, awaited: Collection[str]) -> bool:
        """Nothing is left to do, and nothing was at the look before. Or waiting takes too long.

        `awaited` are the devices that udev has not handled yet.
        """
        if self.overdue:
            return True
        told = not awaited and _exists(f"{self._run}/coldplug")
        # With nothing queued, what udevd has not handled by now it has given up.
        idle = (told or self._clock() - self._since > _UNTOLD) and self._idle()
        # One look is not enough: udevd takes an event from its socket first, and marks itself
        # busy a moment later.
        before, self._looked = self._looked, idle
        return idle and before

    def _idle(self) -> bool:
        udev = f"{self._run}/udev"
        return _exists(f"{udev}/control") and not _exists(f"{udev}/queue") and not self._unread()

    def _unread(self) -> bool:
        """Whether kernel events wait in a socket for udevd to read them.

        /proc/net/netlink: sk Eth Pid Groups Rmem …; Eth 15 is NETLINK_KOBJECT_UEVENT, group 1 the
        kernel's own events.
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

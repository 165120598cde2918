"""The protocol of finders of sources: udev for disks, later the network, LVM, LUKS.

A finder is a function from the log to a stream of events. Its stream never ends by itself.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from petipy.log import Log
from petipy.state.model import Source


@dataclass(frozen=True, slots=True)
class Arrived:
    """The source is there, has changed, or may have new contents.

    In the state "scanning" it is to be scanned. In any other it is only shown, without entries.
    """

    source: Source


@dataclass(frozen=True, slots=True)
class Left:
    """The source of this name is gone."""

    name: str


class Settled:
    """The finder has reported every source that the machine started with."""


SourceEvent = Arrived | Left | Settled
Find = Callable[[Log], AsyncIterator[SourceEvent]]

"""The protocol of finders of sources: udev for disks, the network; later LVM, LUKS.

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
class Updated:
    """The source has another title, link or reason. Its contents are the same: no scan follows."""

    source: Source


@dataclass(frozen=True, slots=True)
class Left:
    """The source of this name is gone."""

    name: str


class Settled:
    """The finder has reported every source that the machine started with."""


SourceEvent = Arrived | Left | Settled | Updated
Find = Callable[[Log], AsyncIterator[SourceEvent]]

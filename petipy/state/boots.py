"""Boots that are to come, under way, or have failed, as immutable values."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """A transfer under way, in bytes."""

    what: str  # a path or URL
    done: int
    total: int | None = None  # None: not known
    rate: float = 0.0  # bytes per second; 0: not known
    trouble: str = ""  # why nothing comes now, in words

    @property
    def left(self) -> float | None:
        """The seconds that the rest will take; None if that is not known."""
        if self.total is None or not self.rate:
            return None
        return max(self.total - self.done, 0) / self.rate


@dataclass(frozen=True, slots=True, kw_only=True)
class Countdown:
    """The default boots when the clock passes `until` (seconds of time.monotonic())."""

    choice: str
    until: float
    waiting: bool = False  # it has passed, but devices that are still busy get more time
    fixed: bool = False  # no key stops it
    awaits: str = ""  # what is to boot in its place if it comes before, in words: "network"
    leave: Literal["", "reboot", "halt"] = ""  # nothing boots: the machine restarts, or goes off


MOST_ATTEMPTS = 100  # that are kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A boot that has failed."""

    id: str  # of the choice
    title: str
    at: float  # seconds since the kernel started
    reason: str

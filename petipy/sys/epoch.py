"""The time when the image was built: no clock can be right that stands before it."""

import time
from contextlib import suppress

PLACE = "/usr/lib/clock-epoch"  # seconds since 1970
_EARLIEST = 1_760_000_000  # October 2025, for an image that does not say it
# Seconds after the build of the image. A clock that stands before the build is set to it.
_UNSET = 2 * 86400


def read_epoch(path: str = PLACE) -> int:
    """Return the time in seconds since 1970 before which this image cannot run."""
    with suppress(OSError, ValueError), open(path, encoding="ascii") as file:
        return max(int(file.read(32)), _EARLIEST)
    return _EARLIEST


def describe_clock(now: float, epoch: float) -> str:
    """Return the words for a certificate that is not valid by this machine's clock."""
    words = f"this machine's clock says {time.strftime('%Y-%m-%d', time.gmtime(now))}"
    if now < epoch:
        return f"{words}, which is before this image was made: set the clock"
    return f"{words}, when this image was made: set the clock" if now < epoch + _UNSET else words

"""Entries that boot and come back: counted over starts, so that another one gets its turn. Pure.

The machine keeps the last boots that nobody chose. The types are plain tuples, since every start
makes settings:

- Boot: the sum of its entry's id; the time at which it began, in seconds since 1970.
- Rule: a number of boots, and of seconds. An entry that was booted so often within the time has had
  its turn.
"""

import re
import zlib
from collections.abc import Iterable, Sequence

Boot = tuple[int, int]
Rule = tuple[int, float]
MOST = 8  # boots that are kept: SLOF reads no more than 256 bytes of a setting
_FIRST = 1_500_000_000  # seconds: before that, a clock has lost its time, and tells nothing
_BOOT = re.compile(r"([0-9a-f]{1,8})@([0-9]{1,11})")


def read_rule(text: str) -> Rule | None:
    """Read COUNT:SECONDSs; nothing or 0 is no rule. Raise ValueError."""
    if text in ("", "0"):
        return None
    count, _, seconds = text.partition(":")
    rule = int(count), float(seconds.lower().removesuffix("s") or "nan")
    if not (2 <= rule[0] <= MOST and 1 <= rule[1] <= 1e6):
        raise ValueError(text)
    return rule


def write_rule(rule: Rule | None) -> str:
    return f"{rule[0]}:{rule[1]:g}s" if rule else ""


def read_boots(text: str) -> tuple[Boot, ...]:
    """Read what `write_boots` has written. Raise ValueError."""
    words = (_BOOT.fullmatch(word) for word in text.split(",") if word)
    if not all(found := list(words)):
        raise ValueError(text)
    return tuple((int(word[1], 16), int(word[2])) for word in found if word)[-MOST:]


def write_boots(boots: Sequence[Boot]) -> str:
    return ",".join(f"{sum:x}@{at}" for sum, at in boots[-MOST:])


def add(boots: Sequence[Boot], id: str, now: float) -> tuple[Boot, ...]:
    """Return the boots with that of an entry that begins now."""
    return (*boots, (_sum(id), int(now)))[-MOST:]


def has_time(now: float) -> bool:
    """Return True if a clock with this time may be right."""
    return now >= _FIRST


def find(boots: Sequence[Boot], rule: Rule | None, now: float, ids: Iterable[str]) -> set[str]:
    """Return the ids of entries that have had their turn. A clock without a time finds none."""
    if rule is None or not has_time(now):
        return set()
    count, seconds = rule
    sums = [sum for sum, at in boots if 0 <= now - at <= seconds]
    return {id for id in ids if sums.count(_sum(id)) >= count} if sums else set()


def _sum(id: str) -> int:
    return zlib.crc32(id.encode("utf-8", "surrogateescape"))

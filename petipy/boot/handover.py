"""The handover to the next system: words for its command line, and what the machine keeps of it."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from petipy.boot.plan import Plan, describe
from petipy.log import Log
from petipy.state.settings import Settings
from petipy.sys import watchdog

if TYPE_CHECKING:
    from petipy.settings.bmc import Bmc
    from petipy.settings.storage import Storage

_UNCOUNTED = "petipy.flap: this boot is not counted"
_KEEPING = 10.0  # seconds for the machine to write a setting


def is_watched(settings: Settings) -> bool:
    """Return True if a watchdog is to run over the boot."""
    return bool(settings.watchdog) and watchdog.exists()


def add_words(todo: Plan, settings: Settings, *, alone: bool, watched: bool) -> Plan:
    """Return the plan with the words that settings add to a command line.

    A word that the entry has itself stays as it is. `alone`: nobody has chosen the entry.
    """
    words = {"panic": settings.panic} if settings.panic and alone else {}
    if watched:
        words["watchdog.open_timeout"] = settings.watchdog
    has = {word.partition("=")[0] for word in todo.cmdline.split()}
    added = [f"{name}={seconds}" for name, seconds in words.items() if name not in has]
    return replace(todo, cmdline=" ".join((todo.cmdline, *added)).lstrip()) if added else todo


def start_watchdog(seconds: int, log: Log) -> None:
    """Start the watchdog; log why it does not start."""
    try:
        watchdog.start(seconds)
    except OSError as error:
        log.warning(f"petipy.watchdog: it does not start: {error.strerror or error}")


def stop_watchdog(log: Log) -> None:
    """Stop the watchdog after a jump that failed; log it if that cannot be done."""
    if seconds := watchdog.stop():
        log.warning(f"petipy.watchdog: it goes on and resets the machine within {seconds} s")


async def _clear_flags(bmc: "Bmc", log: Log) -> list[str]:
    """Take the service processor's wish for one boot back; log and return why it stays."""
    try:
        await bmc.clear()
    except OSError as error:
        words = f"the service processor's wish stays: {describe(error, 'no answer')}"
        log.warning(words)
        return [words]
    return []


async def keep(
    storage: "Storage | None",
    settings: Settings,
    id: str,
    log: Log,
    *,
    alone: bool,
    bmc: "Bmc | None" = None,
    clock: Callable[[], float] = time.time,
) -> list[str]:
    """Keep what the next start is to know; log and return what the machine cannot keep."""
    writes: list[tuple[str, str | None, str]] = []
    complaints = await _clear_flags(bmc, log) if bmc else []
    for name in ("next", "menu"):
        wished = getattr(settings, name) not in ("", None)
        if storage and wished and settings.layer(name) == "machine":
            writes.append((name, None, f"petipy.{name} stays for the next start"))
    if storage and settings.flap and alone:
        from petipy.state import flapping  # few machines count boots

        now = clock()
        if flapping.has_time(now):
            boots = flapping.write_boots(flapping.add(settings.boots, id, now))
            writes.append(("boots", boots, _UNCOUNTED))
        else:
            complaints.append(f"{_UNCOUNTED}: the clock has lost its time")
            log.warning(complaints[-1])
    for name, text, otherwise in writes:
        assert storage
        try:
            async with asyncio.timeout(_KEEPING):
                await storage.write(name, text)
        except OSError as error:
            complaints.append(f"{otherwise}: {describe(error, 'no answer')}")
            log.warning(complaints[-1])
    return complaints

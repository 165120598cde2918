"""The lines of the log about the result of a scan."""

from petipy.log import Log
from petipy.report.quote import format_place
from petipy.state.model import Scan, Snapshot, Source, Status

LOGGED = 3  # problems of a source, and entries it hides, that are logged in any case
_LONGEST = 200  # characters of a title


def report_scan(log: Log, source: Source, scan: Scan, known: Scan | None, now: Snapshot) -> None:
    """Log the problems and the number of entries, unless the `known` scan had the same.

    If the last message on the consoles is a failure of the source, and `scan` has none, they show
    the number, too. A network whose servers are silent is left to the words of its failure.
    """
    name, remote = source.name, source.kind.remote
    if remote and is_silence(scan):
        return
    news = not remote or is_news(scan, known)
    outdated = not scan.stopped and _is_failure_of(name, now.status)
    if not (news or outdated):
        return
    # Consoles show what is logged, and a slow line must not be filled. The log screen has all.
    problems = scan.problems if news else ()
    for number, problem in enumerate(problems):
        tell = log.info if number < LOGGED else log.debug
        tell(f"{format_place(problem, name)}: {problem.message}")
    more = len(problems) - LOGGED
    rest = f"; {more} more problems are in the log" if more > 0 else ""
    hidden = [e for _, e in scan.entries if e.foreign and not now.settings.show_foreign]
    for number, entry in enumerate(hidden if news else ()):
        tell = log.info if number < LOGGED else log.debug
        words = f"{entry.title[:_LONGEST]} ({entry.config}) is {entry.unbootable}"
        tell(f"{name}: {words}; petipy.show_foreign would list it")
    tell = log.announce if outdated else log.info
    tell(f"{name}: {_count(len(scan.entries) - len(hidden))}{rest}")


def report_departure(log: Log, name: str, now: Snapshot) -> None:
    """Log that a source is gone. Consoles that still show its failure show this instead."""
    tell = log.announce if _is_failure_of(name, now.status) else log.info
    tell(f"{name} is gone")


def _is_failure_of(name: str, status: Status | None) -> bool:
    return bool(status and status.level == "warning" and status.text.startswith(f"{name}: "))


def is_silence(scan: Scan) -> bool:
    """Return True if a scan was stopped before any server said anything."""
    return bool(scan.stopped) and not (scan.entries or scan.preferences)


def is_news(scan: Scan, known: Scan | None) -> bool:
    """Return True if the result of a scan says something that an earlier one did not."""
    if known is None or known.stopped:  # which may be a part of the same scan
        return True
    return (scan.entries, scan.problems) != (known.entries, known.problems)


def _count(entries: int) -> str:
    return {0: "nothing to boot", 1: "1 entry"}.get(entries, f"{entries} entries")

"""The lines of the log about the result of a scan."""

from petipy.log import Log
from petipy.report.quote import format_place
from petipy.state.model import Scan

LOGGED = 3  # problems of a source that are logged in any case


def report_scan(log: Log, name: str, scan: Scan, *, foreign: bool) -> None:
    """Log the problems and the number of entries. `foreign`: Settings.show_foreign."""
    # Consoles show what is logged, and a slow line must not be filled. The log screen has all.
    for number, problem in enumerate(scan.problems):
        tell = log.info if number < LOGGED else log.debug
        tell(f"{format_place(problem, name)}: {problem.message}")
    more = len(scan.problems) - LOGGED
    rest = f"; {more} more problems are in the log" if more > 0 else ""
    hidden = [e for _, e in scan.entries if e.foreign and not foreign]
    for entry in hidden:
        words = f"{entry.title} ({entry.config}) is {entry.unbootable}"
        log.info(f"{name}: {words}; petipy.show_foreign would list it")
    log.info(f"{name}: {_count(len(scan.entries) - len(hidden))}{rest}")


def is_news(scan: Scan, known: Scan | None) -> bool:
    """Return True if the result of a scan says something that an earlier one did not."""
    if known is None or known.stopped:  # which may be a part of the same scan
        return True
    return (scan.entries, scan.problems) != (known.entries, known.problems)


def _count(entries: int) -> str:
    return {0: "nothing to boot", 1: "1 entry"}.get(entries, f"{entries} entries")

"""A machine as plain text for a bug report: short lines that paste well, and nothing secret. Pure.

Command lines of entries and lines of configurations stay out: they may hold passwords.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

from parsers.places.urls import hide_credentials
from petipy.report.quote import format_place
from petipy.report.visible import escape
from petipy.settings.table import SETTINGS
from petipy.state.inventory import Part
from petipy.state.model import Snapshot, Source, Status

_MOST = 100  # lines of a part
_LONGEST = 1000  # characters of a line: a command line of a kernel
_LOG = 150  # lines of the log, the last ones

Lines = Iterator[str]


def write_report(parts: Sequence[Part], snapshot: Snapshot, log: Sequence[Status]) -> list[str]:
    """Return the lines of a report."""
    lines = ["---- Petipy's report on this machine ----"]
    for part in parts:
        lines += _write_part(part.title, (f"{name}: {words}" for name, words in part.facts))
    lines += _write_part("Sources", _list_sources(snapshot))
    lines += _write_part("Entries", _list_entries(snapshot))
    lines += _write_part("Settings that are not built in", _list_settings(snapshot))
    lines += _write_part("Problems", _list_problems(snapshot))
    lines += _write_part("Boots that failed", _list_attempts(snapshot))
    last = [f"{line.at:.3f} {line.level}: {line.text}" for line in [*log][-_LOG:]]
    lines += _write_part("Log, in seconds since the kernel started", iter(last), _LOG)
    return [*lines, "---- end of the report ----"]


def _write_part(title: str, lines: Lines, most: int = _MOST) -> Lines:
    found = [*lines]
    if found:
        yield f"{title}:"
    for line in found[:most]:
        text = escape(hide_credentials(line[:_LONGEST]))
        yield f"  {text}{'...' if len(line) > _LONGEST else ''}"
    if len(found) > most:
        yield f"  and {len(found) - most} more"


def _list_sources(snapshot: Snapshot) -> Lines:
    entries = Counter(choice.device for choice in snapshot.choices)
    for source in snapshot.sources:
        yield f"{_name(source)}: {source.state}{_explain(source)}, {entries[source.name]} entries"


def _name(source: Source) -> str:
    title = source.title or source.name
    return title if title.startswith(source.name) else f"{source.name}: {title}"


def _explain(source: Source) -> str:
    return f" ({source.reason})" if source.reason else ""


def _list_entries(snapshot: Snapshot) -> Lines:
    for choice in snapshot.choices:
        mark = "*" if choice.id == snapshot.default else "!" if choice.obstacle else "-"
        titles = " > ".join((*choice.entry.trail, choice.title))
        why = f" ({choice.obstacle})" if choice.obstacle else ""
        yield f"{mark} {choice.device}, {choice.written}: {titles}{why}"


def _list_settings(snapshot: Snapshot) -> Lines:
    settings = snapshot.settings
    for setting in SETTINGS:
        if place := settings.place(setting.name):
            yield f"{setting.name}={setting.show(settings)} ({place})"
    yield from settings.complaints


def _list_problems(snapshot: Snapshot) -> Lines:
    for name, problem in snapshot.problems:
        yield f"{format_place(problem, name)}: {problem.message}"


def _list_attempts(snapshot: Snapshot) -> Lines:
    for tried in snapshot.attempts:
        yield f"{tried.at:.0f} s: {tried.title}: {tried.reason}"

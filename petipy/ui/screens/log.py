"""The log screen: devices, problems, and the events so far."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from petipy.control.session import Session
from petipy.report.quote import format_line, format_place, quote_line
from petipy.state.model import Snapshot, Source, Status
from petipy.ui.kit.keys import NEXT_PART, Key
from petipy.ui.kit.registration import Registration
from petipy.ui.kit.screen import Paragraph, TextScreen
from petipy.ui.line.plain import source_title, to_ascii
from petipy.ui.line.terminal import COLUMNS

_INDENT = "  "  # of a quoted line


class LogScreen(TextScreen):
    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session
        self._columns = COLUMNS
        self.show(session.snapshot)

    def show(self, snapshot: Snapshot) -> None:
        log = self._session.log()
        width = self._columns - len(_INDENT)
        self.set_text([*_devices(snapshot), *_problems(snapshot, width), *_events(log)])

    def render(self, size: Any, focus: bool = False) -> Any:
        """Set the text again for another width: a line that wraps would displace the caret."""
        if size[0] != self._columns:
            self._columns = size[0]
            self.show(self._session.snapshot)
        return super().render(size, focus)


def _devices(snapshot: Snapshot) -> Iterator[Paragraph]:
    yield "heading", "Devices"
    entries = Counter(choice.device for choice in snapshot.choices)
    for source in snapshot.sources:
        result = _result(source, entries[source.name])
        yield None, f"{source_title(source, source.name)} - {result}"
    if not snapshot.sources:
        yield None, "none yet"


def _result(source: Source, entries: int) -> str:
    """Return the result of the source's scan in words."""
    if source.state == "scanning":
        return "looking"
    if source.reason:
        return f"{source.state}: {to_ascii(source.reason)}"
    return {0: "nothing to boot", 1: "1 entry"}.get(entries, f"{entries} entries")


def _problems(snapshot: Snapshot, width: int) -> Iterator[Paragraph]:
    waiting = [choice for choice in snapshot.choices if choice.obstacle]
    if not snapshot.problems and not waiting:
        return
    yield None, ""
    yield "heading", "Problems"
    for name, problem in snapshot.problems:
        yield None, f"{format_place(problem, name)}: {problem.message}"
        if lines := quote_line(problem.excerpt, problem.column, width, to_ascii):
            yield from ((None, f"{_INDENT}{line}") for line in lines)
    for choice in waiting:
        where = format_line(choice.device, choice.entry.config, choice.entry.line)
        yield None, f"{where}: {choice.entry.title}: {choice.obstacle}"


def _events(log: Sequence[Status]) -> Iterator[Paragraph]:
    """Yield the events, the newest first: on a slow line the first screen counts most."""
    yield None, ""
    yield "heading", "Events, the newest first (seconds since the kernel started)"
    for status in reversed(log):
        kind = "error" if status.level in {"warning", "error"} else None
        yield kind, f"{status.at:8.2f} {status.text}"


SCREEN = Registration(
    title="Log",
    opener=Key(("l",), "log: what was found, and what went wrong", "{} log"),
    keys=(NEXT_PART,),
    needs="log",
    make=lambda occasion: LogScreen(occasion.view.session),
)

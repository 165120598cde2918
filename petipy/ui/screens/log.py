"""The log screen: devices, problems, and the events so far."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from petipy.report.quote import format_line, format_place, quote_line
from petipy.state.model import Snapshot, Source, Status
from petipy.ui.kit.keys import BACK, NEXT_PART, SCROLL, Key
from petipy.ui.kit.registration import Navigation, Registration
from petipy.ui.kit.screen import Paragraph, TextScreen
from petipy.ui.kit.search import FIND
from petipy.ui.kit.states import STATES
from petipy.ui.line.plain import source_title, to_text
from petipy.ui.line.terminal import COLUMNS
from petipy.ui.translator import mark

_INDENT = "  "  # of a quoted line


_LEVEL = Key(("v",), "in the log: all lines, without debugging, or what went wrong", "{} level")
_FOLLOW = Key(("f",), "in the log: follow its new lines, until another key", "{} follow")
_RANKS = {"debug": 0, "info": 1, "warning": 2, "error": 3}
_LEVELS = (
    mark("All lines"),
    mark("Without lines for debugging"),
    mark("Warnings and errors only"),
)


class LogScreen(TextScreen):
    def __init__(self, view: Navigation) -> None:
        super().__init__(view.translator.phrase)
        self._session, self._translator = view.session, view.translator
        self._columns = COLUMNS
        self._lowest = 0  # rank of the lines that are shown
        self._follows = False
        self._note = ""
        self.show(view.session.snapshot)

    @property
    def keys(self) -> Sequence[Key]:
        return SCROLL, NEXT_PART, FIND, _LEVEL, _FOLLOW, BACK

    @property
    def note(self) -> str:
        return self.search.note or self._note

    def show(self, snapshot: Snapshot) -> None:
        log = [line for line in self._session.log() if _RANKS[line.level] >= self._lowest]
        width = self._columns - len(_INDENT)
        above: list[Paragraph] = []
        if not self._follows:
            above = [*self._list_devices(snapshot), *self._list_problems(snapshot, width)]
        self.set_text([*above, *self._list_events(log)])
        if self._follows:
            self.walker.set_focus(0)

    def render(self, size: Any, focus: bool = False) -> Any:
        """Set the text again for another width: a line that wraps would displace the caret."""
        if size[0] != self._columns:
            self._columns = size[0]
            self.show(self._session.snapshot)
        return super().render(size, focus)

    def keypress(self, size: Any, key: str) -> str | None:
        self._note = ""
        if self.search.is_open:
            return super().keypress(size, key)
        follows, self._follows = self._follows, False
        if key in _LEVEL:
            self._lowest = (self._lowest + 1) % len(_LEVELS)
            self._note = self._phrase(_LEVELS[self._lowest])
        elif key in _FOLLOW and not follows:
            self._follows = True
            self._note = self._phrase("Following: new lines come at the top; any key stops it")
        elif not follows:
            return super().keypress(size, key)
        self.show(self._session.snapshot)
        return None

    def _list_devices(self, snapshot: Snapshot) -> Iterator[Paragraph]:
        yield "heading", self._phrase("Devices")
        entries = Counter(choice.device for choice in snapshot.choices)
        for source in snapshot.sources:
            result = self._describe_result(source, entries[source.name])
            yield None, f"{source_title(source, source.name)} - {result}"
        if not snapshot.sources:
            yield None, self._phrase("none yet")
        yield None, ""

    def _describe_result(self, source: Source, entries: int) -> str:
        """Return the result of the source's scan in words."""
        if source.state == "scanning":
            return self._phrase("looking")
        if source.reason:
            return f"{self._phrase(STATES[source.state])}: {to_text(source.reason)}"
        if not entries:
            return self._phrase("nothing to boot")
        return self._translator.plural(entries, "{number} entry", "{number} entries")

    def _list_problems(self, snapshot: Snapshot, width: int) -> Iterator[Paragraph]:
        waiting = [choice for choice in snapshot.choices if choice.obstacle]
        if not snapshot.problems and not waiting:
            return
        yield "heading", self._phrase("Problems")
        for name, problem in snapshot.problems:
            yield None, f"{format_place(problem, name)}: {problem.message}"
            if lines := quote_line(problem.excerpt, problem.column, width, to_text, len):
                yield from ((None, f"{_INDENT}{line}") for line in lines)
        for choice in waiting:
            where = format_line(choice.device, choice.entry.config, choice.entry.line)
            yield None, f"{where}: {choice.title}: {choice.obstacle}"
        yield None, ""

    def _list_events(self, log: Sequence[Status]) -> Iterator[Paragraph]:
        """Yield the events, the newest first: on a slow line the first screen counts most."""
        text = mark("Events, the newest first (seconds since the kernel started)")
        yield "heading", self._phrase(text)
        for status in reversed(log):
            kind = "error" if status.level in {"warning", "error"} else None
            yield kind, f"{status.at:8.2f} {status.text}"


SCREEN = Registration(
    title="Log",
    opener=Key(("l",), "log: what was found, and what went wrong", "{} log"),
    keys=(NEXT_PART, FIND, _LEVEL, _FOLLOW),
    needs="log",
    make=lambda occasion: LogScreen(occasion.view),
)

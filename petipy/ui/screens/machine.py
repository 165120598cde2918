"""The system information: the machine, its devices and its kernel; written out for a bug report."""

from collections.abc import Sequence

from petipy.report.machine import write_report
from petipy.state.model import Snapshot, Source
from petipy.ui.kit.keys import BACK, NEXT_PART, SCROLL, Key
from petipy.ui.kit.registration import Navigation, Registration
from petipy.ui.kit.screen import Paragraph, TextScreen
from petipy.ui.kit.search import FIND

_WRITE = Key(
    ("w",),
    "in the system information: write it all on this console as plain text, for a bug report",
    "{} write it out",
)
_NAME = 14  # columns


class MachineScreen(TextScreen):
    """It is read anew when a source comes, goes or changes. An idle machine sends nothing."""

    def __init__(self, view: Navigation) -> None:
        super().__init__(view.translator.phrase)
        self._view = view
        self._sources: Sequence[Source] | None = None
        self._language = -1  # version of the one that is shown
        self.show(view.session.snapshot)

    @property
    def keys(self) -> Sequence[Key]:
        return SCROLL, NEXT_PART, FIND, _WRITE, BACK

    def show(self, snapshot: Snapshot) -> None:
        version = self._view.translator.version
        if snapshot.sources is self._sources and version == self._language:
            return
        self._sources, self._language = snapshot.sources, version
        lines: list[Paragraph] = []
        for part in self._view.session.describe():
            lines += [(None, "")] if lines else []
            lines.append(("heading", self._view.translator.translate(part.title)))
            lines += [(None, self._describe(name, words)) for name, words in part.facts]
        self.set_text(lines)

    def _describe(self, name: str, words: str) -> str:
        """Describe a fact in the language. The words of a device are a list."""
        translate = self._view.translator.translate
        shown = translate(name)
        if shown == name:
            words = ", ".join(map(translate, words.split(", ")))
        return f"{shown + ':':<{_NAME}} {translate(words)}"

    def keypress(self, size: object, key: str) -> str | None:
        if key in _WRITE and not self.search.is_open:
            session = self._view.session
            self._view.print(write_report(session.describe(), session.snapshot, session.log()))
            return None
        return super().keypress(size, key)


SCREEN = Registration(
    title="System information",
    opener=Key(("I",), "system information: hardware, firmware, disks, kernel, secure boot"),
    keys=(NEXT_PART, _WRITE),
    needs="describe",
    make=lambda occasion: MachineScreen(occasion.view),
)

"""The details of an entry: the files that it loads, and the places where that is written."""

from collections.abc import Iterator, Sequence
from typing import Any

from petipy.state.model import Choice, Snapshot
from petipy.ui.kit.description import describe
from petipy.ui.kit.keys import BACK, BOOT, Key
from petipy.ui.kit.registration import Navigation, Registration
from petipy.ui.kit.screen import Paragraph, TextScreen
from petipy.ui.kit.search import FIND


class DetailsScreen(TextScreen):
    def __init__(self, view: Navigation, id: str) -> None:
        super().__init__(view.translator.phrase)
        self._id, self._view, self._bootable = id, view, False
        self.show(view.session.snapshot)

    @property
    def keys(self) -> Sequence[Key]:
        return BOOT, self._view.keys.opener("editor"), FIND, BACK

    @property
    def entry(self) -> str:
        return self._id

    def show(self, snapshot: Snapshot) -> None:
        choice = snapshot.choice(self._id)
        self._bootable = choice is not None and not choice.obstacle
        gone: list[Paragraph] = [("error", self._phrase("This entry is not there any more."))]
        self.set_text(list(self._describe(choice, snapshot)) if choice else gone)

    def _describe(self, choice: Choice, snapshot: Snapshot) -> Iterator[Paragraph]:
        lock = self._view.session.lock("boot", self._id)
        allowed = lock.allowed if lock else choice.allowed
        return describe(choice, snapshot, allowed, self._view.translator)

    def keypress(self, size: Any, key: str) -> str | None:
        if key in BOOT:
            if self._bootable:
                self._view.boot(self._id)
            return None
        return super().keypress(size, key)


SCREEN = Registration(
    title="Entry",
    opener=Key(
        ("i",),
        "all that is known of the entry: its files, its command line, and where that is written",
        "{} info",
    ),
    of_entry=True,
    make=lambda occasion: DetailsScreen(occasion.view, occasion.id),
)

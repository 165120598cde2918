"""The status line: what goes on now, in words."""

from petipy.control.session import Session
from petipy.state.boots import Progress
from petipy.state.model import Snapshot
from petipy.ui.kit.glyphs import ASCII, Glyphs
from petipy.ui.kit.keys import STOP, Key
from petipy.ui.line.countdown import SecondsLeft
from petipy.ui.line.plain import describe_progress, entry_title, shorten, to_text, wrap
from petipy.ui.line.terminal import COLUMNS
from petipy.ui.translator import Translator, mark

_BAR = 30  # cells; always the same, since another length would send all of them again


class StatusLine:
    def __init__(self, session: Session, translator: Translator, glyphs: Glyphs = ASCII) -> None:
        self._session, self._translator, self._glyphs = session, translator, glyphs
        self._phrase = translator.phrase
        self._seconds = SecondsLeft()

    def describe(self, snapshot: Snapshot, note: str, log: Key | None) -> tuple[str, str]:
        """Return the most important message, as (kind of text, text).

        `note` is the screen's. `log` is the key that opens the log, if problems are to be counted.
        """
        if snapshot.booting:
            translate = self._translator.translate
            amounts = describe_progress(snapshot.progress, self._phrase, translate)
            return self._describe_loading(snapshot, COLUMNS - 1, amounts)
        if note:
            return "status", note
        if snapshot.countdown:
            return "status", self._describe_countdown(snapshot)
        if snapshot.status and snapshot.status.level in {"warning", "error"}:
            return "error", self._translator.translate(snapshot.status.text)
        if snapshot.scanning:
            devices = ", ".join(sorted(snapshot.scanning))
            return "status", self._phrase("Looking at {devices} ...", devices=devices)
        if snapshot.problems and log:
            text = self._translator.plural(
                len(snapshot.problems),
                "{number} problem: see the log ({key})",
                "{number} problems: see the log ({key})",
                key=log.label(self._phrase),
            )
            return "status", text
        text = snapshot.status.text if snapshot.status else ""
        return "status", self._translator.translate(text)

    def draw_transfer(self, snapshot: Snapshot, width: int) -> list[tuple[str, str]]:
        """Return the lines of a transfer, with a bar; none if there are no amounts to show.

        `width` is the room in columns. Where the bar does not fit beside the amounts, it is above.
        """
        progress = snapshot.progress if snapshot.booting else None
        translate = self._translator.translate
        amounts = to_text(describe_progress(progress, self._phrase, translate))
        if progress is None or not amounts:
            return []
        bar = _draw_bar(progress, min(_BAR, width - 2), self._glyphs.bar)
        beside = f"{bar} {amounts}"
        if bar and len(beside) <= width:
            lines = [beside]
        else:
            lines = [*filter(None, [bar]), *wrap(amounts, width, 2)]
        kind, text = self._describe_loading(snapshot, width, "")
        return [(kind, line) for line in (text, *lines)]

    def _describe_loading(self, snapshot: Snapshot, width: int, amounts: str) -> tuple[str, str]:
        choice, progress = snapshot.choice(snapshot.booting), snapshot.progress
        kind = "error" if progress and progress.trouble else "status"
        amounts = f" {amounts}" if amounts else ""

        def describe(name: str) -> str:
            loading = self._phrase("Loading {name} ...", name=name)
            return f"{loading}{amounts} - {STOP.describe(self._phrase)}"

        room = max(12, width - len(describe("")))
        title = entry_title(choice, self._phrase) if choice else snapshot.booting
        return kind, describe(shorten(title, room))

    def _describe_countdown(self, snapshot: Snapshot) -> str:
        """Return the words of the countdown.

        The number stands first: a tick sends the fewest bytes there.
        """
        phrase, countdown = self._phrase, snapshot.countdown
        assert countdown is not None
        seconds = self._seconds.update(countdown, self._session.clock()) or "0 s"
        if countdown.leave == "reboot":
            text = mark("{seconds} until it restarts, as nothing boots - any key stops")
            return phrase(text, seconds=seconds)
        if countdown.leave:
            text = mark("{seconds} until it switches off, as nothing boots - any key stops")
            return phrase(text, seconds=seconds)
        first = ""
        if countdown.awaits:
            first = phrase(", unless {awaits} comes first", awaits=countdown.awaits)
        stops = phrase("no key stops it") if countdown.fixed else phrase("any key stops")

        def describe(name: str) -> str:
            text = mark("{seconds} until {name} boots{first} - {stops}")
            return phrase(text, seconds=seconds, name=name, first=first, stops=stops)

        choice = snapshot.choice(snapshot.default)
        room = max(12, COLUMNS - len(describe("")) - 1)
        return describe(
            shorten(entry_title(choice, self._phrase), room) if choice else phrase("the default")
        )


def _draw_bar(progress: Progress, cells: int, signs: str) -> str:
    """Return a bar of the part that is there, between its ends; "" if the whole is not known."""
    if not progress.total:
        return ""
    full = min(cells, cells * progress.done // progress.total)
    first, there, coming, last = [*signs]
    return first + there * full + coming * (cells - full) + last

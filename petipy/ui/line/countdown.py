"""The text of a console where nobody is: plain lines, and a number that counts down.

The text has no cursor addressing and asks the terminal nothing: the terminal may be a printer, a
log file or a modem.
"""

import math
from collections.abc import Iterator, Sequence

from petipy.state.boots import Countdown, Progress
from petipy.state.model import Snapshot, Status
from petipy.ui.line.plain import clip, describe_progress, entry_title, shorten, to_ascii

_INVITATION = "press Enter or a letter for the menu"
_MOST_NEWS = 20  # lines at once; the log screen has all of them
_LONGEST_NEWS = 400  # characters of such a line: half a second of a slow line
_REPORTS = 10.0  # seconds between two lines about a transfer
_SHORT_INVITATION = "Enter: menu"


def describe_countdown(countdown: Countdown) -> str:
    """Return in a word what the machine does at the end: "boots"."""
    match countdown.leave:
        case "reboot":
            return "restarts"
        case "halt":
            return "switches off"
        case _:
            return "boots"


class SecondsLeft:
    """The seconds until the boot. The number changes at tens, and from 5 to 1: bytes are scarce."""

    def __init__(self) -> None:
        self._until, self._number = math.inf, 0
        self._width = 0  # of the countdown's first number

    def update(self, countdown: Countdown, now: float) -> str:
        """Return the seconds to show, as "10 s", then " 5 s"; "" when the time is over."""
        left = math.ceil(countdown.until - now)
        if countdown.until != self._until or left <= 5 or left % 10 == 0 or left > self._number:
            if countdown.until != self._until:
                self._width = len(f"{left} s")
            self._until, self._number = countdown.until, left
        return f"{self._number} s".rjust(self._width) if self._number > 0 else ""


def next_change(countdown: Countdown | None, now: float) -> float:
    """Return the time, by the clock of `now`, when SecondsLeft shows another number."""
    if countdown is None:
        return math.inf
    left = countdown.until - now
    marks = [mark for mark in range(6) if mark < left]
    marks += [10 * (math.ceil(left / 10) - 1)] if left > 10 else []
    return countdown.until - max(marks) if marks else math.inf


class CountdownLines:
    """The lines of one console: news, the default, and a prompt at the end.

    Each thing is printed once. `columns` is the terminal's width, 0 if unknown. Without `ticks` the
    number stays as it is: a printer cannot overwrite it. The methods return the text to send.
    """

    def __init__(self, columns: int = 0, *, ticks: bool = True) -> None:
        self._columns, self._ticks = columns or 80, ticks
        self._default, self._number, self._prompt = "", "", ""
        self._at_prompt = False  # the cursor is at the end of the prompt
        self._last_news: Status | None = None
        self._seconds = SecondsLeft()
        self._had_countdown = False
        self._next_report = -math.inf  # the time at which a transfer is worth a line again

    def reset(self) -> None:
        """Print the prompt again: text was lost, or something else has written to the terminal."""
        self._prompt, self._at_prompt, self._default = "", False, ""

    def add_line(self, text: str) -> str:
        """Return the text as a line of its own, below the prompt if there is one."""
        head = "\r\n" if self._at_prompt else ""
        self._at_prompt, self._prompt = False, ""
        return f"{head}{to_ascii(text)}\r\n"

    def update(self, snapshot: Snapshot, log: Sequence[Status], now: float, invite: bool) -> str:
        """Return the text for what is new. With `invite`, when a key would be heard, a prompt."""
        text = "".join(self._news(log))
        if snapshot.booting:
            return text + self._report(snapshot.progress, now)
        self._next_report = -math.inf
        if not invite:
            return text
        return text + self._invitation(snapshot, now)

    def _report(self, progress: Progress | None, now: float) -> str:
        """Return a line about a transfer from a server, now and then."""
        if progress is None or now < self._next_report:
            return ""
        if not (progress.rate or progress.trouble):
            return ""
        self._next_report = now + _REPORTS
        words = f"{shorten(to_ascii(progress.what), 40)}: {describe_progress(progress)}"
        return self.add_line(f"{words}; a key opens the menu, and Esc there stops it")

    def _news(self, log: Sequence[Status]) -> Iterator[str]:
        fresh: list[Status] = []
        for status in reversed(log):
            if status is self._last_news:
                break
            if len(fresh) < _MOST_NEWS:
                fresh.append(status)
        for status in reversed(fresh):
            if status.level != "debug":
                yield self.add_line(shorten(status.text, _LONGEST_NEWS))
        self._last_news = log[-1] if log else self._last_news

    def _invitation(self, snapshot: Snapshot, now: float) -> str:
        text, number = "", ""
        choice = snapshot.choice(snapshot.default)
        if choice and choice.id != self._default:
            self._default = choice.id
            text = self.add_line(f"Default: {entry_title(choice)} ({choice.device})")
        if snapshot.countdown and choice and choice.style == "hidden":
            self._had_countdown = True
            prompt = "Booting - "  # a hidden countdown shows no number
        elif snapshot.countdown:
            self._had_countdown = True
            number = self._seconds.update(snapshot.countdown, now)
            if not number and not snapshot.countdown.waiting:
                return text  # it boots at this moment
            awaits = snapshot.countdown.awaits
            first = f", unless {awaits} comes first" if awaits else ""
            what = describe_countdown(snapshot.countdown)
            waiting = "Waiting for slow devices - "
            prompt = f"{number} until it {what}{first} - " if number else waiting
        elif choice and snapshot.locked:
            prompt = "It waits for a password - "
        elif snapshot.hold:
            prompt = "Nothing boots by itself - "
        elif self._had_countdown:
            prompt = "Countdown stopped - "
        elif choice:
            prompt = "Ready - "
        elif snapshot.choices:  # such as a disk that the setting `order` leaves out
            prompt = "Nothing boots by itself yet - "
        else:
            prompt = "Looking for something to boot - "
        return text + self._print_prompt(prompt, number)

    def _print_prompt(self, prompt: str, number: str) -> str:
        """Overwrite the old prompt if only its number changes; else start a new line."""
        if prompt == self._prompt:
            return ""
        rest = prompt[len(number) :]
        width = len(self._number) if self._at_prompt else 0
        if number and len(number) == width and rest == self._prompt[width:]:
            self._prompt, self._number = prompt, number
            return f"\r{number}" if self._ticks else ""  # the rest of the line stays
        text = "\r\n" if self._at_prompt else ""
        self._prompt, self._number, self._at_prompt = prompt, number, True
        # On a narrow terminal the key is worth more than the thing that is waited for.
        head = f"{prompt.partition(',')[0].removesuffix(' - ')} - "
        texts = (prompt + _INVITATION, prompt + _SHORT_INVITATION, head + _SHORT_INVITATION)
        fitting = (text for text in texts if len(text) < self._columns)
        return text + next(fitting, clip(texts[-1], self._columns - 1))

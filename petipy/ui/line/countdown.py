"""What a console says while nobody is there: plain lines, and a number that counts down.

No cursor addressing and no questions to the terminal: it may be a printer, a log file or a modem.
"""

import math
from collections.abc import Iterator, Sequence

from petipy.state.model import Countdown, Snapshot, Status
from petipy.ui.line.plain import clip, plain, title

_INVITATION = "press Enter or a letter for the menu"
_NEWS = 20  # lines at once; the log screen has all of them
_SHORT_INVITATION = "Enter: menu"


class Seconds:
    """The seconds left. A new number is told only when it is worth the bytes: tens, and 5 to 1."""

    def __init__(self) -> None:
        self._until, self._told = math.inf, 0

    def tell(self, countdown: Countdown, now: float) -> str:
        """ "10 s", or "" when the time is over."""
        left = math.ceil(countdown.until - now)
        if countdown.until != self._until or left <= 5 or left % 10 == 0 or left > self._told:
            self._until, self._told = countdown.until, left
        return f"{self._told} s" if self._told > 0 else ""


def next_change(countdown: Countdown | None, now: float) -> float:
    """When there will be another number to tell, by the clock of `now`."""
    if countdown is None:
        return math.inf
    left = countdown.until - now
    marks = [mark for mark in range(6) if mark < left]
    marks += [10 * (math.ceil(left / 10) - 1)] if left > 10 else []
    return countdown.until - max(marks) if marks else math.inf


class Teller:
    """Says each thing once. `columns` is the terminal's width, 0 if unknown."""

    def __init__(self, columns: int = 0) -> None:
        self._columns = columns or 80
        self._default, self._number, self._prompt = "", "", ""
        self._unfinished = False  # the cursor is at the end of the prompt
        self._told: Status | None = None
        self._seconds = Seconds()
        self._counted = False  # there has been a countdown

    def again(self) -> None:
        """Text was lost, or something else has written here: the prompt must be said anew."""
        self._prompt, self._unfinished, self._default = "", False, ""

    def line(self, text: str) -> str:
        """The text as a line of its own; the prompt, if there was one, is left standing."""
        head = "\r\n" if self._unfinished else ""
        self._unfinished, self._prompt = False, ""
        return f"{head}{plain(text)}\r\n"

    def say(self, snapshot: Snapshot, log: Sequence[Status], now: float, invite: bool) -> str:
        """What is new. The prompt comes only with `invite`, when a key would be heard."""
        text = "".join(self._news(log))
        if snapshot.booting or not invite:
            return text
        return text + self._invitation(snapshot, now)

    def _news(self, log: Sequence[Status]) -> Iterator[str]:
        fresh: list[Status] = []
        for status in reversed(log):
            if status is self._told:
                break
            if len(fresh) < _NEWS:
                fresh.append(status)
        for status in reversed(fresh):
            if status.level != "debug":
                yield self.line(status.text)
        self._told = log[-1] if log else self._told

    def _invitation(self, snapshot: Snapshot, now: float) -> str:
        text, number = "", ""
        choice = snapshot.choice(snapshot.default)
        if choice and choice.id != self._default:
            self._default = choice.id
            text = self.line(f"Default: {title(choice)} ({choice.device})")
        if snapshot.countdown and choice and choice.style == "hidden":
            self._counted = True
            prompt = "Booting - "  # for who has to know; it does not count where nobody looks
        elif snapshot.countdown:
            self._counted = True
            number = self._seconds.tell(snapshot.countdown, now)
            if not number and not snapshot.countdown.waiting:
                return text  # it boots at this moment
            prompt = f"Booting in {number} - " if number else "Waiting for slow devices - "
        elif choice and choice.users is not None:
            prompt = "It waits for a password - "
        elif self._counted:
            prompt = "Countdown stopped - "
        elif snapshot.choices:
            prompt = "Ready - "
        else:
            prompt = "Looking for something to boot - "
        return text + self._rewritten(prompt, number)

    def _rewritten(self, prompt: str, number: str) -> str:
        """Over the old prompt if only the number is another one, else as a new line."""
        if prompt == self._prompt:
            return ""
        if self._unfinished and number and self._number:
            self._prompt = prompt
            # The rest of the line stays: at 20 bytes a second no line is too slow.
            return f"\rBooting in {number.ljust(len(self._number))}"
        text = "\r\n" if self._unfinished else ""
        self._prompt, self._number, self._unfinished = prompt, number, True
        full = prompt + _INVITATION
        short = full if len(full) < self._columns else prompt + _SHORT_INVITATION
        return text + clip(short, self._columns - 1)

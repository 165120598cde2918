"""The keys of a person at a terminal: when a lone ESC is the Esc key, and what comes late."""

import math

from petipy.ui.line.keys import Decoder, Report
from petipy.ui.line.terminal import Terminal

_LATE = 1.0  # seconds after an Esc key, or half a sequence, for which the rest may come
_VIRTUAL = 0.05  # seconds; the kernel sends the sequences of its own keyboard as a whole
_FAST, _LONGEST = 0.15, 1.0  # seconds; a network between may cut a sequence in two
_GAP = 3000  # bits; a slow line comes with slow devices


def find_patience(terminal: Terminal) -> float:
    """Return the seconds for which a sequence of this terminal may pause.

    So long does an Esc key take. It is 0.46 s at 9600 baud, and 0.18 s at 115200.
    """
    if terminal.virtual:
        return _VIRTUAL
    return min(_LONGEST, _FAST + _GAP / (terminal.speed or 9600))


class Keyboard:
    """The keys of one terminal. Times are seconds of one clock."""

    def __init__(self, *, unicode: bool = False) -> None:
        self.decoder = Decoder(unicode=unicode)
        self.patience = _LONGEST
        self._waiting_since = math.inf  # the time when an unfinished sequence began
        self._expired = -math.inf  # the time when the last one was given up
        self._noisy = False  # the unfinished sequence came with noise

    @property
    def deadline(self) -> float:
        """The time when `take` is to be called even if there is no input."""
        return self._waiting_since + self.patience

    def take(self, data: bytes, now: float) -> list[str | Report]:
        """Take input, perhaps none, and return the keys and reports that are complete."""
        keys = self.decoder.feed(data, late=now - self._expired < _LATE)
        if self.decoder.noise:  # a letter among noise is noise, and could boot an entry
            keys = []
        self._noisy = self.decoder.noise or (self._noisy and self.decoder.pending)
        if not data and now >= self.deadline:
            keys = self.decoder.expire()
            if self._noisy:
                keys = []
            if keys or now - self._expired >= _LATE:
                self._expired = now
        if data or not self.decoder.pending:
            self._waiting_since = now if self.decoder.pending else math.inf
        return keys

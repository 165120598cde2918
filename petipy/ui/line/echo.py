"""Input that nobody has typed: the line sends back its output, or a computer is at its other end.

A loopback plug, a modem that echoes and a login prompt at the other end send back what a console
prints. The menu's own text would press the keys of the menu.
"""

import math
import re
from typing import Literal

QUIET = 3.0  # seconds without an echo after which input counts again
_DELAY = 3.0  # seconds; an echo comes within this time
_SPEED = 960  # bytes a second of the slowest usual line; it may still carry output
_RUN = 8  # characters that a repetition has at least
_LONG_RUN = 40  # characters of a repetition of mere text; a person may paste a shorter one
_SENT = 8192  # bytes of output that are compared
_HEARD = 64  # bytes of earlier input that are compared
_COMMANDS = 2  # sequences that only a computer sends

# The keys and the answers of terminals: they prove nothing. Home and Right are also what the
# display sends to move the cursor.
_KEY = rb"""\x1b\[(?:[0-9;]*~ | (?:1;\d+)?[ABCDFHZ] | \??[0-9;]*[Rc] | 8;\d+;\d+t) | \x1bO."""
_PARTS = re.compile(
    rb"(?xs) (?P<key> %b) | (?P<end> [\r\n\0]+) | (?P<text> [\x20-\xff]+) | ." % _KEY
)
_UNFINISHED = re.compile(rb"\x1b(?:\[[?0-9;]*)?\Z")
# Attributes, erasure, margins, the question for the cursor: no terminal sends these.
_COMMAND = re.compile(rb"\x1b\[(?:[0-9;]*[mJKr]|6n)")

Verdict = Literal["input", "echo", "ignored"]


class EchoDetector:
    """A detector that is given all output and all input of a line.

    A person types one key after the other, and sees each after typing it. So a run of input
    proves an echo if it was sent before any of it came in, and if it has what nobody types: the
    start of a line within the run, a control sequence that is no key, or a long text. A single key
    proves nothing.

    After that, input is ignored until the line is quiet. Times are seconds of one clock.
    """

    def __init__(self) -> None:
        self._output = bytearray()  # the last output, as it went out after `_sent`
        self._sent = bytearray()  # output before that, in the form of _simplify
        self._total = 0  # characters sent so far; the last one is at the end of `_sent`
        self._carried = -math.inf  # the time when the slowest line has carried all output
        self._heard = bytearray()  # the last input
        self._totals: list[int] = []  # `_total` when each byte of `_heard` came
        self.last_input = -math.inf  # the time of it
        self._ignored_until = -math.inf
        self._suspect = False  # it has echoed, and nothing has come since then without a cause

    def ignores_input(self, now: float) -> bool:
        return now < self._ignored_until

    def write(self, data: bytes, now: float) -> None:
        """Take note of output."""
        if now > self._carried + _DELAY:
            self._output.clear()
            self._sent.clear()
        self._carried = max(now, self._carried) + len(data) / _SPEED
        self._output += data
        del self._output[:-_SENT]

    def read(self, data: bytes, now: float) -> Verdict:
        """Judge input. "echo" once, when one is recognised; "ignored" for what follows it."""
        if now - self.last_input > _DELAY:
            self._forget()
        self.last_input = now
        self._simplify_output()
        self._heard += data
        self._totals += [self._total] * len(data)
        caused = now < self._carried + _DELAY  # output may be on its way back
        proven = self._is_proven()
        del self._heard[:-_HEARD], self._totals[:-_HEARD]
        if self.ignores_input(now):
            if proven or caused:
                self._ignored_until = now + QUIET
            return "ignored"
        if not proven and not (caused and self._suspect):
            self._suspect = False
            return "input"
        self._suspect, self._ignored_until = True, now + QUIET
        self._forget()
        return "echo"

    def _simplify_output(self) -> None:
        text, _ = _simplify(bytes(self._output))
        self._output.clear()
        if self._sent[-1:] == b"\n":
            text = text.removeprefix(b"\n")
        self._sent += text
        self._total += len(text)
        del self._sent[:-_SENT]

    def _forget(self) -> None:
        self._heard.clear()
        self._totals.clear()

    def _is_proven(self) -> bool:
        heard = bytes(self._heard)
        if unfinished := _UNFINISHED.search(heard):  # an answer of the terminal, perhaps
            heard = heard[: unfinished.start()]
        if len(_COMMAND.findall(heard)) >= _COMMANDS:
            return True
        text, places = _simplify(heard)
        totals = [self._totals[place] for place in places]
        for start in range(len(text) - _RUN + 1):
            run = text[start : start + _RUN]
            if b"^[" not in run and b"\n" not in run[:-1]:
                run = text[start : start + _LONG_RUN]
                if len(run) < _LONG_RUN or len({*run}) < _RUN:  # a key that is held down
                    continue
            if self._was_sent(run, totals[start : start + len(run)]):
                return True
        return False

    def _was_sent(self, run: bytes, totals: list[int]) -> bool:
        """Return True if each character of the run was sent before it came in."""
        first = self._total - len(self._sent)
        at = self._sent.find(run)
        while at >= 0:
            if all(first + at + number < total for number, total in enumerate(totals)):
                return True
            at = self._sent.find(run, at + 1)
        return False


def _simplify(data: bytes) -> tuple[bytes, list[int]]:
    """Return text in a form that an echo keeps, and for each character its place in `data`.

    Keys are left out. An end of a line is one character, because an echo may write CR LF for CR.
    ESC is ^[, as login prompts echo it.
    """
    text, places = bytearray(), list[int]()
    for part in _PARTS.finditer(data):
        if part["key"]:
            continue
        if part["text"]:
            text += part[0]
            places += range(*part.span())
            continue
        if part["end"]:
            piece = b"\n" if part[0].strip(b"\0") else b""
        else:
            piece = bytes((94, part[0][0] + 64))
        text += piece
        places += [part.start()] * len(piece)
    return bytes(text), places

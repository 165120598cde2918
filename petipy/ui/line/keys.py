"""Keys from a terminal's bytes. Line noise and the terminal's own answers are never keys."""

import re
from dataclasses import dataclass

QUIET = 0.2  # seconds without noise before a key counts
_LONGEST = 4096  # bytes; a longer unfinished sequence is noise

_CURSOR = {"A": "up", "B": "down", "C": "right", "D": "left", "H": "home", "F": "end"}
_TILDE = {
    **{1: "home", 2: "insert", 3: "delete", 4: "end", 5: "page up", 6: "page down"},
    **{7: "home", 8: "end", 11: "f1", 12: "f2", 13: "f3", 14: "f4", 15: "f5", 17: "f6"},
    **{18: "f7", 19: "f8", 20: "f9", 21: "f10", 23: "f11", 24: "f12"},
}
_SS3 = {**_CURSOR, "M": "enter", "P": "f1", "Q": "f2", "R": "f3", "S": "f4"}
_LINUX = {"A": "f1", "B": "f2", "C": "f3", "D": "f4", "E": "f5"}  # ESC [ [ A on a Linux VT
_CONTROL = {8: "backspace", 9: "tab", 10: "enter", 13: "enter", 127: "backspace"}

# ECMA-48: parameters, intermediates, final byte; or a string up to BEL or ST. Other bytes than
# these are noise: no terminal has them in an answer to what it is asked here.
_CSI = re.compile(rb"\x1b\[(?:\[([A-E])|M[ -~]{3}|(?!M)([0-?]*)([ -/]*)([@-~]))")
_CSI_SO_FAR = re.compile(rb"\x1b\[(?:\[|M[ -~]{0,2}|[0-?]*[ -/]*)\Z")
_STRING = re.compile(rb"\x1b[]PX^_][ -~]*(?:\x07|\x1b\\)")
_STRING_SO_FAR = re.compile(rb"\x1b[]PX^_][ -~]*\x1b?\Z")
# A person may type an "O" or a "P" after Esc, but nothing more at the same moment.
_LATE_REST = re.compile(rb"\[|O[A-DFHMP-S]|[]PX^_][ -~]+(?:\x07|\x1b\\)")
_STRING_STARTS = b"]PX^_"
_FIRST = range(0xC2, 0xF5)  # bytes that begin a character of several bytes in UTF-8


@dataclass(frozen=True, slots=True)
class Report:
    """An answer of the terminal: final letter and numbers, ("R", (24, 80)) for CSI 24;80R."""

    final: str
    numbers: tuple[int, ...] = ()


class Decoder:
    """A decoder of input into keys, by urwid's names, and reports.

    It keeps an unfinished sequence until its rest comes or until `expire`. The caller decides how
    long to wait, because a serial line may pause within a sequence.
    """

    def __init__(self, *, unicode: bool = False) -> None:
        """With `unicode` a character beyond ASCII is a key, in UTF-8; else it is noise."""
        self._unicode = unicode
        self._buffer = bytearray()
        self._expired = b""  # the last sequence that was given up
        self._after_cr = False
        self.noise = False  # the last input had bytes that no key sends

    @property
    def pending(self) -> bool:
        return bool(self._buffer)

    def feed(self, data: bytes, *, late: bool = False) -> list[str | Report]:
        """Return the keys and reports that are complete now.

        With `late`, an ESC or half a sequence has expired a moment ago: the rest may come yet, and
        must not be taken for letters.
        """
        if late and data and not self._buffer:
            lone = self._expired == b"\x1b"
            self._buffer += self._expired if not lone or _LATE_REST.match(data) else b""
        self._expired = b"" if data else self._expired
        self._buffer += data
        self.noise = False
        found: list[str | Report] = []
        while self._buffer:
            taken, item = self._next()
            if not taken:
                break
            del self._buffer[:taken]
            if item is not None:
                found.append(item)
        return found

    def expire(self) -> list[str | Report]:
        """Give up waiting: a lone ESC is the Esc key, a broken sequence is nothing."""
        self._expired, self._buffer = bytes(self._buffer), bytearray()
        return ["esc"] if self._expired == b"\x1b" else []

    def _next(self) -> tuple[int, str | Report | None]:
        byte = self._buffer[0]
        after_cr, self._after_cr = self._after_cr, byte == 13
        if byte == 27:
            return self._escape()
        if byte == 10 and after_cr:  # a terminal may send CR LF for one Enter
            return 1, None
        if 32 <= byte < 127:
            return 1, chr(byte)
        if byte in _CONTROL:
            return 1, _CONTROL[byte]
        if 1 <= byte <= 26:
            return 1, f"ctrl {chr(byte + 96)}"
        if self._unicode and byte in _FIRST:
            return self._character()
        self.noise = True
        return 1, None

    def _character(self) -> tuple[int, str | Report | None]:
        """Take a character of several bytes."""
        size = 2 + (self._buffer[0] >= 0xE0) + (self._buffer[0] >= 0xF0)
        taken = bytes(self._buffer[:size])
        try:
            character = taken.decode()
        except UnicodeDecodeError as error:
            if error.reason == "unexpected end of data":
                return 0, None
            self.noise = True
            return 1, None
        return size, character if character.isprintable() else None

    def _escape(self) -> tuple[int, str | Report | None]:
        buffer = self._buffer
        if len(buffer) == 1:
            return 0, None
        second = buffer[1:2]
        if second == b"[":
            return self._csi()
        if second == b"O":
            return self._ss3()
        if second in _STRING_STARTS:
            return self._string()
        # Esc and then another key; or Alt with a key, which no screen uses.
        return 1, "esc"

    def _ss3(self) -> tuple[int, str | Report | None]:
        if len(self._buffer) < 3:
            return 0, None
        final = self._buffer[2]
        self.noise = self.noise or not 32 <= final < 127
        return 3, _SS3.get(chr(final))

    def _csi(self) -> tuple[int, str | Report | None]:
        if not (match := _CSI.match(self._buffer)):
            if _CSI_SO_FAR.match(self._buffer) and len(self._buffer) < 64:
                return 0, None
            self.noise = True
            return 2, None
        linux, parameters, intermediates, final = match.groups()
        if linux:
            return match.end(), _LINUX[linux.decode()]
        if final is None:  # a mouse report in the old encoding
            return match.end(), None
        return match.end(), _interpret(parameters.decode(), intermediates.decode(), final.decode())

    def _string(self) -> tuple[int, str | Report | None]:
        if match := _STRING.match(self._buffer):
            return match.end(), Report("string")
        if _STRING_SO_FAR.match(self._buffer) and len(self._buffer) < _LONGEST:
            return 0, None
        self.noise = True
        return 2, None


def _interpret(parameters: str, intermediates: str, final: str) -> str | Report | None:
    numbers = tuple(int(n[:6]) for n in parameters.split(";") if n.isdigit())
    plain = not intermediates and all(part.isdigit() or not part for part in parameters.split(";"))
    if plain and final in _CURSOR and len(numbers) in {0, 2}:
        return _CURSOR[final]  # Ctrl or Shift (1;5A) changes nothing here
    if plain and final == "~" and numbers and numbers[0] in _TILDE:
        return _TILDE[numbers[0]]
    return "shift tab" if plain and final == "Z" else Report(final, numbers)


def is_deliberate(key: str | Report) -> bool:
    """Return True if only a person sends this key: Enter, a printable character, an arrow.

    A bare ESC does not count: it is also the start of a sequence that the line has cut short.
    """
    if isinstance(key, Report):
        return False
    return len(key) == 1 or key in {"enter", "up", "down", "left", "right"}


class PersonDetector:
    """A detector that tells a person's key from noise on the line.

    It ignores input until the line has been quiet for QUIET seconds: bytes that are on the way
    when a machine starts were not meant for it. It waits for that quiet for at most a second,
    because a key that is held down is never quiet. After noise it ignores input for another QUIET
    seconds.
    """

    def __init__(self, now: float, *, unicode: bool = False) -> None:
        self._decoder = Decoder(unicode=unicode)
        self.listens_from, self._latest = now + QUIET, now + 1.0
        self._last_input = now

    def is_listening(self, now: float) -> bool:
        return now >= self.listens_from

    def detect(self, data: bytes, now: float) -> bool:
        """Take input, and return True if it has a person's key."""
        if now - self._last_input > 1.0:
            self._decoder.expire()
        self._last_input = now
        keys = self._decoder.feed(data)
        if self._decoder.noise:
            self.listens_from = now + QUIET
            return False
        if not self.is_listening(now):
            self.listens_from = max(min(now + QUIET, self._latest), self.listens_from)
            return False
        return any(is_deliberate(key) for key in keys)

"""A console of a guest: read its output, look at its terminal, type keys."""

import re
from io import BufferedWriter
from typing import Protocol

import pyte

DISASTER = re.compile(
    r"Kernel panic|Oops: |BUG: |Traceback \(most recent call last\)|soft lockup|Out of memory: "
)
KEYS = {
    "up": "\x1b[A",
    "down": "\x1b[B",
    "right": "\x1b[C",
    "left": "\x1b[D",
    "home": "\x1b[H",
    "end": "\x1b[F",
    "enter": "\r",
    "esc": "\x1b",
    "backspace": "\x7f",
    "tab": "\t",
    "ctrl-d": "\x04",
}


class Pump(Protocol):
    """A reader of all consoles of a guest: none of their sockets may fill up."""

    def until(self, console: "Console", done: "Condition", within: float, what: str) -> None: ...


class Line(Protocol):
    """The other end of the line: a socket, or the like."""

    def fileno(self) -> int: ...
    def recv(self, size: int, /) -> bytes: ...
    def sendall(self, data: bytes, /) -> None: ...


class Condition(Protocol):
    def __call__(self) -> object: ...


class Terminal(pyte.Screen):
    """A terminal of 80 by 24 that answers queries (DA, CPR) like a real one."""

    def __init__(self, line: Line) -> None:
        super().__init__(80, 24)
        self._line = line

    def write_process_input(self, data: str) -> None:
        self._line.sendall(data.encode())


class Console:
    def __init__(self, name: str, line: Line, log: BufferedWriter, pump: Pump) -> None:
        self.name, self.line = name, line
        self.received = 0  # bytes since the start of the guest
        self.open = True
        self.echoes = False  # send everything back, as a loopback plug does
        self._log, self._pump, self._unread = log, pump, ""
        self._terminal = Terminal(line)
        self._stream = pyte.ByteStream(self._terminal)

    def feed(self, data: bytes) -> None:
        self._log.write(data)
        self._log.flush()
        self.received += len(data)
        # hvc ends some lines with CR NUL LF; no test cares about NULs.
        self._unread += data.decode(errors="replace").replace("\0", "")
        self._stream.feed(data)
        if self.echoes:
            self.line.sendall(data)

    def tail(self) -> str:
        return self._unread[-1500:]

    def disaster(self) -> bool:
        return DISASTER.search(self._unread) is not None

    def expect(self, pattern: str, within: float) -> re.Match[str]:
        """Wait for `pattern` (seconds); forget the text up to its end."""
        compiled = re.compile(pattern, re.MULTILINE)
        self._pump.until(self, lambda: compiled.search(self._unread), within, repr(pattern))
        match = compiled.search(self._unread)
        assert match
        self._unread = self._unread[match.end() :]
        return match

    def forget(self) -> None:
        """Forget the text that came so far."""
        self._unread = ""

    @property
    def rows(self) -> list[str]:
        """Return the rows of the terminal, without trailing blanks."""
        return [row.rstrip() for row in self._terminal.display]

    def shows(self, pattern: str, within: float) -> re.Match[str]:
        """Wait until the terminal shows `pattern` in a row."""
        compiled = re.compile(pattern, re.MULTILINE)

        def seen() -> re.Match[str] | None:
            return compiled.search("\n".join(self.rows))

        self._pump.until(self, seen, within, f"{pattern!r} on the screen")
        match = seen()
        assert match
        return match

    def comes(self, pattern: str, within: float) -> bool:
        """Return True if the terminal shows `pattern` within so many seconds."""
        compiled = re.compile(pattern, re.MULTILINE)

        def seen() -> bool:
            return bool(compiled.search("\n".join(self.rows)))

        self._pump.until(self, seen, within, "")
        return seen()

    def changes(self, before: list[str], within: float) -> bool:
        """Return True if the screen changes within so many seconds; wait for the whole change."""
        self._pump.until(self, lambda: self.rows != before, within, "")
        self.listen(0.3)
        return self.rows != before

    def hides(self, pattern: str, within: float) -> None:
        """Wait until no row of the terminal shows `pattern`."""
        compiled = re.compile(pattern, re.MULTILINE)
        self._pump.until(
            self,
            lambda: not compiled.search("\n".join(self.rows)),
            within,
            f"{pattern!r} gone from the screen",
        )

    def quiet(self, seconds: float, within: float = 60) -> None:
        """Wait until no byte comes for so many seconds."""
        before = -1
        while self.received != before:
            before = self.received
            within -= seconds
            assert within > 0, f"{self.name} never falls silent; it ends {self.tail()!r}"
            self.listen(seconds)

    def listen(self, seconds: float) -> int:
        """Return the number of bytes that come within so many seconds."""
        before = self.received
        self._pump.until(self, lambda: None, seconds, "")
        return self.received - before

    def type(self, text: str) -> None:
        self.line.sendall(text.encode())

    def press(self, *keys: str) -> None:
        self.type("".join(key if len(key) == 1 else KEYS[key] for key in keys))

"""Read a guest's screen, and press keys on its keyboard."""

from pathlib import Path

from tests.e2e.monitor import Monitor
from tests.e2e.picture import font, text
from tests.e2e.vm import Guest

PATIENCE = 90  # looks, a second apart: an emulated machine may take so long for a key


class Screen:
    """The text on the screen of a guest. Its console is read meanwhile.

    `kernel` has the font. The monitor is the guest's own unless there is another one.
    """

    def __init__(
        self, guest: Guest, kernel: Path, room: Path, monitor: Monitor | None = None
    ) -> None:
        self._guest, self._picture = guest, room / "screen.ppm"
        self._monitor = monitor or guest.monitor
        self._glyphs = font(kernel.read_bytes())

    def read(self) -> list[str]:
        """Return the rows."""
        return text(self._monitor.picture(self._picture), self._glyphs)

    def expect(self, *wanted: str) -> list[str]:
        """Wait until the screen shows all of these; return its rows."""
        rows: list[str] = []
        for _ in range(PATIENCE):
            rows = self.read()
            if all(any(part in row for row in rows) for part in wanted):
                return rows
            self._guest.console.listen(1)
        raise AssertionError(f"no {wanted!r} on the screen:\n" + "\n".join(rows))

    def settle(self) -> list[str]:
        """Wait until the screen stays as it is for three seconds; return its rows."""
        before: list[str] = []
        for _ in range(PATIENCE):
            if (rows := self.read()) == before:
                return rows
            before = rows
            self._guest.console.listen(3)
        raise AssertionError("the screen changes all the time:\n" + "\n".join(before))

    def press(self, *chords: str) -> None:
        """Press keys one after the other, by QEMU's names: "ret", "shift-y"."""
        for chord in chords:
            keys = [{"type": "qcode", "data": name} for name in chord.split("-")]
            self._monitor("send-key", keys=keys)
            self._guest.console.listen(0.3)  # a key is down for 0.1 s
